"""What alarms and `gateway doctor` look at beside channels: processes, queues, systems of record, the clock's lead.

Every figure has an index of what is open; nothing here grows with what was done before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from gateway.operations import vitals
from gateway.operations.vitals import Process
from gateway.queries import bridge
from gateway.queries.bridge import TargetHealth
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import from_millis

CLOCK = "clock"
# What waits in a queue, in the words of its partial index: else SQLite reads the whole table (PERFORMANCE rule 13).
WAITING: Mapping[str, str] = {
    "classify": "SELECT count(*) AS many, min(created_at) AS oldest FROM complaint"
    " WHERE suggestion_state IN ('queued','working')",
    "notify": "SELECT count(*) AS many, min(due_at) AS oldest FROM notice"
    " WHERE state IN ('queued','working') AND due_at <= :now",
    "hooks": "SELECT count(*) AS many, min(due_at) AS oldest FROM webhook_delivery"
    " WHERE state IN ('queued','working') AND due_at <= :now"
    " AND webhook_id IN (SELECT id FROM webhook WHERE state IN ('pending','active'))",
    "attach": "SELECT count(*) AS many, min(created_at) AS oldest FROM attachment WHERE state IN ('queued','working')",
}


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    many: int
    oldest_s: float
    """Age of the oldest that waits; 0 when none does."""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    processes: Sequence[Process]
    figures: Mapping[str, int]
    queues: Sequence[Queue]
    targets: Sequence[TargetHealth]
    lead_left_s: float
    """For how long somebody still holds the clock's lead; negative when nobody does."""


def read(tx: Transaction) -> VitalSigns:
    return VitalSigns(
        vitals.processes(tx),
        vitals.figures(tx),
        [_queue(tx, name, sql) for name, sql in WAITING.items()],
        bridge.health(tx),
        _lead_left_s(tx),
    )


def age_s(now: datetime, since: datetime | None) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _queue(tx: Transaction, name: str, sql: str) -> Queue:
    row = tx.one(constant(sql), {"now": int(tx.now.timestamp() * 1000)} if ":now" in sql else None)
    oldest = from_millis(row.oldest) if row and row.oldest else None
    return Queue(name, row.many if row else 0, age_s(tx.now, oldest))


def _lead_left_s(tx: Transaction) -> float:
    lease = tables.lease
    row = tx.one(select(lease.c.until).where(lease.c.name == CLOCK))
    return (row.until - tx.now).total_seconds() if row else -1.0
