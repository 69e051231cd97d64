"""SMPP with everything that is real: the simulated SMSC over TCP, a listener under its lease, the database, the outbox."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from config.clock import now
from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from tests.simulators.stage import Stage, staged
from workers import listen as module
from workers.limits import Limits
from workers.listen import listen
from workers.simulators import smsc
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings, SmppNames
from workers.targets import Targets
from workers.tools import Tools

LIMIT_S = 30
SITI = "+6281200000001"
TICKET = re.compile(r"No (ADU-\d+) kode")
CHANNEL = """
kind = "smpp"
number = "1708"
host = "127.0.0.1"
port = {port}
system_id = "satupintu"
password = "uji-smpp"
parts_per_second = 100
messages_per_second = 100
"""


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.02)
    monkeypatch.setattr(module, "RENEW_S", 0.05)
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.05)


@pytest.fixture
async def operator() -> AsyncIterator[Stage]:
    names = SmppNames("sms", "1708", 0, "satupintu", "uji-smpp")
    async with staged(
        smsc.build, lambda url: SimulatorSettings(gateway_url=url, smpp=names, clock=SimulatorClock(now))
    ) as stage:
        await stage.sim("POST", "options", {"dlr_delay_s": [0.0]})
        yield stage


@pytest.fixture
def office(settings_file: Path, operator: Stage) -> Iterator[Gateway]:
    table = CHANNEL.format(port=operator.app[smsc.PLAYER].port)
    settings = settings_from(
        settings_file.read_text().replace('[channels.tg]\nkind = "sandbox"', f"[channels.sms]{table}")
    )
    prepare(settings)
    opened = open_gateway(settings)
    yield opened
    opened.close()


def tools(gateway: Gateway, process: str) -> Tools:
    targets = Targets(gateway.settings, None, process)  # type: ignore[arg-type]
    return Tools(gateway, None, Limits(None, process, {}), gateway.clock.now, process, targets)  # type: ignore[arg-type]


@asynccontextmanager
async def listening(gateway: Gateway, process: str = "here") -> AsyncIterator[None]:
    task = asyncio.create_task(listen([gateway.channels["sms"]], tools(gateway, process)))
    try:
        async with asyncio.timeout(LIMIT_S):
            yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - both ends are plain values on purpose
        await asyncio.sleep(0.01)


def rows(gateway: Gateway, sql: str) -> list[tuple[object, ...]]:
    with gateway.store.reading() as tx:
        return [tuple(row) for row in tx.all(text(sql))]


def shown(operator: Stage) -> list[str]:
    return [sms.text for sms in operator.app[smsc.PLAYER].handsets.phone(SITI).messages if sms.incoming]


async def test_a_citizen_reports_by_smpp_asks_for_the_status_and_gets_it(office: Gateway, operator: Stage) -> None:
    async with listening(office):
        await until(lambda: operator.app[smsc.PLAYER].bound)
        report = "Lampu jalan di depan SD Contoh 3 mati sejak seminggu, jalan gelap dan anak-anak takut lewat. " * 2
        await operator.inject(**{"from": SITI}, text=report, order=[2, 1])
        await until(lambda: TICKET.search(" ".join(shown(operator))))
        number = TICKET.search(" ".join(shown(operator)))[1]  # type: ignore[index]
        await operator.inject(**{"from": SITI}, text=f"STATUS {number}")
        await until(lambda: sum(number in said for said in shown(operator)) == 2)
        await until(lambda: {state for (state,) in rows(office, "SELECT state FROM outbox")} == {"delivered"})
    assert operator.app[smsc.PLAYER].plane.journal.accepted_duplicates == 0
    assert len(rows(office, "SELECT id FROM complaint")) == 1
