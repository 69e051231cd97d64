"""The clocks of a complaint: start, stop, continue, pause; which deadline comes first. Arithmetic: complaints/sla.py.

Rules (days, legal basis) are read once when a clock starts; a changed rule moves no old deadline (CASEWORK 5.2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.calendar import Calendar, Pause
from gateway.complaints.complaint import Kind
from gateway.complaints.lifecycle import Step
from gateway.complaints.moments import following
from gateway.complaints.sla import Clock, Running, Unit, due_at, rule_for
from gateway.record import cases, shelf
from gateway.storage import tables
from gateway.storage.store import Transaction

OF_AGENCY = frozenset({Clock.ACCEPTANCE, Clock.FOLLOW_UP, Clock.RESOLUTION, Clock.SECOND_ANSWER})
"""What the agency has to do; the other clocks are the government's or the reporter's."""


@dataclass(slots=True)
class Kept:
    """One clock row in hand: what it is, and what changed since it was read."""

    id: int
    running: Running
    is_new: bool = False
    changed: bool = False
    stopped_by: str = ""
    reached: int = 0
    """How many of its moments (complaints/moments.py) have come and were acted upon."""
    pauses: list[tuple[int, Pause, bool]] = field(default_factory=list)
    """(segment id, pause, new or changed)."""


def calendar_of(tx: Transaction, zone: str = "") -> Calendar:
    """The government's calendar, in the zone of an agency that has another one."""
    office = tx.office
    if not zone or zone == office.settings.government.time_zone:
        return office.calendar
    return replace(office.calendar, zone=zone)


def first_due(tx: Transaction, complaint_id: int, kind: Kind, at: datetime) -> datetime:
    """Start the verification clock of a complaint that came at this moment; when it is due."""
    # What begins on one day ends on one day: in a batch the days are counted once for each kind.
    begun: dict[tuple[Kind, date], tuple[Running, datetime, datetime | None]] = tx.notes.setdefault("first_clocks", {})
    day = tx.office.calendar.today(at)
    if (kind, day) not in begun:
        running = _new(tx, Clock.VERIFICATION, kind, minor=False, now=at).running
        begun[kind, day] = running, due_at(running, at), following(running, 0, at)
    running, due, next_at = begun[kind, day]
    row = {"id": tx.new_id(), "due_at": due, "next_at": next_at, "zone": running.calendar.zone, "started_at": at}
    _insert(tx, complaint_id, running, row)
    return due


def move(
    tx: Transaction, complaint_id: int, kind: Kind, minor: bool, step: Step, at: datetime, agency: str = ""
) -> datetime | None:
    """Carry out what a step of the life cycle says about clocks; the earliest running public deadline, if any.

    `agency` has the complaint now: what it has to do ends in the evening of its own zone (F83).
    """
    clocks = read(tx, complaint_id)
    for name in step.stops:
        _stop(clocks, name, at, step.action.value)
    for name in step.continues:
        _continue(clocks, name)
    if step.pauses:
        _pause(tx, clocks, step.pauses, at)
    if step.resumes:
        _resume(clocks, step.resumes, at)
    for name in step.starts:
        if _may_start(clocks, name, kind, minor):
            # One that still runs was the last agency's: this one has its own day.
            _stop(clocks, name, at, step.action.value)
            clocks.append(_new(tx, name, kind, minor=minor, now=at))
    if agency:
        _bring_home(clocks, calendar_of(tx, _zone(tx, agency)))
    _write(tx, complaint_id, clocks)
    return earliest(clocks, at)


def start(tx: Transaction, complaint_id: int, name: Clock, kind: Kind, at: datetime) -> None:
    """A clock that begins when a message was handed to its channel (auto_close, completion)."""
    clocks = read(tx, complaint_id)
    runs = any(kept.running.stopped_at is None for kept in _of(clocks, name))
    if runs or not _may_start(clocks, name, kind, minor=False):
        return
    begun = _new(tx, name, kind, minor=False, now=at)
    _write(tx, complaint_id, [begun])
    cases.amend(tx, complaint_id, due_at=earliest([*clocks, begun], at))


