"""A real Kannel, by the configuration that we ship: between the simulated operator (SMPP) and our adapter, with receipts."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from channels.errors import SendRefused
from channels.messages import (
    Address,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    OutboundMessage,
    RawRequest,
)
from channels.sms.kannel import Kannel, KannelSettings
from config.settings import Secret
from tests.channels.carrying import carried, until_open
from tests.conftest import lacking
from tests.servers import free_port
from tests.simulators.stage import MONDAY, Stage, staged, standing_clock
from workers.http import AiohttpHttp
from workers.simulators import smsc
from workers.simulators.settings import SimulatorSettings, SmppNames
from workers.simulators.sockets import listening

SHIPPED = Path(__file__).parents[2] / "contrib" / "kannel" / "kannel.conf"
LIMIT_S = 30
SITI, BUDI = "+6281200000001", "+6281200000002"
NAMES = SmppNames("sms", "1708", 0, "satupintu", "ujismpp")
KEY, PASSWORD = "uji-kunci-url-0123456789abcdef0123", "uji-sandi-kannel"
LONG = "Lampu jalan di depan pasar mati sejak kemarin 🙏 dan belum diperbaiki. " * 3
OURS = ("ob_0000000000001", "ob_0000000000002")


@dataclass
class Office:
    """Kannel in the middle; what it calls arrives at the stage's gateway."""

    stage: Stage
    adapter: Kannel
    http: AiohttpHttp
    events: list[Inbound] = field(default_factory=list)
    read: int = 0

    @property
    def operator(self) -> smsc.Smsc:
        return self.stage.app[smsc.PLAYER]

    async def heard(self, enough: Callable[[], bool]) -> Sequence[Inbound]:
        """What Kannel brought until it is enough, while the operator's time goes on."""
        async with asyncio.timeout(LIMIT_S):
            while not enough():
                for call in self.stage.gateway.calls[self.read :]:
                    path = call.path.removeprefix("/c/sms")
                    request = RawRequest(call.method, path, call.raw_query.encode(), received_at=MONDAY)
                    self.adapter.verify(request)
                    self.events += self.adapter.parse(request)
                    self.read += 1
                await self.stage.pass_time(seconds=3)
                await asyncio.sleep(0.05)
        return self.events

    def told(self, number: int) -> set[DeliveryStatus | None]:
        """What was reported of one message of ours so far."""
        reports = [one for one in self.events if isinstance(one, DeliveryReport)]
        return {one.status for one in reports if one.message_id == OURS[number]}

    async def send(self, number: int, text: str, to: str = SITI) -> None:
        url = f"{self.operator.settings.gateway_url}/c/sms/status"
        await self.adapter.send(OutboundMessage(OURS[number], Address("tel", to), text, report_url=url), self.http)

    def shown(self) -> list[str]:
        return [sms.text for sms in self.operator.handsets.phone(SITI).messages if sms.incoming]


def configured(root: Path, redis: int, operator: int, gateway: str, sendsms: int) -> str:
    """What we ship, with the places filled in, on ports of its own."""
    ports = {"13000": str(free_port()), "13001": str(free_port()), "13013": str(sendsms), "2775": str(operator)}
    values = {
        "key": KEY,
        "password": PASSWORD,
        "host of the operator": "127.0.0.1",
        "system id": NAMES.system_id,
        "password of the line": NAMES.password,
        "another password": "uji-admin",
        "a third password": "uji-status",
    }
    text = SHIPPED.read_text()
    text = re.sub(r"<([a-z ]+)>", lambda found: values[found[1]], text)
    text = re.sub(r"(?m)^(\S*port) = (\d+)$", lambda found: f"{found[1]} = {ports.get(found[2], found[2])}", text)
    text = text.replace("port = 6379", f"port = {redis}")
    text = text.replace("http://gateway:8080", gateway).replace("10.0.0.*", "127.0.0.1")
    return re.sub(r"/var/(?:log|spool)/kannel", str(root), text)


