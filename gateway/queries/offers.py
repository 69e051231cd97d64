"""What a reporter can do with their complaint now: the forms of the tracking page. Pure, read from the life cycle."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from gateway.complaints.complaint import Action, ActionRefused, Case, Role, Sensitive
from gateway.complaints.inputs import check_limits
from gateway.complaints.lifecycle import Step, step_for, step_of, steps_of

ADD, OBJECT = "tambah", "keberatan"
ADDITIONS = frozenset({Action.COMPLETE, Action.REPLY, Action.REPLY_TO_ANSWER})
# Each word is the end of a form's address; together they stand on the page in this order.
WORDS: Mapping[str, frozenset[Action]] = {
    "beres": frozenset({Action.CONFIRM}),
    "belum": frozenset({Action.CONTEST}),
    "nilai": frozenset({Action.RATE}),
    ADD: ADDITIONS,
    "buka-kembali": frozenset({Action.REOPEN}),
    "anonim": frozenset({Action.RAISE_ANONYMOUS}),
    "rahasia": frozenset({Action.RAISE_CONFIDENTIAL}),
    "tampilkan-identitas": frozenset({Action.LOWER_ANONYMOUS}),
    "tampilkan-isi": frozenset({Action.LOWER_CONFIDENTIAL}),
    "batalkan": frozenset({Action.CANCEL}),
}
EVIDENCE: Mapping[str, str] = {"sesuai": "evidence_true", "tidak-sesuai": "evidence_doubted"}
"""What a reporter says of the agency's pictures, and the remark that it becomes; asked once for each answer."""
AT_ANY_TIME = frozenset({ADD, "anonim", "rahasia"})
"""What does not depend on something that is still to be told."""
USEFUL: Mapping[str, Callable[[Case], bool]] = {
    "nilai": lambda case: case.rating is None,
    "anonim": lambda case: not case.anonymous,
    "rahasia": lambda case: not case.confidential,
    "tampilkan-identitas": lambda case: case.anonymous,
    # What its topic made confidential stays so: only the reporter's own wish is theirs to take back.
    "tampilkan-isi": lambda case: case.confidential and case.sensitive is Sensitive.NONE,
}


def offers(case: Case, now: datetime, reopen_days: int, *, waits: bool) -> tuple[str, ...]:
    """The words of the forms. `waits`: the last step may still be taken back, the reporter does not know of it."""
    possible = {step.action for step in steps_of(case, Role.REPORTER) if _in_time(step, case, now, reopen_days)}
    found = [word for word, actions in WORDS.items() if actions & possible and USEFUL.get(word, _always)(case)]
    if waits:
        return tuple(word for word in found if word in AT_ANY_TIME)
    return (*found, OBJECT) if _may_object(case, now) else tuple(found)


def addition_for(case: Case) -> Action:
    """What further words of the reporter are now; `ActionRefused` where the complaint takes none."""
    for action in (Action.COMPLETE, Action.REPLY_TO_ANSWER):
        try:
            step_of(case, action, Role.REPORTER)
        except ActionRefused:
            continue
        return action
    return Action.REPLY


def _always(_: Case) -> bool:
    return True


def _in_time(step: Step, case: Case, now: datetime, reopen_days: int) -> bool:
    try:
        # A third reopening is offered too: it becomes a task for the coordinator.
        check_limits(replace(step, at_most=None), case, now, reopen_days=reopen_days)
    except ActionRefused:
        return False
    return True


def _may_object(case: Case, now: datetime) -> bool:
    try:
        check_limits(step_for(Action.RESTORE, case.status, Role.SYSTEM, hold=case.hold), case, now)
    except ActionRefused:
        return False
    return True