def undo(tx: Transaction, complaint_id: int, step: Step, since: datetime, now: datetime) -> datetime | None:
    """Take back what `step` did to the clocks at `since`."""
    every = read(tx, complaint_id)
    begun = [one for one in every if one.running.rule.clock in step.starts and one.running.started_at == since]
    clocks = [one for one in every if one not in begun]
    for kept in clocks:
        if kept.running.stopped_at == since and kept.stopped_by == step.action:
            kept.running, kept.changed = replace(kept.running, stopped_at=None), True
            kept.stopped_by = ""
    clock = tables.clock
    tx.execute(clock.delete().where(clock.c.id.in_([one.id for one in begun])))
    _write(tx, complaint_id, clocks)
    return earliest(clocks, now)


def read(tx: Transaction, complaint_id: int) -> list[Kept]:
    clock, segment = tables.clock, tables.clock_segment
    every = select(clock).where(clock.c.complaint_id == complaint_id).order_by(clock.c.id)
    found = tx.all(every)
    if not found and shelf.take_back(tx, complaint_id):
        found = tx.all(every)
    pauses: dict[int, list[tuple[int, Pause, bool]]] = {}
    if found:
        mine = segment.c.clock_id.in_([row.id for row in found])
        for part in tx.all(select(segment).where(mine).order_by(segment.c.id)):
            pauses.setdefault(part.clock_id, []).append((part.id, Pause(part.from_at, part.to_at), False))
    return [_kept(tx, row, pauses.get(row.id, [])) for row in found]


def one(tx: Transaction, identity: int) -> tuple[Kept, int] | None:
    """A clock and the id of its complaint, locked until the transaction ends; None when it is gone."""
    clock, segment = tables.clock, tables.clock_segment
    row = tx.one(select(clock).where(clock.c.id == identity).with_for_update())
    if row is None:
        return None
    parts = tx.all(select(segment).where(segment.c.clock_id == identity).order_by(segment.c.id))
    return _kept(tx, row, [(part.id, Pause(part.from_at, part.to_at), False) for part in parts]), row.complaint_id


def pass_(tx: Transaction, kept: Kept, reached: int) -> None:
    """So many of its moments have come: from now on it waits for the one after them."""
    clock = tables.clock
    next_at = following(kept.running, reached, tx.now)
    tx.execute(clock.update().where(clock.c.id == kept.id).values(reached=reached, next_at=next_at))


def _kept(tx: Transaction, row: Any, pauses: list[tuple[int, Pause, bool]]) -> Kept:
    # The rule as it was when the clock started; only the limits of pauses are those of today.
    rule = replace(
        rule_for(Clock(row.name), Kind.PENGADUAN),
        n=row.days,
        event=row.event,
        unit=Unit(row.unit),
        public=row.public,
        basis=row.basis,
    )
    every = tuple(pause for _, pause, _ in pauses)
    running = Running(rule, row.started_at, calendar_of(tx, row.zone), every, row.stopped_at)
    return Kept(row.id, running, stopped_by=row.stopped_by, reached=row.reached, pauses=pauses)


def _new(tx: Transaction, name: Clock, kind: Kind, *, minor: bool, now: datetime) -> Kept:
    calendar = calendar_of(tx)
    rule = rule_for(name, kind, minor=minor, on=calendar.today(now))
    return Kept(tx.new_id(), Running(rule, now, calendar), is_new=True)


def _may_start(clocks: Sequence[Kept], name: Clock, kind: Kind, minor: bool) -> bool:
    return not (_of(clocks, name) and rule_for(name, kind, minor=minor).once)


def _of(clocks: Iterable[Kept], name: Clock) -> list[Kept]:
    return [kept for kept in clocks if kept.running.rule.clock is name]


