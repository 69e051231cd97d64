"""How every channel does: what comes in, what goes out, what waits, what broke (SCREENS § 2, docs/api.md § 5).

Figures are of the last 24 hours unless they say what waits now. Nothing here reads a whole table: each figure has an
index, however much was sent before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select, text

from channels.registry import Channel
from gateway.queries import silence
from gateway.queries.deafness import is_deaf
from gateway.queries.silence import Silence
from gateway.storage import tables
from gateway.storage.store import Transaction

DAY = timedelta(hours=24)
LATE_S = 120.0
LATE_S_OF: Mapping[str, float] = dict.fromkeys(("kannel", "jasmin", "smpp", "gammu", "http_sms", "ussd_http"), 60.0)
"""Seconds after which the oldest waiting message is late, by kind."""
HEARTBEAT_S = 60.0
MISSED_HEARTBEATS = 3
QUIET_FOR = timedelta(hours=2)
QUIET_FACTOR = 3
WEEKS = 4
SAMPLED = 200
"""Newest delivered messages whose median time is shown."""
# The words of the partial index: with anything else than this very text SQLite would read the whole table.
WAITING = text("outbox.state IN ('queued','sending')")
BY_CHANNEL: ColumnElement[str] = literal_column("outbox.channel || ''")
"""Not the column itself: SQLite would walk through all that was ever sent, because an index has it in this order."""
HELD = text("quarantine.state = 'held'")
USUAL = Silence()


class ChannelState(StrEnum):
    """Worst first; the order in which screens sort."""

    DOWN = "down"
    LATE = "late"
    PAUSED = "paused"
    QUIET = "quiet"
    ACTIVE = "active"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Traffic:
    """One direction of one channel. `failed` will be tried again or counts as passing; `failed_permanently` never."""

    direction: Direction
    state: ChannelState
    queued: int = 0
    under_way: int = 0
    """Of `queued`: claimed by a process, no outcome yet."""
    oldest_queued_s: int | None = None
    failed: int = 0
    failed_permanently: int = 0
    unknown: int = 0
    sent: int = 0
    delivered: int = 0
    delivered_median_s: float | None = None
    received: int = 0
    quarantined: int = 0
    forged: int = 0


@dataclass(frozen=True, slots=True)
class Watched:
    """One channel. `reports`: whether its provider says what was delivered."""

    name: str
    kind: str
    own: str
    state: ChannelState
    inbound: Traffic
    outbound: Traffic
    heartbeat_at: datetime | None
    last_in_at: datetime | None
    last_report_at: datetime | None
    reports: bool
    sends: bool
    paused_at: datetime | None = None
    paused_by: str = ""
    paused_reason: str = ""
    drains: bool = False
    drained_at: datetime | None = None
    """Since when nothing of a drained channel is under way."""
    stopped_reason: str = ""
    silence: Silence = USUAL
    """How still it is on the way in, beside its own last weeks."""
    problems: tuple[str, ...] = ()
    is_deaf: bool = False
    """Reports of our messages come, and no messages."""


@dataclass(frozen=True, slots=True)
class _Figures:
    """What was counted for all channels, each in one statement."""

    states: Mapping[str, Any]
    waiting: Mapping[str, tuple[int, datetime | None, int]]
    retrying: Mapping[str, int]
    day: Mapping[tuple[str, str], int]
    received: Mapping[str, int]
    last_in: Mapping[str, datetime]
    held: Mapping[str, int]


def watch(tx: Transaction) -> list[Watched]:
    """All channels, those in trouble first."""
    channels = tx.office.channels
    figures = _Figures(
        {row.channel: row for row in tx.all(select(tables.channel_state))},
        _waiting(tx),
        _retrying(tx),
        _day(tx, list(channels)),
        _received(tx, list(channels)),
        _last_in(tx, list(channels)),
        _held(tx),
    )
    found = [_watched(tx, channel, figures) for channel in channels.values()]
    order = list(ChannelState)
    return sorted(found, key=lambda one: (order.index(one.state), one.name))


def _watched(tx: Transaction, channel: Channel, figures: _Figures) -> Watched:
    state = figures.states.get(channel.name)
    last_in = figures.last_in.get(channel.name)
    inbound = _inbound(tx, channel, figures, state, last_in)
    outbound = _outbound(tx, channel, figures, state)
    order = list(ChannelState)
    directions = [inbound] * channel.hears + [outbound] * channel.capabilities.sends
    return Watched(
        name=channel.name,
        kind=channel.kind,
        own=channel.own,
        state=min((one.state for one in directions), key=order.index),
        inbound=inbound,
        outbound=outbound,
        heartbeat_at=_latest(state.heartbeat_at if state else None, last_in),
        last_in_at=last_in,
        last_report_at=state.last_report_at if state else None,
        reports=channel.capabilities.reports,
        sends=channel.capabilities.sends,
        paused_at=state.paused_at if state else None,
        paused_by=state.paused_by if state else "",
        paused_reason=state.paused_reason if state else "",
        drains=bool(state.drains) if state else False,
        drained_at=state.drained_at if state else None,
        stopped_reason=state.stopped_reason if state else "",
        silence=_silence(tx, channel.name, last_in) if channel.hears else USUAL,
        problems=tuple((state.check_problems or ()) if state else ()),
        is_deaf=is_deaf(tx, channel, last_in),
    )


def _inbound(tx: Transaction, channel: Channel, figures: _Figures, state: Any, last_in: datetime | None) -> Traffic:
    if _is_dead(tx, channel, state):
        condition = ChannelState.DOWN
    elif state is not None and state.paused_at is not None:
        condition = ChannelState.PAUSED
    else:
        condition = ChannelState.QUIET if _is_quiet(tx, channel.name, last_in) else ChannelState.ACTIVE
    return Traffic(
        Direction.IN,
        condition,
        received=figures.received.get(channel.name, 0),
        quarantined=figures.held.get(channel.name, 0),
        forged=state.forged if state else 0,
    )


def _outbound(tx: Transaction, channel: Channel, figures: _Figures, state: Any) -> Traffic:
    name = channel.name
    queued, oldest, under_way = figures.waiting.get(name, (0, None, 0))
    oldest_s = int((tx.now - oldest).total_seconds()) if oldest and oldest <= tx.now else None
    day = {one: figures.day.get((name, one), 0) for one in ("sent", "delivered", "read", "failed", "unknown")}
    if state is not None and state.stopped_at is not None:
        condition = ChannelState.DOWN
    elif state is not None and state.paused_at is not None:
        condition = ChannelState.PAUSED
    elif oldest_s is not None and oldest_s > LATE_S_OF.get(channel.kind, LATE_S):
        condition = ChannelState.LATE
    else:
        condition = ChannelState.ACTIVE
    delivered = day["delivered"] + day["read"]
    return Traffic(
        Direction.OUT,
        condition,
        queued=queued,
        under_way=under_way,
        oldest_queued_s=oldest_s,
        failed=figures.retrying.get(name, 0),
        failed_permanently=day["failed"],
        unknown=day["unknown"],
        sent=day["sent"] + delivered,
        delivered=delivered,
        delivered_median_s=_median_s(tx, name) if delivered else None,
    )


def _is_dead(tx: Transaction, channel: Channel, state: Any) -> bool:
    """A listener that does not say that it lives, or is refused; webhooks have no heartbeat of their own."""
    if channel.listener is None or not channel.listener.listens():
        return False
    # Where somebody else looks at the provider, too, its problems need not be the listener's.
    if channel.starter is None and state is not None and state.check_problems:
        return True
    if state is None or state.heartbeat_at is None:
        return False
    return bool((tx.now - state.heartbeat_at).total_seconds() > HEARTBEAT_S * MISSED_HEARTBEATS)


def _is_quiet(tx: Transaction, channel: str, last_in: datetime | None) -> bool:
    """Nothing for three times as long as usual at this hour of this weekday, and for two hours at least."""
    if last_in is None:
        return True
    still = tx.now - last_in
    if still < QUIET_FOR:
        return False
    message, usual = tables.message, 0
    for week in range(1, WEEKS + 1):
        begin = tx.now - timedelta(weeks=week, minutes=30)
        same_hour = (message.c.received_at >= begin) & (message.c.received_at < begin + timedelta(hours=1))
        row = tx.one(select(func.count()).select_from(message).where(message.c.channel == channel, same_hour))
        usual += int(row[0]) if row else 0
    gap = timedelta(hours=WEEKS) / usual if usual else DAY
    return still > max(QUIET_FOR, gap * QUIET_FACTOR)


def _silence(tx: Transaction, channel: str, last_in: datetime | None) -> Silence:
    """The hours since the last message beside the same hours of the last weeks, as far as the channel was in use then."""
    if last_in is None or tx.now - last_in < silence.LEAST:
        return USUAL
    message = tables.message
    since = max(last_in, tx.now - silence.LONGEST)
    mine = message.c.channel == channel
    row = tx.one(select(func.min(message.c.received_at).label("first")).where(mine))
    first = row.first if row else tx.now
    weeks = []
    for back in range(1, silence.WEEKS + 1):
        begin, end = since - timedelta(weeks=back), tx.now - timedelta(weeks=back)
        if first > begin:
            break
        during = (message.c.received_at > begin) & (message.c.received_at <= end)
        counted = tx.one(select(func.count()).select_from(message).where(mine, during))
        weeks.append(int(counted[0]) if counted else 0)
    return silence.judge(tx.now - last_in, weeks)


def _waiting(tx: Transaction) -> dict[str, tuple[int, datetime | None, int]]:
    outbox = tables.outbox
    oldest, sending = func.min(outbox.c.planned_at), func.count().filter(outbox.c.state == "sending")
    counted = select(
        BY_CHANNEL.label("channel"), func.count().label("many"), oldest.label("oldest"), sending.label("under_way")
    )
    rows = tx.all(counted.where(WAITING).group_by(BY_CHANNEL))
    return {row.channel: (row.many, row.oldest, row.under_way) for row in rows}


def _retrying(tx: Transaction) -> dict[str, int]:
    """What failed for now and waits for its next attempt."""
    outbox = tables.outbox
    counted = select(BY_CHANNEL.label("channel"), func.count().label("many")).select_from(outbox)
    rows = tx.all(counted.where(WAITING, outbox.c.attempts > 0).group_by(BY_CHANNEL))
    return {row.channel: row.many for row in rows}


def _day(tx: Transaction, channels: Sequence[str]) -> dict[tuple[str, str], int]:
    outbox = tables.outbox
    lately = outbox.c.channel.in_(channels) & (outbox.c.created_at > tx.now - DAY)
    counted = select(outbox.c.channel, outbox.c.state, func.count().label("many")).where(lately)
    rows = tx.all(counted.group_by(outbox.c.channel, outbox.c.state))
    return {(row.channel, row.state): row.many for row in rows}


def _received(tx: Transaction, channels: Sequence[str]) -> dict[str, int]:
    message = tables.message
    lately = message.c.channel.in_(channels) & (message.c.received_at > tx.now - DAY)
    counted = select(message.c.channel, func.count().label("many")).where(lately)
    return {row.channel: row.many for row in tx.all(counted.group_by(message.c.channel))}


def _last_in(tx: Transaction, channels: Sequence[str]) -> dict[str, datetime]:
    message, found = tables.message, {}
    for channel in channels:
        row = tx.one(select(func.max(message.c.received_at).label("last")).where(message.c.channel == channel))
        if row is not None and row.last is not None:
            found[channel] = row.last
    return found


def _held(tx: Transaction) -> dict[str, int]:
    quarantine = tables.quarantine
    counted = select(quarantine.c.channel, func.count().label("many")).where(HELD)
    return {row.channel: row.many for row in tx.all(counted.group_by(quarantine.c.channel))}


def _median_s(tx: Transaction, channel: str) -> float | None:
    outbox = tables.outbox
    newest = (
        select(outbox.c.sent_at, outbox.c.delivered_at)
        .where(
            outbox.c.channel == channel, outbox.c.created_at > tx.now - DAY, outbox.c.state.in_(("delivered", "read"))
        )
        .order_by(outbox.c.created_at.desc())
        .limit(SAMPLED)
    )
    times = [
        (row.delivered_at - row.sent_at).total_seconds()
        for row in tx.all(newest)
        if row.sent_at is not None and row.delivered_at is not None
    ]
    return round(median(times), 1) if times else None


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
