"""Many reports about one incident: the children follow their parent until their own reporter says otherwise. Pure.

A person links them (life cycle, row 28; CASEWORK 7). Each child keeps its number, reporter, channel and clocks.
"""

from collections.abc import Mapping

from gateway.complaints.complaint import CLOSED, Action, Case, Status
from gateway.complaints.notices import NOTICES, Audience

KIND = "insiden"
"""Of the link (`complaint.link_kind`)."""
MOST_CHILDREN = 200
"""All follow in one transaction; who has more of one incident links them to a second parent."""
# fmt: off
FOLLOWED = frozenset({
    Action.VERIFY, Action.ASSIGN, Action.REASSIGN, Action.START, Action.DISPUTE_AUTHORITY, Action.REFER_OUT,
    Action.GRANT_TIME, Action.REPORT_PROGRESS, Action.ANSWER, Action.MOVE_TO_INSPECTORATE,
})
"""What happens to the parent and so to its children. What a reporter says or is asked concerns nobody else."""
DETACHES = frozenset({
    Action.UNLINK, Action.CONTEST, Action.REPLY_TO_ANSWER, Action.REOPEN, Action.CANCEL, Action.ARCHIVE,
    Action.ARCHIVE_INCOMPLETE, Action.MOVE_TO_INSPECTORATE, Action.REASSIGN,
})
"""What happens to one child alone and takes it out of the family."""
# fmt: on
CATCHES_UP = frozenset({Action.LINK, Action.COMPLETE, Action.CONTINUE_INCOMPLETE, Action.RELEASE})
"""After these a child comes to where its parent is by now."""
BEFORE_AGENCY = frozenset({Status.RECEIVED, Status.VERIFIED})
ASSIGNED_ANEW = BEFORE_AGENCY | {Status.REOPENED}
ANSWERED = frozenset({Status.AWAITING_REPORTER, Status.RESOLVED})
WAITS_FOR_ANSWER = frozenset({Status.ASSIGNED, Status.IN_PROGRESS, Status.REPORTER_REPLIED})


def next_step(child: Case, parent: Case) -> tuple[Action, Mapping[str, str]] | None:
    """The next action, with its inputs, that brings a child nearer to where its parent is; None where it is there."""
    if (child.status, child.agency) == (parent.status, parent.agency):
        return None
    if parent.agency and parent.status not in BEFORE_AGENCY | CLOSED - {Status.RESOLVED}:
        if child.status in ASSIGNED_ANEW:
            return Action.ASSIGN, {"agency": parent.agency, "kind": parent.kind.value, "topic": parent.topic}
        if child.agency != parent.agency:
            return Action.REASSIGN, {"agency": parent.agency}
    if parent.status is Status.IN_PROGRESS and child.status is Status.ASSIGNED:
        return Action.START, {}
    if parent.status in ANSWERED and child.status in WAITS_FOR_ANSWER and _is_news(child, parent):
        return Action.ANSWER, {"explanation": parent.public_answer}
    return None


def _is_news(child: Case, parent: Case) -> bool:
    return bool(parent.public_answer) and parent.public_answer != child.public_answer


def is_over(parent: Case) -> bool:
    """Whether nobody works on this complaint any more, so that nothing of it will reach those that follow it."""
    # Closed by a system of record without a word: it waits for its own reporter, and no answer is on its way.
    return parent.status in CLOSED or (parent.status is Status.AWAITING_REPORTER and not parent.public_answer)


def is_left_alone(child: Case, parent: Case) -> bool:
    """Whether nobody would work on this child any more, because its parent ended without an answer for it."""
    if child.status in CLOSED or child.status is Status.AWAITING_REPORTER:
        return False
    # Whoever is asked something just now gets the answer when they have replied.
    return child.status is not Status.INCOMPLETE or not parent.public_answer


def told_of(action: Action, catching_up: bool, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Which notices of a step are written for a child: its reporter hears all, the team hears of one task only.

    `catching_up`: the reporter is told that it was linked; that stands for what is made up for, but for an answer.
    """
    if catching_up and action is not Action.ANSWER:
        return tuple(key for key in keys if NOTICES[key].audiences == (Audience.OLD_TEAM,))
    return tuple(key for key in keys if Audience.REPORTER in NOTICES[key].audiences)
