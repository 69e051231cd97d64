"""Two transactions that wait for each other: the one that the database ends is carried out again, and no outage is seen."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.messages import Address, Answer, InboundMessage, RawRequest
from gateway.intake.arrival import Arrival
from gateway.intake.batching import Writer
from gateway.intake.intake import receive
from gateway.intake.spool import Spool
from gateway.storage import tables
from gateway.storage.engine import gave_way, is_away
from gateway.storage.store import MOST_TRIES, Store, Transaction
from tests.gateway.conftest import MONDAY
from tests.gateway.short_ways import REPORT, count

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]
PATIENCE = text("SELECT set_config('deadlock_timeout', :patience, true)")


class Crossing:
    """Takes `one` and then `two`, while another transaction has `two` and then wants `one`."""

    def __init__(self, store: Store) -> None:
        self.tries = 0
        self._holds_two, self._has_one, self._other_is_over = threading.Event(), threading.Event(), threading.Event()
        self._store = store
        with store.transaction() as tx:
            for name in ("one", "two"):
                tx.insert(tables.lease, name=name, owner="test", fence=1, until=tx.now)

    @contextmanager
    def other(self) -> Iterator[None]:
        """The other transaction; it is over at the end of the block, and was not the one that gave way."""
        with ThreadPoolExecutor(1) as thread:
            done: Future[None] = thread.submit(self._other)
            assert self._holds_two.wait(20)
            yield
            done.result(20)

    def _other(self) -> None:
        with self._store.transaction() as tx:
            tx.execute(PATIENCE, {"patience": "1h"})
            _take(tx, "two")
            self._holds_two.set()
            assert self._has_one.wait(20)
            _take(tx, "one")
        self._other_is_over.set()

    def __call__(self, tx: Transaction) -> None:
        self.tries += 1
        if self.tries > 1:  # else it may be faster once more
            assert self._other_is_over.wait(20)
        tx.execute(PATIENCE, {"patience": "10ms"})
        _take(tx, "one")
        self._has_one.set()
        _take(tx, "two")


def _take(tx: Transaction, name: str) -> None:
    tx.execute(text("UPDATE lease SET fence = fence + 1 WHERE name = :name"), {"name": name})


def test_who_gives_way_is_carried_out_again(store: Store) -> None:
    crossing = Crossing(store)
    with crossing.other():
        store.run(crossing)
    assert crossing.tries == 2
    with store.reading() as tx:
        assert [row.fence for row in tx.all(text("SELECT fence FROM lease WHERE name IN ('one', 'two')"))] == [3, 3]


def test_giving_way_is_no_outage_and_is_not_repeated_for_ever(store: Store) -> None:
    tries = []

    def always(tx: Transaction) -> None:
        tries.append(tx)
        tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(DBAPIError) as problem:
        store.run(always)
    assert len(tries) == MOST_TRIES
    assert gave_way(problem.value)
    assert not is_away(problem.value)


async def test_a_batch_that_gave_way_is_committed_and_not_spooled(store: Store, tmp_path: Path) -> None:
    crossing = Crossing(store)

    def crossed(tx: Transaction, arrivals: Sequence[Arrival]) -> list[Answer]:
        crossing(tx)
        return receive(tx, arrivals)

    spool = Spool(tmp_path / "spool", store.office.keys.raw, reserve_mib=0)
    spool.prepare()
    writer = Writer(store, spool, crossed, lambda _channel, _request: [], max_waiting=10, spool_after_s=20)
    task = asyncio.create_task(writer.run())
    message = InboundMessage("u:1", Address("tg", "77"), REPORT)
    with crossing.other():
        await writer.submit(Arrival("tg", [message], RawRequest("POST", body=b"{}"), MONDAY))
    writer.close()
    await asyncio.wait_for(task, 20)
    assert (crossing.tries, writer.counts.spooled, count(store, tables.complaint)) == (2, 0, 1)
