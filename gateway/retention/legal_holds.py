"""Complaints that must be kept: while a hold stands, neither time nor a request takes anything of them (SECURITY § 5)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select

from gateway.audit import audit
from gateway.complaints.complaint import DATA_KEEPERS, ActionRefused, Actor, Case
from gateway.privacy.privacy import masked_text
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

LEAST_REASON = 10
MOST = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that stands, and the complaint's number."""

    number: str
    row: Any


def place(tx: Transaction, number: str, reason: str, actor: Actor) -> None:
    """ActionRefused: `wrong_role`, `not_yours` (no such complaint), `too_short`, `wrong_state` (it is held already)."""
    case = _checked(tx, number, reason, actor)
    row = {
        "id": tx.new_id(),
        "complaint_id": case.id,
        "reason": masked_text(reason)[:300],
        "placed_at": tx.now,
        "placed_by": int(actor.id),
        "end_reason": "",
    }
    if not tx.insert_new(tables.legal_hold, [row], "id"):
        raise ActionRefused("wrong_state", "it is held already", "number")
    audit.record(tx, actor, "hold_placed", "complaint", case.number, masked_text(reason))


def end(tx: Transaction, number: str, reason: str, actor: Actor) -> int:
    """The hold is over; the id of the complaint, of which retention catches up."""
    case = _checked(tx, number, reason, actor)
    hold = tables.legal_hold
    mine = (hold.c.complaint_id == case.id) & hold.c.ended_at.is_(None)
    values = {"ended_at": tx.now, "ended_by": int(actor.id), "end_reason": masked_text(reason)[:300]}
    if not tx.execute(hold.update().where(mine).values(**values)).rowcount:
        raise ActionRefused("wrong_state", "it is not held", "number")
    audit.record(tx, actor, "hold_ended", "complaint", case.number, masked_text(reason))
    return case.id


def _checked(tx: Transaction, number: str, reason: str, actor: Actor) -> Case:
    if actor.role not in DATA_KEEPERS:
        raise ActionRefused("wrong_role")
    case = cases.by_number(tx, number)
    if case is None:
        raise ActionRefused("not_yours", number, "number")
    if len(reason) < LEAST_REASON:
        raise ActionRefused("too_short", str(len(reason)), "reason")
    return case


def held(tx: Transaction, ids: Collection[int]) -> set[int]:
    """Those of these complaints of which nothing may go."""
    hold = tables.legal_hold
    if not ids:
        return set()
    found = select(hold.c.complaint_id).where(hold.c.complaint_id.in_(list(ids)), hold.c.ended_at.is_(None))
    return {row.complaint_id for row in tx.all(found)}


def stands() -> Any:
    """The same as a condition on rows of `complaint`."""
    hold = tables.legal_hold
    return exists().where(hold.c.complaint_id == tables.complaint.c.id, hold.c.ended_at.is_(None))


def listed(tx: Transaction) -> Sequence[Held]:
    """Holds that stand, the oldest first."""
    hold, complaint = tables.legal_hold, tables.complaint
    found = (
        select(hold, complaint.c.number)
        .join_from(hold, complaint, complaint.c.id == hold.c.complaint_id)
        .where(hold.c.ended_at.is_(None))
        .order_by(hold.c.id)
        .limit(MOST)
    )
    return [Held(row.number, row) for row in tx.all(found)]
