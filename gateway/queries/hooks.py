"""Registered addresses and what each was told, for their screen and the API."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from gateway.queries import cursor as cursors
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

HookState = Literal["pending", "active", "paused", "disabled"]
DeliveryState = Literal["queued", "working", "done", "dead", "cancelled", "withheld"]
PAGE = 50
NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class HookShown:
    """One address. `state`: pending (its ping was not answered yet), active, paused, disabled; `reason` why."""

    id: str
    url: str
    description: str
    events: tuple[str, ...]
    agency: str
    include_confidential: bool
    owner: str
    created_at: datetime
    state: HookState
    reason: str
    state_since: datetime
    starts_at: datetime | None
    failing_since: datetime | None
    succeeded_at: datetime | None
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call. `status` and `ms` None: no answer came, our own end cut it off; `next_at`: when it was to be tried again."""

    number: int
    at: datetime
    status: int | None
    ms: int | None
    error: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One event. `state`: queued, working, done, dead, cancelled, withheld; `next_at` while it will be tried again."""

    id: str
    event: str
    number: str
    state: DeliveryState
    attempts: int
    status: int | None
    ms: int | None
    error: str
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    calls: tuple[Attempt, ...]
    """The oldest first."""


@dataclass(frozen=True, slots=True)
class ToldPage:
    rows: Sequence[Told]
    following: str | None


def listed(tx: Transaction, agencies: frozenset[str] | None = None) -> list[HookShown]:
    """All that are not shut, then those that are; the newest first. `agencies`: only those that hear of these alone."""
    hook = tables.webhook
    rows = tx.all(select(hook).order_by(hook.c.state == "disabled", hook.c.id.desc()))
    return [_hook(row) for row in rows if agencies is None or row.agency in agencies]


def one(tx: Transaction, identity: str, agencies: frozenset[str] | None = None) -> HookShown | None:
    """None when there is none, or none that this reader may know of."""
    hook = tables.webhook
    row = tx.one(select(hook).where(hook.c.id == (id_number(identity) or 0)))
    return _hook(row) if row and (agencies is None or row.agency in agencies) else None


def told(tx: Transaction, identity: str, cursor: str = "", limit: int = PAGE) -> ToldPage:
    """What this address was told, the newest first. CursorInvalid for a cursor of another list."""
    delivery = tables.webhook_delivery
    wanted = delivery.c.webhook_id == (id_number(identity) or 0)
    place = f"webhook:{identity}"
    if cursor:
        (before,) = cursors.decode(tx.office.keys.cursor, NEWEST, place, cursor)
        wanted &= delivery.c.id < before
    rows = tx.all(select(delivery).where(wanted).order_by(delivery.c.id.desc()).limit(limit + 1))
    kept = rows[:limit]
    more = len(rows) > limit
    following = cursors.encode(tx.office.keys.cursor, NEWEST, [kept[-1].id], place) if more else None
    calls = _attempts(tx, [row.id for row in kept])
    return ToldPage([_told(row, tuple(calls[row.id])) for row in kept], following)


def _attempts(tx: Transaction, deliveries: Sequence[int]) -> Mapping[int, list[Attempt]]:
    """Of each of these deliveries every call whose outcome is known."""
    attempt, found = tables.webhook_attempt, defaultdict[int, list[Attempt]](list)
    mine = select(attempt).where(attempt.c.delivery_id.in_(deliveries))
    for row in tx.all(mine.order_by(attempt.c.delivery_id, attempt.c.fence)):
        found[row.delivery_id].append(Attempt(row.attempt, row.at, row.status, row.ms, row.error, row.next_at))
    return found


def _hook(row: Any) -> HookShown:
    return HookShown(
        id=id_text(row.id),
        url=row.url,
        description=row.description,
        events=tuple(row.events),
        agency=row.agency,
        include_confidential=row.include_confidential,
        owner=row.owner_name,
        created_at=row.created_at,
        state=row.state,
        reason=row.reason,
        state_since=row.state_since,
        starts_at=row.starts_at,
        failing_since=row.failing_since,
        succeeded_at=row.succeeded_at,
        old_secret_until=row.previous_until,
    )


def _told(row: Any, calls: tuple[Attempt, ...]) -> Told:
    waits = row.state == "queued"
    return Told(
        id=id_text(row.id),
        event=row.event,
        number=row.content.get("number", ""),
        state=row.state,
        attempts=row.attempts,
        status=row.status,
        ms=row.ms,
        error=row.last_error,
        created_at=row.created_at,
        next_at=row.due_at if waits else None,
        finished_at=row.finished_at,
        calls=calls,
    )
