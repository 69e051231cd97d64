"""What waits for somebody now, counted for one reader: the figures of the start page and of the cards on Pantauan Kanal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.queries import bridge, channel_watch, complaint_list, dispatch, quarantine, tasks
from gateway.queries.bridge import TargetHealth
from gateway.queries.channel_watch import ChannelState, Watched
from gateway.queries.complaint_list import Count, Filters, Sorting
from gateway.queries.scope import Scope
from gateway.storage.store import Transaction

TROUBLED = frozenset({ChannelState.DOWN, ChannelState.LATE})


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, the oldest since `oldest_at`; `more`: counting stopped there."""

    count: int = 0
    oldest_at: datetime | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Cards:
    """Beside the channels: systems of record, and what is kept from going its way."""

    targets: Sequence[TargetHealth]
    held: Waiting
    unrouted: Waiting
    quarantined: Waiting


@dataclass(frozen=True, slots=True)
class Attention:
    """Figures by name; what a reader has no business with is not there."""

    figures: Mapping[str, int] = field(default_factory=dict)
    at_least: frozenset[str] = frozenset()
    """Names whose figure stopped counting: there are more."""


def cards(tx: Transaction, scope: Scope) -> Cards:
    aside = quarantine.standing(tx)
    return Cards(
        targets=bridge.health(tx),
        held=_waiting(tx, scope, "ditahan"),
        unrouted=_waiting(tx, scope, "belum_terarah"),
        quarantined=Waiting(aside.count, aside.oldest_at),
    )


def _waiting(tx: Transaction, scope: Scope, tab: str) -> Waiting:
    """How many stand in a tab of the list, as far as the list itself counts, and since when the oldest."""
    counted = complaint_list.tab_counts(tx, scope, [tab])[tab]
    if not counted.count or not counted.complete:
        return Waiting(counted.count, more=not counted.complete)
    oldest = complaint_list.find(tx, scope, Filters(tab=tab), Sorting.OLDEST, limit=1).rows
    return Waiting(counted.count, oldest[0].created_at if oldest else None)


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
