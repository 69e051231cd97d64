"""Calls that were put aside because they broke us: how many, how old, which ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

HELD = "held"
PAGE = 50
# Written out, because only these very words let the index over what is held be used.
IS_HELD = text("quarantine.state = 'held'")


@dataclass(frozen=True, slots=True)
class PutAside:
    """One call; what it said is read by `gateway.intake.quarantine.read`."""

    id: str
    channel: str
    reason: str
    detail: str
    state: str
    received_at: datetime
    settled_at: datetime | None
    settled_by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What is still held: how many, and since when the oldest."""

    count: int = 0
    oldest_at: datetime | None = None


def standing(tx: Transaction, channel: str = "") -> Standing:
    table = tables.quarantine
    found = select(func.count().label("many"), func.min(table.c.received_at).label("oldest_at")).where(IS_HELD)
    row = tx.one(found.where(table.c.channel == channel) if channel else found)
    return Standing(row.many, row.oldest_at) if row else Standing()


def listed(
    tx: Transaction, channel: str = "", before: str = "", *, settled: bool = False, limit: int = PAGE
) -> Sequence[PutAside]:
    """The newest first, beginning after the one called `before`."""
    table = tables.quarantine
    found = select(table).where(table.c.state != HELD if settled else IS_HELD)
    if channel:
        found = found.where(table.c.channel == channel)
    after = id_number(before)
    if after is not None:
        found = found.where(table.c.id < after)
    return [_shown(row) for row in tx.all(found.order_by(table.c.id.desc()).limit(limit))]


def one(tx: Transaction, identity: str) -> PutAside | None:
    table = tables.quarantine
    wanted = id_number(identity)
    row = None if wanted is None else tx.one(select(table).where(table.c.id == wanted))
    return _shown(row) if row else None


def id_of(identity: str) -> int:
    """The row behind the id of an address; 0, which no row has, for anything else."""
    return id_number(identity) or 0


def _shown(row: Any) -> PutAside:
    return PutAside(
        id_text(row.id),
        row.channel,
        row.reason,
        row.detail,
        row.state,
        row.received_at,
        row.settled_at,
        row.settled_by,
    )
