"""Emptying a channel before something is done to it: nothing new leaves, what is under way ends, then somebody is told.

A drain is a pause that looks on. What still waits stays where it is: it leaves when the channel is resumed, or another way.
"""

from datetime import timedelta

from sqlalchemy import select, text

from config.logging import get_logger
from gateway.complaints.complaint import SYSTEM, Actor
from gateway.outbound import channel_states
from gateway.outbound.channel_states import ChannelRefused
from gateway.storage import tables
from gateway.storage.store import Transaction

log = get_logger(__name__)
SETTLED = timedelta(seconds=2)
"""A claim that looked just before the pause was committed shows by then."""


def drain(tx: Transaction, name: str, reason: str, actor: Actor) -> int:
    """Let nothing new leave, and watch what is under way; how many messages those are. A pause becomes a drain."""
    channel = channel_states.channel_of(tx, name)
    reason = channel_states.reason_of(reason)
    if channel.sender is None:
        raise ChannelRefused("does_not_send")
    state = tables.channel_state
    tx.insert_new(state, [{"channel": name}], "channel")
    channel_states.give_back_time(tx, name)
    other = (state.c.channel == name) & state.c.drains.is_(False)
    values = {"paused_at": tx.now, "paused_by": actor.name[:60], "paused_reason": reason, "drains": True}
    if tx.execute(state.update().where(other).values(**values)).rowcount != 1:
        raise ChannelRefused("drains_already")
    many = under_way(tx, name)
    channel_states.note(tx, "channel_drained", name, actor, reason, many)
    return many


def under_way(tx: Transaction, name: str) -> int:
    """Messages that a process has claimed and that have no outcome yet."""
    outbox = tables.outbox
    mine = (outbox.c.channel == name) & (outbox.c.state == "sending") & text("outbox.state IN ('queued','sending')")
    return channel_states.count(tx, mine)


def look(tx: Transaction) -> int:
    """Tell of every drained channel once when it is empty; how many became so."""
    state = tables.channel_state
    draining = state.c.drains.is_(True) & state.c.drained_at.is_(None) & (state.c.paused_at <= tx.now - SETTLED)
    names = [row.channel for row in tx.all(select(state.c.channel).where(draining))]
    return sum(_tell_if_empty(tx, name) for name in names)


def _tell_if_empty(tx: Transaction, name: str) -> bool:
    if under_way(tx, name):
        return False
    state = tables.channel_state
    mine = (state.c.channel == name) & state.c.drains.is_(True) & state.c.drained_at.is_(None)
    if tx.execute(state.update().where(mine).values(drained_at=tx.now)).rowcount != 1:
        return False
    held = channel_states.waiting(tx, name)
    channel_states.note(tx, "channel_empty", name, SYSTEM, "", held)
    tx.afterwards.append(lambda: log.info("channel_empty", channel=name, waiting=held))
    return True


def is_empty(tx: Transaction, name: str) -> bool:
    """Whether the drain of this channel has ended."""
    look(tx)
    state = tables.channel_state
    row = tx.one(select(state.c.drained_at).where(state.c.channel == name))
    return row is not None and row.drained_at is not None
