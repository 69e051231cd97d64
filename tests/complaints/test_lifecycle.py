"""The life cycle, cell by cell: what each role may do in each status, and everything else is refused."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.complaints.complaint import (
    CLOSED,
    OFFICERS,
    OPEN,
    Action,
    ActionRefused,
    ArchiveReason,
    Hold,
    Kind,
    Role,
    Status,
    Visibility,
)
from gateway.complaints.lifecycle import (
    EVERY_CLOCK,
    LIFECYCLE,
    LIKE_REMOTE,
    WHILE_HELD,
    Move,
    actions_for,
    followed,
    public_step,
    step_for,
    target_of,
)
from gateway.complaints.notices import NOTICES
from gateway.complaints.sla import Clock

# The table of CASEWORK 3 in its own words, so that a slip in the code does not repeat itself here.
WORDS = {
    "rec": "received", "inc": "incomplete", "ver": "verified", "ass": "assigned", "wip": "in_progress",
    "awa": "awaiting_reporter", "rep": "reporter_replied", "res": "resolved", "reo": "reopened",
    "oota": "out_of_authority", "arc": "archived",
}  # fmt: skip
GROUPS = {
    "open": "rec inc ver ass wip awa rep reo",
    "any": "rec inc ver ass wip awa rep res reo oota arc",
    "O*": "anggota penghubung deputi kepala",
    "staff": "channel_admin coordinator inspectorate regional_head evaluator system_admin privacy_officer "
    "anggota penghubung deputi kepala",
}
# fmt: off
TABLE = """
 2  ask_more              rec ver                     coordinator channel_admin          inc
 3  ask_reporter          ass wip                     O* coordinator                     inc
 4  complete              inc                         reporter                           back
 5  verify                rec inc                     coordinator system                 ver
 6  assign                rec ver reo oota            coordinator system                 ass
 7  reassign              ass wip inc rep             coordinator sp4n                   ass
 8  start                 ass reo rep                 O*                                 wip
 9  dispute_authority     ass wip                     O*                                 ver
