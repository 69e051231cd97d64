"""SMPP with everything that is real: the simulated SMSC over TCP, a listener under its lease, the database, the outbox."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from channels.messages import Address, InboundMessage, RawRequest
from config.clock import now
from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from gateway.intake.arrival import Arrival
from gateway.intake.intake import receive
from tests.simulators.stage import Stage, staged
from workers import listen as module
from workers.lanes import open_bound_work, open_work
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


async def test_one_process_holds_the_bind_and_the_other_goes_on_with_what_waits(
    office: Gateway, operator: Stage
) -> None:
    smsc_ = operator.app[smsc.PLAYER]
    async with listening(office, "other"), listening(office) as _:
        await until(lambda: smsc_.bound)
        await operator.fault({"accept_then_close": True}, on="call", path="submit_sm")
        await operator.inject(
            **{"from": SITI}, text="Lampu jalan di depan SD Contoh 3 mati sejak seminggu, gelap sekali."
        )
        await until(lambda: len(shown(operator)) == 2)  # the second one over the next link
        await until(lambda: len(rows(office, "SELECT id FROM outbox WHERE state = 'delivered'")) == 1)
        assert len(smsc_.bound) == 1
    doubt = rows(office, "SELECT reason FROM outbox WHERE state = 'unknown'")
    assert doubt == [("answer_lost",)]  # F38: taken over there, and not sent again
    assert smsc_.plane.journal.accepted_duplicates == 0
    await until(lambda: smsc_.bound == [])


def test_workers_leave_a_channel_alone_that_only_its_listener_can_send_on(office: Gateway) -> None:
    message = InboundMessage("mo:1", Address("tel", SITI), "Lampu jalan di depan SD Contoh 3 mati sejak seminggu.")
    with office.store.transaction() as tx:
        receive(tx, [Arrival("sms", [message], RawRequest("SMPP"), tx.now)])
    worker, listener = (
        open_work(tools(office, "worker")),
        open_bound_work(tools(office, "here"), office.channels["sms"]),
    )
    with office.store.transaction() as tx:
        assert [len(worker.claim(tx, [])), len(listener.claim(tx, []))] == [0, 1]
    with office.store.transaction() as tx:
        worker.let_go(tx)
        listener.let_go(tx)
