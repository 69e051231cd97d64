"""What the passing of time does to complaints: reminders, words to superiors, ends that nobody else brought about.

Each moment of a clock (complaints/moments.py) is acted upon once. After a standstill only the newest of those that came
meanwhile is: nobody gets a week of reminders on one morning.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from config.logging import get_logger
from gateway.casework import casework
from gateway.complaints import moments
from gateway.complaints.complaint import (
    NO_INPUTS,
    SYSTEM,
    Action,
    ActionRefused,
    Case,
    Hold,
    Kind,
    Status,
    Urgency,
    Visibility,
)
from gateway.complaints.incident import told_of
from gateway.complaints.moments import MOMENTS, STILL_LATE, Moment
from gateway.complaints.notices import Skip
from gateway.complaints.sla import Running, days_left, explain, span_of
from gateway.hooks import events as hook_events
from gateway.notices import notices
from gateway.record import cases, events, tasks
from gateway.storage import tables
from gateway.storage.store import Store, Transaction, constant
from gateway.storage.types import to_millis
from gateway.timing import clocks

log = get_logger(__name__)
BATCH = 50
AGAIN = timedelta(minutes=10)
"""What could not be carried out is tried again after this; the others do not wait for it."""
BROKEN = "st.late"
SAME_MORNING = timedelta(hours=12)
QUESTIONS: Mapping[str, str] = {Action.ASK_MORE.value: "ask.more", Action.ASK_REPORTER.value: "ask.agency"}
HANDED_OVER = frozenset({"sent", "delivered"})
TAKE = (
    # Picked apart, as gateway/storage/claim.py says.
    "WITH picked AS MATERIALIZED (SELECT id FROM clock WHERE next_at <= :now ORDER BY next_at, id LIMIT :batch {lock})"
    " UPDATE clock SET next_at = :again WHERE id IN (SELECT id FROM picked) RETURNING id"
)


def reach(store: Store) -> int:
    """Act upon every clock whose next moment has come; how many there were."""
    count = 0
    while True:
        with store.transaction() as tx:
            taken = _take(tx)
        for identity in taken:
            try:
                with store.transaction() as tx:
                    _reach(tx, identity)
            except Exception:
                log.exception("moment_failed", clock_id=identity)
        count += len(taken)
        if len(taken) < BATCH:
            return count


def _take(tx: Transaction) -> list[int]:
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    given = {"now": to_millis(tx.now), "again": to_millis(tx.now + AGAIN), "batch": BATCH}
    return [row.id for row in tx.execute(constant(TAKE.format(lock=lock)), given)]


def _reach(tx: Transaction, identity: int) -> None:
    found = clocks.one(tx, identity)
    if found is None:
        return
    kept, complaint_id = found
    count = moments.reached(kept.running, tx.now)
    case = cases.by_id(tx, complaint_id)
    clocks.pass_(tx, kept, max(count, kept.reached))
    if case is None or count <= kept.reached or kept.running.stopped_at is not None:
        return
    moment = MOMENTS[kept.running.rule.clock][count - 1]
    if moment.ends:
        _end(tx, case, moment.ends)
    elif case.hold is Hold.NONE and (moment not in STILL_LATE or _is_broken_longest(tx, kept, complaint_id)):
        _tell(tx, case, moment, kept.running)


def _tell(tx: Transaction, case: Case, moment: Moment, running: Running) -> None:
    if moment.asks:
        _ask_again(tx, case)
        return
    over = span_of(running, tx.now).due_on.isoformat()
    # Of an incident the team has one task: what is told of its parent is not told of each that follows.
    told = moment.tells if case.parent_id is None else told_of(Action.ESCALATE, catching_up=False, keys=moment.tells)
    if BROKEN in told and _is_told(tx, case, over):
        told = tuple(key for key in told if key != BROKEN)
    if moment in STILL_LATE and not told:
        return
    note = {"note": explain(running, tx.now)}
    event_id = casework.remark(tx, case, Action.ESCALATE.value, SYSTEM, note, Visibility.INTERNAL)
    about = {"clock": running.rule.clock.value, "days": str(max(0, -days_left(running, tx.now))), "date": over}
    # What cannot wait for tomorrow's summary: danger, and what is said of officers.
    urgent = case.urgency is Urgency.DARURAT or case.kind is Kind.PENGADUAN_PENGAWASAN
    notices.write(tx, case, event_id, told, SYSTEM, about, at_once=urgent)
    if moment not in STILL_LATE:
        hook_events.escalated(tx, case, event_id)


def _is_broken_longest(tx: Transaction, kept: clocks.Kept, complaint_id: int) -> bool:
    """Whether no other promise to this reporter is broken for longer: every week one of them speaks for all."""
    running = [
        one.running for one in clocks.read(tx, complaint_id) if not (one.running.stopped_at or one.running.is_paused)
    ]
    last_days = [span_of(one, tx.now).due_on for one in running if STILL_LATE[0] in MOMENTS[one.rule.clock]]
    return span_of(kept.running, tx.now).due_on <= min(last_days)


def _is_told(tx: Transaction, case: Case, over: str) -> bool:
    """Whether another clock with the same last day has had the reporter told of it just now: it would be said twice."""
    notice = tables.notice.c
    mine = (notice.complaint_id == case.id) & (notice.key == BROKEN) & (notice.created_at > tx.now - SAME_MORNING)
    return any(row.inputs.get("date") == over for row in tx.all(select(notice.inputs).where(mine)))


def _ask_again(tx: Transaction, case: Case) -> None:
    """The question that waits for its answer, in the words in which it was asked."""
    event = tables.complaint_event
    asked = (event.c.complaint_id == case.id) & event.c.action.in_(QUESTIONS)
    row: Any = tx.one(select(event).where(asked).order_by(event.c.seq.desc()).limit(1))
    if row is None:
        return
    event_id = casework.remark(tx, case, Action.ESCALATE.value, SYSTEM, NO_INPUTS, Visibility.INTERNAL)
    notices.write(tx, case, event_id, (QUESTIONS[row.action],), SYSTEM, events.inputs_of(row))


def _end(tx: Transaction, case: Case, actions: tuple[Action, ...]) -> None:
    """The first of these that the life cycle allows; a person decides where none may be carried out."""
    if Action.CLOSE_AUTOMATICALLY in actions and (why := _why_open(tx, case)):
        tasks.add(tx, "not_closable", case.number, why, case.id)
        return
    for action in actions:
        try:
            casework.apply(tx, action, case, SYSTEM)
        except ActionRefused:
            continue
        return
    tasks.add(tx, "not_closable", case.number, "wrong_state", case.id)


def _why_open(tx: Transaction, case: Case) -> str:
    """Why an answered complaint is not closed without its reporter (CASEWORK 5.5); empty when it is."""
    if case.status is not Status.AWAITING_REPORTER or case.hold is not Hold.NONE:
        return "wrong_state"
    if case.kind is Kind.PENGADUAN_PENGAWASAN:
        return "inspectorate"
    if not _was_told(tx, case, "st.answer"):
        return "answer_not_told"
    return "" if _was_told(tx, case, moments.REMINDER) else "not_reminded"


def _was_told(tx: Transaction, case: Case, key: str) -> bool:
    """Whether the newest message of this key was handed over; who cannot be reached reads it on the tracking page."""
    entry, outbox = tables.dispatch_log, tables.outbox
    mine = (entry.c.complaint_id == case.id) & (entry.c.key == key) & (entry.c.recipient_kind == "reporter")
    row = tx.one(
        select(entry.c.skip, outbox.c.state)
        .select_from(entry.outerjoin(outbox, outbox.c.id == entry.c.outbox_id))
        .where(mine)
        .order_by(entry.c.id.desc())
        .limit(1)
    )
    return row is not None and (row.skip in {Skip.NO_ROUTE, Skip.OPTED_OUT} or row.state in HANDED_OVER)
