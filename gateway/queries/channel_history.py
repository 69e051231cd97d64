"""One channel over the last day: traffic by the hour, and its latest messages as times, kinds and outcomes, never words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import from_millis, to_millis

HOUR_MS = 3_600_000
HOURS = 24
MOST_EVENTS = 100
# Whole hours since 1970 by integer division: the same on both databases, and every zone of the country is a whole hour off.
RECEIVED = (
    "SELECT received_at / 3600000 AS hour, count(*) AS many FROM message"
    " WHERE channel = :channel AND received_at >= :since GROUP BY 1"
)
SENT = (
    "SELECT created_at / 3600000 AS hour, state, count(*) AS many FROM outbox"
    " WHERE channel = :channel AND created_at >= :since GROUP BY 1, 2"
)
WENT: Mapping[str, str] = {
    "sent": "sent",
    "delivered": "sent",
    "read": "sent",
    "failed": "failed",
    "unknown": "unknown",
}
"""State of a message -> the figure of its hour."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Traffic from `begins_at` on for an hour."""

    begins_at: datetime
    received: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """One message that came or went. `what`: kind of an inbound one, text key of an outbound one."""

    at: datetime
    direction: str
    what: str
    state: str
    detail: str


def hours(tx: Transaction, channel: str) -> list[Hour]:
    """The last 24 hours, the current one last."""
    current = to_millis(tx.now) // HOUR_MS
    first = current - HOURS + 1
    values = {"channel": channel, "since": first * HOUR_MS}
    received = {row.hour: row.many for row in tx.all(constant(RECEIVED), values)}
    went: dict[tuple[int, str], int] = {}
    for row in tx.all(constant(SENT), values):
        figure = WENT.get(row.state)
        if figure:
            went[row.hour, figure] = went.get((row.hour, figure), 0) + row.many
    return [
        Hour(
            from_millis(hour * HOUR_MS),
            received.get(hour, 0),
            *(went.get((hour, figure), 0) for figure in ("sent", "failed", "unknown")),
        )
        for hour in range(first, current + 1)
    ]


def latest(tx: Transaction, channel: str, most: int = MOST_EVENTS) -> Sequence[Passed]:
    """The newest messages of both directions within the last days, newest first."""
    since = tx.now - timedelta(days=7)
    message, outbox = tables.message, tables.outbox
    came = tx.all(
        select(message.c.received_at, message.c.kind, message.c.skip, message.c.flags)
        .where(message.c.channel == channel, message.c.received_at > since)
        .order_by(message.c.received_at.desc())
        .limit(most)
    )
    left = tx.all(
        select(outbox.c.created_at, outbox.c.key, outbox.c.state, outbox.c.reason)
        .where(outbox.c.channel == channel, outbox.c.created_at > since)
        .order_by(outbox.c.created_at.desc())
        .limit(most)
    )
    found = [Passed(row.received_at, "in", row.kind, "", row.skip or row.flags) for row in came]
    found += [Passed(row.created_at, "out", row.key, row.state, row.reason) for row in left]
    return sorted(found, key=lambda one: one.at, reverse=True)[:most]