@asynccontextmanager
async def boxes(root: Path, text: str, sendsms: int) -> AsyncIterator[None]:
    path = f"{os.defpath}:/usr/sbin:/usr/local/sbin"
    found = [shutil.which(name, path=path) for name in ("bearerbox", "smsbox")]
    (root / "store").mkdir()
    (root / "kannel.conf").write_text(text)
    quiet = asyncio.subprocess.DEVNULL
    async with AsyncExitStack() as running:
        for box, port in zip(found, (_smsbox_port(text), sendsms), strict=True):
            if box is None:
                lacking("bearerbox atau smsbox tidak ada: apt-get install kannel")
            process = await asyncio.create_subprocess_exec(
                box, "-v", "4", str(root / "kannel.conf"), stdout=quiet, stderr=quiet, cwd=root
            )
            running.push_async_callback(_ended, process)
            await until_open(port, LIMIT_S)
        yield


def _smsbox_port(text: str) -> int:
    found = re.search(r"(?m)^smsbox-port = (\d+)$", text)
    assert found
    return int(found[1])


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Asked twice it does not wait for connections to end by themselves."""
    for _ in range(2):
        if process.returncode is None:
            process.terminate()
            await asyncio.sleep(0)
    try:
        async with asyncio.timeout(2):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@pytest.fixture
async def office(redis_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    def settings(gateway_url: str) -> SimulatorSettings:
        return SimulatorSettings(gateway_url=gateway_url, smpp=NAMES, clock=standing_clock())

    path = urlsplit(redis_url).path  # Kannel knows no sockets of a file system

    async def to_redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await carried(reader, writer, *await asyncio.open_unix_connection(path))

    async with staged(smsc.build, settings) as stage, AiohttpHttp() as http, listening(to_redis) as redis:
        operator, sendsms = stage.app[smsc.PLAYER], free_port()
        text = configured(tmp_path, redis, operator.port, operator.settings.gateway_url, sendsms)
        async with boxes(tmp_path, text, sendsms):
            adapter = Kannel(
                KannelSettings(
                    number="1708",
                    send_url=f"http://127.0.0.1:{sendsms}/cgi-bin/sendsms",
                    username="satupintu",
                    password=Secret(PASSWORD),
                    inbound_token=Secret(KEY),
                )
            )
            async with asyncio.timeout(LIMIT_S):
                while not operator.bound:  # noqa: ASYNC110 - another program binds
                    await asyncio.sleep(0.05)
            yield Office(stage, adapter, http)


async def test_kannel_brings_what_citizens_write_and_carries_our_answers_with_receipts(office: Office) -> None:
    assert await office.adapter.check(office.http, "") == []
    for number, text in ((SITI, "Lampu jalan padam [di pasar] 5€"), (BUDI, LONG)):
        await office.stage.inject(**{"from": number}, text=text)
    messages = {
        one.sender.path: one
        for one in await office.heard(lambda: len(office.events) == 2)
        if isinstance(one, InboundMessage)
    }
    assert messages[SITI].text == "Lampu jalan padam [di pasar] 5€"
    # In its parts on the wire; Kannel joins them.
    assert messages[BUDI].text == LONG
    assert {one.destination for one in messages.values()} == {"1708"}
    assert len({one.external_id for one in messages.values()}) == 2

    await office.send(0, "Laporan Anda diterima. Nomor KB-2026-000123.")
    await office.send(1, LONG)
    await office.heard(lambda: all(DeliveryStatus.DELIVERED in office.told(number) for number in (0, 1)))
    assert office.told(0) == office.told(1) == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}
    assert sorted(office.shown()) == sorted(["Laporan Anda diterima. Nomor KB-2026-000123.", LONG])

    await office.stage.fault({"named": "failed"})
    office.events.clear()
    await office.send(0, "Untuk nomor yang mati.")
    await office.heard(lambda: DeliveryStatus.FAILED in office.told(0))
    with pytest.raises(SendRefused, match="denied"):
        await office.send(1, "Halo", to="bukan nomor")
