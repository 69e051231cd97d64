"""Real worker processes and a real connection, cut at the worst moments: never two sends, never a lost message."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from channels.messages import Address, InboundMessage, RawRequest
from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from gateway.intake.arrival import Arrival
from gateway.intake.intake import receive
from gateway.outbound import outbound
from tests.workers.strangers import Behaviour, Reader, Stranger, Writer, accept_then_close, silence, stranger
from workers.lanes import LEASE_S

pytestmark = pytest.mark.fault

LIMIT_S = 30
TOML = """
[server]
public_url = "http://127.0.0.1:8080"
[storage]
url = "{database}"
spool_dir = "{folder}/spool"
attachments_dir = "{folder}/attachments"
identity_key = "an-identity-key-that-opens-nothing-but-tests"
reserve_mib = 0
[redis]
url = "{redis}"
[channels.sms]
kind = "kannel"
number = "1708"
inbound_token = "inbound-token-of-a-test"
send_url = "{provider}"
username = "gateway"
password = "password-of-a-test"
messages_per_second = {rate}
"""

Process = asyncio.subprocess.Process


class Site:
    """A gateway that sends SMS to one provider, and its workers."""

    def __init__(self, folder: Path, database: str, redis: str, provider: str, rate: float) -> None:
        self._file = folder / "gateway.toml"
        self._file.write_text(TOML.format(folder=folder, database=database, redis=redis, provider=provider, rate=rate))
        self._file.chmod(0o600)
        settings = settings_from(self._file.read_text())
        prepare(settings)
        self.gateway: Gateway = open_gateway(settings)

    def report(self, number: int = 1) -> None:
        """A citizen writes; the receipt is due at once."""
        message = InboundMessage(f"mo:{number}", Address("tel", f"+62812000000{number:02}"), "Lampu jalan mati")
        with self.gateway.store.transaction() as tx:
            receive(tx, [Arrival("sms", [message], RawRequest("GET"), tx.now)])

    def receipts(self, column: str = "state") -> list[object]:
        """The first message to each citizen; on SMS a privacy line follows it."""
        first = f"SELECT {column} FROM outbox WHERE id IN (SELECT min(id) FROM outbox GROUP BY contact_id) ORDER BY id"  # noqa: S608
        with self.gateway.store.reading() as tx:
            return [row[0] for row in tx.all(text(first))]

    def sweep(self) -> None:
        """What the clock does once the lease of a dead worker has run out."""
        with self.gateway.store.transaction(self.gateway.clock.now() + timedelta(seconds=LEASE_S + 1)) as tx:
            outbound.sweep(tx)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Process]:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("gateway"), "work", "deliver",
            env={"PATH": os.defpath, "GATEWAY_CONFIG": str(self._file)},
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(LIMIT_S):
                yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


Open = Callable[..., Site]


@pytest.fixture
async def opened(sqlite_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Open]:
    sites: list[Site] = []

    def make(provider: Stranger, messages_per_second: float = 50) -> Site:
        sites.append(Site(tmp_path, sqlite_url, redis_url, provider.url("/cgi-bin/sendsms"), messages_per_second))
        return sites[-1]

    yield make
    for site in sites:
        site.gateway.close()


def accepts(after: asyncio.Event | None = None) -> Behaviour:
    """Kannel's word for taken, at once or when the test says so."""

    async def behave(_reader: Reader, writer: Writer, _request: bytes) -> None:
        if after:
            await after.wait()
        body = b"0: Accepted for delivery"
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()

    return behave


def sent_texts(provider: Stranger) -> int:
    """How many requests carried a receipt (the privacy line is a message of its own)."""
    return sum(b"kode" in request for request in provider.requests)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes have no event of ours
        await asyncio.sleep(0.02)


async def asked(provider: Stranger) -> None:
    await until(lambda: provider.requests)


async def test_a_receipt_leaves_once(opened: Open) -> None:
    async with stranger(accepts()) as provider:
        site = opened(provider)
        site.report()
        async with site.worker():
            await until(lambda: site.receipts() == ["sent"])
    assert sent_texts(provider) == 1


async def test_f25_f26_a_worker_killed_while_it_sends_leaves_a_doubt_and_no_second_send(opened: Open) -> None:
    """Nobody knows whether the provider took it; a person or a receipt decides."""
    async with stranger(silence) as provider:
        site = opened(provider)
        site.report()
        async with site.worker() as worker:
            await asked(provider)
            worker.kill()
            await worker.wait()
        assert site.receipts() == ["sending"]
        site.sweep()
        assert site.receipts() == ["unknown"]
        async with site.worker():
            site.report(2)
            await until(lambda: sent_texts(provider) == 2)  # one for each citizen


async def test_f25_f26_of_all_that_a_killed_worker_held_only_what_was_on_its_way_is_in_doubt(opened: Open) -> None:
    """A claim is for many messages at once. Those that wait for the channel's rate leave when the next process looks."""
    async with stranger(accepts(), silence, accepts()) as provider:
        site = opened(provider, messages_per_second=2)
        for number in range(1, 5):
            site.report(number)
        async with site.worker() as worker:
            await until(lambda: len(provider.requests) == 2)
            held = site.receipts()
            worker.kill()
            await worker.wait()
        assert held.count("sending") >= 3, "all were claimed before the second was begun"
        async with site.worker():
            await until(lambda: site.receipts().count("sent") == 3)
        site.sweep()
        assert sorted(site.receipts()) == ["sent", "sent", "sent", "unknown"]
        assert sent_texts(provider) == 4, "each citizen's once"


async def test_f38_a_connection_that_breaks_after_the_request_leaves_a_doubt_and_no_second_send(opened: Open) -> None:
    async with stranger(accept_then_close) as provider:
        site = opened(provider)
        site.report()
        async with site.worker():
            await until(lambda: site.receipts() == ["unknown"])
    assert sent_texts(provider) == 1


async def test_f39_a_provider_that_is_away_gets_the_message_once_when_it_is_back(opened: Open) -> None:
    async with stranger(accepts()) as provider:
        away = Stranger()
        away.port = provider.port
    site = opened(away)
    site.report()
    async with site.worker():
        await until(lambda: site.receipts("attempts") == [1])
        assert site.receipts() == ["queued"]
        back = Stranger(accepts())
        server = await asyncio.start_server(back.meet, "127.0.0.1", away.port)
        async with server:
            await until(lambda: site.receipts() == ["sent"])
    assert sent_texts(back) == 1


async def test_f76_a_worker_told_to_end_waits_for_the_answer_it_is_owed(opened: Open) -> None:
    answer = asyncio.Event()
    async with stranger(accepts(answer)) as provider:
        site = opened(provider)
        site.report()
        async with site.worker() as worker:
            await asked(provider)
            worker.send_signal(signal.SIGTERM)
            asyncio.get_running_loop().call_later(1.0, answer.set)
            assert await worker.wait() == 0
        assert site.receipts() == ["sent"]
    assert sent_texts(provider) == 1


async def test_f76_a_worker_told_to_end_does_not_wait_for_ever(opened: Open) -> None:
    """After seven seconds the outcome is unknown."""
    async with stranger(silence) as provider:
        site = opened(provider)
        site.report()
        async with site.worker() as worker:
            await asked(provider)
            worker.send_signal(signal.SIGTERM)
            assert await worker.wait() == 0
        assert site.receipts() == ["unknown"]
