"""Parts of long SMS, kept until the text is whole or its time is over. Joining itself is pure (channels/gsm.py).

The key is channel, sender, own number, reference and total: two citizens use the same reference every day, and one
citizen can write to two numbers. A reused reference opens a new generation (docs/channels/sms.md § Reassembly).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import select

from channels.gsm import join_parts
from channels.messages import InboundMessage, TextPart, clean_text
from gateway.complaints.duplicates import text_hash
from gateway.people import contacts
from gateway.people.contacts import Contact
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

TOMBSTONE = timedelta(hours=24)
LONE_SURROGATES = "surrogatepass"


def add(
    tx: Transaction, channel: str, contact: Contact, message: InboundMessage, message_id: int
) -> InboundMessage | None:
    """Keep one part; the whole message when this was the last one missing, else None.

    A part that comes after its group was given up completes the same message: it is returned as an addition with the
    flag `completed`.
    """
    part = message.part
    if part is None:
        return message
    key = group_key(channel, contact, message.destination, part)
    generation, repeated = _generation(tx, key, part, message.text)
    if repeated:
        return None
    identity = tx.new_id()
    tx.insert(
        tables.sms_part,
        id=identity,
        group_key=key,
        generation=generation,
        sequence=part.sequence,
        total=part.total,
        channel=channel,
        contact_id=contact.id,
        destination=message.destination,
        text_sealed=contact.seal(message.text.encode("utf-16-be", LONE_SURROGATES), f"sms_part:{identity}"),
        text_hash=_hash(message.text),
        received_at=tx.now,
        last_at=tx.now,
        message_id=message_id,
    )
    group = _group(tx, key, generation)
    if len(group) < part.total:
        _touch(tx, key, generation)
        return None
    late = any(row.closed_at is not None for row in group)
    _close(tx, key, generation)
    text = _joined(contact, group, part.total)
    flags = message.flags | ({"completed"} if late else set())
    return replace(message, external_id=f"parts:{key}:{generation}", text=text, part=None, flags=flags)


def group_key(channel: str, contact: Contact, destination: str, part: TextPart) -> str:
    return f"{channel}:{id_text(contact.id)}:{destination}:{part.reference_bits}:{part.reference}:{part.total}"[:120]


def _generation(tx: Transaction, key: str, part: TextPart, text: str) -> tuple[int, bool]:
    """The generation that this part belongs to, and whether it is a late repeat of one we have."""
    table = tables.sms_part
    rows = tx.all(select(table).where(table.c.group_key == key).order_by(table.c.generation.desc(), table.c.sequence))
    if not rows:
        return 0, False
    newest = rows[0].generation
    current = [row for row in rows if row.generation == newest]
    same = next((row for row in current if row.sequence == part.sequence), None)
    fresh = current[-1].last_at > tx.now - TOMBSTONE
    if same is None:
        return (newest, False) if fresh else (newest + 1, False)
    if same.text_hash == _hash(text) and fresh:
        return newest, True
    # The sender uses the reference again while a part of the old text is missing: that one will not come any more.
    _close(tx, key, newest)
    return newest + 1, False


def _hash(text: str) -> str:
    return text_hash(text.encode("utf-16-be", LONE_SURROGATES).hex())


def _group(tx: Transaction, key: str, generation: int) -> Sequence[Any]:
    table = tables.sms_part
    mine = (table.c.group_key == key) & (table.c.generation == generation)
    return tx.all(select(table).where(mine).order_by(table.c.sequence))


def _touch(tx: Transaction, key: str, generation: int) -> None:
    table = tables.sms_part
    mine = (table.c.group_key == key) & (table.c.generation == generation)
    tx.execute(table.update().where(mine).values(last_at=tx.now))


def _close(tx: Transaction, key: str, generation: int) -> None:
    table = tables.sms_part
    mine = (table.c.group_key == key) & (table.c.generation == generation)
    tx.execute(table.update().where(mine).values(closed_at=tx.now, last_at=tx.now))


def _joined(contact: Contact, group: Sequence[Any], total: int) -> str:
    texts = {row.sequence: _text(contact, row) for row in group}
    joined = join_parts(texts, total)
    # Halves of an emoji that was cut between two parts find each other again here.
    return clean_text(joined.encode("utf-16-be", LONE_SURROGATES).decode("utf-16-be", "replace"))


def _text(contact: Contact, row: Any) -> str:
    return contact.open_bytes(bytes(row.text_sealed), f"sms_part:{row.id}").decode("utf-16-be", LONE_SURROGATES)


def complaint_of(tx: Transaction, external_id: str) -> tuple[int, int] | None:
    """The complaint that the incomplete text became, and the message row that carries it; None when there is none."""
    _, _, group = external_id.partition(":")
    key, _, generation = group.rpartition(":")
    part, message = tables.sms_part, tables.message
    row = tx.one(
        select(message.c.complaint_id, message.c.id)
        .join(part, part.c.message_id == message.c.id)
        .where(part.c.group_key == key, part.c.generation == int(generation), message.c.complaint_id.is_not(None))
        .order_by(part.c.sequence)
        .limit(1)
    )
    return (row.complaint_id, row.id) if row else None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A text whose missing parts did not come: it is taken as it is, with its gaps marked."""

    channel: str
    contact: Contact
    message: InboundMessage
    message_id: int
    received_at: datetime
    """When its last part came."""


def overdue(tx: Transaction) -> list[GivenUp]:
    """Close the groups that waited too long; their texts, to be carried out like any other (F55).

    Their senders are locked. Whoever is writing to us just now is left for the next time: that may be the missing part.
    """
    table = tables.sms_part
    before = tx.now - timedelta(seconds=tx.office.settings.sms.concat_timeout_s)
    waiting = table.c.closed_at.is_(None) & (table.c.last_at < before)
    rows = tx.all(select(table.c.group_key, table.c.generation, table.c.contact_id).where(waiting).distinct())
    free = [row for row in rows if contacts.lock_if_free(tx, row.contact_id)]
    return [given_up for row in free if (given_up := _given_up(tx, row.group_key, row.generation, before))]


def _given_up(tx: Transaction, key: str, generation: int, before: datetime) -> GivenUp | None:
    """Read under the sender's lock; None when the group was completed or given up by another before that."""
    group = _group(tx, key, generation)
    if any(row.closed_at is not None or row.last_at >= before for row in group):
        return None
    first = group[0]
    contact = contacts.by_id(tx, [first.contact_id])[first.contact_id]
    sender = contacts.addresses(tx, {contact.id: contact})[contact.id]
    message = InboundMessage(
        external_id=f"parts:{key}:{generation}",
        sender=sender,
        text=_joined(contact, group, first.total),
        destination=first.destination,
        flags=frozenset({"incomplete"}),
    )
    _close(tx, key, generation)
    return GivenUp(first.channel, contact, message, first.message_id, max(row.received_at for row in group))
