"""The simulated smsd and the gateway's adapter meet in four folders and understand each other, in good days and bad."""

import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from channels.errors import ChannelStopped
from channels.messages import Address, DeliveryReport, DeliveryStatus, InboundMessage, OutboundMessage, RawRequest
from channels.sms.gammu.adapter import Gammu
from channels.sms.gammu.settings import GammuSettings
from config.clock import now
from config.load import settings_from
from tests.channels.scripted_http import ScriptedHttp
from tests.simulators.stage import Stage, staged, standing_clock
from workers.simulators import gammu
from workers.simulators.serve import application
from workers.simulators.settings import GammuNames, KannelNames, SimulatorSettings
from workers.simulators.wiring import simulator_settings

FOLDERS = ("inbox", "outbox", "sent", "error")
SITI = "+6281200000001"
HTTP = ScriptedHttp([])
WRITTEN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@dataclass
class Meeting:
    """Both sides of the folders. `later` moves the adapter's time on; every look comes long after the one before it."""

    stage: Stage
    settings: GammuSettings
    later: timedelta = timedelta()
    looks: int = 0
    events: list[object] = field(default_factory=list)
    adapter: Gammu = field(init=False)

    def __post_init__(self) -> None:
        self.adapter = Gammu(self.settings, lambda: now() + self.later, lambda: self.looks * 60.0)

    @property
    def smsd(self) -> gammu.Gammu:
        return self.stage.app[gammu.PLAYER]

    async def submit(self, received: Sequence[tuple[object, RawRequest]]) -> None:
        self.events += [event for event, _ in received]

    async def look(self) -> list[object]:
        """What is new after smsd has worked once."""
        self.events.clear()
        self.smsd.tick()
        for _ in range(2):
            self.looks += 1
            await self.adapter.look(self.submit)
        return self.events

    async def send(self, text: str = "Laporan Anda diterima.", number: int = 1) -> None:
        await self.adapter.send(
            OutboundMessage(f"ob_{number:013}", Address("tel", SITI), text, written_at=WRITTEN), HTTP
        )

    def shown(self) -> list[str]:
        return [sms.text for sms in self.smsd.handsets.phone(SITI).messages if sms.incoming]


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return {name: str(tmp_path / name) for name in FOLDERS}


@pytest.fixture
async def meeting(folders: dict[str, str]) -> AsyncIterator[Meeting]:
    names = GammuNames("sms", "+6281100000000", folders)

    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, gammu=names, clock=standing_clock())

    async with staged(gammu.build, settings) as stage:
        yield Meeting(stage, GammuSettings(names.number, *folders.values()))


@pytest.mark.parametrize("form", ["unicode", "standard"])
@pytest.mark.parametrize("text", ["Lampu jalan mati", "Air keruh 🙏 di " + "jalan " * 40, "a" * 400])
async def test_what_a_citizen_writes_comes_in_as_it_was_written(meeting: Meeting, form: str, text: str) -> None:
    await meeting.stage.sim("POST", "options", {"inbox_format": form})
    sent = await meeting.stage.inject(**{"from": SITI}, text=text, apart_s=1)
    [message] = await meeting.look()
    assert isinstance(message, InboundMessage)
    assert (message.text, message.sender.path) == (text, SITI)
    assert message.sent_at == WRITTEN
    assert sent["parts"] == (1 if len(text) < 70 else 4 if "🙏" in text else 3)


async def test_f55_a_part_that_never_comes_leaves_a_mark(meeting: Meeting) -> None:
    await meeting.stage.inject(**{"from": SITI}, text="a" * 400, lose=[2])
    [message] = await meeting.look()
    assert isinstance(message, InboundMessage)
    assert "[bagian 2/3 hilang]" in message.text


async def test_f98_an_sms_that_is_read_again_under_another_serial_number_has_the_same_key(meeting: Meeting) -> None:
    await meeting.stage.fault({"named": "reread"})
    await meeting.stage.inject(**{"from": SITI}, text="Lampu jalan mati")
    first, again = await meeting.look()
    assert first == again


async def test_what_we_write_reaches_the_phone_at_the_speed_of_the_modem(meeting: Meeting) -> None:
    for number in (1, 2):
        await meeting.send("Petugas datang 🙏 " + "a" * 100, number)
    assert await meeting.look() == [DeliveryReport("ob_0000000000001", DeliveryStatus.SENT)]
    assert meeting.shown() == ["Petugas datang 🙏 " + "a" * 100]
    assert await meeting.look() == [DeliveryReport("ob_0000000000002", DeliveryStatus.SENT)]
    assert meeting.smsd.tick() == 1
    await meeting.send(number=2)
    assert await meeting.look() == []  # it was sent already


