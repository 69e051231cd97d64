"""The simulated SMSC and the gateway's adapter meet over TCP and understand each other, in good days and bad."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from channels.errors import (
    ChannelMisconfigured,
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    SendError,
    SendRefused,
    SendUnknown,
    TemporaryFailure,
)
from channels.messages import (
    Address,
    DeliveryStatus,
    InboundMessage,
    OutboundMessage,
    RawRequest,
    SendReceipt,
    short_reference,
)
from channels.sms.smpp.adapter import Smpp
from channels.sms.smpp.session import Timing
from channels.sms.smpp.settings import SmppSettings
from config.load import settings_from
from config.settings import Secret
from tests.channels.in_memory import KeptBookmark
from tests.channels.scripted_http import ScriptedHttp
from tests.simulators.stage import Stage, staged, standing_clock
from workers.simulators import smsc
from workers.simulators.serve import application
from workers.simulators.settings import KannelNames, SimulatorSettings, SmppNames
from workers.simulators.wiring import simulator_settings

SITI, BUDI = "+6281200000001", "+6281200000002"
HTTP = ScriptedHttp([])
LIMIT_S = 30
SHORT = Timing(connect_s=5, bind_s=2, silence_s=20, link_s=0.2, answer_s=0.3, unbind_s=2)
"""Short only where a test waits for it to pass."""
LONG = "Lampu jalan di depan pasar mati sejak kemarin, " * 8
NAMES = SmppNames("sms", "1708", 0, "satupintu", "uji-smpp")


@dataclass
class Virtual:
    """Time that passes only by waiting for it, for pauses of the adapter; the link itself lives in real time."""

    at: float = 0.0
    waited: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.at

    async def pause(self, seconds: float) -> None:
        if seconds > 0:
            self.waited.append(round(seconds, 3))
            self.at += seconds
        await asyncio.sleep(0)


@dataclass
class Meeting:
    """Both ends of the wire. `fails`: how often storing fails, as without database and disk."""

    stage: Stage
    settings: SmppSettings
    time: Virtual = field(default_factory=Virtual)
    bookmark: KeptBookmark = field(default_factory=KeptBookmark)
    events: list[Any] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    fails: int = 0
    problems: list[str] = field(default_factory=list)
    adapter: Smpp = field(init=False)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self, **changes: Any) -> None:
        """As after a restart."""
        self.settings = replace(self.settings, **changes)
        self.adapter = Smpp(self.settings, self.time.monotonic, self.time.pause, SHORT, lambda: 0.5)

    @property
    def smsc(self) -> smsc.Smsc:
        return self.stage.app[smsc.PLAYER]

    async def submit(self, received: Sequence[tuple[Any, RawRequest]]) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError
        self.events += [event for event, _ in received]
        self.requests += [request for _, request in received]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The adapter listens, and listens again after what it has to say to people."""
        task = asyncio.create_task(self._listen())
        try:
            async with asyncio.timeout(LIMIT_S):
                await self.until(lambda: self.adapter.is_connected)
                yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _listen(self) -> None:
        while True:
            try:
                await self.adapter.listen(self.submit, HTTP, self.bookmark)
            except ChannelMisconfigured as problem:
                self.problems.append(str(problem))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not condition():  # noqa: ASYNC110 - both ends are plain values on purpose
                await asyncio.sleep(0.002)

    async def heard(self, number: int = 1) -> list[Any]:
        await self.until(lambda: len(self.events) >= number)
        return self.events

    async def rebound(self, act: Callable[[], Awaitable[object]]) -> None:
        """Until the link that `act` breaks is there again."""
        before = self.smsc.bound
        await act()
        await self.until(lambda: self.adapter.is_connected and self.smsc.bound and self.smsc.bound != before)

    async def send(
        self, text: str = "Laporan Anda diterima.", number: int = 1, to: str = SITI, left: Sequence[str] = ()
    ) -> SendReceipt | SendError:
        """`left`: parts of it that an earlier attempt brought away."""
        message = OutboundMessage(f"ob_{number:013}", Address("tel", to), text, sent_parts=tuple(left))
        try:
            return await self.adapter.send(message, HTTP)
        except SendError as problem:
            return problem

    def shown(self, to: str = SITI) -> list[str]:
        return [sms.text for sms in self.smsc.handsets.phone(to).messages if sms.incoming]


@pytest.fixture
async def meeting() -> AsyncIterator[Meeting]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, smpp=NAMES, clock=standing_clock())

    async with staged(smsc.build, settings) as stage:
        port = stage.app[smsc.PLAYER].port
        yield Meeting(
            stage,
            SmppSettings("1708", "127.0.0.1", "satupintu", Secret("uji-smpp"), port, parts_per_second=1000),
        )


