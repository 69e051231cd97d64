"""Redis is stopped, emptied, set back, full or slow: messages are taken all the same, and each is worked once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from rq.serializers import JSONSerializer
from sqlalchemy import text

from channels.sandbox import Sandbox
from config.load import settings_from
from gateway.app import Gateway
from gateway.dashboard.menu import SCREENS
from gateway.doorbell import Doorbell
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.faults.citizens import REPORT, SECRET, update
from tests.faults.line import line_to_redis
from tests.faults.looking import count, until
from tests.web.conftest import OpenSite, Served, open_site
from tests.workers.conftest import Write, _opened, _write, looked, write
from workers import redis_server
from workers.children import end_child
from workers.clock import Clock
from workers.hearing import Ears
from workers.jobs import RUNTIME
from workers.runtime import Runtime

__all__ = ["open_site", "write"]
pytestmark = pytest.mark.fault
QUEUES = ("deliver", "notify", "classify")


class Redis:
    """A Redis of this test's own, that is stopped and started at one address."""

    def __init__(self) -> None:
        self._server = redis_server.start(redis_server.find_binary())

    @property
    def url(self) -> str:
        return self._server.url

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    def jobs(self) -> int:
        """Jobs that wait for a worker."""
        with self.client() as client:
            return sum(int(client.llen(f"rq:queue:{queue}")) for queue in QUEUES)

    def stop(self) -> None:
        end_child(self._server.process, 10)

    def start(self) -> None:
        """Again; what was saved is there again."""
        self._server = redis_server.start(self._server.binary, self._server.folder)

    def close(self) -> None:
        self._server.stop()


@pytest.fixture
def own() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.close()


@pytest.fixture
def gateway(sqlite_url: str, own: Redis, tmp_path: Path) -> Iterator[Gateway]:
    with _opened(settings_from(_write(tmp_path, sqlite_url, own.url).read_text())) as opened:
        yield opened


@contextmanager
def working(gateway: Gateway) -> Iterator[Runtime]:
    """A worker's drains, which look by themselves often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.runtime.LOOK_EVERY_S", 0.05)
        running = Runtime(gateway, QUEUES, "test")
        running.start()
        RUNTIME.set(running)
        try:
            yield running
        finally:
            running.end(1.0)


def answer_rings(own: Redis) -> None:
    """An RQ worker takes every job that waits."""
    with own.client() as client:
        Ears(list(QUEUES), connection=client, serializer=JSONSerializer).work(burst=True, logging_level=None)


def sent(gateway: Gateway) -> Sequence[str]:
    """What left to citizens, as their provider saw it."""
    adapter = gateway.channels["tg"].adapter
    assert isinstance(adapter, Sandbox)
    return [message.text for message in adapter.sent]


def receipts(gateway: Gateway) -> Sequence[str]:
    return [said for said in sent(gateway) if said.startswith("Laporan diterima.")]


def left(gateway: Gateway) -> tuple[int, int]:
    """Messages that wait to be sent, complaints that wait to be judged."""
    with gateway.store.reading() as tx:
        waiting = tx.one(text("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')"))
        unread = tx.one(text("SELECT count(*) FROM complaint WHERE suggestion_state <> 'done'"))
    assert waiting is not None
    assert unread is not None
    return int(waiting[0]), int(unread[0])


def send_many(gateway: Gateway, write: Write, citizens: range) -> None:
    for number in citizens:
        write(gateway, f"{REPORT} nomor {number}", number)


async def test_f19_without_redis_everything_is_taken_and_worked(own: Redis, gateway: Gateway, write: Write) -> None:
    with working(gateway):
        send_many(gateway, write, range(5))
        await until(own.jobs)
        answer_rings(own)
        await until(lambda: len(receipts(gateway)) == 5)
        own.stop()
        send_many(gateway, write, range(5, 25))
        await until(lambda: left(gateway) == (0, 0))
        assert gateway.doorbell.degraded
        own.start()
        await until(gateway.doorbell.answers)
        send_many(gateway, write, range(25, 30))
        await until(own.jobs)
        answer_rings(own)
        await until(lambda: left(gateway) == (0, 0))
    assert len(set(receipts(gateway))) == len(receipts(gateway)) == 30


async def test_f20_after_a_flush_every_waiting_message_is_rung_for_and_worked_once(
    own: Redis, gateway: Gateway, write: Write
) -> None:
    send_many(gateway, write, range(30))
    await until(own.jobs)
    with own.client() as client:
        client.flushall()
    assert own.jobs() == 0
    clock = Clock(gateway, "clock")
    clock.turn()
    await until(lambda: own.jobs() >= len(QUEUES))
    clock.close()
    with working(gateway):
        answer_rings(own)
        await until(lambda: left(gateway) == (0, 0))
    assert len(set(receipts(gateway))) == len(receipts(gateway)) == 30


async def test_f21_jobs_of_yesterdays_copy_find_nothing_to_do(own: Redis, gateway: Gateway, write: Write) -> None:
    send_many(gateway, write, range(5))
    await until(lambda: own.jobs() >= 2)
    with own.client() as client:
        client.save()
    waited = own.jobs()
    with working(gateway) as running:
        answer_rings(own)
        await until(lambda: left(gateway) == (0, 0))
        for queue in QUEUES:
            looked(running, queue)
        before, tickets = len(sent(gateway)), count(gateway.store, tables.complaint)
        own.stop()
        own.start()
        assert own.jobs() >= waited
        answer_rings(own)
        assert own.jobs() == 0
        for queue in QUEUES:
            looked(running, queue)
    assert len(sent(gateway)) == before
    assert count(gateway.store, tables.complaint) == tickets == 5
    assert len(receipts(gateway)) == 5


async def test_f22_a_full_redis_is_worked_around_and_said(
    own: Redis, gateway: Gateway, write: Write, open_site: OpenSite
) -> None:
    with own.client() as client:
        client.config_set("maxmemory", 1)
    with working(gateway):
        send_many(gateway, write, range(10))
        await until(lambda: left(gateway) == (0, 0))
    assert len(receipts(gateway)) == 10
    site = await open_site(screens=SCREENS)
    with ringing(site, own.url):
        assert (await post(site, 1)) == 200
        told = await (await site.client.get("/readyz")).json()
        assert (told["status"], told["checks"]["redis"]) == ("degraded", "away")
        await site.sign_in()
        assert "Bel pintu mati" in await Desk(site).words("/admin/kanal")


async def test_f23_no_answer_waits_for_a_redis_that_is_slow(own: Redis, open_site: OpenSite) -> None:
    site = await open_site()
    with line_to_redis(own.url) as (line, through), ringing(site, through):
        line.hold()
        assert {await post(site, number) for number in range(20)} == {200}
        await until(lambda: line.taken)  # it was rung, and has not answered
        assert own.jobs() == 0
        line.release()
        await until(own.jobs)


@contextmanager
def ringing(site: Served, url: str) -> Iterator[None]:
    """The site rings this Redis."""
    doorbell = Doorbell(url)
    site.gateway.store._ring = doorbell.ring
    object.__setattr__(site.gateway, "doorbell", doorbell)
    try:
        yield
    finally:
        doorbell.close()


async def post(site: Served, number: int) -> int:
    answer = await site.client.post("/c/tg", json=update(number, f"{REPORT} {number}"), headers=SECRET)
    return answer.status
