"""Calls that a program may repeat: the first one is carried out, every later one gets its answer (docs/api.md § 1).

Key, work and answer are one transaction: either all of it is there or none, so nobody ever finds a half-done call.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from sqlalchemy import and_, select

from gateway.sealing import open_seal, seal
from gateway.storage import tables
from gateway.storage.store import Transaction

KEPT_FOR = timedelta(hours=48)


class KeyReused(Exception):
    """The key came before with another content: nothing was done."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given the first time; it may hold a secret code, so it is sealed."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def before(tx: Transaction, owner: str, key: str, digest: str, kept_for: timedelta = KEPT_FOR) -> Kept | None:
    """The answer to an earlier call with this key; None: this is the first, and the key is taken from now on.

    `digest` of the whole call; one that is older than `kept_for` is forgotten. KeyReused when the earlier call was another one.
    """
    table = tables.idempotency_key
    mine = and_(table.c.owner == owner, table.c.key == key)
    tx.execute(table.delete().where(mine, table.c.created_at <= tx.now - kept_for))
    row = {"owner": owner, "key": key, "body_hash": digest, "created_at": tx.now}
    # On PostgreSQL this waits for a call with the same key that is under way, and then finds its answer.
    if tx.insert_new(table, [row], "key"):
        return None
    known = tx.one(select(table).where(mine))
    if known is None or known.body_hash != digest:
        raise KeyReused
    content = open_seal(tx.office.keys.raw, bytes(known.answer_sealed), _place(owner, key))
    body, headers = msgspec.json.decode(content, type=tuple[str, dict[str, str]])
    return Kept(known.status, base64.b64decode(body), headers)


def keep(tx: Transaction, owner: str, key: str, answer: Kept) -> None:
    """The answer that every repetition will get."""
    table = tables.idempotency_key
    content = msgspec.json.encode((base64.b64encode(answer.body).decode(), dict(answer.headers)))
    sealed = seal(tx.office.keys.raw, content, _place(owner, key))
    mine = and_(table.c.owner == owner, table.c.key == key)
    tx.execute(table.update().where(mine).values(status=answer.status, answer_sealed=sealed))


def forget_old(tx: Transaction) -> int:
    """Keys that no caller comes back to; how many there were."""
    table = tables.idempotency_key
    return tx.execute(table.delete().where(table.c.created_at <= tx.now - KEPT_FOR)).rowcount


def _place(owner: str, key: str) -> str:
    return f"idempotency:{owner}:{key}"
