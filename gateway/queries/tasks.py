"""What waits for a person: open tasks, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text

from gateway.queries.scope import Scope, Sight, sight
from gateway.record.tasks import OF_DATA_KEEPERS
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

PAGE = 100
IS_OPEN = text("task.done_at IS NULL")
FOR_ALL = tables.task.c.kind.not_in(OF_DATA_KEEPERS)


@dataclass(frozen=True, slots=True)
class Open:
    """`subject` is an id, a ticket number or a word of another system; `number` the complaint that it is about."""

    id: str
    kind: str
    number: str
    subject: str
    detail: str
    created_at: datetime
    complaint_id: int | None = None
    """Only where its words may be read."""


def counts(tx: Transaction) -> dict[str, int]:
    """Open tasks by kind, without those that are for the privacy officer alone."""
    task = tables.task
    found = tx.all(select(task.c.kind, func.count().label("many")).where(IS_OPEN, FOR_ALL).group_by(task.c.kind))
    return {row.kind: row.many for row in found}


def listed(tx: Transaction, scope: Scope, kind: str = "", limit: int = PAGE) -> Sequence[Open]:
    """Those about complaints that this reader may know of, and those about none."""
    task, complaint = tables.task, tables.complaint
    found = select(task).where(IS_OPEN, FOR_ALL)
    if kind:
        found = found.where(task.c.kind == kind)
    rows = tx.all(found.order_by(task.c.created_at, task.c.id).limit(limit))
    ids = {row.complaint_id for row in rows if row.complaint_id}
    about = {row.id: row for row in tx.all(select(complaint).where(complaint.c.id.in_(ids)))} if ids else {}
    return [shown for row in rows if (shown := _shown(row, scope, about.get(row.complaint_id)))]


def id_of(shown: str) -> int:
    return id_number(shown) or 0


def _shown(row: Any, scope: Scope, about: Any) -> Open | None:
    seen = sight(scope, about) if about is not None else Sight.FULL
    if seen is Sight.NONE:
        return None
    # What a task says was written by a citizen or another system: with the words of a complaint it is kept back too.
    detail = row.detail if seen is Sight.FULL else ""
    mine = row.complaint_id if seen is Sight.FULL else None
    return Open(id_text(row.id), row.kind, about.number if about else "", row.subject, detail, row.created_at, mine)
