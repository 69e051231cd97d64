"""SMPP with everything that is real: the simulated SMSC over TCP, a listener under its lease, the database, the outbox."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from channels.messages import Address, InboundMessage, RawRequest
from config.clock import now
from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from gateway.intake.arrival import Arrival
from gateway.intake.intake import receive
from gateway.outbound import outbound
from gateway.people import contacts
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
LONG = "Petugas kami sudah datang dan melihat lampu itu. " * 15
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
ussd_code = "*708#"
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
        await until(lambda: rows(office, "SELECT id FROM outbox WHERE state = 'delivered'"))
        assert len(smsc_.bound) == 1
        # F38: taken over there and not sent again; the receipt repeats our number of it, which settles the doubt.
        await until(lambda: len(rows(office, "SELECT id FROM outbox WHERE state = 'delivered'")) == 2)
    assert smsc_.plane.journal.accepted_duplicates == 0
    await until(lambda: smsc_.bound == [])


async def test_a_citizen_reports_through_a_menu_over_the_bind_of_the_sms(office: Gateway, operator: Stage) -> None:
    smsc_ = operator.app[smsc.PLAYER]

    def pages_shown() -> int:
        return sum("ussd" in each.details for each in smsc_.plane.journal.outbox)

    async def types(text: str) -> str:
        """The page that follows; the receipt by SMS may arrive before the last one."""
        before = pages_shown()
        await operator.inject(**{"from": SITI}, ussd=text)
        await until(lambda: pages_shown() > before)
        return smsc_.screens.phones[SITI].text

    async with listening(office):
        await until(lambda: smsc_.bound)
        await types("*708#")
        await operator.inject(
            **{"from": SITI}, ussd=None
        )  # hangs up, and comes again under another number of a session
        told = ("*708#", "1", "Lampu jalan di Gang Melati padam sejak Senin malam", "1", "2", "1")
        pages = [await types(text) for text in told]
        assert "1. Lapor" in pages[0]
        assert not smsc_.screens.phones[SITI].open
        await until(lambda: TICKET.search(" ".join(shown(operator))))
    [(number, channel)] = rows(office, "SELECT number, channel FROM complaint")
    assert (channel, number in " ".join(shown(operator))) == ("sms", True)  # pages vanish: the receipt is an SMS
    assert number in pages[-1]
    assert len(rows(office, "SELECT session_id FROM ussd_session")) == 2


async def test_f63_a_menu_behind_a_slow_database_names_the_number_for_an_sms(office: Gateway, operator: Stage) -> None:
    smsc_ = operator.app[smsc.PLAYER]
    file = make_url(office.settings.storage.url).database
    assert file
    async with listening(office):
        await until(lambda: smsc_.bound)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await operator.inject(**{"from": SITI}, ussd="*708#")
            await until(lambda: smsc_.screens.phones[SITI].text)
            other.execute("ROLLBACK")
    assert "SMS" in smsc_.screens.phones[SITI].text
    assert "1708" in smsc_.screens.phones[SITI].text
    assert not smsc_.screens.phones[SITI].open


async def test_a_long_sms_that_was_interrupted_goes_on_behind_its_last_part_after_a_restart(
    office: Gateway, operator: Stage
) -> None:
    smsc_ = operator.app[smsc.PLAYER]

    def submits() -> list[int]:
        return [entry.status for entry in smsc_.plane.journal.entries if entry.path == "submit_sm"]

    with office.store.transaction() as tx:
        who = contacts.ensure(tx, [Address("tel", SITI)])[Address("tel", SITI)]
        outbound.say(tx, who, "sms", [(LONG, ())], outbound.Said("st.note"))
    await operator.fault({"status": 0x58}, on="call", path="submit_sm", after=2, times=-1)
    async with listening(office):
        await until(lambda: rows(office, "SELECT id FROM outbox WHERE state = 'queued' AND reason <> ''"))
        await until(lambda: len(rows(office, "SELECT id FROM delivery_report")) == 4)  # of two parts: sent, arrived
    assert rows(office, "SELECT state FROM outbox") == [("queued",)]
    await operator.client.delete(f"{operator.url}/_sim/faults")
    again = open_gateway(office.settings)
    try:
        async with listening(again, "after a restart"):
            await until(lambda: shown(operator) == [LONG])
            await until(lambda: rows(again, "SELECT state FROM outbox") == [("delivered",)])
    finally:
        again.close()
    assert submits().count(0) == 5, "no part twice"


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
