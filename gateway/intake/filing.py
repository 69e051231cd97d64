"""A complaint that another system files for a citizen: the same record as from any channel, its source remembered."""

from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy import and_, select

from channels.messages import Address
from gateway.audit import audit
from gateway.casework import emergencies
from gateway.casework.opening import Opened, Origin, open_complaint
from gateway.complaints.complaint import Actor, Draft, Sensitive, Urgency
from gateway.conversation.wording import read
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Transaction

CHANNEL = "api"
"""Name and kind of the channel that such complaints came by; nothing leaves on it."""
OPEN311 = "open311"
"""The same for what came by Open311."""


@dataclass(frozen=True, slots=True)
class Filed:
    """`opened` is None where this reference was filed before; `number` is then that of the first."""

    number: str
    opened: Opened | None = None


def file(
    tx: Transaction,
    draft: Draft,
    actor: Actor,
    reference: str,
    contact: Address | None = None,
    *,
    channel: str = CHANNEL,
    name: str = "",
) -> Filed:
    """Open a complaint once per `reference` (unique for its actor). News goes to `contact`, if there is one.

    `channel`: name and kind of the way it came by; `name` of the reporter is kept with the contact.
    """
    external_id = f"{actor.id}:{reference}"[:200]
    address = contact or Address(channel, external_id)
    person = contacts.ensure(tx, [address], {address: name} if name else {})[address]
    message_id = tx.new_id()
    row = {
        "id": message_id,
        "channel": channel,
        "external_id": external_id,
        "kind": "message",
        "contact_id": person.id,
        "text_sealed": person.seal(draft.text, f"message:{message_id}:text"),
        "received_at": tx.now,
    }
    if not tx.insert_new(tables.message, [row], "id", key=("channel", "external_id")):
        return Filed(_number_of(tx, channel, external_id))
    draft = _judged(tx, draft)
    opened = open_complaint(tx, draft, Origin(channel, channel, person, message_id=message_id))
    if draft.urgency is Urgency.DARURAT:
        emergencies.tell(tx, opened.id)
    message = tables.message
    tx.execute(message.update().where(message.c.id == message_id).values(complaint_id=opened.id))
    audit.record(tx, actor, "receive", "complaint", opened.number)
    return Filed(opened.number, opened)


def _judged(tx: Transaction, draft: Draft) -> Draft:
    """Danger is danger, whoever writes it down: judged by the words, as on every channel."""
    reading = read(draft.text, tx.office.lexicon)
    return replace(
        draft,
        urgency=Urgency.DARURAT if reading.urgent else draft.urgency,
        sensitive=Sensitive(reading.violence) if reading.violence else draft.sensitive,
        confidential=draft.confidential or bool(reading.violence),
    )


def _number_of(tx: Transaction, channel: str, external_id: str) -> str:
    message, complaint = tables.message, tables.complaint
    known = and_(message.c.channel == channel, message.c.external_id == external_id)
    row = tx.one(select(complaint.c.number).join(message, message.c.complaint_id == complaint.c.id).where(known))
    return str(row.number) if row else ""
