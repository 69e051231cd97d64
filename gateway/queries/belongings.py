"""What belongs to complaints and stands in other tables, read for a whole page in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select

from gateway.complaints.calendar import Calendar, Pause
from gateway.complaints.complaint import Kind
from gateway.complaints.sla import Clock, Running, Unit, days_left, due_at, explain, rule_for
from gateway.record import shelf
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

ClockState = Literal["running", "paused", "stopped"]
Scan = Literal["clean", "pending", "refused", "gone", "erased"]


@dataclass(frozen=True, slots=True)
class ClockShown:
    """One deadline. `left`: working days until it, negative when it has passed. `state`: running, paused, stopped."""

    name: str
    state: ClockState
    due_at: datetime
    left: int
    explanation: str
    public: bool
    started_at: datetime
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file of a complaint. `scan`: clean (can be opened), pending, refused, gone, or erased by us."""

    id: str
    origin: str
    media_type: str
    size: int
    scan: Scan
    caption: str
    created_at: datetime
    taken_at: datetime | None = None
    """Of an agency's picture, where its file says when it was taken."""


@dataclass(slots=True)
class Belongings:
    clocks: list[ClockShown] = field(default_factory=list)
    """Running ones first, the earliest deadline first."""
    files: list[FileShown] = field(default_factory=list)
    children: int = 0
    parent: str | None = None


SCANS: Mapping[str, Scan] = {
    "queued": "pending",
    "working": "pending",
    "stored": "clean",
    "refused": "refused",
    "gone": "gone",
    "erased": "erased",
}


def of(tx: Transaction, rows: Sequence[Any]) -> dict[int, Belongings]:
    """Belongings by complaint id, for rows of `complaint`."""
    found = {row.id: Belongings() for row in rows}
    if not found:
        return found
    _add_clocks(tx, found, {row.id: row.kind for row in rows})
    _add_files(tx, found)
    _add_family(tx, found, rows)
    return found


def _add_clocks(tx: Transaction, found: dict[int, Belongings], kinds: Mapping[int, str]) -> None:
    clock = tables.clock
    rows: list[Any] = list(tx.all(select(clock).where(clock.c.complaint_id.in_(found)).order_by(clock.c.id)))
    pauses = _pauses(tx, [row.id for row in rows])
    for history in shelf.load(
        tx, found.keys() - {row.complaint_id for row in rows}, (clock, tables.clock_segment)
    ).values():
        rows += history.rows[clock]
        for part in history.rows[tables.clock_segment]:
            pauses[part.clock_id] = (*pauses.get(part.clock_id, ()), Pause(part.from_at, part.to_at))
    for row in rows:
        running = _running(tx, row, Kind(kinds[row.complaint_id]), pauses.get(row.id, ()))
        found[row.complaint_id].clocks.append(_shown(row, running, tx.now))
    for one in found.values():
        one.clocks.sort(key=lambda shown: (shown.state == "stopped", shown.due_at))


def _pauses(tx: Transaction, clocks: Sequence[int]) -> dict[int, tuple[Pause, ...]]:
    if not clocks:
        return {}
    segment = tables.clock_segment
    found: dict[int, tuple[Pause, ...]] = {}
    for part in tx.all(select(segment).where(segment.c.clock_id.in_(clocks)).order_by(segment.c.id)):
        found[part.clock_id] = (*found.get(part.clock_id, ()), Pause(part.from_at, part.to_at))
    return found


def _running(tx: Transaction, row: Any, kind: Kind, pauses: tuple[Pause, ...]) -> Running:
    # The rule as it was when the clock started; only the limits of pauses are those of today.
    rule = rule_for(Clock(row.name), kind)
    rule = replace(rule, n=row.days, event=row.event, unit=Unit(row.unit), public=row.public, basis=row.basis)
    return Running(rule, row.started_at, _calendar(tx, row.zone), pauses, row.stopped_at)


def _calendar(tx: Transaction, zone: str) -> Calendar:
    calendar = tx.office.calendar
    return calendar if not zone or zone == calendar.zone else replace(calendar, zone=zone)


def _shown(row: Any, running: Running, now: datetime) -> ClockShown:
    state: ClockState = "stopped" if running.stopped_at else "paused" if running.is_paused else "running"
    return ClockShown(
        name=row.name,
        state=state,
        due_at=due_at(running, now),
        left=days_left(running, running.stopped_at or now),
        explanation=explain(running, now),
        public=row.public,
        started_at=row.started_at,
        stopped_at=row.stopped_at,
    )


def _add_files(tx: Transaction, found: dict[int, Belongings]) -> None:
    attachment = tables.attachment
    for row in tx.all(select(attachment).where(attachment.c.complaint_id.in_(found)).order_by(attachment.c.id)):
        found[row.complaint_id].files.append(
            FileShown(
                id=id_text(row.id),
                origin=row.origin,
                media_type=row.media_type,
                size=row.size or 0,
                scan=SCANS.get(row.state, "pending"),
                caption=row.caption,
                created_at=row.created_at,
                taken_at=row.taken_at,
            )
        )


def _add_family(tx: Transaction, found: dict[int, Belongings], rows: Sequence[Any]) -> None:
    complaint = tables.complaint
    counted = select(complaint.c.parent_id, func.count().label("many")).where(
        complaint.c.parent_id.is_not(None), complaint.c.parent_id.in_(found)
    )
    for row in tx.all(counted.group_by(complaint.c.parent_id)):
        found[row.parent_id].children = row.many
    parents = {row.id: row.parent_id for row in rows if row.parent_id}
    if parents:
        wanted = select(complaint.c.id, complaint.c.number).where(complaint.c.id.in_(set(parents.values())))
        numbers = {row.id: row.number for row in tx.all(wanted)}
        for child, parent in parents.items():
            found[child].parent = numbers.get(parent)
