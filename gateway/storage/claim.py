"""Claim due rows: FOR UPDATE SKIP LOCKED on PostgreSQL, the write lock on SQLite. The only place that knows both.

A claim sets state, lease and a higher fence in one statement and commits before any work; an outcome is accepted only
with the fence it was claimed under (PERFORMANCE rule 8, F27).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Table, TextualSelect
from sqlalchemy.engine import Row

from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis


def claim(
    tx: Transaction,
    table: Table,
    *,
    limit: int,
    lease: timedelta,
    working: str,
    queued: Sequence[str] = ("queued",),
    where: str = "true",
    retake: bool = True,
    columns: tuple[str, ...] = (),
    **values: Any,
) -> Sequence[Row[Any]]:
    """Take up to `limit` due rows, oldest first, and return them (with their new fence): whole, or only `columns`, of
    which `due_at` and `id` are two.

    A row whose lease ran out while `working` is taken again, unless `retake` is false: its holder is dead or frozen.
    `where` is a constant SQL
    condition on the alias `q`, with its values given by name.
    """
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    states = ", ".join(f"'{state}'" for state in queued)
    # The condition of the queue's partial index, word for word: else SQLite reads the whole table (PERFORMANCE rule 13).
    unfinished = f"{states}, '{working}'"
    again = " OR (q.state = :working AND q.lease_until < :now)" if retake else ""
    # Picked apart: PostgreSQL may ask a subquery with LIMIT once for each row that it looks at, and lock more than wanted.
    sql = (
        f"WITH picked AS MATERIALIZED (SELECT q.id FROM {table.name} q"  # noqa: S608
        f" WHERE q.state IN ({unfinished}) AND ((q.state IN ({states}) AND q.due_at <= :now){again}) AND {where}"
        f" ORDER BY q.due_at, q.id LIMIT :limit {lock})"
        f" UPDATE {table.name} SET state = :working, lease_until = :until, fence = fence + 1"
        f" WHERE id IN (SELECT id FROM picked) RETURNING {', '.join(columns or table.columns.keys())}"
    )
    tx.flush()
    found = tx.connection.execute(
        _rows(sql, table, columns),
        {"working": working, "until": to_millis(tx.now + lease), "now": to_millis(tx.now), "limit": limit, **values},
    )
    return sorted(found.all(), key=lambda row: (row.due_at, row.id))


@cache
def _rows(sql: str, table: Table, columns: tuple[str, ...]) -> TextualSelect:
    """Made once: to tell the types of so many columns costs more than to claim a row."""
    return constant(sql).columns(*(table.columns[name] for name in columns or table.columns.keys()))


def late(lease_until: datetime | None, now: datetime) -> bool:
    return lease_until is not None and lease_until < now
