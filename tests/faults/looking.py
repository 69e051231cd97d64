"""What tests of faults look at, and how they wait for it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from gateway.storage import tables
from gateway.storage.store import Store

LIMIT_S = 60.0
"""No test waits longer; a healthy one waits for milliseconds."""
RECEIPT = tables.outbox.c.key == "rx.receipt"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - threads and other processes have no event of ours
            await asyncio.sleep(0.01)


def count(store: Store, table: Table, *where: ColumnElement[bool]) -> int:
    with store.reading() as tx:
        row = tx.one(select(func.count()).select_from(table).where(*where))
    return int(row[0]) if row else 0


def rows(store: Store, table: Table, *where: ColumnElement[bool]) -> Sequence[Any]:
    """Rows in the order in which they were made."""
    with store.reading() as tx:
        return tx.all(select(table).where(*where).order_by(*table.primary_key))


def numbers_by_sender(store: Store) -> dict[int, list[int]]:
    """The numbers of each sender's updates, in the order in which we took them."""
    found: dict[int, list[int]] = {}
    for row in rows(store, tables.message):
        found.setdefault(row.contact_id, []).append(int(row.external_id.rpartition(":")[2]))
    return found