@pytest.mark.parametrize("split", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("text", ["Jalan rusak @ RT 04 [parah] 5€", "Air keruh 🙏", LONG, "Jum’at 🙏 " * 30])
async def test_what_a_citizen_writes_comes_in_whole_in_every_form_and_byte_by_byte(
    meeting: Meeting, split: str, text: str
) -> None:
    await meeting.stage.sim("POST", "options", {"byte_by_byte": True})
    async with meeting.listening():
        parts = (await meeting.stage.inject(**{"from": SITI}, text=text, split=split))["parts"]
        events = await meeting.heard(parts)
    assert "".join(event.text for event in events) == text
    assert {(event.sender.path, event.destination, event.reply_possible) for event in events} == {(SITI, "1708", True)}
    told = [(part.sequence, part.total, part.reference_bits) for event in events if (part := event.part)]
    assert told == [(n, parts, 8 if split == "udh8" else 16) for n in range(1, parts + 1) if parts > 1]
    assert [meeting.adapter.parse(request) for request in meeting.requests] == [[event] for event in events]


@pytest.mark.parametrize("mode", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("text", ["Laporan {1} diterima, 5€", LONG, "Terima kasih 🙏 " * 20])
async def test_what_we_write_reaches_the_phone_whole_in_every_form(meeting: Meeting, mode: str, text: str) -> None:
    meeting.renew(long_mode=mode)
    async with meeting.listening():
        receipt = await meeting.send(text)
        assert isinstance(receipt, SendReceipt)
        assert meeting.shown() == [text]
        [kept] = await meeting.stage.outbox()
        assert len(receipt.parts) == (kept["details"]["parts"] if kept["details"]["parts"] > 1 else 0)
        await meeting.stage.pass_time(seconds=3)
        events = await meeting.heard(2 * max(len(receipt.parts), 1))
    assert {event.message_id for event in events} == set(receipt.parts or [receipt.provider_id])
    assert {event.status for event in events} == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}


STATUSES: list[tuple[str, type[SendError], str]] = [
    ("throttled", ProviderBusy, "provider_busy"),
    ("queue_full", ProviderBusy, "provider_busy"),
    ("system_error", TemporaryFailure, "operator"),
    ("bad_destination", SendRefused, "destination"),
    ("wrong_state", TemporaryFailure, "wrong_state"),
    ("silent", SendUnknown, "answer_lost"),
    ("wrong_sequence", SendUnknown, "answer_lost"),
    ("drop_before_answer", SendUnknown, "answer_lost"),
    ("drop_before_taking", SendUnknown, "answer_lost"),
    ("bad_length", SendUnknown, "answer_lost"),
]


@pytest.mark.parametrize(("fault", "kind", "reason"), STATUSES, ids=[row[0] for row in STATUSES])
async def test_every_refusal_and_every_lost_answer_means_what_it_says(
    meeting: Meeting, fault: str, kind: type[SendError], reason: str
) -> None:
    await meeting.stage.fault({"named": fault})
    async with meeting.listening():
        outcome = await meeting.send()
        assert type(outcome) in {kind, *kind.__subclasses__()}
        assert isinstance(outcome, SendError)
        assert outcome.reason == reason
        await meeting.until(lambda: meeting.adapter.is_connected)
        assert isinstance(await meeting.send("Petugas datang.", 2), SendReceipt)
    assert meeting.shown().count("Petugas datang.") == 1


@pytest.mark.parametrize(("status", "told", "again_s"), [
    (0, DeliveryStatus.SENT, None),
    (0x45, DeliveryStatus.FAILED, 60.0),
    (0x0B, DeliveryStatus.FAILED, None),
])  # fmt: skip
async def test_an_answer_that_comes_too_late_settles_what_is_in_doubt(
    meeting: Meeting, status: int, told: DeliveryStatus, again_s: float | None
) -> None:
    await meeting.stage.fault({"drop_receipt": True}, on="receipt")
    await meeting.stage.fault({"delay_ms": 600} | ({"status": status} if status else {}), on="call")
    async with meeting.listening():
        assert isinstance(await meeting.send(), SendUnknown)
        [report] = await meeting.heard()
    assert (report.message_id, report.status, report.again_s) == ("ob_0000000000001", told, again_s)
    assert bool(report.provider_id) == (status == 0)


async def test_f38_a_receipt_repeats_our_number_of_a_message_whose_answer_was_lost(meeting: Meeting) -> None:
    await meeting.stage.fault({"named": "drop_before_answer"}, on="call")
    async with meeting.listening():
        assert isinstance(await meeting.send(), SendUnknown)
        await meeting.until(lambda: meeting.adapter.is_connected)
        await meeting.stage.pass_time(seconds=3)
        [report, *_] = await meeting.heard(2)
    assert (report.recipient, report.reference) == (Address("tel", SITI), short_reference("ob_0000000000001"))


async def test_an_answer_that_comes_too_late_harms_nobody(meeting: Meeting) -> None:
    await meeting.stage.fault({"delay_ms": 600})
    async with meeting.listening():
        assert isinstance(await meeting.send(), SendUnknown)
        await meeting.stage.journal_until(lambda entries: any(entry["path"] == "submit_sm" for entry in entries))
        assert isinstance(await meeting.send("Petugas datang.", 2), SendReceipt)
    assert max(meeting.time.waited, default=0) < 1  # over the same session


async def test_f42_a_throttle_on_the_third_of_ten_parts_lets_the_others_follow(meeting: Meeting) -> None:
    text = "Petugas kami sudah datang dan melihat. " * 39
    await meeting.stage.fault({"named": "throttled"}, after=2)
    async with meeting.listening():
        busy = await meeting.send(text)
        assert isinstance(busy, ProviderBusy)
        assert (busy.whole_channel, busy.retry_after) == (True, 1.0)
        assert meeting.shown() == []
        receipt = await meeting.send(text, left=busy.parts)
        assert isinstance(receipt, SendReceipt)
        assert len(receipt.parts) == 10
        assert 1.0 in meeting.time.waited  # the bind was left alone, then the rest went at half the rate
        taken = await meeting.stage.journal_until(lambda entries: len(entries) >= 12)
    assert meeting.shown() == [text]
    assert [entry["status"] for entry in taken if entry["path"] == "submit_sm"].count(0) == 10


async def test_an_answer_to_each_of_many_at_once_finds_the_one_it_is_for(meeting: Meeting) -> None:
    meeting.renew(window=5)
    await meeting.stage.fault({"delay_ms": 30}, text_re="[13579]$", times=-1)
    async with meeting.listening():
        sent = await asyncio.gather(*(meeting.send(f"Pesan ke-{n}", n, f"+62812000001{n:02}") for n in range(20)))
    names = [receipt.provider_id for receipt in sent if isinstance(receipt, SendReceipt)]
    taken = {one["recipient"]: one["details"]["id"].lstrip("0") for one in await meeting.stage.outbox()}
    assert names == [taken[f"+62812000001{n:02}"] for n in range(20)]


@pytest.mark.parametrize("fault", ["two_in_one", "unknown_command", "answer_then_drop"])
async def test_what_comes_behind_an_answer_does_not_harm_it(meeting: Meeting, fault: str) -> None:
    await meeting.stage.fault({"named": fault})
    async with meeting.listening():
        before = meeting.smsc.bound
        assert isinstance(await meeting.send(), SendReceipt)
        if fault == "answer_then_drop":
            await meeting.until(lambda: meeting.smsc.bound and meeting.smsc.bound != before)
        await meeting.until(lambda: meeting.adapter.is_connected)
        assert isinstance(await meeting.send("Petugas datang.", 2), SendReceipt)


@pytest.mark.parametrize("form", ["receipt_in_decimal", "receipt_in_text", "receipt_in_parameters", "receipt_first"])
async def test_f50_a_receipt_names_its_message_in_whatever_form_it_comes(meeting: Meeting, form: str) -> None:
    await meeting.stage.fault({"named": form}, on="receipt")
    async with meeting.listening():
        receipt = await meeting.send()
        await meeting.stage.pass_time(seconds=3)
        events = await meeting.heard(2)
    assert isinstance(receipt, SendReceipt)
    assert {event.message_id for event in events} == {receipt.provider_id}
    assert {event.status for event in events} == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}


