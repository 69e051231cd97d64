"""The Writer: many calls in one commit, each with its own answer; a poisoned one alone suffers; nothing taken is lost."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from channels.errors import PartlyInvalid, PayloadInvalid
from channels.messages import Address, Answer, Inbound, InboundMessage, RawRequest, SessionEvent
from gateway.intake import batching, quarantine
from gateway.intake.arrival import Arrival
from gateway.intake.batching import Overloaded, Spooled, Writer
from gateway.intake.intake import receive
from gateway.intake.spool import Spool
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import count, only, rows

TEXT = "Jalan di depan pasar nomor {0} berlubang dalam sekali, sudah dua bulan"
SEVERAL_PROCESSES = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
"""Only PostgreSQL has more than one process that takes messages."""


class Probe:
    """A `receive` in the test's hand: it may wait, break on some words, or find the database away."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Event()
        self.go.set()
        self.poison = "racun"
        self.away = False

    def __call__(self, tx: Transaction, arrivals: Sequence[Arrival]) -> list[Answer]:
        names = [name(arrival) for arrival in arrivals]
        self.batches.append(names)
        self.go.wait(20)
        if self.away:
            raise OperationalError("INSERT", {}, Exception("server closed the connection"))
        if self.poison in names:
            raise ValueError(self.poison)
        answers = receive(tx, arrivals)
        return [Answer(text=one) if not answer.text else answer for one, answer in zip(names, answers, strict=True)]


def name(arrival: Arrival) -> str:
    return arrival.request.body.decode()


def parse(_channel: str, request: RawRequest) -> list[Inbound]:
    """Back from the spool."""
    if request.body == b"rusak":
        raise PayloadInvalid("no message")
    if request.body == b"sebagian":
        raise PartlyInvalid("one is no message", [InboundMessage("u:baik", Address("tg", "1"), TEXT.format("baik"))])
    given = request.body.decode()
    return [InboundMessage(f"u:{given}", Address("tg", given), TEXT.format(given))]


