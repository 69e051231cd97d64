"""From a citizen's SMS to its receipt, the officer's step and the status back, by each of the other ways to SMS.

Jasmin and a provider by configuration over real HTTP, a modem over the folders of smsd; one gateway has all three.
"""

import asyncio
import hmac
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from channels.sms.gammu import adapter, folders
from gateway.dashboard.menu import SCREENS
from gateway.outbound import outbound
from gateway.storage import tables
from tests.channels.recorded import PAYLOADS
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import hidden
from tests.gateway.short_ways import expand
from tests.web.conftest import OpenSite
from workers import listen as module
from workers.delivery import Delivery
from workers.http import AiohttpHttp
from workers.limits import Limits
from workers.listen import listen
from workers.simulators import gammu, http_sms, jasmin
from workers.simulators.clock import SimulatorClock
from workers.simulators.faults import NOTHING, Action, Fault
from workers.simulators.settings import SimulatorSettings
from workers.simulators.wiring import simulator_settings
from workers.targets import Targets
from workers.tools import Tools

JASMIN, PROVIDER, MODEM = "sms-jasmin", "sms-contoh", "sms-modem"
CHANNELS = """
[server]
public_url = "{front}"
[channels.sms-jasmin]
kind = "jasmin"
number = "1708"
send_url = "{providers}/jasmin/send"
username = "satupintu"
password = "uji-jas"
inbound_token = "uji-kunci-jasmin-0123456789abcdef"
[channels.sms-operator]
kind = "smpp"
number = "1708"
host = "127.0.0.1"
system_id = "satupintu"
password = "uji-smpp"
ussd_code = "*709#"
[channels.sms-modem]
kind = "gammu"
number = "+6281100000000"
inbox_path = "{spool}/inbox"
outbox_path = "{spool}/outbox"
sent_path = "{spool}/sent"
error_path = "{spool}/error"
"""
SITI = "+6281200000001"
REPORT = "Lampu jalan di depan SD Contoh 3 mati sejak seminggu, jalan gelap dan anak-anak takut lewat. " * 2
PATIENCE_S = 30
Player = Any


