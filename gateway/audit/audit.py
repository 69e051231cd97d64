"""Who did what, append-only and hash-chained: a change, deletion or reordering is found (SECURITY § 7).

Records gather in the transaction; its last step locks the chain's head, hashes and writes them. No action without its
record, no record without its action: both are in one commit.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy import select

from config.logging import get_logger
from gateway.audit import checkpoints
from gateway.audit.checkpoints import Checkpoint
from gateway.complaints.complaint import Actor
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

log = get_logger(__name__)
HEAD, FIRST = "head", "first"
PAGE = 2_000
CLOCK_SLACK_MS = 2_000
"""Machines whose clocks differ by less are no news."""
UNKNOWN: Mapping[int, str] = MappingProxyType({})
HASHED = (
    "seq", "at", "actor_kind", "actor_id", "actor_agency", "action", "object_kind", "object_id", "reason", "details",
)  # fmt: skip


def record(
    tx: Transaction,
    actor: Actor,
    action: str,
    object_kind: str = "",
    object_id: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Put one line into the chain. `details` hold ids, counts and hashes, never a text, number or name."""
    waiting = tx.notes.setdefault("audit", [])
    if not waiting:
        tx.last_step.append(_write)
    waiting.append(
        {
            "at": tx.now,
            "actor_kind": actor.role.value,
            "actor_id": actor.id,
            "actor_agency": actor.agency,
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "reason": reason[:300],
            "details": dict(details or {}),
        }
    )


def begin(tx: Transaction) -> None:
    """Lay the first stone of the chain, named after the government; does nothing when it lies."""
    name = f"satupintu-audit-v1|{tx.office.settings.government.name}"
    stone = {"seq": 0, "hash": hashlib.sha256(name.encode()).hexdigest()}
    # The first hash is kept: a government may be renamed, its history began under the old name.
    tx.insert_new(tables.audit_head, [{"name": HEAD, **stone}, {"name": FIRST, **stone}], "name")


def _write(tx: Transaction) -> None:
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    row = tx.one(constant(f"SELECT seq, hash FROM audit_head WHERE name = :name{lock}"), {"name": HEAD})  # noqa: S608
    if row is None:
        raise RuntimeError("the audit chain was not begun")
    seq, previous = row.seq, bytes(row.hash).hex()
    at = _not_before(tx, seq)
    for entry in tx.notes.pop("audit"):
        seq += 1
        line = {"seq": seq, **entry, "at": at}
        previous = line["hash"] = line_hash(line, previous)
        tx.insert(tables.audit, **line)
    moved = constant("UPDATE audit_head SET seq = :seq, hash = :hash WHERE name = :name")
    tx.execute(moved, {"name": HEAD, "seq": seq, "hash": bytes.fromhex(previous)})


def _not_before(tx: Transaction, seq: int) -> datetime:
    """The moment of the next line: now, but never before the last one, whatever the clock says (SECURITY C27)."""
    last = tx.one(constant("SELECT at FROM audit WHERE seq = :seq"), {"seq": seq})
    ahead_ms = last.at - to_millis(tx.now) if last else 0
    if ahead_ms <= 0:
        return tx.now
    if ahead_ms > CLOCK_SLACK_MS:
        log.warning("clock_went_back", by_ms=ahead_ms)
    return tx.now + timedelta(milliseconds=ahead_ms)


def line_hash(line: Mapping[str, Any], previous: str) -> str:
    """SHA-256 over 0x01, the hash of the line before and the canonical JSON of the rest."""
    content = {name: line[name] for name in HASHED}
    content["at"] = to_millis(line["at"])
    canonical = msgspec.json.encode(_normal(content), order="deterministic")
    return hashlib.sha256(b"\x01" + bytes.fromhex(previous) + canonical).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {key: _normal(inner) for key, inner in value.items()}
    return [_normal(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem`: empty, `changed` (or moved), `missing`, `truncated`, `forged` (a cut that we did not sign) or `added` (a line
    before the cut, where none is left); `seq` is the first bad line."""

    lines: int
    seq: int = 0
    problem: str = ""


def verify(tx: Transaction, known: Mapping[int, str] = UNKNOWN, since: int = 1, until: int | None = None) -> Verdict:
    """Walk the chain from line `since` to `until` (the end); `known`: hashes of lines as kept elsewhere (checkpoints).

    It begins behind the newest cut (gateway/retention/audit_cut.py) with that one's hash; without any at line 1.
    """
    while True:
        cut = checkpoints.newest_cut(tx)
        verdict = _walked(tx, cut, known, since, until)
        # PostgreSQL shows each statement what is there by then: lines that a cut takes meanwhile are not missing.
        if not verdict.problem or checkpoints.newest_cut(tx) == cut:
            return verdict


def _walked(
    tx: Transaction, cut: Checkpoint | None, known: Mapping[int, str], since: int, until: int | None
) -> Verdict:
    false_begin = _problem_of(tx, cut, known) if cut else None
    if false_begin:
        return false_begin
    ends = {row.name: row for row in tx.all(select(tables.audit_head))}
    stone = cut or Checkpoint(0, ends[FIRST].hash if FIRST in ends else "")
    end, first = ends.get(HEAD), max(since, stone.seq + 1)
    expected, previous = first - 1, _hash_before(tx, first, stone)
    for line in _lines(tx, first - 1):
        if until is not None and line["seq"] > until:
            break
        expected += 1
        problem = _problem(line, expected, previous, known)
        if problem:
            return Verdict(expected - first, expected, problem)
        previous = line["hash"]
    last = max([end.seq if end else 0, stone.seq, *known])
    wanted = last if until is None else min(last, until)
    return Verdict(expected - first + 1, *((expected + 1, "truncated") if expected < wanted else ()))


def begins_at(tx: Transaction) -> int:
    """The first line that is not cut."""
    cut = checkpoints.newest_cut(tx)
    return cut.seq + 1 if cut else 1


def _problem_of(tx: Transaction, cut: Checkpoint, known: Mapping[int, str]) -> Verdict | None:
    """What is wrong with the place where the chain begins: anybody with SQL can write a cut, and nobody else can sign one."""
    if not cut.rows or not checkpoints.is_genuine(tx.office.keys, cut):
        return Verdict(0, cut.seq, "forged")
    if known.get(cut.seq, cut.hash) != cut.hash:
        return Verdict(0, cut.seq, "changed")
    audit = tables.audit
    row = tx.one(select(audit.c.seq).where(audit.c.seq <= cut.seq).order_by(audit.c.seq).limit(1))
    return Verdict(0, row.seq, "added") if row else None


def _hash_before(tx: Transaction, first: int, stone: Checkpoint) -> str:
    if first == stone.seq + 1:
        return stone.hash
    row = tx.one(select(tables.audit.c.hash).where(tables.audit.c.seq == first - 1))
    return row.hash if row else ""


def _problem(line: Mapping[str, Any], expected: int, previous: str, known: Mapping[int, str]) -> str:
    if line["seq"] != expected:
        return "missing"
    if line_hash(line, previous) != line["hash"] or known.get(expected, line["hash"]) != line["hash"]:
        return "changed"
    return ""


def _lines(tx: Transaction, after: int) -> Iterator[Mapping[str, Any]]:
    audit = tables.audit
    while True:
        page = tx.all(select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(PAGE))
        for row in page:
            yield row._asdict()
        if len(page) < PAGE:
            return
        after = page[-1].seq
