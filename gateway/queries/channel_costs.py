"""What left through each channel and what it cost: by day and month of the government's zone, and by what it was for.

A day is counted from the messages themselves and kept as a line for each purpose (`gateway.outbound.costs`), for messages
of long ago are packed away. What is new since then costs the price of now; a line that is there keeps its own.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import select

from channels.registry import Channel
from gateway.operations import vitals
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

MILLI = 1000
OLDEST, DAYS_KEPT, HOURS = "channel_oldest_left", 7, 10_000
"""How long before its day the oldest message that left was written: a figure of each weekday, day * HOURS + hours."""
WRITTEN_BY = timedelta(minutes=30)
"""After midnight: until then the lines of yesterday may lack what left last."""
# Sent, or perhaps sent: whoever bills us counts it. A receipt may settle what was in doubt before it has a time of sending.
LEFT = (
    "SELECT o.key, count(*) AS many, sum(o.parts) AS parts FROM outbox o WHERE o.channel = :channel AND o.created_at >= :since"
    " AND o.created_at < :until AND ((o.sent_at >= :begins AND o.sent_at < :until) OR (o.sent_at IS NULL"
    " AND o.state IN ('unknown','delivered','read') AND o.due_at >= :begins AND o.due_at < :until)) GROUP BY o.key"
)


class Purpose(StrEnum):
    RECEIPT = "receipt"
    QUESTION = "question"
    NEWS = "news"
    CODE = "code"
    STAFF = "staff"
    TEST = "test"
    TALK = "talk"
    """Everything else: answers to what somebody typed."""


PREFIXES: Mapping[str, Purpose] = {
    "rx": Purpose.RECEIPT,
    "hold": Purpose.RECEIPT,
    "ask": Purpose.QUESTION,
    "st": Purpose.NEWS,
    "rate": Purpose.NEWS,
    "pv": Purpose.NEWS,
    "link": Purpose.CODE,
    "code": Purpose.CODE,
    **dict.fromkeys(
        ("pic", "dep", "sup", "head", "reg", "coo", "duty", "officer", "task", "chan", "mandate"), Purpose.STAFF
    ),
    "channel": Purpose.TEST,
}
"""First word of a text's key -> what it is for."""


@dataclass(frozen=True, slots=True)
class Spent:
    """One line: a channel, a day, a purpose. `cost_milli` in thousandths of a rupiah."""

    channel: str
    day: date
    purpose: Purpose
    messages: int = 0
    parts: int = 0
    cost_milli: int = 0

    @property
    def rupiah(self) -> float:
        return self.cost_milli / MILLI


@dataclass(frozen=True, slots=True)
class Purse:
    """What a channel has sent and spent so far, beside its caps (0: none)."""

    channel: str
    price: float
    messages_today: int
    parts_today: int
    today: float
    month: float
    messages_per_day: int
    rupiah_per_day: int
    rupiah_per_month: int

    @property
    def share(self) -> float:
        """How full the fullest of its caps is, 1 = full."""
        caps = (
            (self.messages_today, self.messages_per_day),
            (self.today, self.rupiah_per_day),
            (self.month, self.rupiah_per_month),
        )
        return max((used / most for used, most in caps if most), default=0.0)


def purpose_of(key: str) -> Purpose:
    return PREFIXES.get(key.partition(".")[0], Purpose.TALK)


def begins(tx: Transaction, day: date) -> datetime:
    """Midnight of this day in the government's zone."""
    return datetime.combine(day, time.min, tzinfo=tx.office.settings.government.zone)


def since(tx: Transaction, channel: str, day: date) -> datetime:
    """Before this moment nothing was written that left on this day, so nothing has to be read.

    Most messages leave within `outbound.ttl_hours`; what waited longer (for a cap, a pause, its own moment) was noted."""
    usual, figure = tx.office.settings.outbound.ttl_hours, _figure(channel, day)
    noted, hours = divmod(vitals.kept(tx, figure).get(figure, 0), HOURS)
    return begins(tx, day) - timedelta(hours=max(usual, hours if noted == day.toordinal() else 0))


