"""What colleagues answer in a provider's own inbox: a note at the citizen's open complaint, so that nobody answers twice."""

from channels.messages import InboundMessage
from gateway.casework import casework
from gateway.complaints.complaint import CLOSED, SYSTEM, Visibility
from gateway.outbound import outbound
from gateway.people import dialogues
from gateway.people.contacts import Contact
from gateway.privacy import anonymity
from gateway.record import cases
from gateway.storage.store import Transaction

ANSWERED_ELSEWHERE = "answered_elsewhere"


def answered_elsewhere(tx: Transaction, channel: str, citizen: Contact, said: InboundMessage) -> int | None:
    """Note it at the newest complaint that is open, and send no reminder that waits; the complaint, None where there is none."""
    outbound.withdraw_reminders(tx, channel, citizen.id)
    known = dialogues.known_cases(tx, [citizen.id]).get(citizen.id, ())
    number = next((case.number for case in known if case.status not in CLOSED), "")
    case = cases.by_number(tx, number) if number else None
    if case is None:
        return None
    text = anonymity.cover_of(tx, case)(said.text) if said.text else "-"
    casework.remark(tx, case, ANSWERED_ELSEWHERE, SYSTEM, {"note": text}, Visibility.AGENCY)
    return case.id