def _zone(tx: Transaction, agency: str) -> str:
    """The zone of an agency; empty where it has none of its own."""
    zones: dict[str, str] | None = tx.notes.get("zones")
    if zones is None:
        table = tables.agency
        zones = tx.notes["zones"] = {row.code: row.zone for row in tx.all(select(table.c.code, table.c.zone))}
    return zones.get(agency, "")


def _bring_home(clocks: Sequence[Kept], calendar: Calendar) -> None:
    """What an agency has to do runs by the days and evenings of its own place."""
    for kept in clocks:
        running = kept.running
        if running.rule.clock in OF_AGENCY and running.stopped_at is None and running.calendar.zone != calendar.zone:
            kept.running, kept.changed = replace(running, calendar=calendar), True


def _stop(clocks: Sequence[Kept], name: Clock, at: datetime, by: str) -> None:
    for kept in _of(clocks, name):
        if kept.running.stopped_at is None:
            kept.running = replace(kept.running, stopped_at=at)
            kept.stopped_by, kept.changed = by, True


def _continue(clocks: Sequence[Kept], name: Clock) -> None:
    """A hollow answer resets nothing: the clock runs on as if it had never stopped."""
    for kept in _of(clocks, name)[-1:]:
        if kept.running.stopped_at is not None:
            kept.running = replace(kept.running, stopped_at=None)
            kept.stopped_by, kept.changed = "", True


def _pause(tx: Transaction, clocks: Sequence[Kept], names: Iterable[Clock], at: datetime) -> None:
    for kept in clocks:
        if kept.running.rule.clock in names and kept.running.stopped_at is None:
            pause = Pause(at, None)
            kept.pauses.append((tx.new_id(), pause, True))
            kept.running = replace(kept.running, pauses=(*kept.running.pauses, pause))
            kept.changed = True


def _resume(clocks: Sequence[Kept], names: Iterable[Clock], at: datetime) -> None:
    for kept in clocks:
        if kept.running.rule.clock not in names:
            continue
        kept.pauses = [
            (key, Pause(pause.since, at), True) if pause.until is None else (key, pause, new)
            for key, pause, new in kept.pauses
        ]
        kept.running = replace(kept.running, pauses=tuple(pause for _, pause, _ in kept.pauses))
        kept.changed = True


def _write(tx: Transaction, complaint_id: int, clocks: Sequence[Kept]) -> None:
    changes = []
    for kept in clocks:
        running = kept.running
        row = {
            "id": kept.id,
            "due_at": due_at(running, tx.now),
            "zone": running.calendar.zone,
            "stopped_at": running.stopped_at,
            "stopped_by": kept.stopped_by,
            "next_at": following(running, kept.reached, tx.now),
            "paused_at": next((pause.since for pause in running.pauses if pause.until is None), None),
        }
        if kept.is_new:
            _insert(tx, complaint_id, running, row | {"started_at": running.started_at})
        elif kept.changed:
            changes.append(row)
        segments = [
            {"id": key, "clock_id": kept.id, "from_at": pause.since, "to_at": pause.until}
            for key, pause, changed in kept.pauses
            if changed
        ]
        if segments:
            tx.upsert(tables.clock_segment, segments, ("to_at",))
    tx.update(tables.clock, changes, ("id",), ("due_at", "zone", "stopped_at", "stopped_by", "next_at", "paused_at"))


def _insert(tx: Transaction, complaint_id: int, running: Running, row: dict[str, Any]) -> None:
    tx.insert(
        tables.clock,
        **row,
        complaint_id=complaint_id,
        name=running.rule.clock.value,
        days=running.rule.n,
        unit=running.rule.unit.value,
        event=running.rule.event,
        basis=running.rule.basis,
        public=running.rule.public,
    )


def earliest(clocks: Sequence[Kept], now: datetime) -> datetime | None:
    """The first deadline that the citizen is told of."""
    running = [kept for kept in clocks if kept.running.rule.public and kept.running.stopped_at is None]
    return min((due_at(kept.running, now) for kept in running), default=None)
