"""The queue `deliver`: heads of lanes, each channel within its rate and its own room, so that none fills another's place.

A broadcast on a slow channel waits in the database, not in our hands: a citizen's receipt that comes later is claimed
within two intervals of the channel's rate (FAULTS F33).
"""

import math
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from channels.messages import DeliveryStatus
from channels.registry import Channel
from config.logging import get_logger
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Parcel
from workers import delivery
from workers.delivery import Delivery
from workers.drain import CARRY_S, Transaction
from workers.limits import Limits
from workers.send_journal import SendJournal, not_begun
from workers.tools import Tools

log = get_logger(__name__)

MOST_UNDER_WAY = 64
"""Of one channel in one process; after a power cut so many messages are in doubt at worst."""
AHEAD_S = 2.0
"""We hold at most what the channel's rate lets out in this time."""
LEASE_S = CARRY_S + 30.0
LANES_REMEMBERED = 10_000
LOOK_FOR_DEAD_EVERY_S = 5.0
"""So soon after its death another process goes on with what a killed one held."""


class Unbound(Mapping[str, Channel]):
    """Those of the channels, as they are at each look, that do not leave by the process that listens to them."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    def __getitem__(self, name: str) -> Channel:
        channel = self._channels[name]
        if channel.capabilities.bound:
            raise KeyError(name)
        return channel

    def __iter__(self) -> Iterator[str]:
        return (name for name, channel in self._channels.items() if not channel.capabilities.bound)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Lanes:
    """The `Work` of the queue `deliver`."""

    carry_s = CARRY_S

    def __init__(
        self, channels: Mapping[str, Channel], sending: Delivery, limits: Limits, journal: SendJournal
    ) -> None:
        self._channels = channels
        self._sending = sending
        self._limits = limits
        self._journal = journal
        self._looks_for_dead_at = 0.0
        self._free_at: dict[str, float] = {}

    def claim(self, tx: Transaction, under_way: Collection[Parcel]) -> Sequence[Parcel]:
        self._take_over(tx)
        busy = Counter(parcel.channel for parcel in under_way)
        rooms = {name: room_of(channel) - busy[name] for name, channel in self._channels.items() if channel.sender}
        claimed = outbound.fill(tx, {name: room for name, room in rooms.items() if room > 0}, LEASE_S)
        tx.afterwards.append(partial(self._journal.claimed, claimed))
        return claimed

    async def waits(self, items: Sequence[Parcel]) -> Sequence[float]:
        by_channel = Counter(parcel.channel for parcel in items)
        places = {name: iter(await self._limits.reserve(name, count)) for name, count in by_channel.items()}
        return [self._paced(parcel, next(places[parcel.channel])) for parcel in items]

    async def carry(self, item: Parcel) -> Outcome:
        self._journal.begun(item)
        outcome = await self._sending.deliver(item)
        # kill point: send.answered
        self._journal.ended(outcome)
        return outcome

    def settle(self, tx: Transaction, done: Sequence[Outcome]) -> datetime | None:
        outbound.settle(tx, done)
        tx.afterwards.append(partial(self._journal.settled, done))
        return min((each.due_at for each in done if each.state is DeliveryStatus.QUEUED and each.due_at), default=None)

    def put_back(self, item: Parcel) -> Outcome:
        return not_begun(item.id, item.fence)

    def interrupted(self, item: Parcel) -> Outcome:
        return delivery.interrupted(item)

    def let_go(self, tx: Transaction) -> None:
        """Lanes are held by their rows alone."""
        self._journal.close()

    def _take_over(self, tx: Transaction) -> None:
        """What killed processes held and did not begin leaves now; what they were told is written."""
        if time.monotonic() < self._looks_for_dead_at:
            return
        self._looks_for_dead_at = time.monotonic() + LOOK_FOR_DEAD_EVERY_S
        if left := self._journal.left_behind():
            outbound.settle(tx, left)
            again = sum(each.state is DeliveryStatus.QUEUED for each in left)
            log.info("sends_taken_over", again=again, ended=len(left) - again)
        tx.afterwards.append(self._journal.taken_over)

    def _paced(self, parcel: Parcel, wait_s: float) -> float:
        """At least `wait_s`, and not sooner after the last message of this lane than its channel bears."""
        pace_s = self._channels[parcel.channel].pace(parcel.message.address)
        if pace_s <= 0:
            return wait_s
        now = time.monotonic()
        free_at = self._free_at.get(parcel.lane, now)
        leaves_at = max(now + wait_s, free_at - pace_s * (self._channels[parcel.channel].burst - 1))
        if len(self._free_at) > LANES_REMEMBERED:
            self._free_at = {lane: moment for lane, moment in self._free_at.items() if moment > now}
        self._free_at[parcel.lane] = max(free_at, leaves_at) + pace_s
        return leaves_at - now


def room_of(channel: Channel) -> int:
    """How many messages of a channel one process may hold."""
    return max(1, min(MOST_UNDER_WAY, math.ceil(channel.messages_per_second * AHEAD_S)))


def open_work(tools: Tools) -> Lanes:
    """Of all channels but those that leave by the process that listens to them."""
    return _work(tools, Unbound(tools.gateway.channels), tools.limits)


def open_bound_work(tools: Tools, channel: Channel) -> Lanes:
    """Of one channel, in the process that listens to it: nobody shares its rate."""
    limits = Limits(None, tools.process, {channel.name: channel.messages_per_second})
    return _work(tools, {channel.name: channel}, limits)


def _work(tools: Tools, channels: Mapping[str, Channel], limits: Limits) -> Lanes:
    gateway = tools.gateway
    sending = Delivery(channels, tools.http, gateway.settings.outbound, tools.now)
    journal = SendJournal(Path(gateway.settings.storage.spool_dir), gateway.office.keys)
    return Lanes(channels, sending, limits, journal)
