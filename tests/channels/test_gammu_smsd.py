"""The real smsd with Gammu's own dummy modem: it takes what we write, and we read what it writes."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

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
from channels.sms.gammu.settings import GammuSettings
from tests.channels.scripted_http import ScriptedHttp
from tests.conftest import lacking

LIMIT_S = 30
SMSDRC = """
[gammu]
device = {root}/modem
connection = none
model = dummy
[smsd]
Service = files
PhoneID = uji
CheckSecurity = 0
InboxFormat = unicode
TransmitFormat = auto
OutboxFormat = unicode
ReceiveFrequency = 1
CommTimeout = 1
LogFile = {root}/log
DebugLevel = 1
InboxPath = {root}/inbox/
OutboxPath = {root}/outbox/
SentSMSPath = {root}/sent/
ErrorSMSPath = {root}/error/
"""
SMS = """[SMSBackup000]
DateTime = {moment}
State = UnRead
PDU = Deliver
Number = "{number}"
Coding = {coding}
{udh}Folder = 1
Length = {length}
Class = -1
Text00 = {text}
"""


@contextmanager
def smsd(root: Path) -> Iterator[None]:
    binary = shutil.which("gammu-smsd")
    if binary is None:
        lacking("gammu-smsd tidak ada: apt-get install gammu-smsd")
    (root / "smsdrc").write_text(SMSDRC.format(root=root))
    process = subprocess.Popen([binary, "-c", str(root / "smsdrc")], stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def on_the_card(
    root: Path, place: int, number: str, text: str, coding: str = "Default_No_Compression", udh: str = ""
) -> None:
    """An SMS as it lies on the card of the dummy modem."""
    octets = text.encode("utf-16-be", "surrogatepass")
    filled = SMS.format(
        moment=f"20261120T0814{place:02}",
        number=number,
        coding=coding,
        udh=f"UDH = {udh}\n" if udh else "",
        length=len(octets) // 2,
        text=octets.hex().upper(),
    )
    (root / "modem" / "sms" / "1" / str(place)).write_text(filled)


def folders(root: Path) -> GammuSettings:
    names = ("inbox", "outbox", "sent", "error")
    for name in names:
        (root / name).mkdir()
    (root / "modem/sms/1").mkdir(parents=True)
    return GammuSettings(
        "+6281100000000", **{f"{name}_path": str(root / name) for name in names}, smsdrc=f"{root}/smsdrc"
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 - another program writes the files
            await asyncio.sleep(0.1)


async def test_smsd_sends_what_we_write_and_brings_what_citizens_write(tmp_path: Path) -> None:
    settings, seconds = folders(tmp_path), iter(range(0, 1_000_000, 3))
    adapter = Gammu(settings, monotonic=lambda: next(seconds))  # quiet after two looks
    on_the_card(tmp_path, 1, "+6281200000001", "Lampu jalan padam 🙏", "Unicode_No_Compression")
    on_the_card(tmp_path, 2, "+6281200000002", "Bagian satu ", udh="0500032A0201")
    on_the_card(tmp_path, 3, "+6281200000002", "bagian dua", udh="0500032A0202")
    on_the_card(tmp_path, 4, "INFO-CONTOH", "Promo pulsa")
    for number, text in enumerate(("Laporan Anda diterima.", "Jum’at petugas datang 🙏 " + "a" * 100), 1):
        outbound = OutboundMessage(
            f"ob_{number:013}", Address("tel", "+6281200000001"), text, written_at=datetime(2026, 11, 20, tzinfo=UTC)
        )
        await adapter.send(outbound, ScriptedHttp([]))
    events: list[object] = []

    async def submit(received: Sequence[tuple[Inbound | Exception, RawRequest]]) -> None:
        events.extend(event for event, _ in received)

    with smsd(tmp_path):
        # All of a message is there before we look: how long smsd may take between two parts is tested elsewhere.
        await until(
            lambda: len(list((tmp_path / "inbox").iterdir())) == len(list((tmp_path / "sent").iterdir())) + 2 == 4
        )
        for _ in range(2):
            await adapter.look(submit)
        assert await adapter.check(ScriptedHttp([]), "") == []
    reports = [event for event in events if isinstance(event, DeliveryReport)]
    assert {(one.message_id, one.status) for one in reports} == {
        (f"ob_{number:013}", DeliveryStatus.SENT) for number in (1, 2)
    }
    received = {one.sender.path: one for one in events if isinstance(one, InboundMessage)}
    assert received["+6281200000001"].text == "Lampu jalan padam 🙏"
    assert received["+6281200000001"].sent_at == datetime(2026, 11, 20, 1, 14, 1, tzinfo=UTC)
    assert received["+6281200000002"].text == "Bagian satu bagian dua"
    assert not received["INFO-CONTOH"].reply_possible
    log = (tmp_path / "log").read_text(errors="replace")
    assert "Transmitted OUTG" in log
