"""A worker of the queue `hooks` is killed while it calls: what it was telling is told by the next one, under the same id."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from gateway.complaints.complaint import SYSTEM
from gateway.hooks import hooks
from gateway.hooks.hooks import NewHook
from gateway.storage import tables
from tests.gateway.short_ways import only
from tests.workers.strangers import answers, silence, stranger

pytestmark = pytest.mark.fault
LIMIT_S = 60
DELIVERY = re.compile(rb"satupintu-delivery: (\w+)", re.IGNORECASE)


@asynccontextmanager
async def worker(settings_file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("gateway"), "work", "hooks",
        env={"PATH": os.defpath, "GATEWAY_CONFIG": str(settings_file)},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(LIMIT_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes have no event of ours
        await asyncio.sleep(0.02)


@pytest.fixture
def calling(settings_file: Path) -> Iterator[Gateway]:
    """A gateway that may call this machine."""
    settings_file.write_text(settings_file.read_text() + '[api]\nwebhook_networks = ["127.0.0.0/8"]\n')
    settings = settings_from(settings_file.read_text())
    prepare(settings)
    gateway = open_gateway(settings)
    yield gateway
    gateway.close()


async def test_f24_a_delivery_is_never_lost_with_its_worker(calling: Gateway, settings_file: Path) -> None:
    async with stranger(silence, answers()) as receiver:
        with calling.store.transaction() as tx:
            hooks.register(tx, NewHook(receiver.url("/"), ["complaint.received"]), SYSTEM)
        async with worker(settings_file) as killed:
            await receiver.met.wait()
            killed.kill()
            await killed.wait()
        assert only(calling.store, tables.webhook_delivery).state == "working"
        _end_lease(calling)
        async with worker(settings_file):
            await until(lambda: only(calling.store, tables.webhook).state == "active")
    first, second = (DELIVERY.findall(request)[0] for request in receiver.requests)
    assert first == second


def _end_lease(gateway: Gateway) -> None:
    delivery = tables.webhook_delivery
    with gateway.store.transaction() as tx:
        tx.execute(delivery.update().values(lease_until=tx.now - timedelta(seconds=1)))
