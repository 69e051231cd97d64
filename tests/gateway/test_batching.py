"""The Writer survives whatever a call, the disk or the database does to it, and what it acknowledged is kept."""

import asyncio
import resource
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from channels.messages import Address, Inbound, InboundMessage, RawRequest
from gateway.intake.arrival import Arrival, freeze, thaw
from gateway.intake.batching import Spooled, Writer
from gateway.intake.intake import receive
from gateway.intake.spool import Spool, SpoolFull
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY

KEY = b"k" * 32
WORDS = "Jalan di depan pasar berlubang dalam sekali, sudah dua bulan tidak diperbaiki"
Parse = Callable[[str, RawRequest], Sequence[Inbound]]


def request(name: str, **headers: str) -> RawRequest:
    return RawRequest("POST", body=name.encode(), headers=headers)


def parsed(_: str, given: RawRequest) -> list[Inbound]:
    name = given.body.decode()
    if name.startswith("broken"):
        raise ValueError(name)
    return [InboundMessage(f"u:{name}", Address("tg", "77"), WORDS, provider_id=f"m:77:{name}")]


def arrival(name: str, **headers: str) -> Arrival:
    given = request(name, **headers)
    return Arrival("tg", parsed("tg", given), given, MONDAY)


@asynccontextmanager
async def running(store: Store, spool: Spool, parse: Parse = parsed, patience_s: float = 20) -> AsyncIterator[Writer]:
    writer = Writer(store, spool, receive, parse, max_waiting=100, spool_after_s=patience_s)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        writer.close()
        await asyncio.wait_for(task, 30)


def spool_in(folder: Path, kind: type[Spool] = Spool) -> Spool:
    spool = kind(folder / "spool", KEY, reserve_mib=0)
    spool.prepare()
    return spool


def rows(store: Store, table: Any) -> int:
    with store.reading() as tx:
        row = tx.one(select(func.count()).select_from(table))
        return int(row[0]) if row else 0


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in other threads
            await asyncio.sleep(0.02)


@contextmanager
def schema_away(store: Store) -> Iterator[None]:
    """Neither a message nor a quarantined call can be written, and it is no outage that the driver would name so."""
    for name in ("message", "quarantine"):
        with store.transaction() as tx:
            tx.execute(text(f"ALTER TABLE {name} RENAME TO {name}_away"))
    yield
    for name in ("message", "quarantine"):
        with store.transaction() as tx:
            tx.execute(text(f"ALTER TABLE {name}_away RENAME TO {name}"))


async def test_the_writer_outlives_a_database_that_can_keep_nothing(store: Store, tmp_path: Path) -> None:
    async with running(store, spool_in(tmp_path)) as writer:
        with schema_away(store), pytest.raises(Spooled):
            await writer.submit(arrival("1"))
        await until(lambda: not writer.behind)
        assert rows(store, tables.complaint) == 1
        await writer.submit(arrival("2"))
    assert rows(store, tables.message) == 2


class Slow(Spool):
    """Takes its time with the first call, until it is let go on."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.go_on = threading.Event()

    def append(self, arrivals: Sequence[Arrival]) -> None:
        self.go_on.wait(20)
        super().append(arrivals)


async def test_the_writer_outlives_a_disk_that_takes_longer_than_a_caller_waits(store: Store, tmp_path: Path) -> None:
    spool = spool_in(tmp_path, Slow)
    assert isinstance(spool, Slow)
    async with running(store, spool, patience_s=0.1) as writer:
        with schema_away(store):
            given_up = asyncio.create_task(writer.submit(arrival("1")))
            await until(lambda: writer._spoolings == 2)  # by the batch, and by the caller who waited too long
            spool.go_on.set()
            with pytest.raises(Spooled):
                await given_up
        await until(lambda: not writer.behind)
    assert rows(store, tables.message) == 1


async def test_a_call_whose_headers_are_no_utf8_is_kept_like_any_other(store: Store, tmp_path: Path) -> None:
    odd = arrival("1", **{"x-odd": "\udcff"})
    assert thaw(KEY, freeze(KEY, "tg", odd.request, MONDAY))[1].body == b"1"
    async with running(store, spool_in(tmp_path)) as writer:
        with schema_away(store), pytest.raises(Spooled):
            await writer.submit(odd)
        await until(lambda: not writer.behind)
    assert rows(store, tables.complaint) == 1


async def test_a_call_that_breaks_its_parser_does_not_hold_up_the_spool(store: Store, tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append([Arrival("tg", (), request("broken"), MONDAY), arrival("1")])
    async with running(store, spool) as writer:
        await until(lambda: writer.counts.replayed > 0 and not writer.behind)
    assert rows(store, tables.complaint) == 1
    assert rows(store, tables.quarantine) == 1


class Paused(Spool):
    """Stops between forgetting a file and whatever comes next, until it is let go on."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.stopped, self.go_on = threading.Event(), threading.Event()

    def done(self, path: Path) -> None:
        super().done(path)
        self.stopped.set()
        self.go_on.wait(20)


async def test_what_comes_while_the_spool_is_being_emptied_is_not_forgotten(store: Store, tmp_path: Path) -> None:
    spool = spool_in(tmp_path, Paused)
    assert isinstance(spool, Paused)
    spool.append([arrival("1")])
    async with running(store, spool) as writer:
        await until(spool.stopped.is_set)
        late = asyncio.create_task(writer.submit(arrival("2")))
        await asyncio.sleep(0)
        spool.go_on.set()
        with pytest.raises(Spooled):
            await late
        await until(lambda: rows(store, tables.message) == 2)


class Unread(Spool):
    """Does not say what is there before it is let go on."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.go_on = threading.Event()

    def has_more(self) -> bool:
        self.go_on.wait(20)
        return super().has_more()


async def test_what_comes_before_the_spool_was_looked_through_goes_behind_it(store: Store, tmp_path: Path) -> None:
    spool = spool_in(tmp_path, Unread)
    assert isinstance(spool, Unread)
    spool.append([arrival("1")])
    async with running(store, spool) as writer:
        early = asyncio.create_task(writer.submit(arrival("2")))
        await asyncio.sleep(0)
        spool.go_on.set()
        with pytest.raises(Spooled):
            await early
        await until(lambda: rows(store, tables.message) == 2)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of this process may grow to `size` bytes: the kernel takes what fits, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_f84_a_line_of_which_the_disk_took_only_half_is_not_acknowledged(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append([arrival("1")])
    (file,) = (tmp_path / "spool").glob("*.spool")
    size = file.stat().st_size
    with room_for(size + size // 2), pytest.raises(SpoolFull):
        spool.append([arrival("2")])
    spool.append([arrival("3")])
    assert [given.body for _, lines in spool.lines() for _, given, _ in lines] == [b"1", b"3"]
    spool.close()


def switch_read_only(store: Store, switch: str) -> None:
    with store.transaction() as tx:
        tx.execute(text("SET TRANSACTION READ WRITE"))
        name = tx.all(text("SELECT current_database()"))[0][0]
        tx.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}'))
    store.engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_f16_a_server_that_may_not_write_yet_sends_messages_to_the_spool(store: Store, tmp_path: Path) -> None:
    async with running(store, spool_in(tmp_path)) as writer:
        switch_read_only(store, "on")
        with pytest.raises(Spooled):
            await writer.submit(arrival("1"))
        switch_read_only(store, "off")
        await until(lambda: not writer.behind)
    assert rows(store, tables.complaint) == 1
    assert rows(store, tables.quarantine) == 0
