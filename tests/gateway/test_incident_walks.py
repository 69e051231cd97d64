"""Families of an incident under random deeds of officers and reporters: what must hold whatever happened before."""

import random
from collections.abc import Callable

import pytest

from gateway.casework import casework
from gateway.complaints.complaint import CLOSED, OFFICERS, Action, ActionRefused, Actor, Case, Role
from gateway.complaints.incident import is_left_alone
from gateway.complaints.lifecycle import actions_for
from gateway.intake.arrival import Arrival
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import COORDINATOR, member, now, opened, rows
from tests.gateway.test_lifecycle_carried_out import EVERYTHING, history, running_clocks

A = Action
WORKING = frozenset(
    {
        A.VERIFY, A.ASSIGN, A.REASSIGN, A.START, A.ASK_REPORTER, A.COMPLETE, A.REPORT_PROGRESS, A.ANSWER, A.UNDO, A.CONFIRM,
        A.CONTEST, A.REOPEN, A.REFER_OUT, A.ARCHIVE, A.CANCEL, A.LINK, A.UNLINK, A.DISPUTE_AUTHORITY, A.CONTINUE_INCOMPLETE,
    }
)  # fmt: skip
SEEDS, DEEDS, FAMILY = range(6), 14, 4


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The SQL is the same everywhere; transcript 11 runs on both databases."""
    return sqlite_url


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_no_reporter_is_left_alone(
    store: Store, moment: Moment, sms: Callable[..., Arrival], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - which walk is taken
    family = [
        opened(store, sms(f"air pdam mati di rumah nomor {place}", f"+62812000000{place:02}"))
        for place in range(FAMILY)
    ]
    for _ in range(DEEDS):
        moment.pass_(minutes=chance.choice((1, 5, 20)))
        _do_something(store, chance, family)
        family = [now(store, case) for case in family]
        _holds(store, family)


def _do_something(store: Store, chance: random.Random, family: list[Case]) -> None:
    case = chance.choice(family)
    role = chance.choice((Role.COORDINATOR, Role.PENGHUBUNG, Role.REPORTER, Role.SYSTEM))
    linked = case.parent_id is not None
    steps = actions_for(case.status, role, hold=case.hold, return_status=case.return_status, linked=linked)
    possible = [step.action for step in steps if step.action in WORKING]
    if not possible:
        return
    action = A.LINK if A.LINK in possible and chance.random() < 0.4 else chance.choice(possible)
    agency = chance.choice(("PUPR", "DLH"))
    inputs = {**EVERYTHING, "parent": chance.choice(family).number, "agency": agency, "confirm": "1"}
    with store.transaction() as tx:
        current = cases.by_id(tx, case.id)
        assert current is not None
        try:
            casework.apply(tx, action, current, _actor(store, current, role), inputs)
        except ActionRefused:
            return


def _actor(store: Store, case: Case, role: Role) -> Actor:
    if role in OFFICERS:
        return member(store, case.agency or "PUPR").actor
    return Actor(Role.REPORTER, str(case.contact_id)) if role is Role.REPORTER else Actor(role, COORDINATOR.id)


def _holds(store: Store, family: list[Case]) -> None:
    by_id = {case.id: case for case in family}
    for case in family:
        with store.reading() as tx:
            history(tx, case)
            running_clocks(tx, case)
        parent = by_id[case.parent_id] if case.parent_id is not None else None
        if parent is None:
            continue
        assert parent.parent_id is None, "a parent follows nobody"
        assert parent.id != case.id
        if parent.status in CLOSED:
            assert not is_left_alone(case, parent)
        followed = rows(store, tables.complaint_event, tables.complaint_event.c.complaint_id == case.id)
        assert all(event.actor_role == Role.SYSTEM for event in followed if event.inputs and "child" in event.inputs)
