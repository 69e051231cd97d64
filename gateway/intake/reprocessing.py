"""A call out of quarantine, taken once more after its fault was mended: exactly one complaint, at its own time (F74)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from channels.errors import ChannelError
from channels.messages import Inbound, InboundMessage
from gateway.casework import casework
from gateway.complaints.complaint import Actor, Visibility
from gateway.intake import accounts, intake, quarantine
from gateway.intake.arrival import Arrival
from gateway.intake.quarantine import Quarantined
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction

REMARK = "reprocessed"


class StillBroken(Exception):
    """The call cannot be taken now either. `code`: settled, no_channel, not_understood. Nothing was written."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Reprocessed:
    """What came of it: messages that were new to us, and the numbers of complaints that they opened."""

    messages: int
    numbers: tuple[str, ...] = ()


def reprocess(tx: Transaction, identity: int, actor: Actor) -> Reprocessed:
    """Read the call again by its channel and carry it out. Whatever else it raises is a fault that is still there."""
    kept = _claim(tx, identity)
    events = _parse(tx, kept)
    known = _messages(tx, kept.channel, events)
    intake.receive(tx, [Arrival(kept.channel, events, kept.request, kept.received_at)])
    new = _messages(tx, kept.channel, events) - known
    opened = _opened(tx, new)
    for complaint_id in opened:
        if (case := cases.by_id(tx, complaint_id)) is not None:
            casework.remark(tx, case, REMARK, actor, {}, Visibility.INTERNAL)
    quarantine.settle(tx, identity, "replayed", actor)
    tx.tell(kind="channel", channel=kept.channel)
    return Reprocessed(len(new), tuple(opened.values()))


def _claim(tx: Transaction, identity: int) -> Quarantined:
    """Two people press the button at once: the second finds it settled."""
    table = tables.quarantine
    held = (table.c.id == identity) & (table.c.state == "held")
    if tx.one(select(table.c.id).where(held).with_for_update()) is None:
        raise StillBroken("settled")
    kept = quarantine.read(tx, identity)
    if kept is None:
        raise StillBroken("settled")
    return kept


def _parse(tx: Transaction, kept: Quarantined) -> list[Inbound]:
    channel = tx.office.channels.get(kept.channel)
    if channel is None or channel.reader is None:
        raise StillBroken("no_channel")
    try:
        events = list(channel.reader.parse(kept.request))
    except ChannelError as problem:
        raise StillBroken("not_understood", f"{problem.code}: {problem}"[:200]) from problem
    if accounts.strangers(tx.office, kept.channel, events):
        raise StillBroken("not_understood", accounts.UNKNOWN)
    return events


def _messages(tx: Transaction, channel: str, events: Sequence[Inbound]) -> set[int]:
    """Rows of `message` that this call stands for."""
    message = tables.message
    names = [event.external_id for event in events if isinstance(event, InboundMessage)]
    ours = (message.c.channel == channel) & message.c.external_id.in_(names)
    return {row.id for row in tx.all(select(message.c.id).where(ours))}


def _opened(tx: Transaction, messages: Collection[int]) -> dict[int, str]:
    """Complaints that began with one of these messages: id -> number."""
    words, complaint, message = tables.complaint_text, tables.complaint, tables.message
    theirs = select(message.c.complaint_id).where(message.c.id.in_(messages))
    first = words.c.complaint_id.in_(theirs) & words.c.message_id.in_(messages) & (words.c.kind == "original")
    found = select(complaint.c.id, complaint.c.number).join(words, words.c.complaint_id == complaint.c.id).where(first)
    return {row.id: row.number for row in tx.all(found)}
