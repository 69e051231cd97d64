"""How a child of an incident comes to where its parent is: every pair of statuses, and what stays untouched."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from gateway.complaints.complaint import CLOSED, OPEN, Action, ActionRefused, Case, Kind, Role, Status
from gateway.complaints.incident import DETACHES, FOLLOWED, is_left_alone, next_step, told_of
from gateway.complaints.lifecycle import (
    LIFECYCLE,
    OF_PARENT,
    actions_for,
    public_step,
    step_as_parent,
    step_for,
    target_of,
)

A, S = Action, Status
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)
ANSWER = "Pompa diganti pukul 10.30."
WITHOUT_AGENCY = {S.RECEIVED, S.VERIFIED}
MOST_STEPS = 3


def case(status: Status, agency: str = "PDAM", answer: str = "") -> Case:
    is_known = status not in WITHOUT_AGENCY
    interrupted = S.IN_PROGRESS if status is S.INCOMPLETE else None
    return Case(
        id=1, number="KBR-260000013", version=2, status=status, kind=Kind.PENGADUAN, agency=agency if is_known else "",
        channel="sms", contact_id=1, created_at=NOW, status_since=NOW, return_status=interrupted, public_answer=answer,
    )  # fmt: skip


def parent(status: Status) -> Case:
    answered = status in {S.AWAITING_REPORTER, S.RESOLVED, S.REPORTER_REPLIED}
    return case(status, answer=ANSWER if answered else "")


def caught_up(child: Case, parent: Case) -> tuple[Case, list[Action]]:
    """The child as it comes to stand still, and what happened to it."""
    done: list[Action] = []
    while (step := next_step(child, parent)) is not None:
        action, inputs = step
        rule = step_as_parent(child, action)
        if rule is None:
            break
        done.append(action)
        assert len(done) <= MOST_STEPS, "it never comes to rest"
        child = replace(
            child,
            status=target_of(rule, child.status, child.return_status),
            agency=inputs.get("agency", child.agency),
            public_answer=inputs.get("explanation", child.public_answer),
        )
    return child, done


@pytest.mark.parametrize(("before", "other"), list(product(sorted(Status), ("PDAM", "PUPR"))))
def test_a_child_comes_to_rest_and_never_beyond_its_parent(before: Status, other: str) -> None:
    for status in Status:
        child, leader = case(before, other), parent(status)
        moved, done = caught_up(child, leader)
        assert set(done) <= FOLLOWED
        if before in CLOSED:
            assert not done or before is S.OUT_OF_AUTHORITY
        if done and before not in {S.REOPENED, S.REPORTER_REPLIED}:
            assert level(moved) <= max(level(leader), level(child)), status
        if moved.status is S.AWAITING_REPORTER and before is not S.AWAITING_REPORTER:
            assert moved.public_answer == ANSWER


def level(case: Case) -> int:
    """How far its reporter sees it."""
    return public_step(case.status, return_status=case.return_status)


# fmt: off
ENDS = [
    # child                 parent                 where the child ends, and by which steps
    (S.RECEIVED,            S.RECEIVED,            S.RECEIVED,          []),
    (S.RECEIVED,            S.VERIFIED,            S.RECEIVED,          []),
    (S.RECEIVED,            S.ASSIGNED,            S.ASSIGNED,          [A.ASSIGN]),
    (S.VERIFIED,            S.IN_PROGRESS,         S.IN_PROGRESS,       [A.ASSIGN, A.START]),
    (S.RECEIVED,            S.AWAITING_REPORTER,   S.AWAITING_REPORTER, [A.ASSIGN, A.ANSWER]),
    (S.IN_PROGRESS,         S.AWAITING_REPORTER,   S.AWAITING_REPORTER, [A.ANSWER]),
    (S.IN_PROGRESS,         S.RESOLVED,            S.AWAITING_REPORTER, [A.ANSWER]),
    (S.IN_PROGRESS,         S.REPORTER_REPLIED,    S.IN_PROGRESS,       []),
    (S.AWAITING_REPORTER,   S.IN_PROGRESS,         S.AWAITING_REPORTER, []),
    (S.INCOMPLETE,          S.AWAITING_REPORTER,   S.INCOMPLETE,        []),
    (S.RESOLVED,            S.IN_PROGRESS,         S.RESOLVED,          []),
]
# fmt: on


@pytest.mark.parametrize(("before", "status", "after", "steps"), ENDS)
def test_where_a_child_ends(before: Status, status: Status, after: Status, steps: list[Action]) -> None:
    moved, done = caught_up(case(before), parent(status))
    assert (moved.status, done) == (after, steps)


@pytest.mark.parametrize("status", sorted(OPEN))
@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.PENGHUBUNG, Role.SYSTEM])
def test_what_is_done_to_the_parent_is_not_offered_for_a_child(status: Status, role: Role) -> None:
    assert OF_PARENT.isdisjoint(step.action for step in actions_for(status, role, linked=True))
    for action in OF_PARENT & {step.action for step in actions_for(status, role)}:
        with pytest.raises(ActionRefused, match="linked"):
            step_for(action, status, role, linked=True)


def test_what_a_reporter_does_is_their_own() -> None:
    theirs = {step.action for step in LIFECYCLE if Role.REPORTER in step.roles}
    assert theirs.isdisjoint(FOLLOWED)
    assert {A.CONTEST, A.REPLY_TO_ANSWER, A.REOPEN, A.CANCEL} <= DETACHES & theirs


# fmt: off
ALONE = [
    # child                parent is closed with an answer    nobody would work on it any more
    (S.ASSIGNED,           False,                             True),
    (S.RECEIVED,           False,                             True),
    (S.INCOMPLETE,         False,                             True),
    (S.INCOMPLETE,         True,                              False),
    (S.AWAITING_REPORTER,  True,                              False),
    (S.RESOLVED,           True,                              False),
    (S.ARCHIVED,           False,                             False),
]
# fmt: on


@pytest.mark.parametrize(("status", "answered", "alone"), ALONE)
def test_whom_an_ended_parent_leaves_alone(status: Status, answered: bool, alone: bool) -> None:
    ended = case(S.RESOLVED if answered else S.ARCHIVED, answer=ANSWER if answered else "")
    assert is_left_alone(case(status), ended) is alone


def test_a_child_is_told_what_its_reporter_reads_and_its_team_nothing() -> None:
    told = {step.action: told_of(step.action, catching_up=False, keys=step.notices) for step in LIFECYCLE}
    assert told[A.ASSIGN] == ("st.assigned",)
    assert told[A.ANSWER] == ("st.answer",)
    assert told[A.DISPUTE_AUTHORITY] == ()
    late = {step.action: told_of(step.action, catching_up=True, keys=step.notices) for step in LIFECYCLE}
    assert (late[A.ASSIGN], late[A.ANSWER], late[A.REASSIGN]) == ((), ("st.answer",), ("pic.withdrawn",))
