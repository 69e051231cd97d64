"""What waits for somebody now, counted for one reader: the figures of the start page and of the cards on Pantauan Kanal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from gateway.complaints.complaint import Status
from gateway.queries import bridge, channel_watch, complaint_list, dispatch, quarantine, tasks
from gateway.queries.bridge import TargetHealth
from gateway.queries.channel_watch import ChannelState, Watched
from gateway.queries.complaint_list import Count
from gateway.queries.quarantine import Standing
from gateway.queries.scope import Scope, visible
from gateway.storage import tables
from gateway.storage.store import Transaction

TROUBLED = frozenset({ChannelState.DOWN, ChannelState.LATE})


@dataclass(frozen=True, slots=True)
class Cards:
    """Beside the channels: systems of record, and what is kept from going its way."""

    targets: Sequence[TargetHealth]
    held: Standing
    unrouted: Standing
    quarantined: Standing


@dataclass(frozen=True, slots=True)
class Attention:
    """Figures by name; what a reader has no business with is not there."""

    figures: Mapping[str, int] = field(default_factory=dict)
    at_least: frozenset[str] = frozenset()
    """Names whose figure stopped counting: there are more."""


def cards(tx: Transaction, scope: Scope) -> Cards:
    complaint = tables.complaint
    is_open = complaint.c.closed_at.is_(None)
    held = and_(is_open, complaint.c.status == Status.RECEIVED.value, complaint.c.hold != "none")
    unrouted = and_(is_open, complaint.c.status == Status.VERIFIED.value, complaint.c.agency == "")
    return Cards(
        targets=bridge.health(tx),
        held=_standing(tx, scope, held),
        unrouted=_standing(tx, scope, unrouted),
        quarantined=quarantine.standing(tx),
    )


def _standing(tx: Transaction, scope: Scope, which: ColumnElement[bool]) -> Standing:
    complaint = tables.complaint
    oldest = func.min(complaint.c.status_since).label("oldest_at")
    row = tx.one(select(func.count().label("many"), oldest).where(which, visible(scope)))
    return Standing(row.many, row.oldest_at) if row else Standing()


def cases(tx: Transaction, scope: Scope, tabs: Sequence[str]) -> Attention:
    """The figures of these tabs of the list."""
    counted: Mapping[str, Count] = complaint_list.tab_counts(tx, scope, tabs)
    return Attention(
        {tab: one.count for tab, one in counted.items()},
        frozenset(tab for tab, one in counted.items() if not one.complete),
    )


def work(tx: Transaction) -> Attention:
    """What only people can settle: tasks, the bridge, calls put aside, messages in doubt."""
    doubtful = dispatch.counts(tx)
    return Attention(
        {
            "tugas": sum(tasks.counts(tx).values()),
            **bridge.counts(tx),
            "karantina": quarantine.standing(tx).count,
            "tak_pasti": doubtful["tak_pasti"],
            "gagal": doubtful["gagal"],
        }
    )


def channels(tx: Transaction) -> Sequence[Watched]:
    """The channels in trouble, the worst first."""
    return [one for one in channel_watch.watch(tx) if one.state in TROUBLED]


def oldest(standing: Standing, now: datetime) -> float | None:
    """Its age in seconds."""
    return (now - standing.oldest_at).total_seconds() if standing.oldest_at else None
