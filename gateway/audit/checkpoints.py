"""Signed checkpoints of the audit chain, kept in the database, in a file beside it and in the log (SECURITY § 7).

Whoever rewrites the chain together with its head still has to make these agree: the file and the log lie elsewhere, and
the signature needs the identity key. They are what a cut tail is found by.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from config.logging import get_logger
from gateway.sealing import Keys
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

log = get_logger(__name__)
EVERY = timedelta(days=1)
EVERY_LINES = 10_000
FILE = "audit-checkpoints.jsonl"
"""In `storage.spool_dir`, which every process has and the database does not."""


class NoCheckpoint(Exception):
    """What was given is no checkpoint, or none that this gateway signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Line `seq` of the chain had this hash; `at` in milliseconds, `signature` hex, empty where it was written down by hand."""

    seq: int
    hash: str
    at: int = 0
    signature: str = ""


def keep(tx: Transaction) -> Checkpoint | None:
    """Sign the end of the chain, if a day or 10,000 lines have passed since the last one; None when it is not due."""
    head = tx.one(constant("SELECT seq, hash FROM audit_head WHERE name = 'head'"))
    checkpoint = tables.audit_checkpoint
    last = tx.one(select(checkpoint.c.seq, checkpoint.c.at).order_by(checkpoint.c.seq.desc()).limit(1))
    if head is None or not _is_due(head.seq, tx.now, last.seq if last else 0, last.at if last else None):
        return None
    made = signed(tx.office.keys, head.seq, bytes(head.hash).hex(), tx.now)
    tx.insert(checkpoint, seq=made.seq, hash=made.hash, at=tx.now, signature=bytes.fromhex(made.signature))
    log.info("audit_checkpoint", seq=made.seq, hash=made.hash, signature=made.signature)
    path = Path(tx.office.settings.storage.spool_dir) / FILE
    tx.afterwards.append(lambda: _append(path, made))
    return made


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


def signed(keys: Keys, seq: int, digest: str, at: datetime) -> Checkpoint:
    moment = to_millis(at)
    return Checkpoint(seq, digest, moment, _key(keys).sign(_content(seq, digest, moment)).hex())


def is_genuine(keys: Keys, checkpoint: Checkpoint) -> bool:
    try:
        signature = bytes.fromhex(checkpoint.signature)
        content = _content(checkpoint.seq, checkpoint.hash, checkpoint.at)
        _key(keys).public_key().verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def known(tx: Transaction, given: Iterable[Checkpoint] = ()) -> Mapping[int, str]:
    """Sequence number -> hash of everything that the chain must agree with: what the database holds, and what is given.

    Rows of the database without a good signature are passed over: they prove nothing. NoCheckpoint for a given one that
    bears a wrong signature; one without any was written down by a person, who vouches for it.
    """
    keys, found = tx.office.keys, dict[int, str]()
    for row in tx.all(select(tables.audit_checkpoint)):
        kept = Checkpoint(row.seq, row.hash, to_millis(row.at), bytes(row.signature).hex())
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


def _content(seq: int, digest: str, moment: int) -> bytes:
    return f"satupintu-checkpoint-v1|{seq}|{digest}|{moment}".encode()
