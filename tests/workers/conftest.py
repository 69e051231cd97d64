"""A whole gateway for tests of workers: real database, real Redis, one channel that leads nowhere."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from channels.messages import Address, InboundMessage, RawRequest
from config.load import settings_from
from config.settings import Settings
from gateway.app import Gateway, open_gateway, prepare
from gateway.intake.arrival import Arrival
from gateway.intake.intake import receive
from workers.runtime import Runtime

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
[triage]
auto_assign_min_confidence = 0.0
[notices]  # these tests run at any hour
staff_quiet = ""
staff_workdays_only = false
citizen_quiet = ""
[channels.tg]
kind = "sandbox"
"""

Write = Callable[..., None]
LOOKS_WITHIN_S = 30.0


def looked(runtime: Runtime, queue: str) -> None:
    """Ring, and come back when everything that was due has been begun."""

    async def look() -> None:
        wake = runtime._drains[queue].wake
        wake.ring()
        await wake.rested()

    assert runtime._loop is not None
    asyncio.run_coroutine_threadsafe(look(), runtime._loop).result(LOOKS_WITHIN_S)


@pytest.fixture
def settings_file(sqlite_url: str, redis_url: str, tmp_path: Path) -> Path:
    return _write(tmp_path, sqlite_url, redis_url)


@pytest.fixture
def settings(settings_file: Path) -> Settings:
    return settings_from(settings_file.read_text())


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """Prepared and open, on SQLite; its doorbell rings the test's Redis."""
    with _opened(settings) as opened:
        yield opened


@pytest.fixture
def gateway_everywhere(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """The same once on each kind of database."""
    with _opened(settings_from(_write(tmp_path, database_url, redis_url).read_text())) as opened:
        yield opened


def _write(folder: Path, database: str, redis: str) -> Path:
    file = folder / "gateway.toml"
    file.write_text(TOML.format(database=database, redis=redis, folder=folder))
    file.chmod(0o600)
    return file


@contextmanager
def _opened(settings: Settings) -> Iterator[Gateway]:
    prepare(settings)
    opened = open_gateway(settings)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def write() -> Write:
    """`write(gateway, text, n)`: citizen number n sends a text, or whatever else a message may hold."""

    updates = count()

    def send(gateway: Gateway, text: str, number: int = 1, **more: Any) -> None:
        message = InboundMessage(f"u:{next(updates)}", Address("tg", str(7000 + number)), text, **more)
        with gateway.store.transaction() as tx:
            receive(tx, [Arrival("tg", [message], RawRequest("POST"), tx.now)])

    return send
