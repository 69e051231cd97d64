"""The bridge by hand to a system of record: what is to be typed in, what waits for a number, what must be looked at.

What the sheet of one row says: `gateway.forwarding.bridge.sheet`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, case, func, select, text

from gateway.casework import outgoing
from gateway.complaints.calendar import working_days_between
from gateway.complaints.forward import Circuit, ForwardKind, ForwardState
from gateway.forwarding import remote_ids
from gateway.queries.scope import Scope, Sight, sight
from gateway.queries.tasks import IS_OPEN
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

PAGE = 50
DOUBT, NUMBERS = "perlu_dicek", "menunggu_nomor"
AWAITED = "sp4n_number"
"""Kind of the open task behind a report that was typed in and whose number is still to come."""
# Written out, because only these very words let the small indexes over unfinished rows be used.
ON_BOARD = text("forward.state IN ('manual','manual_check','failed')")
UNDER_WAY = text("forward.state IN ('queued','sending','retry','unknown')")
IS_POLLED = text("forward.poll_due_at IS NOT NULL")
TYPED = text("forward.by_hand")
POLL_LATE = timedelta(hours=1)
TROUBLES = ("sp4n_mismatch", "sp4n_missing", "sp4n_duplicate", "sp4n_unknown_status")
"""Kinds of tasks that say: the two sides disagree."""
QUESTIONS = ("sp4n_check", "sp4n_failed")
OLD_STATES = "perbarui"
TABS = ("perlu_diinput", NUMBERS, DOUBT, OLD_STATES, "selesai")
LATE_DAYS = 2
"""Working days after which what is to be typed in is told to the coordinator."""
NUMBER_LATE = timedelta(hours=4)
STUCK = timedelta(days=1)
STALE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row of the work list."""

    id: str
    number: str
    kind: str
    state: str
    target: str
    agency: str
    topic: str
    anonymous: bool
    confidential: bool
    remote_id: str
    created_at: datetime
    days: int
    """Working days since it was written."""


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a tab; `following`: id of the row after which the next piece begins, empty at the end."""

    rows: Sequence[Waiting]
    following: str = ""


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One system of record as Pantauan Kanal shows it (docs/forwarders/sp4n.md § Health)."""

    name: str
    kind: str
    mode: str
    circuit: Circuit
    states: Mapping[str, int]
    oldest_at: datetime | None
    """Of what waits to be sent or typed in."""
    last_sent_at: datetime | None
    last_polled_at: datetime | None
    polls_late: int
    poll_due_at: datetime | None = None
    """Since when the most overdue of its reports should have been asked for; later than now where none is."""
    questions: int = 0
    """Open tasks about where the two sides differ; they name no target, so they stand with the national one."""

    def many(self, *states: str) -> int:
        return sum(self.states.get(state, 0) for state in states)


def counts(tx: Transaction) -> dict[str, int]:
    """How many rows stand in each tab but the last."""
    forward, task = tables.forward, tables.task
    board = {
        row.state: row.many
        for row in tx.all(
            select(forward.c.state, func.count().label("many"))
            .where(ON_BOARD, forward.c.finished_at.is_(None))
            .group_by(forward.c.state)
        )
    }
    awaited = tx.one(select(func.count()).select_from(task).where(IS_OPEN, task.c.kind == AWAITED))
    return {
        "perlu_diinput": board.get("manual", 0),
        NUMBERS: awaited[0] if awaited else 0,
        DOUBT: board.get("manual_check", 0) + board.get("failed", 0),
    }


def listed(tx: Transaction, scope: Scope, tab: str, before: str = "", limit: int = PAGE) -> Page:
    """The oldest first; what is done the newest first. Without complaints that this reader may not know of."""
    forward, complaint = tables.forward, tables.complaint
    newest_first = tab not in TABS[:-1]
    found = select(forward).where(*_stands_in(tx, tab))
    after = id_number(before)
    if after is not None:
        found = found.where(forward.c.id < after if newest_first else forward.c.id > after)
    order = forward.c.id.desc() if newest_first else forward.c.id
    rows = tx.all(found.order_by(order).limit(limit + 1))
    rows, more = rows[:limit], len(rows) > limit
    ids = {row.complaint_id for row in rows}
    about = {row.id: row for row in tx.all(select(complaint).where(complaint.c.id.in_(ids)))} if ids else {}
    shown = [(row, about.get(row.complaint_id)) for row in rows]
    seen = [
        _waiting(tx, row, case, sight(scope, case))
        for row, case in shown
        if case is not None and sight(scope, case) is not Sight.NONE
    ]
    # By what was looked at, not by what may be seen of it: whatever is hidden here does not end the list.
    return Page(seen, id_text(rows[-1].id) if more else "")


