"""Gammu smsd: what is read out of its folders, what is put there, and what happens when somebody dies in between."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import (
    ChannelMisconfigured,
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
    RecipientRefused,
    SendRefused,
)
from channels.messages import (
    Address,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    OutboundMessage,
    RawRequest,
)
from channels.sms.gammu.adapter import Gammu
from channels.sms.gammu.folders import DONE, QUIET_S
from channels.sms.gammu.names import read_own, read_received
from channels.sms.gammu.reading import as_request
from channels.sms.gammu.settings import GammuSettings
from config.build import build_section
from config.settings import SettingsError
from tests.channels.in_memory import KeptBookmark
from tests.channels.scripted_http import ScriptedHttp

NOW = datetime(2026, 11, 20, 1, 16, tzinfo=UTC)
CITIZEN = Address("tel", "+6281200000001")
SINGLE = "IN20261120_081458_00_+6281200000001_00.txt"
PARTS = ("IN20261120_081501_00_+6281200000002_00.txt", "IN20261120_081501_00_+6281200000002_01.txt")
SENT_NAME = "OUTG20261120_081600_001_+6281200000001_ob_0000000000042.txtd"
HTTP = ScriptedHttp([])


@dataclass
class Modem:
    """The four folders in a temporary place, a time that stands until it is moved, and what was committed."""

    root: Path
    settings: GammuSettings
    at: datetime = NOW
    committed: list[Inbound | PayloadInvalid] = field(default_factory=list)
    dies: bool = False
    adapter: Gammu = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.adapter = Gammu(self.settings, lambda: self.at, lambda: self.at.timestamp(), _no_pause)  # noqa: PLW0108 - the time moves

    def folder(self, name: str) -> Path:
        return self.root / name

    def passes(self, **time: float) -> None:
        self.at += timedelta(**time)

    def receive(self, name: str, content: bytes) -> Path:
        path = self.folder("inbox") / name
        path.write_bytes(content)
        return path

    async def submit(self, received: Sequence[tuple[Inbound | PayloadInvalid, RawRequest]]) -> None:
        self.committed += [event for event, _ in received]
        if self.dies:
            raise KeyboardInterrupt

    async def look(self) -> list[Inbound | PayloadInvalid]:
        """What comes in when the folders are looked at, until everything has been quiet for long enough."""
        self.committed.clear()
        await self.adapter.look(self.submit)
        self.passes(seconds=QUIET_S)
        await self.adapter.look(self.submit)
        return self.committed

    async def send(self, text: str = "Laporan Anda diterima.", number: int = 42) -> str:
        outbound = OutboundMessage(f"ob_{number:013}", CITIZEN, text, written_at=NOW)
        return (await self.adapter.send(outbound, HTTP)).detail

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in self.folder(folder).iterdir() if path.is_file())

    def age(self, *folders: str) -> None:
        """Date everything there by the time that stands here."""
        for folder in folders:
            for path in (*self.folder(folder).iterdir(), self.folder(folder)):
                os.utime(path, (self.at.timestamp(), self.at.timestamp()))


@pytest.fixture
def modem(tmp_path: Path) -> Modem:
    for name in ("inbox", "outbox", "sent", "error"):
        (tmp_path / name).mkdir()
    paths = {f"{name}_path": str(tmp_path / name) for name in ("inbox", "outbox", "sent", "error")}
    made = Modem(tmp_path, GammuSettings(number="+6281100000000", **paths))
    made.age("outbox", "sent", "error")
    return made


async def _no_pause(seconds: float) -> None:
    raise AssertionError("the listener went on")


def utf16(text: str) -> bytes:
    """As smsd writes with `InboxFormat = unicode`."""
    return b"\xfe\xff" + text.encode("utf-16-be", "surrogatepass")


def texts(events: Sequence[Inbound | PayloadInvalid]) -> list[str]:
    return [event.text for event in events if isinstance(event, InboundMessage)]


# ---- coming in


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (utf16("Air keruh 🙏"), "Air keruh 🙏"),
        (utf16("Lampu padam 🙏") + b"\0\0\0\0", "Lampu padam 🙏"),  # smsd 1.42 counts an emoji twice
        ("Jum’at".encode("utf-16-le").join([b"\xff\xfe", b""]), "Jum’at"),
        (b"Lampu jalan padam di Gang Melati Contoh", "Lampu jalan padam di Gang Melati Contoh"),
        (b"\xef\xbb\xbf" + "Jalan rusak é".encode(), "Jalan rusak é"),
        (utf16("satu\r\ndua\u202e"), "satu\ndua"),
    ],
)
async def test_a_file_is_read_in_whatever_way_smsd_wrote_it(modem: Modem, content: bytes, text: str) -> None:
    modem.receive(SINGLE, content)
    [message] = await modem.look()
    assert isinstance(message, InboundMessage)
    assert message.text == text
    assert message.sender == CITIZEN
    assert message.sent_at == datetime(2026, 11, 20, 1, 14, 58, tzinfo=UTC)
    assert message.destination == "+6281100000000"
    assert message.reply_possible


async def test_files_of_one_message_are_joined_and_those_of_another_sender_are_not(modem: Modem) -> None:
    modem.receive(PARTS[1], utf16("bagian dua \ude4f"[:-1] + "\ude4f"))
    modem.receive(PARTS[0], utf16("Bagian satu \ud83d"))
    modem.receive(SINGLE, utf16("Lampu"))
    assert texts(await modem.look()) == ["Bagian satu \ufffdbagian dua \ufffd", "Lampu"]


async def test_f58_an_emoji_that_was_divided_between_two_files_is_one_again(modem: Modem) -> None:
    modem.receive(PARTS[0], utf16("Air keruh \ud83d"))
    modem.receive(PARTS[1], utf16("\ude4f di sini"))
    assert texts(await modem.look()) == ["Air keruh 🙏 di sini"]


async def test_parts_that_the_operator_stamped_with_different_times_are_one_message(modem: Modem) -> None:
    names = (
        "081501_00_+6281200000002_00",
        "081503_00_+6281200000002_01",
        "081501_01_+6281200000002_00",
        "081502_00_+6281200000002_01",
    )
    for place, name in enumerate(names):
        path = modem.receive(f"IN20261120_{name}.txt", utf16(f"{place} "))
        os.utime(path, ns=(0, 1_795_137_300_000_000_000 + place))
    assert texts(await modem.look()) == ["0 1 ", "2 3 "]


async def test_a_part_without_its_beginning_does_not_join_an_old_message(modem: Modem) -> None:
    path = modem.receive(SINGLE, utf16("Lampu"))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    await modem.look()
    modem.receive("IN20261120_091458_00_+6281200000001_01.txt", utf16("akhir"))
    assert texts(await modem.look()) == ["[bagian 1/2 hilang] akhir"]


async def test_a_missing_part_leaves_a_mark(modem: Modem) -> None:
    modem.receive(PARTS[0], utf16("Bagian satu"))
    modem.receive(PARTS[1].replace("_01.", "_02."), utf16("bagian tiga"))
    [message] = await modem.look()
    assert isinstance(message, InboundMessage)
    assert message.text == "Bagian satu [bagian 2/3 hilang] bagian tiga"
    assert message.flags == {"incomplete"}


async def test_a_file_that_still_grows_waits(modem: Modem) -> None:
    path = modem.receive(SINGLE, utf16("Lampu"))
    await modem.adapter.look(modem.submit)
    path.write_bytes(utf16("Lampu jalan"))
    modem.passes(seconds=QUIET_S)
    await modem.adapter.look(modem.submit)
    assert not modem.committed
    modem.passes(seconds=QUIET_S)
    await modem.adapter.look(modem.submit)
    assert texts(modem.committed) == ["Lampu jalan"]


async def test_what_is_committed_moves_aside_and_is_removed_after_a_week(modem: Modem) -> None:
    path = modem.receive(SINGLE, utf16("Lampu"))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    await modem.look()
    kept = modem.folder("inbox") / DONE / SINGLE
    assert kept.exists()
    assert (kept.parent.stat().st_mode & 0o777) == 0o700
    modem.passes(days=6)
    modem.adapter._back.clear()
    assert kept.exists()
    modem.passes(days=2)
    modem.adapter._back.clear()
    assert not kept.exists()


async def test_f98_an_old_sms_that_is_read_again_is_the_same_message(modem: Modem) -> None:
    keys = []
    for serial in ("00", "03"):
        modem.receive(SINGLE.replace("_00_+", f"_{serial}_+"), utf16("Lampu jalan padam"))
        keys += [event.external_id for event in await modem.look() if isinstance(event, InboundMessage)]
    modem.receive(SINGLE, utf16("Lampu jalan menyala"))
    [other] = await modem.look()
    assert isinstance(other, InboundMessage)
    assert keys[0] == keys[1] != other.external_id


@pytest.mark.parametrize("moved", [0, 1])
async def test_whoever_dies_between_commit_and_moving_takes_the_same_message_again(modem: Modem, moved: int) -> None:
    for name, text in zip(PARTS, ("Bagian satu ", "bagian dua"), strict=True):
        modem.receive(name, utf16(text))
    modem.dies = True
    with pytest.raises(KeyboardInterrupt):
        await modem.look()
    [first] = modem.committed
    for name in PARTS[:moved]:
        (modem.folder("inbox") / DONE).mkdir()
        (modem.folder("inbox") / name).rename(modem.folder("inbox") / DONE / name)
    modem.dies = False
    modem.restart()
    assert await modem.look() == [first]
    assert modem.names("inbox") == []


async def test_a_sender_with_a_name_cannot_be_answered(modem: Modem) -> None:
    modem.receive("IN20261120_081502_00_INFO_CONTOH_00.txt", utf16("Promo pulsa"))
    [message] = await modem.look()
    assert isinstance(message, InboundMessage)
    assert message.sender == Address("sender", "INFO_CONTOH")
    assert not message.reply_possible


async def test_what_cannot_be_read_goes_to_quarantine_and_holds_nobody_up(modem: Modem) -> None:
    modem.receive("IN20261120_081503_00_+6281200000003_00.bin", b"\xe1\xe2")
    modem.receive("IN20261120_081504_00_+6281200000003_00.txt", b"\xff\xff\xff")
    modem.receive("IN20261120_081505_00_+6281200000003_00.txt", utf16("Lampu"))
    modem.receive("catatan.txt", b"bukan SMS")
    events = await modem.look()
    assert [type(event) for event in events] == [PayloadInvalid, PayloadInvalid, InboundMessage]
    assert modem.names("inbox") == ["catatan.txt"]


async def test_eight_bit_messages_are_read_where_their_letters_are_known(modem: Modem) -> None:
    modem.settings = replace(modem.settings, dcs8_charset="latin-1")
    modem.restart()
    modem.receive("IN20261120_081503_00_+6281200000003_00.bin", b"Lampu \xe9")
    assert texts(await modem.look()) == ["Lampu é"]


async def test_what_was_kept_on_the_disk_is_read_the_same_again(modem: Modem) -> None:
    request = as_request({PARTS[0]: utf16("Bagian satu "), PARTS[1]: utf16("bagian dua")})
    for name, text in zip(PARTS, ("Bagian satu ", "bagian dua"), strict=True):
        modem.receive(name, utf16(text))
    assert await modem.look() == list(modem.adapter.parse(request))


@given(body=st.binary(max_size=200) | st.dictionaries(st.text(max_size=50), st.binary(max_size=30)).map(
    lambda files: msgspec.json.encode({"files": files})
))  # fmt: skip
def test_no_bytes_break_the_reading(body: bytes) -> None:
    adapter = Gammu(GammuSettings(number="1"))
    for path in ("/inbox", "/sent", "/error", "/lain"):
        with pytest.raises(PayloadInvalid):
            adapter.parse(RawRequest("FILE", path, body=body))


@given(name=st.text(max_size=30), content=st.binary(max_size=60))
def test_no_content_and_no_sender_break_the_reading(name: str, content: bytes) -> None:
    adapter = Gammu(GammuSettings(number="1"))
    request = as_request({f"IN20261120_081458_00_{name}_00.txt": content})
    with suppress(PayloadInvalid):
        [message] = adapter.parse(request)
        assert isinstance(message, InboundMessage)
        assert len(message.external_id) < 100


# ---- going out


async def test_a_text_becomes_a_file_that_asks_for_a_report_and_is_no_flash(modem: Modem) -> None:
    text = "Jum’at petugas datang 🙏 " + "a" * 300
    assert await modem.send(text) == "queued"
    assert modem.names("outbox") == [SENT_NAME]
    assert (modem.folder("outbox") / SENT_NAME).read_bytes().decode("utf-16") == text


@pytest.mark.parametrize("folder", ["outbox", "sent", f"sent/{DONE}", "error"])
async def test_a_message_that_smsd_has_or_had_is_not_sent_twice(modem: Modem, folder: str) -> None:
    modem.folder(folder).mkdir(exist_ok=True)
    (modem.folder(folder) / SENT_NAME).write_bytes(b"")
    assert await modem.send() == "queued_before"
    assert modem.names(folder) == [SENT_NAME]


async def test_what_left_and_what_the_modem_refused_is_told(modem: Modem) -> None:
    await modem.send(number=1)
    await modem.send(number=2)
    first, second = modem.names("outbox")
    (modem.folder("outbox") / first).rename(modem.folder("sent") / first)
    (modem.folder("outbox") / second).rename(modem.folder("error") / second.replace("_001_", "_003_"))
    (modem.folder("sent") / "OUTC20261120_081600_00_+6281200000001_sms0.smsbackup").write_bytes(b"")
    assert await modem.look() == [
        DeliveryReport("ob_0000000000001", DeliveryStatus.SENT),
        DeliveryReport("ob_0000000000002", DeliveryStatus.FAILED, "modem"),
    ]
    assert await modem.look() == []


async def test_what_the_modem_refused_is_tried_three_times_with_ten_minutes_between(modem: Modem) -> None:
    await modem.send()
    for attempt in ("001", "002"):
        name = SENT_NAME.replace("_001_", f"_{attempt}_")
        (modem.folder("outbox") / name).rename(modem.folder("error") / name)
        modem.age("error")
        modem.passes(minutes=9)
        assert await modem.look() == []
        assert modem.names("outbox") == []
        modem.passes(minutes=1)
        assert await modem.look() == []
    last = SENT_NAME.replace("_001_", "_003_")
    assert modem.names("outbox") == [last]
    (modem.folder("outbox") / last).rename(modem.folder("error") / last)
    assert await modem.look() == [DeliveryReport("ob_0000000000042", DeliveryStatus.FAILED, "modem")]
    # A person presses "send again".
    assert await modem.send() == "queued"
    assert modem.names("outbox") == [SENT_NAME.replace("_001_", "_004_")]


async def test_more_than_smsd_can_send_waits_with_us(modem: Modem) -> None:
    modem.settings = replace(modem.settings, outbox_limit=2)
    modem.restart()
    assert [await modem.send(number=number) for number in (1, 2)] == ["queued", "queued"]
    with pytest.raises(ProviderBusy) as busy:
        await modem.send(number=3)
    assert busy.value.whole_channel
    assert await modem.send(number=2) == "queued_before"


@pytest.mark.parametrize(
    ("changes", "refusal", "reason"),
    [
        ({"address": Address("tg", "77")}, RecipientRefused, "no_such_address"),
        ({"text": ""}, SendRefused, "empty"),
        ({"text": "a" * 1531}, SendRefused, "too_long"),
    ],
)
async def test_what_no_sms_can_be_is_refused(
    modem: Modem, changes: dict[str, object], refusal: type[SendRefused], reason: str
) -> None:
    outbound = msgspec.structs.replace(OutboundMessage("ob_1", CITIZEN, "Halo", written_at=NOW), **changes)
    with pytest.raises(refusal) as refused:
        await modem.adapter.send(outbound, HTTP)
    assert refused.value.reason == reason
    assert modem.names("outbox") == []


# ---- when it is ill


async def test_f97_a_modem_that_takes_nothing_stops_the_sending_but_not_the_reading(modem: Modem) -> None:
    await modem.send()
    modem.age("outbox", "sent", "error")
    modem.passes(minutes=16)
    with pytest.raises(ChannelStopped) as stopped:
        await modem.send(number=43)
    assert stopped.value.reason == "modem_hangs"
    assert modem.names("outbox") == [SENT_NAME]
    modem.receive(SINGLE, utf16("Lampu"))
    for _ in range(2):  # whoever listens begins again after that
        with pytest.raises(ChannelMisconfigured, match="pull the modem out"):
            await modem.adapter.listen(modem.submit, HTTP, KeptBookmark())
        modem.passes(seconds=QUIET_S)
    assert texts(modem.committed) == ["Lampu"]
    [advice] = await modem.adapter.check(HTTP, "")
    assert "nothing has left the outbox of smsd for 15 minutes" in advice


async def test_f97_a_modem_that_works_slowly_is_not_taken_for_hung(modem: Modem) -> None:
    await modem.send()
    modem.age("outbox", "error")
    modem.passes(minutes=16)
    modem.age("sent")  # something else left just now
    assert await modem.send(number=43) == "queued"


async def test_folders_that_are_not_there_stop_the_channel_with_a_sentence(modem: Modem) -> None:
    modem.folder("outbox").rmdir()
    with pytest.raises(ChannelStopped) as stopped:
        await modem.send()
    assert stopped.value.reason == "configuration"
    with pytest.raises(ChannelMisconfigured):
        await modem.adapter.listen(modem.submit, HTTP, KeptBookmark())
    [advice] = await modem.adapter.check(HTTP, "")
    assert advice.startswith(f"outbox_path {modem.folder('outbox')} is no folder")


async def test_the_check_compares_with_the_configuration_of_smsd(modem: Modem) -> None:
    smsdrc = modem.root / "smsdrc"
    modem.settings = replace(modem.settings, smsdrc=str(smsdrc))
    modem.restart()
    assert await modem.adapter.check(HTTP, "") == [f"smsdrc {smsdrc} cannot be read"]
    paths = "".join(
        f"{option} = {modem.root}/{folder}/\n"
        for option, folder in (("InboxPath", "inbox"), ("OutboxPath", "outbox"), ("SentSMSPath", "sent"), ("ErrorSMSPath", "error"))
    )  # fmt: skip
    good = f"[gammu]\ndevice = /dev/ttyUSB0\n[smsd]\nService = files\nInboxFormat = unicode\nTransmitFormat = auto\n{paths}"
    smsdrc.write_text(good)
    assert await modem.adapter.check(HTTP, "") == []
    smsdrc.write_text(good.replace("auto", "7bit").replace("/sent/", "/terkirim/") + "RunOnReceive = /root/x.sh\n")
    modem.receive("IN20261120_081458_00_+6281200000001_00.smsbackup", b"")
    problems = " ".join(await modem.adapter.check(HTTP, ""))
    for word in (
        "InboxFormat = unicode",
        "transmitformat should be auto",
        "runonreceive should not be set",
        "/terkirim",
    ):
        assert word in problems


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in (
        {"inbox_path": "inbox"},
        {"sent_path": "/var/spool/gammu/outbox"},
        {"charset": "klingon"},
        {"time_zone": "Asia/Jakartas"},
    ):
        with pytest.raises(SettingsError):
            build_section(GammuSettings, {"number": "1708", **wrong}, "channels.uji")


def test_names_that_are_none_of_ours_are_left_alone() -> None:
    assert read_received("IN2026_081458_00_+6281200000001_00.txt") is None
    assert read_received(f"IN20261120_081458_00_{'9' * 300}_00.txt") is None
    assert read_own("OUTG20261120_081600_001_+6281200000001_sms0.txtd") is None
