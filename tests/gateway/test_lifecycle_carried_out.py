"""Every action of the life cycle, carried out once from every status it starts from: the rows agree afterwards."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import CLOSED, OFFICERS, Action, Actor, Case, Hold, Role, Status
from gateway.complaints.lifecycle import LIFECYCLE, Move, Step
from gateway.complaints.sla import due_at
from gateway.intake.arrival import Arrival
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing import clocks
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, COORDINATOR, REPORT, expand, member, opened

A, S = Action, Status
REASON = "Ini alasan yang cukup panjang untuk tindakan apa pun."
EVERYTHING = {
    "question": "Di sebelah mana persisnya kejadian itu?", "kind": "pengaduan", "topic": "pekerjaan-umum",
    "agency": "DLH", "institution": "PLN", "reason": REASON, "date": "2026-11-30",
    "note": "Bahan sudah dipesan dan pekerjaan dimulai besok.", "archive_reason": "bukan_laporan", "hold": "spam",
    "parent": "KBR-260000021", "rating": "4", "text": "Masih belum beres di sisi timur.", **ANSWER,
}  # fmt: skip
ASSIGN, START, ASK = (A.ASSIGN, Role.COORDINATOR), (A.START, Role.PENGHUBUNG), (A.ASK_REPORTER, Role.PENGHUBUNG)
ANSWERED = (ASSIGN, (A.ANSWER, Role.PENGHUBUNG))
RESOLVED = (*ANSWERED, (A.CONFIRM, Role.REPORTER))
# How a complaint gets into a status.
WAYS: dict[Status, tuple[tuple[Action, Role], ...]] = {
    S.RECEIVED: (),
    S.INCOMPLETE: ((A.ASK_MORE, Role.COORDINATOR),),
    S.VERIFIED: ((A.VERIFY, Role.COORDINATOR),),
    S.ASSIGNED: (ASSIGN,),
    S.IN_PROGRESS: (ASSIGN, START),
    S.AWAITING_REPORTER: ANSWERED,
    S.REPORTER_REPLIED: (*ANSWERED, (A.CONTEST, Role.REPORTER)),
    S.RESOLVED: RESOLVED,
    S.REOPENED: (*RESOLVED, (A.REOPEN, Role.REPORTER)),
    S.OUT_OF_AUTHORITY: ((A.REFER_OUT, Role.COORDINATOR),),
    S.ARCHIVED: ((A.ARCHIVE, Role.COORDINATOR),),
}
# Where the usual way does not allow the action: it needs its own circumstances.
OTHER_WAYS = {
    (A.CONTINUE_INCOMPLETE, S.INCOMPLETE): (ASSIGN, ASK),
    (A.RELEASE, S.RECEIVED): ((A.HOLD, Role.COORDINATOR),),
    (A.UNDO, S.VERIFIED): (ASSIGN, (A.DISPUTE_AUTHORITY, Role.PENGHUBUNG)),
}
BEFORE_UNDO = {
    S.VERIFIED: S.ASSIGNED,
    S.OUT_OF_AUTHORITY: S.RECEIVED,
    S.AWAITING_REPORTER: S.ASSIGNED,
    S.ARCHIVED: S.RECEIVED,
}
FOLLOWED = S.RESOLVED
SHOWN_ONLY = (Role.COORDINATOR, Role.PENGHUBUNG, Role.SYSTEM, Role.REPORTER, Role.SP4N)
"""Who carries an action out here, when several may."""


def role_for(step: Step, status: Status) -> Role:
    if step.action is A.UNDO and status in {S.VERIFIED, S.AWAITING_REPORTER}:
        return Role.PENGHUBUNG
    return next((role for role in SHOWN_ONLY if role in step.roles), min(step.roles))


CELLS = [(step, status) for step in LIFECYCLE if step.action is not A.RECEIVE for status in sorted(step.sources)]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The SQL of casework is the same everywhere; test_casework.py runs on both."""
    return sqlite_url


@pytest.fixture
def carry_out(store: Store, moment: Moment) -> Callable[..., Case]:
    """Carry out an action by somebody of this role, five minutes after the last."""

    def act(case: Case, action: Action, role: Role) -> Case:
        moment.pass_(minutes=5)
        with store.transaction() as tx:
            current = cases.by_id(tx, case.id)
            assert current is not None
            return casework.apply(tx, action, current, actor(store, current, role), inputs_for(action))

    return act


def actor(store: Store, case: Case, role: Role) -> Actor:
    if role in OFFICERS:
        mine = member(store, case.agency or "PUPR")
        return mine.actor if role is Role.PENGHUBUNG else Actor(role, str(mine.id), case.agency)
    return Actor(Role.REPORTER, str(case.contact_id)) if role is Role.REPORTER else Actor(role, COORDINATOR.id)