@dataclass(frozen=True, slots=True)
class Overdue:
    """What people have to do at the systems of record. `days`: working days that the oldest of it waits."""

    many: int = 0
    days: int = 0
    is_urgent: bool = False
    """Whether any of it waited long enough to be told."""


@dataclass(frozen=True, slots=True)
class Typing:
    """What is to be typed in now. `days`: working days that the oldest of it waits; `numbers`: still to come."""

    many: int = 0
    days: int = 0
    numbers: int = 0


def typing(tx: Transaction) -> Typing:
    forward = tables.forward
    rows = tx.all(select(forward.c.created_at).where(_stands_in(tx, TABS[0])[0]))
    oldest = max((_days(tx, row.created_at) for row in rows), default=0)
    return Typing(len(rows), oldest, len(_awaited(tx)) if rows else 0)


def overdue(tx: Transaction) -> Overdue:
    """Typed in late, numbers that did not come, what must be looked at, sends that wait for a day, old states."""
    forward, task = tables.forward, tables.task
    typing = tx.all(select(forward.c.created_at).where(_stands_in(tx, TABS[0])[0]))
    stuck = tx.all(select(forward.c.created_at).where(UNDER_WAY, forward.c.created_at <= tx.now - STUCK))
    numbers = tx.all(select(task.c.created_at).where(IS_OPEN, task.c.kind == AWAITED))
    asked = tx.all(select(task.c.created_at).where(IS_OPEN, task.c.kind.in_((*QUESTIONS, *TROUBLES))))
    old = tx.all(select(forward.c.created_at).where(_is_stale(tx)))
    ages = [_days(tx, row.created_at) for row in typing]
    urgent = any(days >= LATE_DAYS for days in ages) or bool(stuck or asked or old)
    urgent = urgent or any(row.created_at <= tx.now - NUMBER_LATE for row in numbers)
    waiting_ = [*typing, *stuck, *numbers, *asked, *old]
    oldest = max((_days(tx, row.created_at) for row in (*typing, *stuck, *numbers, *asked)), default=0)
    return Overdue(len(waiting_), oldest, urgent)


def waiting(tx: Transaction, target: str) -> int:
    """How many rows of a target wait to be sent."""
    forward = tables.forward
    row = tx.one(select(func.count()).select_from(forward).where(UNDER_WAY, forward.c.target == target))
    return int(row[0]) if row else 0


def _is_stale(tx: Transaction) -> ColumnElement[bool]:
    """Reports of open complaints by hand whose state nobody has looked up for a week."""
    forward, complaint = tables.forward, tables.complaint
    seen = func.coalesce(forward.c.polled_at, forward.c.finished_at, forward.c.created_at)
    is_open = select(complaint.c.id).where(complaint.c.id == forward.c.complaint_id, complaint.c.closed_at.is_(None))
    return and_(TYPED, forward.c.remote_id.is_not(None), seen < tx.now - STALE, is_open.exists())


def _stands_in(tx: Transaction, tab: str) -> list[ColumnElement[bool]]:
    forward = tables.forward
    match tab:
        case "perlu_diinput":
            # Not before the undo time of its action is over.
            return [and_(ON_BOARD, forward.c.state == ForwardState.MANUAL.value, forward.c.due_at <= tx.now)]
        case "menunggu_nomor":
            return [forward.c.id.in_(_awaited(tx))]
        case "perlu_dicek":
            in_doubt = forward.c.state.in_([ForwardState.MANUAL_CHECK.value, ForwardState.FAILED.value])
            return [and_(ON_BOARD, in_doubt), forward.c.finished_at.is_(None)]
        case "perbarui":
            return [_is_stale(tx)]
        case _:
            return [forward.c.state == ForwardState.SENT.value, forward.c.kind == ForwardKind.CREATE.value]


