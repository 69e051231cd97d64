"""Lives of a gateway: what its processes do, one after the other, in a fork that may be killed at any marked line.

A fork of a warm process lives in a few tens of milliseconds, so that every line can have a death of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, text

from channels.messages import RawRequest
from config.clock import Clock as MachineClock
from gateway.app import Gateway, open_writer
from gateway.doorbell import Doorbell
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.outbound.lane_heads import HEAD_OF_LANE
from gateway.storage.store import Store
from gateway.storage.types import to_millis
from tests.gateway.conftest import Moment
from workers import forward, kill_points, lanes, poll
from workers.classification.engine import KeywordClassifier
from workers.classify import Judging
from workers.clock import Clock
from workers.drain import Drain
from workers.family import Started, forked
from workers.http import AiohttpHttp
from workers.limits import Limits
from workers.notify import Notices
from workers.targets import Targets
from workers.tools import Tools, process_name

LIMIT_S = 30
KILLED = -9
LONGER_THAN_ANY_LEASE = timedelta(minutes=30)
WAITS = {
    "deliver": (
        "SELECT count(*) FROM outbox q WHERE state = 'sending'"  # noqa: S608 - the product's own condition
        f" OR (state = 'queued' AND due_at <= :now AND {HEAD_OF_LANE.format(apart='')})"
    ),
    "forward": "SELECT count(*) FROM forward WHERE state IN ('queued','sending','retry','unknown') AND due_at <= :now",
    "poll": "SELECT count(*) FROM forward WHERE poll_due_at <= :now",
}
WORKS: dict[str, Callable[[Tools], Any]] = {
    "deliver": lanes.open_work,
    "forward": forward.open_work,
    "poll": poll.open_work,
}


class Held(MachineClock):
    """The product's clock, held by the test."""

    def __init__(self, moment: Moment) -> None:
        super().__init__()
        self._moment = moment

    def now(self) -> datetime:
        return self._moment.now


@dataclass(frozen=True, slots=True)
class Death:
    """In which path a process dies, at which marked line, at the how-manieth time."""

    path: str
    line: str
    at_time: int = 1


@dataclass
class Life:
    """A gateway over one database. `calls` of Kannel are what arrives in the next life."""

    engine: Engine
    office: Office
    moment: Moment
    classifier: KeywordClassifier
    calls: list[RawRequest] = field(default_factory=list)
    paths: Sequence[str] = ("clock", "intake", "classify", "notify", "deliver", "forward", "poll")
    has_database: bool = True
    """Else what comes stays on the disk."""

    def live(self, death: Death | None = None) -> None:
        """All that is to be done, from the message to the answer of the provider; in this process."""
        for path in self.paths:
            if death and death.path == path:
                kill_points.arm(death.line, death.at_time)
            with self.opened() as gateway:
                getattr(self, path)(gateway)

    def lived(self, death: Death | None = None) -> int | None:
        """The same in a process of its own; how it ended."""
        process = self.fork(partial(self.live, death))
        process.join(LIMIT_S)
        return process.exitcode

    def fork(self, run: Callable[[], None]) -> Started:
        self.engine.dispose()  # a connection belongs to one process
        return forked(run)()

    @contextmanager
    def opened(self) -> Iterator[Gateway]:
        """As a process that begins opens it."""
        doorbell = Doorbell(None)
        store = Store(self.engine, self.office, doorbell.ring, doorbell.tell)
        gateway = Gateway(self.office.settings, self.office, store, doorbell, Held(self.moment))
        try:
            yield gateway
        finally:
            gateway.close()

    def clock(self, gateway: Gateway) -> None:
        clock = Clock(gateway, process_name())
        clock.turn()
        clock.close()

    def intake(self, gateway: Gateway) -> None:
        asyncio.run(self._taken(gateway))

    async def _taken(self, gateway: Gateway) -> None:
        writer = open_writer(gateway)
        task = asyncio.create_task(writer.run())
        receiver = gateway.channels["sms"].receiver
        assert receiver is not None
        await asyncio.gather(
            *(writer.submit(Arrival("sms", receiver.parse(call), call, self.moment.now)) for call in self.calls),
            return_exceptions=True,
        )
        folder = Path(gateway.settings.storage.spool_dir)
        if self.has_database:
            await until(lambda: not writer.behind and not any(path.stat().st_size for path in folder.glob("*.spool")))
        writer.close()
        await task

    def classify(self, gateway: Gateway) -> None:
        judging = Judging(gateway, self.classifier)
        while judging.step():
            """Until nothing is due."""
        self.moment.pass_(minutes=20)  # nothing can be taken back any more, and nothing waits for company

    def notify(self, gateway: Gateway) -> None:
        notices = Notices(gateway)
        while notices.step():
            """Until nothing is due."""

    def deliver(self, gateway: Gateway) -> None:
        asyncio.run(self.drained(gateway, "deliver"))

    def forward(self, gateway: Gateway) -> None:
        """With the patience that a lost answer takes: it is looked for twice."""
        for _ in range(3):
            asyncio.run(self.drained(gateway, "forward"))
            self.moment.pass_(minutes=20)

    def poll(self, gateway: Gateway) -> None:
        asyncio.run(self.drained(gateway, "poll"))

    async def drained(self, gateway: Gateway, queue: str) -> None:
        """Until nothing of this queue is due now."""
        async with self.draining(gateway, queue):
            await until(lambda: not self._waiting(gateway, queue))

    @asynccontextmanager
    async def draining(self, gateway: Gateway, queue: str) -> AsyncIterator[None]:
        """One worker of this queue, which ends in order at the end of the block."""
        async with AiohttpHttp() as http:
            name = process_name()
            rates = {channel.name: channel.messages_per_second for channel in gateway.channels.values()}
            targets = Targets(gateway.settings, http, name)
            tools = Tools(gateway, http, Limits(None, name, rates), self.moment, name, targets)
            drain = Drain(queue, WORKS[queue](tools), gateway.store.transaction, self.moment)
            running = asyncio.create_task(drain.run())
            drain.wake.ring()
            try:
                yield
            finally:
                drain.stop(LIMIT_S)
                await running

    def _waiting(self, gateway: Gateway, queue: str) -> int:
        with gateway.store.reading() as tx:
            return int(tx.all(text(WAITS[queue]), {"now": to_millis(self.moment.now)})[0][0])

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.opened() as gateway, gateway.store.reading() as tx:
            return [tuple(row) for row in tx.all(text(sql))]

    def count(self, table: str, where: str = "true") -> int:
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])  # noqa: S608 - the test's own words


async def until(holds: Callable[[], object]) -> None:
    """Wait for something that another task, thread or process does."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - others have no event of ours
            await asyncio.sleep(0.01)


def sms(words: str, number: int = 1, sender: str = "+6281200000001", **more: str) -> RawRequest:
    """Kannel's call about a citizen's SMS."""
    values = {"id": f"k{number}", "from": sender, "to": "1708", "text": words, "coding": "0", "charset": "UTF-8"}
    values |= {"token": "test-sms-token-0123456789"} | more
    query = "&".join(f"{name}={quote(value, safe='%' if name == 'udh' else '')}" for name, value in values.items())
    return RawRequest("GET", raw_query=query.encode())


def waited_for(holds: Callable[[], object]) -> None:
    """The same where there is no loop."""
    asyncio.run(until(holds))
