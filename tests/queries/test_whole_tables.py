"""What queues, pages and the clock ask, every statement of it, reads no large table from end to end, be it along an index.

On SQLite without statistics, as the product runs; on PostgreSQL with the cheap way through a small table forbidden.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.intake import triage
from gateway.notices import notices
from gateway.outbound import outbound
from gateway.queries import bench as counted
from gateway.queries import look_alikes
from gateway.queries.scope import Scope, scope_of
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.storage.types import Ids
from gateway.timing import clocks
from tests.queries import filling
from workers.bench.growth import QUERIES, Example

AGENCY, NUMBER = "DLH", "KBR-260000013"
SPOT: dict[str, Any] = {"topic": "sampah", "place": "62.01.02", "latitude": -2.68, "longitude": 111.62}


def filled(store: Store) -> Example:
    with store.transaction() as tx:
        for number in range(1, 20):
            filling.complaint(tx, number, agency=AGENCY, **SPOT)
        identity = filling.complaint(tx, 300, number=NUMBER, agency=AGENCY, **SPOT)
        filling.clock(tx, identity)
        for state in ("sent", "delivered"):
            filling.outbox(tx, state=state, complaint_id=identity, channel="tg")
        filling.message(tx, "sms", tx.now)
        office = tx.office
        coordinator, officer = scope_of(office, Role.COORDINATOR), scope_of(office, Role.PENGHUBUNG, AGENCY, "7")
        return Example(NUMBER, identity, AGENCY, coordinator, officer, tx.now)


def alike(tx: Transaction, scope: Scope, on: Example) -> None:
    row = tx.one(select(tables.complaint).where(tables.complaint.c.id == on.complaint_id))
    assert look_alikes.look_alikes(tx, scope, row)


MORE: dict[str, Callable[[Transaction, Example], object]] = {
    "clocks of a complaint": lambda tx, on: clocks.read(tx, on.complaint_id),
    "claim of direct messages": lambda tx, _: outbound.claim(tx, 10, 60.0, ["tg"], direct=True),
    "what waits for an agency": lambda tx, _: triage.waiting(tx),
    "alike for the coordinator": lambda tx, on: alike(tx, on.coordinator, on),
    "alike for an officer": lambda tx, on: alike(tx, on.officer, on),
    "notices without a batch": lambda tx, _: notices.claim_due(tx),
}
ALL = {**QUERIES, **MORE}


@dataclass
class Seen:
    statement: str
    steps: list[str]


def plans(store: Store, query: Callable[[Transaction, Example], object], on: Example) -> list[Seen]:
    """The plan of every statement that this query sends; what it changes is taken back."""
    with store.engine.connect() as connection:
        transaction = connection.begin()
        tx = Transaction(connection, store.office, store.office.now(), Ids())
        with counted.watching(store, lambda: 0.0) as watch:
            query(tx, on)
        if tx.dialect != "sqlite":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        seen = [Seen(text, counted.plan(tx, text, given)) for text, given in list(watch.statements)]
        transaction.rollback()
    return seen


def test_every_query_of_queues_and_pages_finds_its_rows_by_an_index(store: Store) -> None:
    on = filled(store)
    found: dict[str, Seen] = {}
    for name, query in ALL.items():
        seen = plans(store, query, on)
        assert seen, name
        found |= {f"{name}: {one.statement}": one for one in seen if counted.whole_tables(one.statement, one.steps)}
    assert not found


@pytest.mark.parametrize("words", ["SELECT title FROM complaint", "SELECT count(*) FROM outbox GROUP BY reason"])
def test_the_check_finds_a_table_that_is_read_whole(store: Store, words: str) -> None:
    with store.reading() as tx:
        if tx.dialect != "sqlite":
            tx.connection.exec_driver_sql("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;")
            tx.connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        assert counted.whole_tables(words, counted.plan(tx, words, ()))