async def test_f46_f50_a_receipt_in_another_base_that_comes_before_the_answer_is_that_messages(
    meeting: Meeting,
) -> None:
    await meeting.stage.fault({"early_receipt": True, "receipt_text": "decimal"})
    async with meeting.listening():
        sending = asyncio.create_task(meeting.send())
        receipt = await sending
        events = await meeting.heard(2)
    assert isinstance(receipt, SendReceipt)
    assert receipt.provider_id == events[0].message_id


async def test_f51_a_citizen_who_writes_like_a_receipt_is_a_citizen(meeting: Meeting) -> None:
    text = "id:1 sub:001 dlvrd:001 submit date:2611200815 done date:2611200815 stat:DELIVRD err:000"
    async with meeting.listening():
        await meeting.stage.inject(**{"from": SITI}, text=text)
        [event] = await meeting.heard()
    assert isinstance(event, InboundMessage)
    assert event.text == text


async def test_what_nobody_can_store_is_delivered_again_and_is_one_message(meeting: Meeting) -> None:
    meeting.fails = 2
    async with meeting.listening():
        await meeting.stage.inject(**{"from": SITI}, text="Lampu jalan mati")
        for refused in (1, 2):
            await meeting.stage.journal_until(
                lambda entries, refused=refused: [e["status"] for e in entries].count(0x64) == refused  # type: ignore[misc]
            )
            await meeting.stage.pass_time(seconds=31)
        [event] = await meeting.heard()
    assert event.text == "Lampu jalan mati"


