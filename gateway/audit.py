"""Who did what, append-only and hash-chained: a change, deletion or reordering is found (SECURITY § 7).

Records gather in the transaction; its last step locks the chain's head, hashes and writes them. No action without its
record, no record without its action: both are in one commit.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select

from gateway.complaints.complaint import Actor
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

HEAD, FIRST = "head", "first"
PAGE = 2_000
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
    seq, previous = row.seq, row.hash
    for entry in tx.notes.pop("audit"):
        seq += 1
        line = {"seq": seq, **entry, "prev_hash": previous}
        previous = line["hash"] = line_hash(line)
        tx.insert(tables.audit, **line)
    moved = constant("UPDATE audit_head SET seq = :seq, hash = :hash WHERE name = :name")
    tx.execute(moved, {"name": HEAD, "seq": seq, "hash": previous})


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 over 0x01, the previous hash and the canonical JSON of the rest."""
    content = {name: line[name] for name in HASHED}
    content["at"] = to_millis(line["at"])
    canonical = msgspec.json.encode(_normal(content), order="deterministic")
    return hashlib.sha256(b"\x01" + bytes.fromhex(line["prev_hash"]) + canonical).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {key: _normal(inner) for key, inner in value.items()}
    return [_normal(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem`: empty, `changed`, `missing`, `reordered` or `truncated`; `seq` is the first bad line."""

    lines: int
    seq: int = 0
    problem: str = ""


def verify(tx: Transaction, checkpoint: tuple[int, str] | None = None) -> Verdict:
    """Walk the chain from its beginning; `checkpoint` is a sequence number and hash kept elsewhere."""
    head = tables.audit_head
    ends = {row.name: row for row in tx.all(select(head))}
    end = ends.get(HEAD)
    expected, previous, known = 0, ends[FIRST].hash if FIRST in ends else "", dict([checkpoint] if checkpoint else [])
    for line in _lines(tx):
        expected += 1
        problem = _problem(line, expected, previous, known)
        if problem:
            return Verdict(expected - 1, expected, problem)
        previous = line["hash"]
    last = max([end.seq if end else 0, *known])
    return Verdict(expected, *((expected + 1, "truncated") if expected < last else ()))


def _problem(line: Mapping[str, Any], expected: int, previous: str, known: Mapping[int, str]) -> str:
    if line["seq"] != expected:
        return "missing"
    if line["prev_hash"] != previous:
        # The line itself is whole, so it was moved here (or what stood before it was rewritten).
        return "reordered" if line_hash(line) == line["hash"] else "changed"
    if line_hash(line) != line["hash"] or known.get(expected, line["hash"]) != line["hash"]:
        return "changed"
    return ""


def _lines(tx: Transaction) -> Iterator[Mapping[str, Any]]:
    audit, after = tables.audit, 0
    while True:
        page = tx.all(select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(PAGE))
        for row in page:
            yield row._asdict()
        if len(page) < PAGE:
            return
        after = page[-1].seq