def arrival(given: str, *, session: bool = False) -> Arrival:
    request = RawRequest("POST", body=given.encode(), received_at=MONDAY)
    events = parse("tg", request)
    if session:
        step = SessionEvent("s1", "")
        events = [InboundMessage("us:1", Address("tel", "+6281200000001"), "", session=step)]
    return Arrival("ussd" if session else "tg", events, request, MONDAY)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is looked at often, so that no test waits for it."""
    monkeypatch.setattr(batching, "REPLAY_EVERY_S", 0.01)


@asynccontextmanager
async def writing(
    store: Store, folder: Path, probe: Probe, *, max_waiting: int = 1000, spool_after_s: float = 20
) -> AsyncIterator[Writer]:
    spool = Spool(folder / "spool", store.office.keys.raw, reserve_mib=0)
    spool.prepare()
    writer = Writer(store, spool, probe, parse, max_waiting, spool_after_s)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        probe.go.set()
        writer.close()
        await asyncio.wait_for(task, 20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the writer, which tells nobody
            await asyncio.sleep(0.005)


async def test_f18_what_waits_is_one_batch_and_one_row_that_is_there_already_hurts_no_other(
    store: Store, tmp_path: Path
) -> None:
    probe = Probe()
    names = [*(str(number) for number in range(1, 40)), "0", *(str(number) for number in range(40, 64))]
    async with writing(store, tmp_path, probe) as writer:
        probe.go.clear()
        first = asyncio.create_task(writer.submit(arrival("0")))
        await until(lambda: bool(probe.batches))
        others = [asyncio.create_task(writer.submit(arrival(name))) for name in names]
        await until(lambda: len(writer._waiting) == 64)
        probe.go.set()
        answers = await asyncio.gather(first, *others)
    assert [len(batch) for batch in probe.batches] == [1, 64]
    assert [answer.text for answer in answers] == ["0", *names]
    assert (writer.counts.accepted, writer.counts.batches, writer.counts.quarantined) == (65, 2, 0)
    assert sorted(int(row.external_id[2:]) for row in rows(store, tables.message)) == list(range(64))


async def test_an_idle_gateway_commits_a_single_message_at_once(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe) as writer:
        for number in range(3):
            await writer.submit(arrival(str(number)))
    assert [len(batch) for batch in probe.batches] == [1, 1, 1]


async def test_a_poisoned_message_goes_aside_and_the_others_pass(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    names = ["satu", "dua", "racun", "tiga"]
    async with writing(store, tmp_path, probe) as writer:
        probe.go.clear()
        first = asyncio.create_task(writer.submit(arrival("awal")))
        await until(lambda: bool(probe.batches))
        others = [asyncio.create_task(writer.submit(arrival(one))) for one in names]
        await until(lambda: len(writer._waiting) == len(names))
        probe.go.set()
        await asyncio.gather(first, *others)
    assert sorted(row.external_id for row in rows(store, tables.message)) == ["u:awal", "u:dua", "u:satu", "u:tiga"]
    held = only(store, tables.quarantine)
    assert (held.reason, held.detail, writer.counts.quarantined) == ("intake_failed", "ValueError", 1)
    with store.reading() as tx:
        kept = quarantine.read(tx, held.id)
    assert kept is not None
    assert kept.request.body == b"racun"


async def test_a_phone_in_the_hand_goes_first(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe) as writer:
        probe.go.clear()
        tasks = [asyncio.create_task(writer.submit(arrival("0")))]
        await until(lambda: bool(probe.batches))
        tasks += [asyncio.create_task(writer.submit(arrival(str(number)))) for number in (1, 2)]
        await until(lambda: len(writer._waiting) == 2)
        tasks.append(asyncio.create_task(writer.submit(arrival("telepon", session=True))))
        await until(lambda: len(writer._waiting) == 3)
        probe.go.set()
        await asyncio.gather(*tasks)
    assert probe.batches[1] == ["telepon", "1", "2"]


async def test_more_than_can_wait_is_asked_to_come_again(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe, max_waiting=2) as writer:
        probe.go.clear()
        tasks = [asyncio.create_task(writer.submit(arrival("0")))]
        await until(lambda: bool(probe.batches))
        tasks += [asyncio.create_task(writer.submit(arrival(str(number)))) for number in (1, 2)]
        await until(lambda: len(writer._waiting) == 2)
        with pytest.raises(Overloaded):
            await writer.submit(arrival("3"))
        probe.go.set()
        await asyncio.gather(*tasks)
    assert count(store, tables.message) == 3


async def test_f11_without_a_database_everything_goes_to_the_disk_and_comes_back_in_order(
    store: Store, tmp_path: Path
) -> None:
    probe = Probe()
    probe.away = True
    names = [str(number) for number in range(20)]
    async with writing(store, tmp_path, probe) as writer:
        for one in names:
            with pytest.raises(Spooled):
                await writer.submit(arrival(one))
        assert (writer.behind, count(store, tables.message)) == (True, 0)
        probe.away = False
        await until(lambda: not writer.behind)
        answer = await writer.submit(arrival("danach"))
    assert answer.text == "danach"
    kept = [row.external_id for row in rows(store, tables.message)]
    assert kept == [*(f"u:{one}" for one in names), "u:danach"]
    assert {row.received_at for row in rows(store, tables.message)} == {MONDAY}
    assert list((tmp_path / "spool").glob("*.spool")) == []


async def test_f11_a_report_that_waited_on_the_disk_is_as_old_as_its_message(
    store: Store, tmp_path: Path, moment: Moment
) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe) as writer:
        probe.away = True
        for number in range(3):
            with pytest.raises(Spooled):
                await writer.submit(arrival(str(number)))
        moment.pass_(days=2)
        probe.away = False
        await until(lambda: not writer.behind)
    reports, clocks = rows(store, tables.complaint), rows(store, tables.clock)
    begun = rows(store, tables.complaint_event)
    assert [report.created_at for report in reports] == [MONDAY] * 3
    assert [clock.started_at for clock in clocks] == [MONDAY] * 3
    assert [event.at for event in begun] == [MONDAY] * 3
    # Three working days after Monday, although it is Wednesday.
    assert {store.office.calendar.today(clock.due_at).isoformat() for clock in clocks} == {"2026-11-26"}


async def test_f12_the_same_call_from_the_disk_and_from_the_provider_is_one_message(
    store: Store, tmp_path: Path
) -> None:
    probe = Probe()
    probe.away = True
    async with writing(store, tmp_path, probe) as writer:
        for _ in range(3):
            with pytest.raises(Spooled):
                await writer.submit(arrival("sama"))
        probe.away = False
        await until(lambda: not writer.behind)
        await writer.submit(arrival("sama"))
    assert count(store, tables.message) == count(store, tables.complaint) == 1


async def test_f14_a_slow_commit_is_answered_from_the_disk_and_not_carried_out_twice(
    store: Store, tmp_path: Path
) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe, spool_after_s=0.05) as writer:
        probe.go.clear()
        with pytest.raises(Spooled):
            await writer.submit(arrival("lambat"))
        probe.go.set()
        await until(lambda: not writer.behind)
    assert count(store, tables.message) == count(store, tables.complaint) == 1


async def test_what_the_disk_brings_back_broken_is_put_aside(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    probe.away = True
    async with writing(store, tmp_path, probe) as writer:
        for given in ("satu", "dua"):
            with pytest.raises(Spooled):
                await writer.submit(arrival(given))
        broken = Arrival("tg", [], RawRequest("POST", body=b"rusak", received_at=MONDAY), MONDAY)
        with pytest.raises(Spooled):
            await writer.submit(broken)
        probe.away = False
        await until(lambda: not writer.behind)
    assert [row.external_id for row in rows(store, tables.message)] == ["u:satu", "u:dua"]
    assert only(store, tables.quarantine).reason == "payload_invalid"


async def test_of_a_call_from_the_disk_the_good_messages_are_taken(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    probe.away = True
    async with writing(store, tmp_path, probe) as writer:
        for _ in range(2):  # as the webhook keeps it: once for quarantine, once for its good messages
            with pytest.raises(Spooled):
                await writer.submit(Arrival("tg", [], RawRequest("POST", body=b"sebagian", received_at=MONDAY), MONDAY))
        probe.away = False
        await until(lambda: not writer.behind)
    assert [row.external_id for row in rows(store, tables.message)] == ["u:baik"]
    assert only(store, tables.quarantine).reason == "partly_invalid"


async def test_an_orderly_end_takes_what_waits(store: Store, tmp_path: Path) -> None:
    probe = Probe()
    async with writing(store, tmp_path, probe) as writer:
        probe.go.clear()
        tasks = [asyncio.create_task(writer.submit(arrival("0")))]
        await until(lambda: bool(probe.batches))
        tasks += [asyncio.create_task(writer.submit(arrival(str(number)))) for number in range(1, 10)]
        await until(lambda: len(writer._waiting) == 9)
        writer.close()
        probe.go.set()
        answers = await asyncio.gather(*tasks)
    assert len(answers) == count(store, tables.message) == 10


async def test_what_an_earlier_process_left_on_the_disk_comes_first(store: Store, tmp_path: Path) -> None:
    left = Spool(tmp_path / "spool", store.office.keys.raw, reserve_mib=0)
    left.prepare()
    left.append([arrival("tertinggal")])
    left.close()
    probe = Probe()
    async with writing(store, tmp_path, probe) as writer:
        await until(lambda: count(store, tables.message) == 1)
        await until(lambda: not writer.behind)
        await writer.submit(arrival("baru"))
    assert [row.external_id for row in rows(store, tables.message)] == ["u:tertinggal", "u:baru"]


async def test_f01_one_update_five_times_on_two_processes_is_one_complaint(store: Store, tmp_path: Path) -> None:
    """The provider calls again before the first call was answered; on SQLite two connections take it."""
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store(open_engine(url), store.office)
    try:
        async with (
            writing(store, tmp_path / "a", Probe()) as first,
            writing(other, tmp_path / "b", Probe()) as second,
        ):
            for round_ in range(10):
                calls = [writer.submit(arrival(f"u{round_}")) for writer in (first, second, first, second, first)]
                await asyncio.gather(*calls)
    finally:
        other.close()
    assert count(store, tables.message) == 10
    assert count(store, tables.complaint) == 10
    receipts = tables.outbox.c.key == "rx.receipt"
    assert count(store, tables.outbox, receipts) == 10


@SEVERAL_PROCESSES
async def test_two_processes_number_their_complaints_without_a_twin(store: Store, tmp_path: Path) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store(open_engine(url), store.office)
    try:
        async with (
            writing(store, tmp_path / "a", Probe()) as first,
            writing(other, tmp_path / "b", Probe()) as second,
        ):
            calls = [(first, second)[number % 2].submit(arrival("x" * number)) for number in range(40)]
            await asyncio.gather(*calls)
    finally:
        other.close()
    numbers = [row.number for row in rows(store, tables.complaint)]
    assert len(numbers) == len(set(numbers)) == 40
    assert count(store, tables.quarantine) == 0
