"""What a coordinator decides where a system of record and we part: follow it, tell it again, or leave it as it is.

How such a task comes about: gateway/forwarding/disagreements.py. Rules: docs/forwarders/sp4n.md § Disagreement.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.casework import casework, outgoing
from gateway.complaints.complaint import ActionRefused, Actor, Case, Visibility
from gateway.complaints.forward import ForwardKind, ForwardState, RemoteState
from gateway.forwarding import disagreements, forwarding, remote_changes
from gateway.queries import differences
from gateway.queries.differences import DISPOSITION, KIND
from gateway.queries.tasks import IS_OPEN
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

LEAST_REASON = 10


class Choice(StrEnum):
    FOLLOW = "ikuti"
    PUSH = "kirim-ulang"
    LEAVE = "biarkan"


class DecisionRefused(ValueError):
    """A decision that does not go now; nothing was written. `code` is the end of a text key."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decide(tx: Transaction, task_id: int, choice: Choice, reason: str, actor: Actor) -> None:
    """Carry out the decision and keep it in the history. DecisionRefused: settled, no_reason, cannot_follow, ..."""
    task = tables.task
    open_ = (task.c.id == task_id) & (task.c.kind == KIND) & IS_OPEN
    found = tx.one(select(task).where(open_).with_for_update())
    case = cases.by_id(tx, found.complaint_id) if found is not None and found.complaint_id else None
    row = differences.forward_of(tx, found) if found is not None else None
    if found is None or case is None or row is None:
        raise DecisionRefused("settled")
    why = " ".join(reason.split())
    if choice is Choice.LEAVE and len(why) < LEAST_REASON:
        raise DecisionRefused("no_reason")
    CARRIED_OUT[choice](tx, found, case, row)
    disagreements.settled(tx, case, found.id, actor)
    note = {"note": f"{differences.theirs(row)}: {why}"} if why else {"note": differences.theirs(row)}
    casework.remark(tx, case, DEEDS[choice], actor, note, Visibility.INTERNAL)
    audit.record(tx, actor, DEEDS[choice], "complaint", case.number, why)
    moved = cases.by_id(tx, case.id) or case
    tx.tell(kind="complaint", number=moved.number, status=moved.status.value, channel=moved.channel)


DEEDS: Mapping[Choice, str] = {
    Choice.FOLLOW: "sp4n_followed",
    Choice.PUSH: "sp4n_told_again",
    Choice.LEAVE: "sp4n_left_as_it_is",
}


def _follow(tx: Transaction, task: Any, case: Case, row: Any) -> None:
    try:
        if task.detail.startswith(DISPOSITION):
            _follow_disposition(tx, task, case, row)
            return
        said = differences.meaning(tx, row)
        if said is None:
            raise DecisionRefused("unknown_word")
        remote_changes.follow_as_decided(tx, case, row.target, row.remote_status, said)
    except ActionRefused as refusal:
        raise DecisionRefused("held" if refusal.code == "held" else "cannot_follow") from refusal


def _follow_disposition(tx: Transaction, task: Any, case: Case, row: Any) -> None:
    agencies = disagreements.agencies_of(tx, row.institution_id)
    if len(agencies) > 1:
        raise DecisionRefused("several_agencies")
    name = differences.institution(task)
    state = RemoteState(row.remote_id, row.remote_status, institution_id=row.institution_id, institution_name=name)
    disagreements.give(tx, case, agencies[0] if agencies else "", state)


def _push(tx: Transaction, task: Any, case: Case, row: Any) -> None:
    """What failed on its way there goes again; where nothing did, our newest words do."""
    forward = tables.forward
    failed = (forward.c.complaint_id == case.id) & (forward.c.target == row.target)
    failed &= (forward.c.state == ForwardState.FAILED.value) & (forward.c.kind != ForwardKind.CREATE.value)
    rows = tx.all(select(forward.c.id).where(failed).order_by(forward.c.id))
    for one in rows:
        forwarding.retry(tx, one.id)
    if not rows:
        label = tx.office.texts(f"label.status.{case.status}")
        words = case.public_answer or tx.office.texts("sp4n.stands_here", keadaan=label)
        outgoing.push_again(tx, case, row.target, words, f"again:{task.id}")


def _leave(_tx: Transaction, _task: Any, _case: Case, _row: Any) -> None:
    """Nothing changes on either side; the same difference is not asked about again."""


CARRIED_OUT: Mapping[Choice, Callable[[Transaction, Any, Case, Any], None]] = {
    Choice.FOLLOW: _follow,
    Choice.PUSH: _push,
    Choice.LEAVE: _leave,
}
