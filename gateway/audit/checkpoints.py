"""Signed checkpoints of the audit chain, kept in the database, in a file beside it and in the log (SECURITY § 7).

Whoever rewrites the chain together with its head still has to make these agree: the file and the log lie elsewhere, and
the signature needs the identity key. They are what a cut tail is found by. When the oldest lines go because their time is
over, the checkpoint of the last one of them is signed as a cut: the chain begins behind the newest of those.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from config.logging import get_logger
from gateway.sealing import Keys
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import from_millis, to_millis

log = get_logger(__name__)
EVERY = timedelta(days=1)
EVERY_LINES = 10_000
FILE = "audit-checkpoints.jsonl"
"""In `storage.spool_dir`, which every process has and the database does not."""


class NoCheckpoint(Exception):
    """What was given is no checkpoint, or none that this gateway signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Line `seq` of the chain had this hash; `at` in milliseconds, `signature` hex, empty where it was written down by hand.

    `rows`: of a cut how many lines went with it, `seq` being the last; 0 where nothing was cut.
    """

    seq: int
    hash: str
    at: int = 0
    signature: str = ""
    rows: int = 0

    @property
    def moment(self) -> datetime:
        return from_millis(self.at)


def keep(tx: Transaction) -> Checkpoint | None:
    """Sign the end of the chain, if a day or 10,000 lines have passed since the last one; None when it is not due."""
    head = tx.one(constant("SELECT seq, hash FROM audit_head WHERE name = 'head'"))
    checkpoint = tables.audit_checkpoint
    last = tx.one(select(checkpoint.c.seq, checkpoint.c.at).order_by(checkpoint.c.seq.desc()).limit(1))
    if head is None or not _is_due(head.seq, tx.now, last.seq if last else 0, last.at if last else None):
        return None
    made = signed(tx.office.keys, head.seq, bytes(head.hash).hex(), tx.now)
    tx.insert(checkpoint, seq=made.seq, hash=made.hash, at=tx.now, signature=bytes.fromhex(made.signature))
    log.info("audit_checkpoint", seq=made.seq, hash=made.hash, at=made.at, signature=made.signature)
    _write_down(tx, made)
    return made


def keep_cut(tx: Transaction, seq: int, digest: str, rows: int) -> Checkpoint:
    """Sign that the chain begins behind line `seq` from now on; whoever calls takes its `rows` lines away in this transaction."""
    made = signed(tx.office.keys, seq, digest, tx.now, rows)
    values = {"hash": made.hash, "at": tx.now, "rows": rows, "signature": bytes.fromhex(made.signature)}
    tx.insert(tables.audit_cut, seq=made.seq, **values)
    # Told when it is true: of lines that are there nobody shall find a signature that they are not.
    tx.afterwards.append(lambda: _tell_cut(made))
    _write_down(tx, made)
    return made


def _tell_cut(made: Checkpoint) -> None:
    log.info("audit_cut", seq=made.seq, hash=made.hash, at=made.at, signature=made.signature, rows=made.rows)


def newest_cut(tx: Transaction) -> Checkpoint | None:
    """Behind which line the chain begins; whether it is genuine is for the caller to ask."""
    cut = tables.audit_cut
    row = tx.one(select(cut).order_by(cut.c.seq.desc()).limit(1))
    return Checkpoint(row.seq, row.hash, to_millis(row.at), bytes(row.signature).hex(), row.rows) if row else None


def due_for_cut(tx: Transaction, behind: int, before: datetime, *, newest: bool = False) -> Checkpoint | None:
    """The oldest (or the `newest`) good checkpoint behind line `behind` that was signed before that moment."""
    checkpoint = tables.audit_checkpoint
    order = checkpoint.c.seq.desc() if newest else checkpoint.c.seq
    due = select(checkpoint).where(checkpoint.c.seq > behind, checkpoint.c.at < before).order_by(order)
    return next((one for one in map(_kept, tx.all(due)) if is_genuine(tx.office.keys, one)), None)


def _kept(row: Any) -> Checkpoint:
    return Checkpoint(row.seq, row.hash, to_millis(row.at), bytes(row.signature).hex())


def _write_down(tx: Transaction, made: Checkpoint) -> None:
    path = Path(tx.office.settings.storage.spool_dir) / FILE
    tx.afterwards.append(lambda: _append(path, made))


def _is_due(seq: int, now: datetime, last_seq: int, last_at: datetime | None) -> bool:
    if seq <= last_seq:
        return False
    return last_at is None or now - last_at >= EVERY or seq - last_seq >= EVERY_LINES


def _append(path: Path, made: Checkpoint) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(msgspec.json.encode(asdict(made)) + b"\n")
    except OSError as problem:  # it stands in the log and in the database all the same
        log.warning("audit_checkpoint_not_written", problem=type(problem).__name__)


def signed(keys: Keys, seq: int, digest: str, at: datetime, rows: int = 0) -> Checkpoint:
    made = Checkpoint(seq, digest, to_millis(at), rows=rows)
    return replace(made, signature=_key(keys).sign(_content(made)).hex())


def is_genuine(keys: Keys, checkpoint: Checkpoint) -> bool:
    try:
        signature = bytes.fromhex(checkpoint.signature)
        _key(keys).public_key().verify(signature, _content(checkpoint))
    except (InvalidSignature, ValueError):
        return False
    return True


def known(tx: Transaction, given: Iterable[Checkpoint] = ()) -> Mapping[int, str]:
    """Sequence number -> hash of everything that the chain must agree with: what the database holds, and what is given.

    Rows of the database without a good signature are passed over: they prove nothing; so are those before the cut, whose
    lines are gone. NoCheckpoint for a given one that bears a wrong signature; one without any was written down by a person,
    who vouches for it.
    """
    keys, found, cut = tx.office.keys, dict[int, str](), newest_cut(tx)
    checkpoint = tables.audit_checkpoint
    for kept in map(_kept, tx.all(select(checkpoint).where(checkpoint.c.seq >= (cut.seq if cut else 0)))):
        if is_genuine(keys, kept):
            found[kept.seq] = kept.hash
    for one in given:
        if one.signature and not is_genuine(keys, one):
            raise NoCheckpoint(f"the signature of line {one.seq} is not ours")
        found[one.seq] = one.hash
    return found


def read(content: bytes) -> list[Checkpoint]:
    """The checkpoints of a file, one JSON object per line. NoCheckpoint when there is none, or something else."""
    try:
        found = [msgspec.json.decode(line, type=Checkpoint) for line in content.splitlines() if line.strip()]
    except msgspec.DecodeError as problem:
        raise NoCheckpoint(type(problem).__name__) from problem
    if not found:
        raise NoCheckpoint("empty")
    return found


def _key(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.audit)


def _content(made: Checkpoint) -> bytes:
    what = f"{made.seq}|{made.hash}|{made.at}"
    # Two kinds of words: no checkpoint passes for a cut, by which lines may be missing.
    return f"satupintu-cut-v1|{what}|{made.rows}".encode() if made.rows else f"satupintu-checkpoint-v1|{what}".encode()
