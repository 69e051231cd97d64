"""Moving what waits on one channel to another that reaches the same addresses, when the first one is dead for long.

Only what certainly has not left is moved; messages about confidential complaints stay where their way was chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, literal, not_, select

from channels.registry import Channel
from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.outbound import channel_states
from gateway.outbound.channel_states import ChannelRefused
from gateway.people.readers import SCHEMES
from gateway.storage import tables
from gateway.storage.store import Transaction

outbox = tables.outbox
ANYBODY = ("tel", "mailto")
"""Schemes whose addresses any channel reaches; a chat is known to the bot alone that it was begun with."""


@dataclass(frozen=True, slots=True)
class Look:
    """How many would move, and how many stay because their complaint is confidential or one of theirs is on its way."""

    moving: int
    confidential: int
    under_way: int


def targets(tx: Transaction, name: str) -> Sequence[str]:
    """Channels that reach the same addresses, and whose messages hold what was written for this one."""
    source = channel_states.channel_of(tx, name)
    return [other.name for other in tx.office.channels.values() if other.name != name and _fits(source, other)]


def ways(tx: Transaction) -> frozenset[str]:
    """The channels that another one could stand in for."""
    return frozenset(name for name in tx.office.channels if targets(tx, name))


def _fits(source: Channel, other: Channel) -> bool:
    if other.sender is None or not other.capabilities.sends or other.capabilities.sessions:
        return False
    shares = any(source.kind in kinds and other.kind in kinds for kinds in map(SCHEMES.__getitem__, ANYBODY))
    # A long chat message is no SMS; the other way round everything fits.
    return shares and (source.capabilities.gsm or not other.capabilities.gsm)


def look(tx: Transaction, name: str) -> Look:
    """What waits on this channel, by what would become of it."""
    waits, secret, busy = channel_states.waits(name), _confidential(), _under_way()
    return Look(
        channel_states.count(tx, and_(waits, not_(secret), not_(busy))),
        channel_states.count(tx, and_(waits, secret)),
        channel_states.count(tx, and_(waits, not_(secret), busy)),
    )


def divert(tx: Transaction, name: str, target: str, reason: str, actor: Actor) -> int:
    """Give what waits to `target`, in its order; how many. ChannelRefused for a channel that does not reach them."""
    if target not in targets(tx, name):
        raise ChannelRefused("no_target")
    reason = channel_states.reason_of(reason)
    waits = and_(channel_states.waits(name), not_(_confidential()), not_(_under_way()))
    lane = literal(target) + func.substr(outbox.c.lane, func.length(outbox.c.channel) + 1)
    # What the first channel knew of its own (message to answer, number written to) means nothing to the second.
    values = {"channel": target, "lane": lane, "attempts": 0, "due_at": outbox.c.planned_at, "reason": ""}
    own = {"sent_from": "", "reply_to": "", "callback_id": ""}
    moved = tx.execute(outbox.update().where(waits).values(**values, **own)).rowcount
    audit.record(tx, actor, "channel_moved", "channel", name, reason, {"to": target, "messages": moved})
    tx.tell(kind="channel", channel=name)
    tx.tell(kind="channel", channel=target)
    tx.ring("deliver")
    return moved


def _confidential() -> ColumnElement[bool]:
    complaint = tables.complaint
    about = select(complaint.c.id).where(complaint.c.id == outbox.c.complaint_id, complaint.c.confidential.is_(True))
    return and_(outbox.c.complaint_id.is_not(None), exists(about))


def _under_way() -> ColumnElement[bool]:
    """Something of the same address is being sent now: what follows it must not overtake it on another way."""
    other = outbox.alias("under_way")
    return exists(select(other.c.id).where(other.c.lane == outbox.c.lane, other.c.state == "sending"))
