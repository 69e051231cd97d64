"""Addresses of other programs that want to be told: registered, proven by a ping, paused, given new secrets, removed.

The secret is shown when it is made and never again; it is kept sealed, because every delivery is signed with it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.hooks import events as hook_events
from gateway.hooks.queue import place, shut
from gateway.record import tasks
from gateway.sealing import seal
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

MOST = 10
SECRET_BYTES = 32
OLD_SECRET_FOR = timedelta(hours=24)
LONGEST_DESCRIPTION = 120
CAUSES = ("webhook_paused", "webhook_disabled")
"""Tasks that end when somebody has seen to the address."""


class HookRefused(ValueError):
    """Nothing was written. `code` is the end of a text key: `limit`, `no_events`, `unknown_event`, `unknown_agency`, `state`."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class NewHook:
    """`agency`: only complaints of it and of what lies below it; empty: of all."""

    url: str
    events: Sequence[str]
    agency: str = ""
    description: str = ""
    include_confidential: bool = False


def register(tx: Transaction, new: NewHook, actor: Actor) -> tuple[str, str]:
    """Keep an address and ping it; its id and secret. The caller has checked where it leads (gateway/hooks/places.py)."""
    _check(tx, new)
    identity, secret = tx.new_id(), _new_secret()
    tx.insert(
        tables.webhook,
        id=identity,
        url=new.url,
        description=new.description[:LONGEST_DESCRIPTION],
        events=sorted(set(new.events)),
        agency=new.agency,
        include_confidential=new.include_confidential,
        secret_sealed=_sealed(tx, identity, secret),
        owner=actor.id[:60],
        owner_name=actor.name[:80],
        created_at=tx.now,
        state="pending",
        state_since=tx.now,
    )
    hook_events.ping(tx, identity)
    _note(tx, actor, "webhook_registered", identity)
    return id_text(identity), secret


def _check(tx: Transaction, new: NewHook) -> None:
    if not new.events:
        raise HookRefused("no_events", "events")
    if not set(new.events) <= set(hook_events.EVENTS):
        raise HookRefused("unknown_event", "events")
    if new.agency and new.agency not in tx.office.reference.agencies:
        raise HookRefused("unknown_agency", "agency")
    hook = tables.webhook
    tx.take_turns("webhooks")
    row = tx.one(select(func.count()).select_from(hook).where(hook.c.state != "disabled"))
    if row and row[0] >= MOST:
        raise HookRefused("limit")


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _sealed(tx: Transaction, hook_id: int, secret: str) -> bytes:
    return seal(tx.office.keys.raw, secret, place(hook_id))


def rotate(tx: Transaction, hook: str, actor: Actor) -> str:
    """A new secret; what is sent within the next day carries a signature with the old one too."""
    row, secret = _row(tx, hook), _new_secret()
    values = {
        "secret_sealed": _sealed(tx, row.id, secret),
        "previous_sealed": row.secret_sealed,
        "previous_until": tx.now + OLD_SECRET_FOR,
    }
    _change(tx, row.id, **values)
    _note(tx, actor, "webhook_secret_changed", row.id)
    return secret


def pause(tx: Transaction, hook: str, actor: Actor) -> None:
    """Events gather and wait until somebody says go on."""
    row = _row(tx, hook)
    if row.state != "active":
        raise HookRefused("state")
    _change(tx, row.id, state="paused", reason="by_hand", state_since=tx.now)
    _note(tx, actor, "webhook_paused", row.id)


def resume(tx: Transaction, hook: str, actor: Actor) -> None:
    row = _row(tx, hook)
    if row.state != "paused":
        raise HookRefused("state")
    _change(tx, row.id, state="active", reason="", state_since=tx.now, failing_since=None)
    tx.ring(hook_events.QUEUE)
    _settle_tasks(tx, row.id, actor)
    _note(tx, actor, "webhook_resumed", row.id)


def ping(tx: Transaction, hook: str, actor: Actor) -> str:
    """Try whether somebody answers there; the id of the delivery."""
    row = _row(tx, hook)
    if row.state not in {"pending", "active"}:
        raise HookRefused("state")
    _note(tx, actor, "webhook_pinged", row.id)
    return id_text(hook_events.ping(tx, row.id))


def remove(tx: Transaction, hook: str, actor: Actor) -> None:
    """Nothing is told there any more; its log stays as long as any."""
    row = _row(tx, hook)
    shut(tx, row.id, "removed")
    _settle_tasks(tx, row.id, actor)
    _note(tx, actor, "webhook_removed", row.id)


def redeliver(tx: Transaction, hook: str, delivery: str, actor: Actor) -> str:
    """The same event once more, as a delivery of its own that nothing waits for; its id."""
    owner, table = _row(tx, hook), tables.webhook_delivery
    row = tx.one(select(table).where(table.c.id == (id_number(delivery) or 0), table.c.webhook_id == owner.id))
    if row is None:
        raise LookupError(delivery)
    if owner.state == "disabled" or row.finished_at is None:
        raise HookRefused("state")
    identity = tx.new_id()
    copied = {name: getattr(row, name) for name in ("webhook_id", "event", "event_id", "complaint_id", "content")}
    tx.insert(table, id=identity, created_at=tx.now, due_at=tx.now, **copied)
    tx.ring(hook_events.QUEUE)
    _note(tx, actor, "webhook_redelivered", owner.id)
    return id_text(identity)


def _row(tx: Transaction, hook: str) -> Any:
    """LookupError when there is none."""
    table = tables.webhook
    row = tx.one(select(table).where(table.c.id == (id_number(hook) or 0)).with_for_update())
    if row is None:
        raise LookupError(hook)
    return row


def _change(tx: Transaction, hook_id: int, **values: Any) -> None:
    hook = tables.webhook
    tx.execute(hook.update().where(hook.c.id == hook_id).values(**values))


def _settle_tasks(tx: Transaction, hook_id: int, actor: Actor) -> None:
    for kind in CAUSES:
        tasks.settle(tx, kind, id_text(hook_id), actor.id)


def _note(tx: Transaction, actor: Actor, what: str, hook_id: int) -> None:
    audit.record(tx, actor, what, "webhook", id_text(hook_id))