async def test_the_same_words_twice_are_two_messages_and_one_that_is_delivered_again_is_one(meeting: Meeting) -> None:
    async with meeting.listening():
        for _ in range(2):
            await meeting.stage.inject(**{"from": SITI}, text="YA")
        first, second = (event.external_id for event in await meeting.heard(2))
        assert first != second
        meeting.bookmark.moment += timedelta(seconds=5)
        await meeting.rebound(lambda: meeting.stage.inject(drop=True))
        await meeting.stage.inject(**{"from": SITI}, text="YA")
        assert (await meeting.heard(3))[2].external_id == second
        meeting.bookmark.moment += timedelta(seconds=301)
        await meeting.stage.inject(**{"from": SITI}, text="YA")
        assert (await meeting.heard(4))[3].external_id not in {first, second}


async def test_what_a_process_that_died_had_stored_is_known_to_the_next_one(meeting: Meeting) -> None:
    async with meeting.listening():
        await meeting.stage.inject(**{"from": SITI}, text="YA")
        [event] = await meeting.heard()
    meeting.bookmark.arrived.append((event.external_id, meeting.bookmark.moment))
    meeting.bookmark.moment += timedelta(seconds=20)
    meeting.renew()
    async with meeting.listening():
        await meeting.stage.inject(**{"from": SITI}, text="YA")
        await meeting.stage.inject(**{"from": BUDI}, text="YA")
        again, other = (await meeting.heard(3))[1:]
    assert again.external_id == event.external_id != other.external_id


async def test_a_burst_of_a_thousand_comes_in_whole(meeting: Meeting) -> None:
    async with meeting.listening():
        await meeting.stage.sim(
            "POST", "inject", [{"from": f"+62812{n:08}", "text": f"Laporan ke-{n}"} for n in range(1000)]
        )
        events = await meeting.heard(1000)
    assert {event.text for event in events} == {f"Laporan ke-{n}" for n in range(1000)}


GARBAGE = [
    "00000007",
    "ffffffff00000005",
    "0000001100000005000000000000000a00",
    "deadbeef" * 8,
    "000000100000010300000000000000aa",
]


@pytest.mark.parametrize("octets", GARBAGE)
async def test_garbage_on_the_wire_ends_at_worst_the_session(meeting: Meeting, octets: str) -> None:
    async with meeting.listening():
        if octets in {GARBAGE[0], GARBAGE[1], GARBAGE[3]}:
            await meeting.rebound(lambda: meeting.stage.inject(octets=octets))
        else:
            await meeting.stage.inject(octets=octets)
        await meeting.stage.inject(**{"from": SITI}, text="Lampu jalan mati")
        await meeting.until(lambda: any(isinstance(event, InboundMessage) for event in meeting.events))
    broken = [event for event in meeting.events if isinstance(event, PayloadInvalid)]
    assert len(broken) == (octets == GARBAGE[2])  # in quarantine, and answered: it would come again for ever


async def test_the_operator_may_unbind_and_we_come_back(meeting: Meeting) -> None:
    async with meeting.listening():
        await meeting.rebound(lambda: meeting.stage.inject(unbind=True))
    assert meeting.time.waited == [1.0]


async def test_a_link_that_says_nothing_more_is_given_up(meeting: Meeting) -> None:
    meeting.adapter = Smpp(
        meeting.settings, meeting.time.monotonic, meeting.time.pause, replace(SHORT, silence_s=0.05), lambda: 0.5
    )
    async with meeting.listening():
        await meeting.stage.journal_until(lambda _: True)
        await meeting.rebound(lambda: meeting.stage.fault({"named": "silent"}, path="/21"))


BINDS = [
    (0x0E, "password", [300.0]),
    (0x0F, "system_id", [300.0]),
    (0x0D, "account", [300.0]),
    (0x05, "already", [30.0]),
]


