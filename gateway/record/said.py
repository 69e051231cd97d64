"""In which order people said things, where their provider brings them in any order (F32).

Work is done as messages come; whoever reads what came reads it in the order of the sender's time. That time is taken from
providers alone whose clock can be trusted (`Capabilities.unordered`), and only within bounds.
Source: docs/channels/README.md § 3.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from gateway.storage import tables
from gateway.storage.store import Transaction

OLDEST, AHEAD = timedelta(hours=24), timedelta(minutes=10)
"""A time that is further from ours says nothing."""
Thing = TypeVar("Thing")


def moment(tx: Transaction, channel: str, sent_at: datetime | None, received_at: datetime) -> datetime | None:
    """When it was said; None where order of arrival is all that is known."""
    known = tx.office.channels.get(channel)
    if sent_at is None or known is None or not known.capabilities.unordered:
        return None
    return sent_at if received_at - OLDEST <= sent_at <= received_at + AHEAD else None


def of_messages(tx: Transaction, messages: Iterable[int | None]) -> dict[int | None, datetime | None]:
    """When each of these messages was said."""
    message, wanted = tables.message.c, sorted({one for one in messages if one is not None})
    asked = select(message.id, message.channel, message.sent_at, message.received_at).where(message.id.in_(wanted))
    return {row.id: moment(tx, row.channel, row.sent_at, row.received_at) for row in tx.all(asked)}


def in_order(things: Sequence[Thing], said: Callable[[Thing], datetime | None]) -> list[Thing]:
    """As they came, but nothing that was said earlier stands behind what was said later."""
    ordered: list[Thing] = []
    for thing in things:
        ordered.insert(_place(ordered, said, said(thing)), thing)
    return ordered


def _place(ordered: Sequence[Thing], said: Callable[[Thing], datetime | None], at: datetime | None) -> int:
    if at is None:
        return len(ordered)
    moments = ((place, said(thing)) for place, thing in enumerate(ordered))
    return next((place for place, other in moments if other is not None and other > at), len(ordered))


def events_in_order(events: Sequence[Any]) -> list[Any]:
    """Rows of `complaint_event` as they are read."""
    return in_order(events, lambda event: event.said_at)
