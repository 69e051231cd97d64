"""What officers do on a channel: press a button below a notice. Bound to their own address, once, always answered.

Anything that needs words opens the page behind the link; a message that is none of these is an ordinary one.
"""

from datetime import datetime

from channels.messages import InboundMessage, MessageKind
from gateway import cases, casework, directory, emergencies, events, links, outbound
from gateway.complaints.complaint import Action, ActionRefused
from gateway.contacts import Contact
from gateway.directory import Member
from gateway.links import BUTTON_PREFIX, OfficerLink
from gateway.outbound import Said
from gateway.storage.store import Transaction

DONE = frozenset({"officer.done", "duty.done"})
"""What stays in the chat as a message; other answers only show up for a moment."""


def is_for_us(message: InboundMessage) -> bool:
    return message.kind is MessageKind.BUTTON and message.button.startswith(BUTTON_PREFIX)


def act(tx: Transaction, channel: str, contact: Contact, message: InboundMessage) -> None:
    """Carry out a pressed button and say what came of it."""
    key, values = _carry_out(tx, contact, message)
    text = tx.office.texts(key, **values)
    if message.callback_id:
        outbound.say(tx, contact, channel, [(text[:200], ())], Said(key, callback_id=message.callback_id))
    if key in DONE:
        outbound.say(tx, contact, channel, [(text, ())], Said(key))


def _carry_out(tx: Transaction, contact: Contact, message: InboundMessage) -> tuple[str, dict[str, str]]:
    link = links.read_button(tx, message.button)
    member = _bound(tx, link, contact)
    case = cases.by_id(tx, link.complaint_id) if link else None
    if link is None or member is None or case is None or link.action is None:
        return "officer.stale", {}
    takes_on = link.action is Action.NOTE
    key = emergencies.key_of(case) if takes_on else f"button:{link.token_hash[:40]}"
    if done := events.by_key(tx, key):
        again = "duty.again" if takes_on else "officer.again"
        return again, {"tiket": case.number, "nama": done.actor_name, "jam": _clock(tx, done.at)}
    links.mark_used(tx, link)
    if takes_on:
        emergencies.take_on(tx, case, member.actor)
        return "duty.done", {"tiket": case.number, "jam": _clock(tx, tx.now)}
    try:
        moved = casework.apply(tx, link.action, case, member.actor, key=key)
    except ActionRefused:
        state = tx.office.texts(f"label.status.{case.status.value}")
        return "officer.refused", {"tiket": case.number, "keadaan": state[:1].lower() + state[1:]}
    return "officer.done", {"tiket": moved.number, "jam": _clock(tx, tx.now)}


def _bound(tx: Transaction, link: OfficerLink | None, contact: Contact) -> Member | None:
    """The member the button was made for, if it is they who pressed it."""
    if link is None:
        return None
    return next((member for member in directory.members_of(tx, contact.id) if member.id == link.member_id), None)


def _clock(tx: Transaction, moment: datetime) -> str:
    return f"{tx.office.calendar.local(moment):%H.%M}"
