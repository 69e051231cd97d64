"""How a message becomes a complaint. `receive` takes a batch of calls in one transaction, in order of arrival.

For each message: once only, joined when it is a part, judged by the pure conversation, carried out, answered. What a
turn asks for is carried out in gateway/dialogue/turn_taking.py; USSD is answered in the same request.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from channels.messages import (
    AccountNotice,
    Answer,
    ContactEvent,
    DeliveryReport,
    InboundMessage,
    MessageKind,
    clean_text,
)
from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.conversation.turn import Skip
from gateway.dialogue import facts, reporting_back
from gateway.dialogue.own_answers import answered_elsewhere
from gateway.dialogue.turn_taking import Desk, take_turn
from gateway.intake import accounts, assembly
from gateway.intake.accounts import Placed
from gateway.intake.arrival import KEPT_BODY, Arrival
from gateway.officers import officers
from gateway.outbound import delivery_reports, outbound
from gateway.people import contacts, dialogues, further_addresses, windows
from gateway.people.contacts import Contact
from gateway.record import tasks
from gateway.sealing import seal
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number

log = get_logger(__name__)
DONE = Answer()
NOBODY_WROTE = frozenset({MessageKind.SERVICE, MessageKind.ECHO})
"""Kept as a row; no citizen said it."""
OPENS_NOTHING = NOBODY_WROTE | {MessageKind.COMMENT, MessageKind.DELETE}
"""After these nobody may be written to privately."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message with its place in the batch, its row and its sender."""

    position: int
    arrival: Arrival
    message: InboundMessage
    contact: Contact
    id: int


def receive(tx: Transaction, arrivals: Sequence[Arrival]) -> list[Answer]:
    """Carry out a batch of calls; the answer of each. An exception means that nothing of it was kept."""
    answers = [DONE] * len(arrivals)
    placed = accounts.directed(tx, arrivals)
    _take_reports(tx, placed)
    _take_contact_events(tx, placed)
    _take_notices(tx, placed)
    incoming, again = _keep_messages(tx, placed)
    desk = Desk.prepare(tx, [(one.arrival.channel, one.contact, one.message) for one in incoming])
    for one in incoming:
        answers[one.position] = _take(tx, desk, one)
    desk.close(tx)
    # Only now: what comes again may be a twin of a call in this very batch (F60).
    for one in again:
        answers[one.position] = facts.told_before(tx, one.arrival.channel, one.contact, one.message)
    if incoming:
        _note(tx, incoming)
    # kill point: intake.written
    return answers


def _take_reports(tx: Transaction, placed: Sequence[Placed]) -> None:
    reports = defaultdict(list)
    for _, arrival in placed:
        for event in arrival.events:
            if isinstance(event, DeliveryReport):
                reports[arrival.channel].append(event)
    for channel, given in reports.items():
        delivery_reports.report(tx, channel, given)


def _take_contact_events(tx: Transaction, placed: Sequence[Placed]) -> None:
    for _, arrival in placed:
        for event in arrival.events:
            if isinstance(event, ContactEvent):
                contacts.take_event(tx, event)
                if event.event == "opted_out":
                    _opt_out(tx, arrival.channel, event)


def _take_notices(tx: Transaction, placed: Sequence[Placed]) -> None:
    """What a provider says of our own account: a task for people where they must do something."""
    for _, arrival in placed:
        for event in arrival.events:
            if isinstance(event, AccountNotice):
                log.warning("provider_notice", channel=arrival.channel, subject=event.subject, serious=event.serious)
                if event.serious:
                    tasks.add(tx, tasks.PROVIDER_NOTICE, f"{arrival.channel}: {event.subject}", event.detail)


def _opt_out(tx: Transaction, channel: str, event: ContactEvent) -> None:
    """Whoever called our messages abuse gets none any more on this channel."""
    contact = (
        _receiver(tx, channel, event.about) if event.about else contacts.ensure(tx, [event.address])[event.address]
    )
    if contact is None:
        return
    dialogues.opt(tx, channel, contact, True)
    outbound.suppress(tx, channel, contact.id)


def _receiver(tx: Transaction, channel: str, message_id: str) -> Contact | None:
    """Who got this message of ours; None where it is put away."""
    outbox, identity = tables.outbox.c, id_number(message_id.removeprefix(delivery_reports.ID_PREFIX))
    mine = (outbox.id == identity) & (outbox.channel == channel)
    row = tx.one(select(outbox.contact_id).where(mine)) if identity is not None else None
    return contacts.by_id(tx, [row.contact_id]).get(row.contact_id) if row else None


