"""Danger: the duty list is told at once, at any hour; when nobody of them takes it on, those above are (CASEWORK 9.7).

The gateway never says that help is on its way: the reporter is told to call 112, the duty list to see to it that 112 knows.
"""

from gateway.casework import casework
from gateway.complaints.complaint import NO_INPUTS, SYSTEM, Action, Actor, Case, Visibility
from gateway.notices import notices
from gateway.notices.staff_texts import ADDED
from gateway.record import cases, events
from gateway.storage.store import Transaction

TELLS = ("duty.new", "duty.unseen")


def tell(tx: Transaction, complaint_id: int, words: str = "") -> None:
    """A report of danger has come in, or `words` of danger were added to one."""
    case, received = cases.by_id(tx, complaint_id), events.last(tx, complaint_id)
    if case is not None:
        notices.write(tx, case, received.id, TELLS, SYSTEM, {ADDED: words} if words else NO_INPUTS)


def key_of(case: Case) -> str:
    """Of the event by which somebody takes it on: one does, the others read who it is."""
    return f"duty:{case.id}"


def take_on(tx: Transaction, case: Case, actor: Actor) -> None:
    """Somebody of the duty list sees to it: from now on nobody above is called for it."""
    note = {"note": tx.office.texts("duty.note")}
    casework.remark(tx, case, Action.NOTE.value, actor, note, Visibility.INTERNAL, key=key_of(case))