async def test_what_the_modem_refuses_is_tried_again_and_then_given_up(meeting: Meeting) -> None:
    await meeting.stage.fault({"named": "sending_error"}, times=3)
    await meeting.send()
    told = []
    for _ in range(3):
        told += await meeting.look()
        meeting.later += timedelta(minutes=10, seconds=1)
        told += await meeting.look() if not told else []
    assert told == [DeliveryReport("ob_0000000000001", DeliveryStatus.FAILED, "modem")]
    assert meeting.shown() == []


@pytest.mark.parametrize(("fault", "seen", "reports"), [("resend", 2, 1), ("no_sent_folder", 1, 0)])
async def test_what_smsd_does_wrong_is_seen_by_the_citizen_or_by_nobody(
    meeting: Meeting, fault: str, seen: int, reports: int
) -> None:
    await meeting.stage.fault({"named": fault})
    await meeting.send()
    assert len(await meeting.look()) == reports
    assert len(meeting.shown()) == seen
    assert len(await meeting.stage.outbox()) == seen


async def test_f97_a_modem_that_hangs_stops_the_channel_and_loses_nothing(
    meeting: Meeting, folders: dict[str, str]
) -> None:
    await meeting.send()
    await meeting.stage.sim("POST", "options", {"hangs": True})
    await meeting.stage.inject(**{"from": SITI}, text="Lampu jalan mati")
    assert await meeting.look() == []
    meeting.later = timedelta(minutes=16)
    with pytest.raises(ChannelStopped):
        await meeting.send(number=2)
    assert len(await meeting.adapter.check(HTTP, "")) == 1
    await meeting.stage.sim("POST", "options", {"hangs": False})
    assert {type(event) for event in await meeting.look()} == {InboundMessage, DeliveryReport}
    meeting.later = timedelta()
    await meeting.send(number=2)
    assert len(os.listdir(folders["outbox"])) == 1  # noqa: PTH208


async def test_a_single_message_may_be_kept_from_leaving(meeting: Meeting) -> None:
    await meeting.stage.fault({"named": "unavailable"}, text_re="diterima", times=1)
    await meeting.send()
    assert await meeting.look() == []
    assert len(await meeting.look()) == 1


async def test_the_modem_works_by_itself_as_time_passes(meeting: Meeting) -> None:
    await meeting.stage.settled()
    await meeting.send()
    await meeting.stage.pass_time(seconds=8)
    await meeting.stage.journal_until(lambda entries: len(entries) == 1)
    assert meeting.shown() == ["Laporan Anda diterima."]


async def test_the_phone_shows_the_sms_of_the_modem_where_the_gateway_has_one(meeting: Meeting) -> None:
    settings = replace(meeting.smsd.settings, kannel=KannelNames(channel=""), clock=standing_clock())
    async with TestServer(application(settings, ["gammu"])) as site:
        form = {"isi": "Lampu mati", "layar": "sms"}
        async with meeting.stage.client.post(site.make_url("/lakukan/sms"), data=form) as page:
            assert "Lampu mati" in await page.text()
        [message] = await meeting.look()
    assert isinstance(message, InboundMessage)
    assert message.text == "Lampu mati"


async def test_without_a_channel_of_this_kind_nothing_is_played() -> None:
    text = '[channels.modem]\nkind = "gammu"\nnumber = "+6281100000000"\nsent_path = "/srv/terkirim"\n'
    environ = {"GATEWAY__STORAGE__IDENTITY_KEY": "a key that only this test knows, 0123456789"}
    played = simulator_settings(settings_from(text, environ)).gammu
    assert (played.channel, played.folders["sent"], played.folders["inbox"]) == (
        "modem", "/srv/terkirim", "/var/spool/gammu/inbox",
    )  # fmt: skip
    async with staged(gammu.build, lambda url: SimulatorSettings(gateway_url=url, clock=standing_clock())) as stage:
        async with stage.client.post(f"{stage.url}/_sim/inject", json={"from": SITI, "text": "Halo"}) as refused:
            assert refused.status == 400
        assert stage.app[gammu.PLAYER].tick() == 1
