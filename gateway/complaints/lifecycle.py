"""LIFECYCLE: who may do what to a complaint, from where to where, and what follows. There is no other list of actions.

Source: CASEWORK 3, whose rows are numbered here. Inputs are checked by `inputs`, notices are rows of `notices`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.complaints.complaint import (
    OFFICERS,
    OPEN,
    Action,
    ActionRefused,
    ArchiveReason,
    Case,
    Hold,
    Kind,
    Role,
    Status,
    Visibility,
)
from gateway.complaints.sla import Clock


class Move(StrEnum):
    """Targets that depend on the complaint."""

    BACK = "back"
    """To the status that a question interrupted, else to received."""
    REMOTE = "remote"
    """To where SP4N-LAPOR! says it is."""
    UNDO = "undo"
    """To the status before the action that is undone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One rule. `target` None keeps the status. `roles` may always, `delegable` only where the task was delegated to them.

    `requires` are inputs, `one_of` inputs of which at least one is needed. `starts_when_sent`: clocks that start when the
    notice was handed to the channel. `continues`: clocks that go on as if they had never stopped. `implies`: an action
    to be carried out first. `returning`: which interrupted status allows the step from incomplete.
    """

    action: Action
    sources: frozenset[Status]
    target: Status | Move | None
    roles: frozenset[Role]
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    starts: tuple[Clock, ...] = ()
    starts_when_sent: tuple[Clock, ...] = ()
    stops: tuple[Clock, ...] = ()
    continues: tuple[Clock, ...] = ()
    pauses: tuple[Clock, ...] = ()
    resumes: tuple[Clock, ...] = ()
    notices: tuple[str, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    undoable: bool = False
    implies: Action | None = None
    keeps_return: bool = False
    returning: frozenset[Status | None] | None = None
    delegable: frozenset[Role] = frozenset()
    within_days: int | None = None
    """Calendar days after closing."""
    at_most: int | None = None
    """How often in the life of a complaint."""
    closing: str = ""
    archive_reason: ArchiveReason | None = None
    flag: str = ""
    kind: Kind | None = None


def at(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


def by(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


A, S, R, C, V = Action, Status, Role, Clock, Visibility

ANY = frozenset(Status)
STAFF = frozenset(Role) - by(R.REPORTER, R.SYSTEM, R.SP4N)
COORDINATION = by(R.COORDINATOR, R.CHANNEL_ADMIN)
AT_WORK = at(S.ASSIGNED, S.IN_PROGRESS)
BEFORE_AGENCY = frozenset({None, S.RECEIVED})
FROM_AGENCY: frozenset[Status | None] = frozenset(AT_WORK)
EVERY_CLOCK = tuple(Clock)
"""A closed complaint has no running clock, whatever ran before."""

# fmt: off
LIFECYCLE: tuple[Step, ...] = (
    # 1-4 receiving, asking, being answered
    Step(A.RECEIVE, at(), S.RECEIVED, by(R.SYSTEM), requires=("text",), starts=(C.VERIFICATION,), notices=("rx.receipt",)),
    Step(A.ASK_MORE, at(S.RECEIVED, S.VERIFIED), S.INCOMPLETE, COORDINATION,
         requires=("question",), optional=("items",),
         starts_when_sent=(C.COMPLETION,), pauses=(C.VERIFICATION,), notices=("ask.more",)),
    Step(A.ASK_REPORTER, AT_WORK, S.INCOMPLETE, OFFICERS | by(R.COORDINATOR), keeps_return=True,
         requires=("question",),
         starts_when_sent=(C.COMPLETION,), stops=(C.ACCEPTANCE, C.FOLLOW_UP), pauses=(C.RESOLUTION,), notices=("ask.agency",)),
    Step(A.COMPLETE, at(S.INCOMPLETE), Move.BACK, by(R.REPORTER), optional=("text", "evidence"),
         stops=(C.COMPLETION,), resumes=(C.VERIFICATION, C.RESOLUTION), notices=("rx.added", "pic.replied")),
    # 5-7 verifying and assigning
    Step(A.VERIFY, at(S.RECEIVED, S.INCOMPLETE), S.VERIFIED, by(R.COORDINATOR, R.SYSTEM), delegable=by(R.CHANNEL_ADMIN),
         returning=BEFORE_AGENCY, requires=("kind", "topic"), optional=("note",),
         starts=(C.ASSIGNMENT, C.RESOLUTION), stops=(C.VERIFICATION, C.COMPLETION), continues=(C.RESOLUTION,),
         notices=("st.verified",)),
    Step(A.ASSIGN, at(S.VERIFIED, S.REOPENED, S.OUT_OF_AUTHORITY), S.ASSIGNED, by(R.COORDINATOR, R.SYSTEM),
         requires=("agency",), optional=("reason",),
         starts=(C.ACCEPTANCE, C.FOLLOW_UP), stops=(C.VERIFICATION, C.ASSIGNMENT), continues=(C.RESOLUTION,),
         notices=("pic.new", "st.assigned")),
    Step(A.ASSIGN, at(S.RECEIVED), S.ASSIGNED, by(R.COORDINATOR, R.SYSTEM), implies=A.VERIFY,
         requires=("agency",), optional=("kind", "topic", "reason"),
         starts=(C.ACCEPTANCE, C.FOLLOW_UP), stops=(C.VERIFICATION, C.ASSIGNMENT), continues=(C.RESOLUTION,),
         notices=("pic.new", "st.assigned")),
    Step(A.REASSIGN, AT_WORK | at(S.INCOMPLETE, S.REPORTER_REPLIED), S.ASSIGNED, by(R.COORDINATOR, R.SP4N),
         requires=("agency", "reason"),
         starts=(C.ACCEPTANCE,), stops=(C.COMPLETION,), resumes=(C.VERIFICATION, C.RESOLUTION),
         notices=("pic.withdrawn", "pic.new", "st.moved")),
    # 8-13 at the agency
    Step(A.START, at(S.ASSIGNED, S.REOPENED, S.REPORTER_REPLIED), S.IN_PROGRESS, OFFICERS,
         stops=(C.ACCEPTANCE,), notices=("st.progress",)),
    Step(A.DISPUTE_AUTHORITY, AT_WORK, S.VERIFIED, OFFICERS, undoable=True, flag="sengketa_wewenang", visibility=V.AGENCY,
         requires=("reason",), one_of=("agency", "institution"),
         starts=(C.ASSIGNMENT,), stops=(C.ACCEPTANCE,), notices=("task.oota",)),
    Step(A.REFER_OUT, AT_WORK | at(S.RECEIVED, S.VERIFIED, S.REOPENED), S.OUT_OF_AUTHORITY, by(R.COORDINATOR), undoable=True,
         requires=("institution", "reason"), stops=EVERY_CLOCK, notices=("st.oota", "pic.withdrawn")),
    Step(A.REQUEST_TIME, AT_WORK, None, by(R.PENGHUBUNG, R.DEPUTI), visibility=V.AGENCY,
         requires=("date", "reason"), notices=("task.extend",)),
    Step(A.GRANT_TIME, AT_WORK, None, by(R.KEPALA, R.COORDINATOR), optional=("date",), notices=("st.extend",)),
    Step(A.DENY_TIME, AT_WORK, None, by(R.KEPALA, R.COORDINATOR), requires=("reason",), visibility=V.AGENCY),
    Step(A.REPORT_PROGRESS, at(S.IN_PROGRESS), None, OFFICERS, requires=("note",),
         stops=(C.FOLLOW_UP, C.SECOND_ANSWER), notices=("st.note",)),
    # 14 within the house
    Step(A.NOTE, ANY, None, STAFF, requires=("note",), visibility=V.INTERNAL),
    # 15-20 answer and what the reporter makes of it
    Step(A.ANSWER, AT_WORK | at(S.REPORTER_REPLIED), S.AWAITING_REPORTER, OFFICERS, undoable=True,
         requires=("explanation",), one_of=("evidence", "no_evidence_reason"), optional=("no_personal_data",),
         starts_when_sent=(C.AUTO_CLOSE,), stops=(C.ACCEPTANCE, C.FOLLOW_UP, C.RESOLUTION, C.SECOND_ANSWER),
         notices=("st.answer",)),
    Step(A.CONFIRM, at(S.AWAITING_REPORTER, S.REPORTER_REPLIED), S.RESOLVED, by(R.REPORTER), closing="pelapor",
         stops=EVERY_CLOCK, notices=("st.resolved", "ask.rate")),
    Step(A.CONTEST, at(S.AWAITING_REPORTER), S.REPORTER_REPLIED, by(R.REPORTER), optional=("text",),
         starts=(C.SECOND_ANSWER,), stops=(C.AUTO_CLOSE,), continues=(C.RESOLUTION,),
         notices=("rx.notdone", "pic.replied", "dep.replied")),
    Step(A.REPLY, OPEN - at(S.INCOMPLETE, S.AWAITING_REPORTER), None, by(R.REPORTER), optional=("text", "evidence"),
         notices=("rx.added", "pic.replied")),
    Step(A.REPLY_TO_ANSWER, at(S.AWAITING_REPORTER), S.REPORTER_REPLIED, by(R.REPORTER), optional=("text", "evidence"),
         starts=(C.SECOND_ANSWER,), stops=(C.AUTO_CLOSE,), notices=("rx.added", "pic.replied")),
    Step(A.CLOSE_AUTOMATICALLY, at(S.AWAITING_REPORTER), S.RESOLVED, by(R.SYSTEM), closing="otomatis",
         stops=EVERY_CLOCK, notices=("st.autoclosed", "ask.rate")),
    # 21-27 back to life, and out of it
    Step(A.REOPEN, at(S.RESOLVED), S.REOPENED, by(R.REPORTER), optional=("reason",), within_days=30, at_most=2,
         starts=(C.SECOND_ANSWER,), continues=(C.RESOLUTION,),
         notices=("st.reopened", "pic.reopened", "dep.reopened", "sup.reopened")),
    Step(A.REOPEN, at(S.RESOLVED), S.REOPENED, by(R.COORDINATOR), requires=("reason",),
         starts=(C.SECOND_ANSWER,), continues=(C.RESOLUTION,),
         notices=("st.reopened", "pic.reopened", "dep.reopened", "sup.reopened")),
    Step(A.RESTORE, at(S.ARCHIVED, S.OUT_OF_AUTHORITY), S.RECEIVED, by(R.COORDINATOR), requires=("reason",),
         starts=(C.VERIFICATION,), notices=("rx.added",)),
    Step(A.RESTORE, at(S.ARCHIVED, S.OUT_OF_AUTHORITY), S.RECEIVED, by(R.SYSTEM), optional=("reason", "text"), within_days=90,
         starts=(C.VERIFICATION,), notices=("rx.added",)),
    Step(A.ARCHIVE, at(S.RECEIVED, S.INCOMPLETE, S.VERIFIED), S.ARCHIVED, by(R.COORDINATOR), undoable=True,
         requires=("archive_reason", "reason"), stops=EVERY_CLOCK, notices=("st.archived",)),
    Step(A.ARCHIVE_INCOMPLETE, at(S.INCOMPLETE), S.ARCHIVED, by(R.SYSTEM), returning=BEFORE_AGENCY,
         archive_reason=ArchiveReason.TIDAK_DILENGKAPI, stops=EVERY_CLOCK, notices=("st.archived",)),
    Step(A.CONTINUE_INCOMPLETE, at(S.INCOMPLETE), Move.BACK, by(R.SYSTEM), returning=FROM_AGENCY, visibility=V.AGENCY,
         stops=(C.COMPLETION,), resumes=(C.RESOLUTION,), notices=("pic.noanswer",)),
    Step(A.CANCEL, at(S.RECEIVED, S.INCOMPLETE, S.VERIFIED, S.ASSIGNED), S.ARCHIVED, by(R.REPORTER),
         archive_reason=ArchiveReason.DIBATALKAN_PELAPOR, stops=EVERY_CLOCK, notices=("st.cancelled", "pic.withdrawn")),
    Step(A.MOVE_TO_INSPECTORATE, OPEN, S.ASSIGNED, by(R.COORDINATOR, R.INSPECTORATE), kind=Kind.PENGADUAN_PENGAWASAN,
         requires=("reason",), starts=(C.ACCEPTANCE, C.FOLLOW_UP, C.RESOLUTION),
         stops=(C.VERIFICATION, C.ASSIGNMENT, C.COMPLETION, C.AUTO_CLOSE, C.SECOND_ANSWER),
         continues=(C.RESOLUTION,), resumes=(C.RESOLUTION,),
         notices=("pic.withdrawn", "pic.new", "st.assigned_generic")),
    # 28-36 beside the way
    Step(A.LINK, OPEN, None, by(R.COORDINATOR, R.PENGHUBUNG), requires=("parent",), optional=("confirm",),
         notices=("st.linked",)),
    Step(A.UNLINK, OPEN, None, by(R.COORDINATOR, R.PENGHUBUNG), requires=("reason",), visibility=V.INTERNAL),
    Step(A.HOLD, at(S.RECEIVED), None, COORDINATION | by(R.SYSTEM), requires=("hold",), visibility=V.INTERNAL,
         starts=(C.HELD_AGE,), pauses=(C.VERIFICATION,), notices=("hold.notice",)),
    Step(A.RELEASE, at(S.RECEIVED), None, COORDINATION | by(R.SYSTEM), visibility=V.INTERNAL,
         stops=(C.HELD_AGE,), resumes=(C.VERIFICATION,), notices=("rx.receipt",)),
    Step(A.RAISE_CONFIDENTIAL, ANY, None, by(R.REPORTER, R.COORDINATOR, R.SYSTEM), notices=("pv.set",)),
    Step(A.RAISE_ANONYMOUS, ANY, None, by(R.REPORTER, R.COORDINATOR, R.SYSTEM), notices=("pv.set",)),
    Step(A.LOWER_CONFIDENTIAL, at(S.RECEIVED, S.INCOMPLETE, S.VERIFIED, S.ASSIGNED), None, by(R.REPORTER), notices=("pv.unset",)),
    Step(A.LOWER_ANONYMOUS, at(S.RECEIVED, S.INCOMPLETE, S.VERIFIED, S.ASSIGNED), None, by(R.REPORTER), notices=("pv.unset",)),
    Step(A.RATE, at(S.RESOLVED), None, by(R.REPORTER), requires=("rating",), optional=("comment",), within_days=30,
         notices=("rate.thanks",)),
    Step(A.TAKE_OVER, AT_WORK | at(S.AWAITING_REPORTER, S.REPORTER_REPLIED), None, by(R.DEPUTI, R.KEPALA, R.COORDINATOR),
         visibility=V.AGENCY),
    Step(A.UNDO, at(S.VERIFIED, S.OUT_OF_AUTHORITY, S.AWAITING_REPORTER, S.ARCHIVED), Move.UNDO, OFFICERS | by(R.COORDINATOR),
         visibility=V.INTERNAL),
    Step(A.FOLLOW_SP4N, ANY, Move.REMOTE, by(R.SP4N), optional=("text", "note"), closing="sp4n"),
    Step(A.ESCALATE, OPEN, None, by(R.SYSTEM), visibility=V.INTERNAL),
)
# fmt: on

# A held complaint waits for a judgement: only what serves that, and what must never be refused to its reporter.
WHILE_HELD = frozenset(
    {A.HOLD, A.RELEASE, A.ARCHIVE, A.NOTE, A.RAISE_CONFIDENTIAL, A.RAISE_ANONYMOUS, A.REPLY, A.ESCALATE}
)
# One of many about the same incident is worked on through its parent (complaints/incident.py).
OF_PARENT = frozenset(
    {
        A.ASSIGN, A.REASSIGN, A.START, A.DISPUTE_AUTHORITY, A.REFER_OUT, A.REQUEST_TIME, A.GRANT_TIME, A.DENY_TIME,
        A.REPORT_PROGRESS, A.ANSWER,
    }
)  # fmt: skip
PRIMARY: Mapping[Status, Action] = {
    S.RECEIVED: A.VERIFY,
    S.VERIFIED: A.ASSIGN,
    S.ASSIGNED: A.START,
    S.IN_PROGRESS: A.ANSWER,
    S.AWAITING_REPORTER: A.CONFIRM,
    S.REPORTER_REPLIED: A.ANSWER,
    S.REOPENED: A.START,
    S.OUT_OF_AUTHORITY: A.RESTORE,
    S.ARCHIVED: A.RESTORE,
}
"""What screens offer first."""

PUBLIC_STEPS: Mapping[Status, int] = {
    S.RECEIVED: 1, S.INCOMPLETE: 1, S.VERIFIED: 2, S.ASSIGNED: 2, S.OUT_OF_AUTHORITY: 2, S.ARCHIVED: 2,
    S.IN_PROGRESS: 3, S.REOPENED: 3, S.REPORTER_REPLIED: 3, S.AWAITING_REPORTER: 4, S.RESOLVED: 5,
}  # fmt: skip

LIKE_REMOTE: Mapping[Status, tuple[Action, tuple[str, ...]]] = {
    S.RECEIVED: (A.RESTORE, ()),
    S.INCOMPLETE: (A.ASK_MORE, ("ask.more",)),
    S.VERIFIED: (A.VERIFY, ("st.verified",)),
    S.ASSIGNED: (A.ASSIGN, ("pic.new", "st.assigned")),
    S.IN_PROGRESS: (A.START, ("st.progress",)),
    S.AWAITING_REPORTER: (A.ANSWER, ("st.answer",)),
    S.REPORTER_REPLIED: (A.CONTEST, ("pic.replied",)),
    S.RESOLVED: (A.CONFIRM, ("st.resolved",)),
    S.REOPENED: (A.REOPEN, ("st.reopened", "pic.reopened")),
    S.OUT_OF_AUTHORITY: (A.REFER_OUT, ("st.oota", "pic.withdrawn")),
    S.ARCHIVED: (A.ARCHIVE, ("st.archived",)),
}
"""A status that SP4N-LAPOR! brought -> the action here whose clocks it moves, and whom it is told to (docs/forwarders/sp4n.md)."""


def step_for(
    action: Action,
    status: Status | None,
    role: Role,
    *,
    hold: Hold = Hold.NONE,
    return_status: Status | None = None,
    delegated: bool = False,
    linked: bool = False,
) -> Step:
    """The rule for this action now. `status` None: there is no complaint yet. `linked`: it follows a parent.

    Raises `ActionRefused`: `wrong_role` (never for this role), `held`, `linked`, `wrong_state`.
    """
    rules = [step for step in LIFECYCLE if step.action is action and _may(step, role, delegated)]
    if not rules:
        raise ActionRefused("wrong_role", f"{action} is not for {role}")
    if hold is not Hold.NONE and action not in WHILE_HELD:
        raise ActionRefused("held", f"{action} waits until the complaint is released")
    if _through_parent(action, role, linked):
        raise ActionRefused("linked", f"{action} is done to the parent")
    for step in rules:
        if _fits(step, status, hold, return_status):
            return step
    raise ActionRefused("wrong_state", f"{action} does not go from {status or 'nothing'}")


def actions_for(
    status: Status,
    role: Role,
    *,
    hold: Hold = Hold.NONE,
    return_status: Status | None = None,
    delegated: bool = False,
    linked: bool = False,
) -> tuple[Step, ...]:
    """All that this role may do now, the usual next action first. What screens, API and buttons offer."""
    steps = [
        step
        for step in LIFECYCLE
        if _may(step, role, delegated)
        and _fits(step, status, hold, return_status)
        and (hold is Hold.NONE or step.action in WHILE_HELD)
        and not _through_parent(step.action, role, linked)
    ]
    return tuple(sorted(steps, key=lambda step: step.action is not PRIMARY.get(status)))


def step_of(case: Case, action: Action, role: Role) -> Step:
    """`step_for` this complaint as it is."""
    linked = case.parent_id is not None
    return step_for(action, case.status, role, hold=case.hold, return_status=case.return_status, linked=linked)


def steps_of(case: Case, role: Role) -> tuple[Step, ...]:
    """`actions_for` this complaint as it is."""
    linked = case.parent_id is not None
    return actions_for(case.status, role, hold=case.hold, return_status=case.return_status, linked=linked)


def step_as_parent(case: Case, action: Action) -> Step | None:
    """The rule by which one that is linked follows its parent, whoever acted there; None where it cannot."""
    if case.hold is not Hold.NONE:
        return None
    steps = (step for step in LIFECYCLE if step.action is action and step.roles != by(R.REPORTER))
    return next((step for step in steps if _fits(step, case.status, case.hold, case.return_status)), None)


def followed(remote: Status) -> Step:
    """Row 35 as it goes for one remote status: our own rule for getting there, without its conditions."""
    follow = step_for(Action.FOLLOW_SP4N, remote, Role.SP4N)
    action, notices = LIKE_REMOTE[remote]
    like = next(step for step in LIFECYCLE if step.action is action)
    return replace(
        follow,
        target=remote,
        starts=like.starts,
        starts_when_sent=like.starts_when_sent,
        # Nobody's silence closes what was taken back over there.
        stops=(*like.stops, Clock.COMPLETION, *(() if remote is Status.AWAITING_REPORTER else (Clock.AUTO_CLOSE,))),
        continues=like.continues,
        pauses=like.pauses,
        resumes=() if like.pauses else (Clock.VERIFICATION, Clock.RESOLUTION),
        notices=notices,
        closing=follow.closing if remote is Status.RESOLVED else "",
    )


def target_of(
    step: Step,
    status: Status,
    return_status: Status | None = None,
    remote: Status | None = None,
    previous: Status | None = None,
) -> Status:
    """The status after the step. `remote` is needed where SP4N decides, `previous` where something is undone."""
    match step.target:
        case None:
            return status
        case Move.BACK:
            return return_status or Status.RECEIVED
        case Move.REMOTE:
            return remote or status
        case Move.UNDO:
            return previous or status
        case _:
            return step.target


def public_step(status: Status, answered: bool = False, return_status: Status | None = None) -> int:
    """Which of the five steps a citizen sees as reached: Diterima, Diperiksa, Dikerjakan, Dijawab, Selesai.

    `answered`: an answer was given that the reporter has not rejected. A question takes nobody back: while it is open the
    step of `return_status` stands.
    """
    if status is Status.INCOMPLETE and return_status is not None:
        return PUBLIC_STEPS[return_status]
    if status is Status.REPORTER_REPLIED and answered:
        return PUBLIC_STEPS[Status.AWAITING_REPORTER]
    return PUBLIC_STEPS[status]


def _through_parent(action: Action, role: Role, linked: bool) -> bool:
    # What LAPOR! does to one of its own reports is done.
    return linked and action in OF_PARENT and role is not Role.SP4N


def _may(step: Step, role: Role, delegated: bool) -> bool:
    return role in step.roles or (delegated and role in step.delegable)


def _fits(step: Step, status: Status | None, hold: Hold, return_status: Status | None) -> bool:
    if status is None:
        return not step.sources
    if status not in step.sources:
        return False
    if step.action is Action.RELEASE and hold is Hold.NONE:
        return False
    return status is not Status.INCOMPLETE or step.returning is None or return_status in step.returning