def _awaited(tx: Transaction) -> list[int]:
    task = tables.task
    rows = tx.all(select(task.c.subject).where(IS_OPEN, task.c.kind == AWAITED))
    return [int(row.subject) for row in rows]


def _waiting(tx: Transaction, row: Any, case: Any, seen: Sight) -> Waiting:
    return Waiting(
        id=id_text(row.id),
        number=case.number,
        kind=row.kind,
        state=row.state,
        target=row.target,
        agency=case.agency,
        topic=case.topic if seen is Sight.FULL else "",
        anonymous=case.anonymous,
        confidential=case.confidential,
        remote_id=remote_ids.shown(row),
        created_at=row.created_at,
        days=_days(tx, row.created_at),
    )


def _days(tx: Transaction, since: datetime) -> int:
    calendar = tx.office.calendar
    return working_days_between(calendar.today(since), calendar.today(tx.now), calendar)


def id_of(shown: str) -> int:
    """The row behind the id of an address; 0, which no row has, for anything else."""
    return id_number(shown) or 0


def row_of(tx: Transaction, forward_id: int) -> Any:
    forward, complaint = tables.forward, tables.complaint
    columns = (
        complaint.c.number,
        complaint.c.agency,
        complaint.c.topic,
        complaint.c.confidential,
        complaint.c.anonymous,
        complaint.c.sensitive,
    )
    return tx.one(
        select(forward, *columns)
        .join(complaint, complaint.c.id == forward.c.complaint_id)
        .where(forward.c.id == forward_id)
    )


def health(tx: Transaction) -> list[TargetHealth]:
    """Every configured system of record that is not switched off."""
    tables_ = [table for table in tx.office.settings.forwarding if table.values.get("mode") != "off"]
    return [_health(tx, table.name, table.kind, str(table.values.get("mode", "manual"))) for table in tables_]


def _health(tx: Transaction, name: str, kind: str, mode: str) -> TargetHealth:
    forward, circuit = tables.forward, tables.circuit
    states: dict[str, int] = {}
    oldest: list[datetime] = []
    for unfinished in (ON_BOARD, UNDER_WAY):
        found = select(forward.c.state, func.count().label("many"), func.min(forward.c.created_at).label("oldest"))
        mine = and_(unfinished, forward.c.target == name, forward.c.finished_at.is_(None))
        for row in tx.all(found.where(mine).group_by(forward.c.state)):
            states[row.state] = row.many
            oldest.append(row.oldest)
    kept = tx.one(select(circuit.c.state).where(circuit.c.target == name))
    sent = tx.one(
        select(forward.c.finished_at)
        .where(forward.c.target == name, forward.c.state == ForwardState.SENT.value)
        .order_by(forward.c.id.desc())
        .limit(1)
    )
    late = func.sum(case((forward.c.poll_due_at < tx.now - POLL_LATE, 1), else_=0)).label("late")
    newest = func.max(forward.c.polled_at).label("newest")
    due = func.min(forward.c.poll_due_at).label("due")
    polls = tx.one(select(newest, late, due).where(IS_POLLED, forward.c.target == name))
    return TargetHealth(
        name=name,
        kind=kind,
        mode=mode,
        circuit=msgspec.convert(kept.state, Circuit) if kept else Circuit(),
        states=states,
        oldest_at=min(oldest, default=None),
        last_sent_at=sent[0] if sent else None,
        last_polled_at=polls.newest if polls else None,
        polls_late=int(polls.late or 0) if polls else 0,
        poll_due_at=polls.due if polls else None,
        questions=_questions(tx) if kind == outgoing.NATIONAL else 0,
    )


def _questions(tx: Transaction) -> int:
    task = tables.task
    row = tx.one(select(func.count()).select_from(task).where(IS_OPEN, task.c.kind.in_(TROUBLES)))
    return int(row[0]) if row else 0