@dataclass
class Town:
    desk: Desk
    players: Mapping[str, Player]
    http: AiohttpHttp

    async def writes(self, channel: str, text: str) -> None:
        """Siti sends an SMS, and the gateway has it."""
        with self.desk.served.tx() as tx:
            had = len(tx.all(select(tables.message.c.id)))
        await self.players[channel].inject({"from": SITI, "text": text}, NOTHING)
        await self.until(lambda: len(self.rows(tables.message)) > had)

    async def delivered(self, channel: str) -> None:
        """Everything that is due leaves, is on the phone, and its provider has said what became of it."""
        served = self.desk.served
        expand(served.gateway.store)
        settings = served.gateway.settings.outbound
        delivery = Delivery(served.gateway.office.channels, self.http, settings, served.moment)
        while parcels := self.claimed(channel):
            outcomes = [await delivery.deliver(parcel) for parcel in parcels]
            with served.tx() as tx:
                outbound.settle(tx, outcomes)
        arrived = "sent" if channel == MODEM else "delivered"
        await self.until(lambda: self._are(arrived, channel))

    def claimed(self, channel: str) -> Sequence[outbound.Parcel]:
        with self.desk.served.tx() as tx:
            return outbound.claim(tx, 10, 60, [channel])

    def _are(self, state: str, channel: str) -> bool:
        self._passes()
        ours = [row.state for row in self.rows(tables.outbox) if row.channel == channel]
        return set(ours) == {state} and len(self.phone(channel)) == len(ours)

    def _passes(self) -> None:
        """A second, for both sides."""
        self.desk.served.moment.pass_(seconds=1)
        for player in self.players.values():
            player.plane.clock.wake()

    def phone(self, channel: str) -> list[str]:
        return [sms.text for sms in self.players[channel].handsets.phone(SITI).messages if sms.incoming]

    def rows(self, table: Any) -> list[Any]:
        with self.desk.served.tx() as tx:
            return list(tx.all(select(table).order_by(table.c.id)))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - both ends are plain values on purpose
                await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def doors() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ports of the gateway and of the providers: the same for all tests, so that their settings are read once."""
    with socket.create_server(("127.0.0.1", 0)) as front, socket.create_server(("127.0.0.1", 0)) as providers:
        yield front, providers


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gammu")
    for name in gammu.FOLDERS:
        (folder / name).mkdir()
    return folder


@pytest.fixture
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for place, name in ((module, "AGAIN_S"), (module, "RENEW_S"), (adapter, "LOOK_EVERY_S"), (folders, "QUIET_S")):
        monkeypatch.setattr(place, name, 0.02)


@pytest.fixture
async def town(
    open_site: OpenSite, doors: tuple[socket.socket, socket.socket], spool: Path, _no_long_waits: None
) -> AsyncIterator[Town]:
    front, providers = (f"http://127.0.0.1:{door.getsockname()[1]}" for door in doors)
    channels = CHANNELS.format(front=front, providers=providers, spool=spool)
    served = await open_site(channels + provider_tables(f"{providers}/http-sms/kirim"), screens=SCREENS)
    await web.SockSite(served.client.server.runner, doors[0].dup()).start()
    names = simulator_settings(served.gateway.settings)
    clock = SimulatorClock(lambda: served.moment.now)
    settings = SimulatorSettings(
        gateway_url=front, jasmin=names.jasmin, http_sms=names.http_sms, gammu=names.gammu, clock=clock
    )
    root = web.Application()
    parts = {"jasmin": jasmin.build(settings), "http-sms": http_sms.build(settings), "gammu": gammu.build(settings)}
    for name, part in parts.items():
        root.add_subapp(f"/{name}", part)
    runner = web.AppRunner(root)
    await runner.setup()
    await web.SockSite(runner, doors[1].dup()).start()
    players = {
        JASMIN: parts["jasmin"][jasmin.PLAYER],
        PROVIDER: parts["http-sms"][http_sms.PLAYER],
        MODEM: parts["gammu"][gammu.PLAYER],
    }
    desk = Desk(served)
    await served.sign_in()
    async with AiohttpHttp() as http:
        hearing = asyncio.create_task(listen([served.gateway.channels[MODEM]], tools(desk, http)))
        yield Town(desk, players, http)
        hearing.cancel()
        await asyncio.wait([hearing])
    await runner.cleanup()


def tools(desk: Desk, http: AiohttpHttp) -> Tools:
    gateway = desk.served.gateway
    targets = Targets(gateway.settings, http, "here")
    return Tools(gateway, http, Limits(None, "here", {}), lambda: desk.served.moment.now, "here", targets)  # type: ignore[arg-type]


def provider_tables(url: str) -> str:
    """The recorded provider as a channel of the gateway, aimed at the simulator."""
    told = (PAYLOADS / "http_sms" / "channel.toml").read_text(encoding="utf-8")
    told = told.partition("[sms-contoh]")[2].partition("[sms-lama]")[0]
    told = told.replace("[sms-contoh.", "[channels.sms-contoh.").replace("https://api.sms.example/v1/messages", url)
    told = told.replace("[channels.sms-contoh.outbound]", "[channels.sms-contoh.outbound]\nallow_private = true")
    return f"[channels.sms-contoh]{told}".replace("{", "{{").replace("}", "}}")


async def assigned(desk: Desk, number: str) -> None:
    """The coordinator presses the button."""
    page = await desk.page(f"/admin/aduan/{number}?aksi=assign")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/assign"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key")}
    await desk.done(f"/admin/aduan/{number}/aksi/assign", f"/admin/aduan/{number}", **fields, agency="PUPR")


@pytest.mark.parametrize("channel", [JASMIN, PROVIDER, MODEM])
async def test_a_walk_from_an_sms_to_its_status_and_back(town: Town, channel: str) -> None:
    await town.writes(channel, REPORT)
    await town.delivered(channel)
    [complaint] = town.rows(tables.complaint)
    assert complaint.number in town.phone(channel)[0]
    await assigned(town.desk, complaint.number)
    await town.delivered(channel)
    assert "Dinas Pekerjaan Umum" in town.phone(channel)[-1]
    seen = len(town.phone(channel))
    await town.writes(channel, f"STATUS {complaint.number}")
    await town.delivered(channel)
    [status] = town.phone(channel)[seen:]
    assert complaint.number in status
    assert len(town.rows(tables.complaint)) == 1


async def test_the_start_page_names_the_menu_that_shares_a_channel_with_sms(town: Town) -> None:
    async with town.desk.served.client.get("/") as page:
        assert 'href="tel:*709%23"' in await page.text()


async def test_f43_jasmins_own_word_for_too_fast_is_a_pause_and_no_failure(town: Town) -> None:
    await town.writes(JASMIN, REPORT)
    town.players[JASMIN].plane.faults.add([Fault(Action(status=403, body='Error "User throughput exceeded"'))])
    served = town.desk.served
    delivery = Delivery(served.gateway.office.channels, town.http, served.gateway.settings.outbound, served.moment)
    outcomes = [await delivery.deliver(parcel) for parcel in town.claimed(JASMIN)]
    assert [(one.state, one.counted, bool(one.pause_channel_until)) for one in outcomes] == [("queued", False, True)]
    with served.tx() as tx:
        outbound.settle(tx, outcomes)
    assert town.phone(JASMIN) == []
    served.moment.pass_(seconds=5)
    await town.delivered(JASMIN)
    assert {row.attempts for row in town.rows(tables.outbox)} == {1}


async def test_f67_a_signed_call_is_worth_something_for_five_minutes_and_once(town: Town) -> None:
    signed_at = int(town.desk.served.moment.now.timestamp())
    body = json.dumps({"messages": [{"id": "p-1", "sender": SITI, "recipient": "1708", "text": REPORT}]}).encode()
    proof = hmac.new(b"uji-hmac-http-sms-0001", b"%d.%b" % (signed_at, body), "sha256").hexdigest()
    headers = {"X-Timestamp": str(signed_at), "X-Signature": f"sha256={proof}", "Content-Type": "application/json"}
    answers = []
    for minutes in (0, 4, 6):
        town.desk.served.moment.pass_(minutes=minutes)
        async with town.desk.served.client.post(f"/c/{PROVIDER}", data=body, headers=headers) as answer:
            answers.append(answer.status)
    assert answers == [200, 200, 403]
    assert len(town.rows(tables.message)) == 1
