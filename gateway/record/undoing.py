"""What a complaint was before an action that is taken back: columns that no event names, agency, question, answer."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_AGENCY, Action, Case, Status
from gateway.complaints.lifecycle import Step
from gateway.queries.milestones import standing
from gateway.record import assignments
from gateway.storage import tables
from gateway.storage.store import Transaction


def before(tx: Transaction, case: Case, undone: Step, last: Any) -> dict[str, Any]:
    """The columns as they were before the event `last`; rows beside the complaint are put back here too."""
    restore = RESTORED.get(undone.action)
    values = restore(tx, case, last) if restore else {}
    if undone.flag:
        values["flags"] = " ".join(sorted(case.flags - {undone.flag}))
    if last.from_status == Status.INCOMPLETE.value:
        values["return_status"] = _interrupted(tx, case.id)
    return values


def _answer(tx: Transaction, case: Case, last: Any) -> dict[str, Any]:
    """An answer given earlier, to which the reporter objected, is the public one again."""
    earlier = [event for event in _standing(tx, case.id) if event.action == Action.ANSWER and event.id != last.id]
    _drop_evidence(tx, case.id, earlier[-1].at if earlier else None)
    if not earlier:
        return {"public_answer": "", "answered_at": None}
    return {"public_answer": earlier[-1].text_masked, "answered_at": earlier[-1].at}


def _drop_evidence(tx: Transaction, complaint_id: int, answered_at: datetime | None) -> None:
    """What came with the answer goes with it: the next one must not be shown with pictures of this one."""
    attachment = tables.attachment
    undone = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == OF_AGENCY)
    if answered_at:
        undone &= attachment.c.created_at > answered_at
    tx.execute(attachment.delete().where(undone))


def _agency(tx: Transaction, case: Case, last: Any) -> dict[str, Any]:
    assignments.resume(tx, case.id, last.at)
    return {"archive_reason": ""}


def _interrupted(tx: Transaction, complaint_id: int) -> str | None:
    """The status to which an open question goes back."""
    asked = [event for event in _standing(tx, complaint_id) if event.to_status == Status.INCOMPLETE]
    by_agency = asked and asked[-1].action == Action.ASK_REPORTER
    return str(asked[-1].from_status) if by_agency else None


def _standing(tx: Transaction, complaint_id: int) -> list[Any]:
    event = tables.complaint_event
    return standing(tx.all(select(event).where(event.c.complaint_id == complaint_id).order_by(event.c.seq)))


RESTORED: Mapping[Action, Callable[[Transaction, Case, Any], dict[str, Any]]] = {
    Action.ANSWER: _answer,
    Action.ARCHIVE: _agency,
    Action.REFER_OUT: _agency,
}