def inputs_for(action: Action) -> dict[str, str]:
    if action is A.FOLLOW_SP4N:
        return {"status": FOLLOWED.value, "notice": ""}
    # Going to DLH is a change only for a complaint that PUPR has.
    return {**EVERYTHING, "agency": "PUPR" if action is A.ASSIGN else "DLH"}


@pytest.mark.parametrize(("step", "status"), CELLS, ids=[f"{step.action}-{status}" for step, status in CELLS])
def test_an_action_leaves_rows_that_agree(
    store: Store,
    moment: Moment,
    telegram: Callable[..., Arrival],
    carry_out: Callable[..., Case],
    step: Step,
    status: Status,
) -> None:
    case = opened(store, telegram(REPORT))
    way = OTHER_WAYS.get((step.action, status), WAYS[status])
    for action, role in way:
        case = carry_out(case, action, role)
    if step.action in {A.LINK, A.UNLINK}:
        neighbour = opened(store, telegram(f"{REPORT}, juga di sini", sender="8102"))
        for action, role in way:
            neighbour = carry_out(neighbour, action, role)
    if step.action is A.UNLINK:
        case = carry_out(case, A.LINK, Role.COORDINATOR)
    assert case.status is status
    moved = carry_out(case, step.action, role_for(step, status))
    assert moved.status is expected(step, case)
    assert moved.version > case.version
    with store.reading() as tx:
        for check in (columns, history, running_clocks, assignments, chain):
            check(tx, moved)
        event = tables.complaint_event
        mine = select(event).where(event.c.complaint_id == case.id)
        last = tx.one(mine.order_by(event.c.seq.desc()).limit(1))
    assert last is not None
    assert (last.action, last.from_status, last.to_status) == (step.action, case_before(step, case), moved.status)
    if step.action is not A.FOLLOW_SP4N:
        assert last.visibility == step.visibility
    moment.pass_(hours=2)
    everything_can_be_said(store)


def everything_can_be_said(store: Store) -> None:
    """Write the messages of all notices that are due, those of the way included. A text that lacks a value raises."""
    expand(store)


def expected(step: Step, case: Case) -> Status:
    match step.target:
        case None:
            return case.status
        case Move.BACK:
            return case.return_status or S.RECEIVED
        case Move.REMOTE:
            return FOLLOWED
        case Move.UNDO:
            return BEFORE_UNDO[case.status]
        case _:
            return step.target


def case_before(step: Step, case: Case) -> Status:
    # A disposition of what was only received is a verification first.
    return S.VERIFIED if step.implies else case.status


def columns(tx: Transaction, case: Case) -> None:
    row = tx.one(select(tables.complaint).where(tables.complaint.c.id == case.id))
    assert row is not None
    assert (row.closed_at is not None) == (case.status in CLOSED)
    assert row.return_status is None or case.status is S.INCOMPLETE
    assert bool(row.archive_reason) == (case.status is S.ARCHIVED)
    assert case.status is not S.RESOLVED or row.closing
    assert row.agency or case.status in {
        S.RECEIVED,
        S.INCOMPLETE,
        S.VERIFIED,
        S.OUT_OF_AUTHORITY,
        S.ARCHIVED,
        S.RESOLVED,
    }
    assert (row.hold != Hold.NONE) == (row.hold == "spam")
    assert row.status_since <= row.updated_at == tx.now


def history(tx: Transaction, case: Case) -> None:
    event = tables.complaint_event
    numbers = [
        row.seq for row in tx.all(select(event.c.seq).where(event.c.complaint_id == case.id).order_by(event.c.seq))
    ]
    row = tx.one(select(tables.complaint.c.events).where(tables.complaint.c.id == case.id))
    assert row is not None
    assert numbers == list(range(1, row.events + 1))


def running_clocks(tx: Transaction, case: Case) -> None:
    kept = clocks.read(tx, case.id)
    running = [one for one in kept if one.running.stopped_at is None]
    names = [one.running.rule.clock for one in running]
    assert len(names) == len(set(names)), "a clock runs twice"
    row = tx.one(select(tables.complaint.c.due_at).where(tables.complaint.c.id == case.id))
    assert row is not None
    if case.status in CLOSED:
        assert (names, row.due_at) == ([], None)
    else:
        public = [due_at(one.running, tx.now) for one in running if one.running.rule.public]
        assert row.due_at == min(public, default=None)


def assignments(tx: Transaction, case: Case) -> None:
    table = tables.assignment
    mine = (table.c.complaint_id == case.id) & table.c.ended_at.is_(None)
    current = [row.agency for row in tx.all(select(table.c.agency).where(mine))]
    gone = case.status in {S.ARCHIVED, S.OUT_OF_AUTHORITY} or not case.agency
    assert current == ([] if gone else [case.agency])


def chain(tx: Transaction, _case: Case) -> None:
    assert audit.verify(tx).problem == ""