@pytest.mark.parametrize(("status", "word", "waits"), BINDS, ids=[f"0x{row[0]:02X}" for row in BINDS])
async def test_whoever_is_not_let_in_waits_long_and_says_why(
    meeting: Meeting, status: int, word: str, waits: list[float]
) -> None:
    await meeting.stage.sim("POST", "options", {"refuse_binds": 2, "bind_status": status})
    assert word in (await meeting.adapter.check(HTTP, ""))[0]
    async with meeting.listening():
        pass
    assert len(meeting.problems) == 1
    assert meeting.time.waited == waits


async def test_f44_with_a_refused_login_the_channel_is_stopped_until_it_is_let_in(meeting: Meeting) -> None:
    await meeting.stage.sim("POST", "options", {"refuse_binds": 1})
    with pytest.raises(ChannelMisconfigured):
        await meeting.adapter.listen(meeting.submit, HTTP, meeting.bookmark)
    assert isinstance(await meeting.send(), ChannelStopped)
    async with meeting.listening():
        assert isinstance(await meeting.send(), SendReceipt)


async def test_f39_without_a_connection_the_channel_waits_longer_and_longer(meeting: Meeting) -> None:
    await meeting.smsc.stop()
    waits: list[float] = []
    for _ in range(4):
        with pytest.raises(ChannelMisconfigured, match="VPN"):
            await meeting.adapter.listen(meeting.submit, HTTP, meeting.bookmark)
        busy = await meeting.send()
        assert isinstance(busy, ProviderBusy)
        waits.append(busy.retry_after)
    assert meeting.time.waited == [1.0, 2.0, 5.0, 10.0, 30.0, 60.0]
    assert waits == [10.0, 30.0, 60.0, 60.0]
    assert "no connection" in (await meeting.adapter.check(HTTP, ""))[0]


async def test_the_check_binds_asks_and_leaves(meeting: Meeting) -> None:
    assert await meeting.adapter.check(HTTP, "") == []
    await meeting.until(lambda: meeting.smsc.bound == [])
    meeting.renew(password=Secret("salah"))
    assert "password" in (await meeting.adapter.check(HTTP, ""))[0]
    meeting.renew(tls=True, tls_ca="/nowhere/ca.pem")
    assert "tls_ca" in (await meeting.adapter.check(HTTP, ""))[0]


async def test_a_receiver_and_a_transmitter_are_one_channel(meeting: Meeting) -> None:
    meeting.renew(bind="two")
    async with meeting.listening():
        assert isinstance(await meeting.send(), SendReceipt)
        await meeting.stage.inject(**{"from": SITI}, text="Lampu jalan mati")
        [event] = await meeting.heard()
        assert event.text == "Lampu jalan mati"
        assert len(meeting.smsc.bound) == 2
        await meeting.rebound(lambda: meeting.stage.inject(unbind=True))


async def test_whoever_ends_waits_for_what_is_on_its_way(meeting: Meeting) -> None:
    await meeting.stage.fault({"delay_ms": 100})
    async with meeting.listening():
        sending = asyncio.create_task(meeting.send())
        await meeting.until(lambda: meeting.smsc.plane.in_flight)
    assert isinstance(await sending, SendReceipt)
    await meeting.until(lambda: meeting.smsc.bound == [])


async def test_the_phone_shows_the_sms_of_the_smsc_where_the_gateway_has_one(meeting: Meeting) -> None:
    settings = replace(meeting.smsc.settings, kannel=KannelNames(channel=""), clock=standing_clock())
    async with TestServer(application(settings, ["smsc"])) as site:
        form = {"isi": "Lampu mati", "layar": "sms"}
        async with meeting.stage.client.post(site.make_url("/lakukan/sms"), data=form) as page:
            assert "Lampu mati" in await page.text()


async def test_the_simulator_takes_its_names_from_the_settings_and_is_silent_without_a_channel() -> None:
    text = '[channels.operator]\nkind = "smpp"\nnumber = "1708"\nhost = "127.0.0.1"\nport = 27750\nsystem_id = "a"\npassword = "b"\n'
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    assert simulator_settings(settings_from(text, environ)).smpp == SmppNames("operator", "1708", 27750, "a", "b")
    async with (
        staged(smsc.build, lambda url: SimulatorSettings(gateway_url=url, clock=standing_clock())) as stage,
        stage.client.post(f"{stage.url}/_sim/inject", json={"from": SITI, "text": "Halo"}) as refused,
    ):
        assert refused.status == 400
