"""Days of leave (*cuti*) of people in a team: entered beforehand, so that whoever stands above acts meanwhile (CASEWORK 5.6)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import Actor, Role
from gateway.office import Office
from gateway.people import directory
from gateway.people.directory import subtree
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

LONGEST = timedelta(days=366)
OF_ALL = frozenset({Role.COORDINATOR, Role.SYSTEM_ADMIN})
OF_THEIR_OWN = frozenset({Role.KEPALA, Role.DEPUTI})


class LeaveRefused(ValueError):
    """`code`: not_yours, not_in_office, wrong_order, over, too_long, overlap."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Leave:
    """Both days are days of leave."""

    id: int
    member_id: int
    day_from: date
    day_to: date

    @property
    def key(self) -> str:
        """The id as it stands in addresses; `id_of` reads it."""
        return id_text(self.id)


def id_of(text: str) -> int:
    """The id of a member or of days of leave from an address or a form; 0, which nobody has, for anything else."""
    return id_number(text) or 0


def may_edit(office: Office, actor: Actor, agency: str) -> bool:
    """The coordinator anywhere, a head and a deputy in their own office and below it (SECURITY § 10)."""
    return actor.role in OF_ALL or (actor.role in OF_THEIR_OWN and agency in subtree(office, actor.agency))


def add(tx: Transaction, actor: Actor, member_id: int, day_from: date, day_to: date) -> int:
    """Enter days of leave; its id. Raises `LeaveRefused` before anything is written."""
    member = directory.member(tx, member_id)
    if member is None:
        raise LeaveRefused("not_in_office")
    if not may_edit(tx.office, actor, member.agency):
        raise LeaveRefused("not_yours")
    _check(tx, member_id, day_from, day_to)
    identity = tx.new_id()
    row = {"id": identity, "member_id": member_id, "day_from": day_from, "day_to": day_to}
    tx.insert(tables.member_leave, **row, entered_by=f"{actor.role.value}:{actor.id}", entered_at=tx.now)
    days = {"member": member_id, "from": day_from.isoformat(), "to": day_to.isoformat()}
    audit.record(tx, actor, "leave_added", "agency", member.agency, details=days)
    return identity


def _check(tx: Transaction, member_id: int, day_from: date, day_to: date) -> None:
    if day_to < day_from:
        raise LeaveRefused("wrong_order")
    if day_to < tx.today:
        raise LeaveRefused("over")
    if day_to - day_from > LONGEST:
        raise LeaveRefused("too_long")
    if any(one.day_from <= day_to and day_from <= one.day_to for one in of(tx, [member_id], day_from)):
        raise LeaveRefused("overlap")


def remove(tx: Transaction, actor: Actor, leave_id: int) -> None:
    """Take days of leave back; does nothing where they were taken back already."""
    leave, member = tables.member_leave, tables.agency_member
    found = select(leave.c.member_id, leave.c.removed_at, member.c.agency).join(
        member, member.c.id == leave.c.member_id
    )
    row = tx.one(found.where(leave.c.id == leave_id))
    if row is None or not may_edit(tx.office, actor, row.agency):
        raise LeaveRefused("not_yours")
    if row.removed_at is not None:
        return
    tx.execute(leave.update().where(leave.c.id == leave_id).values(removed_at=tx.now))
    audit.record(tx, actor, "leave_removed", "agency", row.agency, details={"member": row.member_id})


def of(tx: Transaction, members: Collection[int], since: date) -> list[Leave]:
    """Days of leave of these people that are not over on that day, in their order."""
    leave = tables.member_leave
    theirs = leave.c.member_id.in_(members) & leave.c.removed_at.is_(None) & (leave.c.day_to >= since)
    rows = tx.all(select(leave).where(theirs).order_by(leave.c.day_from, leave.c.id)) if members else ()
    return [Leave(row.id, row.member_id, row.day_from, row.day_to) for row in rows]