def note_oldest(tx: Transaction, channel: str, written_at: datetime) -> None:
    """A message that was written then leaves today: `since` reaches back to it from now on."""
    if written_at < since(tx, channel, tx.today):
        back = begins(tx, tx.today) - written_at
        hours = min(math.ceil(back / timedelta(hours=1)), HOURS - 1)
        vitals.keep(tx, _figure(channel, tx.today), tx.today.toordinal() * HOURS + hours)


def _figure(channel: str, day: date) -> str:
    return vitals.sample(OLDEST, channel=channel, day=str(day.toordinal() % DAYS_KEPT))


def counted(tx: Transaction, channel: str, day: date) -> list[Spent]:
    """The lines of one day as the messages tell it now; what no line knew yet costs the price of now."""
    first, until = begins(tx, day), begins(tx, day + timedelta(days=1))
    times = {"since": to_millis(since(tx, channel, day)), "begins": to_millis(first), "until": to_millis(until)}
    many: dict[Purpose, list[int]] = {}
    for row in tx.all(constant(LEFT), {"channel": channel, **times}):
        sums = many.setdefault(purpose_of(row.key), [0, 0])
        sums[0], sums[1] = sums[0] + row.many, sums[1] + row.parts
    known = {one.purpose: one for one in _kept(tx, day, day) if one.channel == channel}
    price = round(tx.office.channels[channel].price * MILLI)
    found = [
        _grown(known.get(each, Spent(channel, day, each)), messages, parts, price)
        for each, (messages, parts) in many.items()
    ]
    # What was counted once left, whatever became of its rows since.
    return found + [one for each, one in known.items() if each not in many]


def _grown(line: Spent, messages: int, parts: int, price_milli: int) -> Spent:
    more = max(parts - line.parts, 0)
    cost = line.cost_milli + more * price_milli
    return Spent(line.channel, line.day, line.purpose, max(messages, line.messages), line.parts + more, cost)


def between(tx: Transaction, first: date, last: date) -> list[Spent]:
    """All lines of these days, the last one included, in the order of day, channel and purpose."""
    found = [one for one in _kept(tx, first, last) if one.day != tx.today]
    if first <= tx.today <= last:
        found += [one for channel in tx.office.channels for one in counted(tx, channel, tx.today)]
    return sorted(found, key=lambda one: (one.day, one.channel, one.purpose))


def _kept(tx: Transaction, first: date, last: date) -> list[Spent]:
    cost = tables.channel_cost
    rows = tx.all(select(cost).where(cost.c.day >= first, cost.c.day <= last))
    return [Spent(row.channel, row.day, Purpose(row.purpose), row.messages, row.parts, row.cost_milli) for row in rows]


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the month of this day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def spent_before_today(tx: Transaction, channel: str) -> int:
    """Thousandths of a rupiah in this month up to yesterday."""
    (first, _), yesterday = month_of(tx.today), tx.today - timedelta(days=1)
    lines = [one for one in _kept(tx, first, yesterday) if one.channel == channel]
    if first <= yesterday and tx.now - begins(tx, tx.today) < WRITTEN_BY:
        lines = [one for one in lines if one.day != yesterday] + counted(tx, channel, yesterday)
    return sum(one.cost_milli for one in lines)


def purses(tx: Transaction) -> dict[str, Purse]:
    """Every channel that sends: what it sent today and spent today and this month."""
    lines = between(tx, month_of(tx.today)[0], tx.today)
    senders = {name: channel for name, channel in tx.office.channels.items() if channel.capabilities.sends}
    return {
        name: _purse(tx, channel, [one for one in lines if one.channel == name]) for name, channel in senders.items()
    }


def _purse(tx: Transaction, channel: Channel, lines: Sequence[Spent]) -> Purse:
    today = [one for one in lines if one.day == tx.today]
    return Purse(
        channel.name,
        channel.price,
        messages_today=sum(one.messages for one in today),
        parts_today=sum(one.parts for one in today),
        today=rupiah(today),
        month=rupiah(lines),
        messages_per_day=channel.messages_per_day,
        rupiah_per_day=channel.rupiah_per_day,
        rupiah_per_month=channel.rupiah_per_month,
    )


def rupiah(lines: Iterable[Spent]) -> float:
    return sum(one.cost_milli for one in lines) / MILLI