def _keep_messages(tx: Transaction, placed: Sequence[Placed]) -> tuple[list[Incoming], list[Incoming]]:
    """Insert the messages; those that are new, and those that were here before (a redelivery is no news)."""
    found = [
        (position, arrival, event)
        for position, arrival in placed
        for event in arrival.events
        if isinstance(event, InboundMessage)
    ]
    if not found:
        return [], []
    names = {event.sender: event.display_name for _, _, event in found if event.display_name}
    further_addresses.link(tx, {event.sender: event.also for _, _, event in found if event.also})
    people = contacts.ensure(tx, [event.sender for _, _, event in found], names)
    every = [
        Incoming(position, arrival, event, people[event.sender], tx.new_id()) for position, arrival, event in found
    ]
    new = tx.insert_new(tables.message, [_row(tx, one) for one in every], "id", key=("channel", "external_id"))
    _open_windows(tx, [one for one in every if one.id in new])
    return [one for one in every if one.id in new], [one for one in every if one.id not in new]


def _open_windows(tx: Transaction, incoming: Sequence[Incoming]) -> None:
    """Whoever writes may be answered freely for a while, from when they wrote, however late we heard of it."""
    moments = [
        (
            one.arrival.channel,
            one.contact.id,
            min(one.message.sent_at or one.arrival.received_at, one.arrival.received_at),
        )
        for one in incoming
        if tx.office.channels[one.arrival.channel].capabilities.window_s and one.message.kind not in OPENS_NOTHING
    ]
    windows.hear(tx, moments)


def _row(tx: Transaction, one: Incoming) -> dict[str, object]:
    message, contact, arrival = one.message, one.contact, one.arrival
    # A part of a long SMS may begin or end with half an emoji; it is whole in sms_part.
    text = clean_text(message.text) if message.part else message.text
    body = arrival.request.body or arrival.request.raw_query
    return {
        "id": one.id,
        "channel": arrival.channel,
        "external_id": message.external_id,
        "kind": message.kind.value,
        "provider_id": tx.office.keys.unnamed(message.reply_address or message.sender, message.provider_id),
        "contact_id": contact.id,
        "destination": message.destination,
        "album": message.album,
        "text_sealed": contact.seal(text, f"message:{one.id}:text") if text else None,
        "raw_sealed": seal(tx.office.keys.raw, body, f"message:{one.id}:raw") if len(body) <= KEPT_BODY else None,
        "flags": " ".join(sorted(message.flags)),
        "sent_at": message.sent_at,
        "received_at": arrival.received_at,
    }


def _take(tx: Transaction, desk: Desk, one: Incoming) -> Answer:
    """One message, whoever it is from: the first that recognises it answers."""
    channel, message = one.arrival.channel, one.message
    if message.kind in NOBODY_WROTE:
        if message.kind is MessageKind.ECHO:
            desk.messages[one.id] = (answered_elsewhere(tx, channel, one.contact, message), Skip.OFFICER)
        return DONE
    if not one.contact.is_there(channel):
        contacts.mark_reachable(tx, one.contact.id)  # whoever writes is there
    if _is_officers(tx, desk, one, message):
        return DONE
    if message.part is not None:
        whole = assembly.add(tx, channel, one.contact, message, one.id)
        if whole is None:
            return DONE
        if "completed" in whole.flags and _completed(tx, one.contact, whole):
            return DONE
        message = whole
        if _is_officers(tx, desk, one, message):
            return DONE
    return take_turn(tx, desk, channel, one.contact, message, one.id, one.arrival.received_at)


def _is_officers(tx: Transaction, desk: Desk, one: Incoming, message: InboundMessage) -> bool:
    """Whether it was meant for us as an officer's deed; then it is carried out and answered."""
    take = officers.take if one.contact.staff else officers.take_stranger
    is_theirs = take(tx, one.arrival.channel, one.contact, message)
    if is_theirs:
        desk.messages[one.id] = (None, Skip.OFFICER)
    return is_theirs


def _completed(tx: Transaction, contact: Contact, message: InboundMessage) -> bool:
    known = assembly.complaint_of(tx, message.external_id)
    if known is not None:
        reporting_back.complete(tx, contact, *known, message.text)
    return known is not None


def _note(tx: Transaction, incoming: Sequence[Incoming]) -> None:
    """One line of the audit chain per batch; it names rows, never words."""
    by_channel: dict[str, int] = defaultdict(int)
    for one in incoming:
        by_channel[one.arrival.channel] += 1
    details = {"first": incoming[0].id, "last": incoming[-1].id, "channels": dict(by_channel)}
    audit.record(tx, SYSTEM, "receive", "message", str(incoming[-1].id), details=details)