10  refer_out             rec ver ass wip reo         coordinator                        oota
11  request_time          ass wip                     penghubung deputi                  same
12  grant_time            ass wip                     kepala coordinator                 same
12  deny_time             ass wip                     kepala coordinator                 same
13  report_progress       wip                         O*                                 same
14  note                  any                         staff                              same
15  answer                ass wip rep                 O*                                 awa
16  confirm               awa rep                     reporter                           res
17  contest               awa                         reporter                           rep
18  reply                 rec ver ass wip rep reo     reporter                           same
19  reply_to_answer       awa                         reporter                           rep
20  close_automatically   awa                         system                             res
21  reopen                res                         reporter coordinator               reo
22  restore               arc oota                    coordinator system                 rec
23  archive               rec inc ver                 coordinator                        arc
24  archive_incomplete    inc                         system                             arc
25  continue_incomplete   -                           system                             back
26  cancel                rec inc ver ass             reporter                           arc
27  move_to_inspectorate  open                        coordinator inspectorate           ass
28  link                  open                        coordinator penghubung             same
28  unlink                open                        coordinator penghubung             same
29  hold                  rec                         system channel_admin coordinator   same
29  release               -                           system channel_admin coordinator   same
30  raise_confidential    any                         reporter coordinator system        same
30  raise_anonymous       any                         reporter coordinator system        same
31  lower_confidential    rec inc ver ass             reporter                           same
31  lower_anonymous       rec inc ver ass             reporter                           same
32  rate                  res                         reporter                           same
33  take_over             ass wip awa rep             deputi kepala coordinator          same
34  undo                  ver oota awa arc            O* coordinator                     undo
35  follow_sp4n           any                         sp4n                               remote
36  escalate              open                        system                             same
"""
# fmt: on
SPECIAL: dict[str, Move | None] = {"same": None, "back": Move.BACK, "remote": Move.REMOTE, "undo": Move.UNDO}


def words(text: str) -> list[str]:
    return [word for part in text.split() for word in GROUPS.get(part, part).split() if word != "-"]


def rows() -> dict[Action, tuple[frozenset[Status], frozenset[Role], Status | Move | None]]:
    read = {}
    for line in TABLE.strip().splitlines():
        _, action, sources, roles, target = re.split(r"\s{2,}", line.strip())
        read[Action(action)] = (
            frozenset(Status(WORDS[word]) for word in words(sources)),
            frozenset(Role(word) for word in words(roles)),
            SPECIAL[target] if target in SPECIAL else Status(WORDS[target]),
        )
    return read


ROWS = rows()


def outcome(action: Action, status: Status | None, role: Role, **state: object) -> Status | Move | str | None:
    try:
        return step_for(action, status, role, **state).target  # type: ignore[arg-type]
    except ActionRefused as refusal:
        return refusal.code


def test_the_table_has_every_action_but_receiving() -> None:
    assert set(ROWS) == set(Action) - {Action.RECEIVE}
    assert {step.action for step in LIFECYCLE} == set(Action)


@pytest.mark.parametrize("action", ROWS, ids=str)
def test_every_cell_is_allowed_or_refused_as_the_table_says(action: Action) -> None:
    sources, roles, target = ROWS[action]
    for status, role in product(Status, Role):
        expected = "wrong_role" if role not in roles else target if status in sources else "wrong_state"
        assert outcome(action, status, role) == expected, f"{action} from {status} by {role}"


@pytest.mark.parametrize(("status", "role"), list(product(Status, Role)), ids=str)
def test_screens_offer_exactly_what_would_not_be_refused(status: Status, role: Role) -> None:
    offered = {step.action for step in actions_for(status, role)}
    assert offered == {action for action, (sources, roles, _) in ROWS.items() if status in sources and role in roles}


def test_a_complaint_begins_by_being_received() -> None:
    assert outcome(Action.RECEIVE, None, Role.SYSTEM) is Status.RECEIVED
    assert outcome(Action.RECEIVE, Status.RECEIVED, Role.SYSTEM) == "wrong_state"
    assert outcome(Action.VERIFY, None, Role.COORDINATOR) == "wrong_state"


# fmt: off
QUESTIONS = [
    # action                      interrupted status   role             outcome
    (Action.CONTINUE_INCOMPLETE,  Status.ASSIGNED,     Role.SYSTEM,      Move.BACK),
    (Action.CONTINUE_INCOMPLETE,  Status.IN_PROGRESS,  Role.SYSTEM,      Move.BACK),
    (Action.CONTINUE_INCOMPLETE,  Status.RECEIVED,     Role.SYSTEM,      "wrong_state"),
    (Action.ARCHIVE_INCOMPLETE,   None,                Role.SYSTEM,      Status.ARCHIVED),
    (Action.ARCHIVE_INCOMPLETE,   Status.RECEIVED,     Role.SYSTEM,      Status.ARCHIVED),
    (Action.ARCHIVE_INCOMPLETE,   Status.IN_PROGRESS,  Role.SYSTEM,      "wrong_state"),   # an agency's case is never archived by a clock
    (Action.VERIFY,               Status.IN_PROGRESS,  Role.COORDINATOR, "wrong_state"),
    (Action.VERIFY,               None,                Role.COORDINATOR, Status.VERIFIED),
    (Action.COMPLETE,             Status.IN_PROGRESS,  Role.REPORTER,    Move.BACK),
]
# fmt: on


@pytest.mark.parametrize(("action", "interrupted", "role", "expected"), QUESTIONS)
def test_an_open_question_remembers_what_it_interrupted(
    action: Action, interrupted: Status | None, role: Role, expected: object
) -> None:
    assert outcome(action, Status.INCOMPLETE, role, return_status=interrupted) == expected


def test_verifying_may_be_delegated_to_the_channel_admin() -> None:
    assert outcome(Action.VERIFY, Status.RECEIVED, Role.CHANNEL_ADMIN) == "wrong_role"
    assert outcome(Action.VERIFY, Status.RECEIVED, Role.CHANNEL_ADMIN, delegated=True) is Status.VERIFIED
    assert Action.VERIFY in {step.action for step in actions_for(Status.RECEIVED, Role.CHANNEL_ADMIN, delegated=True)}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.REPORTER, Role.SYSTEM])
def test_a_held_complaint_waits_for_a_judgement(role: Role) -> None:
    offered = {step.action for step in actions_for(Status.RECEIVED, role, hold=Hold.SPAM)}
    assert offered
    assert offered <= WHILE_HELD
    for action in set(Action) - WHILE_HELD:
        assert outcome(action, Status.RECEIVED, role, hold=Hold.SPAM) in {"held", "wrong_role"}


def test_only_what_is_held_can_be_released() -> None:
    assert outcome(Action.RELEASE, Status.RECEIVED, Role.COORDINATOR, hold=Hold.SPAM) is None
    assert outcome(Action.RELEASE, Status.RECEIVED, Role.COORDINATOR) == "wrong_state"


# fmt: off
TARGETS = [
    # action                     from                      return_status       target
    (Action.COMPLETE,            Status.INCOMPLETE,        Status.IN_PROGRESS, Status.IN_PROGRESS),
    (Action.COMPLETE,            Status.INCOMPLETE,        None,               Status.RECEIVED),
    (Action.REPLY,               Status.ASSIGNED,          None,               Status.ASSIGNED),
    (Action.CONTEST,             Status.AWAITING_REPORTER, None,               Status.REPORTER_REPLIED),
]
# fmt: on


@pytest.mark.parametrize(("action", "status", "return_status", "target"), TARGETS)
def test_where_a_step_leads(action: Action, status: Status, return_status: Status | None, target: Status) -> None:
    step = step_for(action, status, Role.REPORTER, return_status=return_status)
    assert target_of(step, status, return_status) is target


def test_undoing_and_following_lead_where_they_are_told() -> None:
    undo = step_for(Action.UNDO, Status.AWAITING_REPORTER, Role.PENGHUBUNG)
    assert target_of(undo, Status.AWAITING_REPORTER, previous=Status.IN_PROGRESS) is Status.IN_PROGRESS
    assert target_of(undo, Status.AWAITING_REPORTER) is Status.AWAITING_REPORTER
    follow = step_for(Action.FOLLOW_SP4N, Status.VERIFIED, Role.SP4N)
    assert target_of(follow, Status.VERIFIED, remote=Status.RESOLVED) is Status.RESOLVED
    assert target_of(follow, Status.VERIFIED) is Status.VERIFIED


@pytest.mark.parametrize("remote", Status, ids=str)
def test_a_remote_status_moves_the_clocks_of_our_own_way_there(remote: Status) -> None:
    step = followed(remote)
    assert (step.action, target_of(step, Status.VERIFIED)) == (Action.FOLLOW_SP4N, remote)
    assert set(step.notices) <= set(NOTICES)
    if remote in CLOSED:
        assert set(step.stops) == set(Clock)
    assert (step.closing == "sp4n") == (remote is Status.RESOLVED)
    assert set(LIKE_REMOTE) == set(Status)


# fmt: off
CLOCKS = [
    # action, role, from                                             starts                          stops
    (Action.RECEIVE, Role.SYSTEM, None,                              {"verification"},               set()),
    (Action.VERIFY, Role.COORDINATOR, Status.RECEIVED,               {"assignment", "resolution"},   {"verification", "completion"}),
    (Action.ASSIGN, Role.COORDINATOR, Status.VERIFIED,               {"acceptance", "follow_up"},    {"verification", "assignment"}),
    (Action.REASSIGN, Role.COORDINATOR, Status.IN_PROGRESS,          {"acceptance"},                 {"completion"}),
    (Action.START, Role.PENGHUBUNG, Status.ASSIGNED,                 set(),                          {"acceptance"}),
    (Action.DISPUTE_AUTHORITY, Role.PENGHUBUNG, Status.ASSIGNED,     {"assignment"},                 {"acceptance"}),
    (Action.ASK_REPORTER, Role.PENGHUBUNG, Status.ASSIGNED,          set(),                          {"acceptance", "follow_up"}),
    (Action.REPORT_PROGRESS, Role.PENGHUBUNG, Status.IN_PROGRESS,    set(),                          {"follow_up", "second_answer"}),
    (Action.ANSWER, Role.PENGHUBUNG, Status.IN_PROGRESS,             set(),                          {"acceptance", "follow_up", "resolution", "second_answer"}),
    (Action.CONTEST, Role.REPORTER, Status.AWAITING_REPORTER,        {"second_answer"},              {"auto_close"}),
    (Action.REPLY_TO_ANSWER, Role.REPORTER, Status.AWAITING_REPORTER, {"second_answer"},             {"auto_close"}),
    (Action.REOPEN, Role.REPORTER, Status.RESOLVED,                  {"second_answer"},              set()),
    (Action.HOLD, Role.SYSTEM, Status.RECEIVED,                      {"held_age"},                   set()),
    (Action.COMPLETE, Role.REPORTER, Status.INCOMPLETE,              set(),                          {"completion"}),
]
# fmt: on


@pytest.mark.parametrize(("action", "role", "status", "starts", "stops"), CLOCKS)
def test_which_clocks_a_step_starts_and_stops(
    action: Action, role: Role, status: Status | None, starts: set[str], stops: set[str]
) -> None:
    step = step_for(action, status, role)
    assert (set(step.starts), set(step.stops)) == (starts, stops)


def test_a_hollow_answer_does_not_reset_the_clock_of_the_whole() -> None:
    for action in (Action.CONTEST, Action.REOPEN):
        steps = [step for step in LIFECYCLE if step.action is action]
        assert all(step.continues == (Clock.RESOLUTION,) and Clock.RESOLUTION not in step.starts for step in steps)


def test_clocks_that_wait_for_the_message_start_when_it_has_left() -> None:
    waiting = {step.action: step.starts_when_sent for step in LIFECYCLE if step.starts_when_sent}
    assert waiting == {
        Action.ASK_MORE: (Clock.COMPLETION,),
        Action.ASK_REPORTER: (Clock.COMPLETION,),
        Action.ANSWER: (Clock.AUTO_CLOSE,),
    }


def test_whoever_closes_a_complaint_stops_every_clock() -> None:
    closing = [step for step in LIFECYCLE if step.target in CLOSED]
    assert {step.action for step in closing} == {
        Action.REFER_OUT, Action.CONFIRM, Action.CLOSE_AUTOMATICALLY, Action.ARCHIVE, Action.ARCHIVE_INCOMPLETE, Action.CANCEL,
    }  # fmt: skip
    assert all(step.stops == EVERY_CLOCK for step in closing)


def test_whoever_ends_a_question_wakes_or_stops_the_clocks_that_slept() -> None:
    ending = [
        step for step in LIFECYCLE if Status.INCOMPLETE in step.sources and step.target not in {None, Move.REMOTE}
    ]
    assert len(ending) >= 8
    for step in ending:
        assert Clock.COMPLETION in step.stops, step.action
        if step.returning != frozenset({None, Status.RECEIVED}):  # may have been interrupted at the agency
            assert Clock.RESOLUTION in {*step.resumes, *step.stops}, step.action
    pausing = {step.action: step.pauses for step in LIFECYCLE if step.pauses}
    assert pausing == {
        Action.ASK_MORE: (Clock.VERIFICATION,),
        Action.ASK_REPORTER: (Clock.RESOLUTION,),
        Action.HOLD: (Clock.VERIFICATION,),
    }


def test_every_notice_of_a_step_is_known() -> None:
    named = {key for step in LIFECYCLE for key in step.notices}
    assert named
    assert named <= set(NOTICES)


def test_what_can_be_undone_is_told_only_when_it_can_no_longer_be() -> None:
    undoable = {step.action for step in LIFECYCLE if step.undoable}
    assert undoable == {Action.DISPUTE_AUTHORITY, Action.REFER_OUT, Action.ANSWER, Action.ARCHIVE}
    for step in LIFECYCLE:
        if step.undoable:
            told = [NOTICES[key] for key in step.notices if key.startswith(("st.", "task."))]
            assert told
            assert all(rule.delay == "undo_s" for rule in told)
            assert step.target in {status for one in LIFECYCLE if one.action is Action.UNDO for status in one.sources}


def test_what_stays_in_the_house() -> None:
    inside = {step.action for step in LIFECYCLE if step.visibility is Visibility.INTERNAL}
    assert inside == {Action.NOTE, Action.HOLD, Action.RELEASE, Action.UNDO, Action.ESCALATE, Action.UNLINK}
    assert not any(step.notices for step in LIFECYCLE if step.action in {Action.NOTE, Action.UNDO, Action.ESCALATE})


def test_what_a_step_writes_down_beside_the_status() -> None:
    by_action = {step.action: step for step in LIFECYCLE}
    assert by_action[Action.CONFIRM].closing == "pelapor"
    assert by_action[Action.CLOSE_AUTOMATICALLY].closing == "otomatis"
    assert by_action[Action.CANCEL].archive_reason is ArchiveReason.DIBATALKAN_PELAPOR
    assert by_action[Action.ARCHIVE_INCOMPLETE].archive_reason is ArchiveReason.TIDAK_DILENGKAPI
    assert by_action[Action.DISPUTE_AUTHORITY].flag == "sengketa_wewenang"
    assert by_action[Action.MOVE_TO_INSPECTORATE].kind is Kind.PENGADUAN_PENGAWASAN
    assert [step.action for step in LIFECYCLE if step.keeps_return] == [Action.ASK_REPORTER]


def test_assigning_what_was_not_verified_verifies_it_first() -> None:
    step = step_for(Action.ASSIGN, Status.RECEIVED, Role.SYSTEM)
    assert step.implies is Action.VERIFY
    assert step_for(Action.ASSIGN, Status.VERIFIED, Role.SYSTEM).implies is None
    for role in step.roles:
        assert step_for(Action.VERIFY, Status.RECEIVED, role)


@pytest.mark.parametrize("status", Status, ids=str)
def test_the_usual_next_action_comes_first(status: Status) -> None:
    for role in OFFICERS | {Role.COORDINATOR, Role.REPORTER}:
        steps = actions_for(status, role)
        assert len(steps) == len({step.action for step in steps})
    assert actions_for(Status.RECEIVED, Role.COORDINATOR)[0].action is Action.VERIFY
    assert actions_for(Status.IN_PROGRESS, Role.PENGHUBUNG)[0].action is Action.ANSWER


# fmt: off
STEPS = [
    # status                    answered  interrupted          step of five
    (Status.RECEIVED,           False,    None,                1),
    (Status.INCOMPLETE,         False,    None,                1),
    (Status.INCOMPLETE,         False,    Status.IN_PROGRESS,  3),
    (Status.VERIFIED,           False,    None,                2),
    (Status.ASSIGNED,           False,    None,                2),
    (Status.OUT_OF_AUTHORITY,   False,    None,                2),
    (Status.ARCHIVED,           False,    None,                2),
    (Status.IN_PROGRESS,        False,    None,                3),
    (Status.REOPENED,           True,     None,                3),
    (Status.REPORTER_REPLIED,   False,    None,                3),
    (Status.REPORTER_REPLIED,   True,     None,                4),
    (Status.AWAITING_REPORTER,  True,     None,                4),
    (Status.RESOLVED,           True,     None,                5),
]
# fmt: on


@pytest.mark.parametrize(("status", "answered", "interrupted", "step"), STEPS)
def test_a_citizen_sees_five_steps(status: Status, answered: bool, interrupted: Status | None, step: int) -> None:
    assert public_step(status, answered, interrupted) == step


def test_no_status_is_without_a_public_step() -> None:
    assert {public_step(status) for status in Status} == {1, 2, 3, 4, 5}


@given(st.lists(st.tuples(st.sampled_from(Action), st.sampled_from(Role)), max_size=60))
def test_c28_no_life_breaks_the_rules_that_always_hold(attempts: list[tuple[Action, Role]]) -> None:
    """Random lives: clocks of a closed complaint stand, nothing is resolved unanswered, questions lead back."""
    status, interrupted = Status.RECEIVED, None
    running: set[Clock] = {Clock.VERIFICATION}
    answered = False
    for action, role in attempts:
        try:
            step = step_for(action, status, role, return_status=interrupted)
        except ActionRefused:
            continue
        if step.target in {Move.UNDO, Move.REMOTE} or action is Action.RECEIVE:
            continue
        before, status = status, target_of(step, status, interrupted)
        running = (running - set(step.stops)) | set(step.starts) | set(step.starts_when_sent)
        if before is not status:
            interrupted = before if step.keeps_return else None
        answered = answered or action is Action.ANSWER
        assert status not in CLOSED or not running
        assert status is not Status.RESOLVED or answered
        assert interrupted is None or status is Status.INCOMPLETE
        assert status in OPEN or status in CLOSED
