"""From a message on WhatsApp to its status and back: real HTTP both ways, the site as it is served and the simulated Cloud API."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from gateway.outbound import outbound
from gateway.storage import tables
from tests.channels.recorded import PAYLOADS, read_request
from tests.web.conftest import OpenSite, Served
from workers.delivery import Delivery
from workers.http import AiohttpHttp
from workers.simulators import whatsapp
from workers.simulators.clock import SimulatorClock
from workers.simulators.faults import NOTHING, Action, Fault
from workers.simulators.settings import SimulatorSettings, WhatsAppNames

SECRET = "uji-app-secret-meta-0001"
CHANNELS = """
[channels.whatsapp]
kind = "whatsapp"
phone_number_id = "100000000000001"
number = "0811-000-0001"
{keys}
[channels.wa-dua]
kind = "whatsapp"
phone_number_id = "100000000000002"
{keys}
"""
KEYS = """
waba_id = "200000000000001"
token = "uji-token-meta"
app_secret = "{secret}"
verify_token = "uji-verify-token-meta"
api_url = "http://127.0.0.1:{port}"
"""
SITI, BUDI = "6281200000001", "6281200000002"
REPORT = "Lampu jalan di Gang Melati padam sejak Senin malam"
PATIENCE_S = 20


@dataclass
class Town:
    site: Served
    meta: whatsapp.WhatsApp
    http: AiohttpHttp

    async def does(self, **item: Any) -> None:
        """Somebody does something, and the gateway has it."""
        did = await self.meta.inject({"from": SITI, **item}, NOTHING)
        async with asyncio.timeout(PATIENCE_S):
            while not self._taken(did["ids"][0]):
                await self.meta.plane.change(0.5)

    async def deliver(self) -> list[str]:
        """Everything that is due leaves; what was said."""
        gateway, said = self.site.gateway, []
        delivery = Delivery(gateway.office.channels, self.http, gateway.settings.outbound, lambda: self.site.moment.now)
        while True:
            with self.site.tx() as tx:
                parcels = outbound.claim(tx, 10, 60, ["whatsapp", "wa-dua"])
            if not parcels:
                return said
            outcomes = [await delivery.deliver(parcel) for parcel in parcels]
            with self.site.tx() as tx:
                outbound.settle(tx, outcomes)
            said += [parcel.message.text for parcel in parcels]

    def rows(self, table: Any) -> list[Any]:
        with self.site.tx() as tx:
            return list(tx.all(select(table).order_by(table.c.id)))

    async def until_states(self, *wanted: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while [row.state for row in self.rows(tables.outbox)] != list(wanted):
                await self.meta.plane.change(0.5)

    def phone(self, number: str = SITI) -> list[str]:
        return [note.text for note in self.meta.talks.talk(number).notes if note.incoming]

    def passes(self, **span: float) -> None:
        """Time goes on for both sides."""
        self.site.moment.pass_(**span)
        self.meta.plane.clock.wake()

    def _taken(self, name: str) -> bool:
        entries = self.meta.plane.journal.entries
        return any(one.direction == "event" and one.status == 200 and name in one.body for one in entries)


@pytest.fixture
async def town(open_site: OpenSite, listening: socket.socket) -> AsyncIterator[Town]:
    keys = KEYS.format(port=listening.getsockname()[1], secret=SECRET)
    site = await open_site(CHANNELS.format(keys=keys))
    names = WhatsAppNames("whatsapp", token="uji-token-meta", app_secret=SECRET)
    url = str(site.client.make_url("")).rstrip("/")
    app = whatsapp.build(
        SimulatorSettings(gateway_url=url, whatsapp=names, clock=SimulatorClock(lambda: site.moment.now))
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening.dup()).start()
    async with AiohttpHttp() as http:
        yield Town(site, app[whatsapp.PLAYER], http)
    await runner.cleanup()


async def test_a_walk_from_a_message_to_its_status_and_back(town: Town) -> None:
    await town.does(text=REPORT)
    [receipt] = await town.deliver()
    assert town.phone() == [receipt]
    town.passes(seconds=1)
    await town.until_states("sent")
    town.passes(seconds=1)
    await town.until_states("delivered")
    # Free texts are over: what goes out now is a template, and the answer to it opens the talk again.
    [complaint] = town.rows(tables.complaint)
    town.passes(hours=24)
    with town.site.tx() as tx:
        who = outbound.contacts.by_id(tx, [complaint.contact_id])[complaint.contact_id]
        about = outbound.Said("st.answer", complaint.id, direct=False)
        outbound.say(tx, who, "whatsapp", [(f"{complaint.number}: lampu sudah diganti.", ())], about)
    await town.deliver()
    assert town.phone()[-1] == f"[aduan_selesai] {complaint.number} · lampu sudah diganti."
    await town.does(text="STATUS")
    [status] = await town.deliver()
    assert complaint.number in status
    assert town.phone()[-1] == status
    async with town.site.client.get("/") as page:
        assert "https://wa.me/628110000001" in await page.text()


async def test_f95_a_walk_without_a_telephone_number(town: Town) -> None:
    town.meta.options.without_numbers = True
    await town.does(text=REPORT)
    [receipt] = await town.deliver()
    assert town.phone() == [receipt]
    [contact] = [row for row in town.rows(tables.contact) if not row.staff]
    assert contact.scheme == "wa"


async def test_f38_a_lost_answer_is_settled_by_a_status(town: Town) -> None:
    await town.does(text=REPORT)
    town.meta.plane.faults.add([Fault(Action(accept_then_close=True))])
    await town.deliver()
    await town.until_states("unknown")
    town.passes(seconds=1)
    await town.until_states("sent")
    assert len(town.phone()) == 1


async def test_f04_f66_calls_are_taken_entry_by_entry_and_only_with_the_signature_of_their_bytes(town: Town) -> None:
    async def call(name: str) -> tuple[int, bytes]:
        request = read_request(PAYLOADS / "whatsapp" / f"{name}.http")
        query = f"?{request.raw_query.decode()}" if request.raw_query else ""
        async with town.site.client.request(
            request.method, f"/c/whatsapp{query}", data=request.body or None, headers=dict(request.headers)
        ) as response:
            return response.status, await response.read()

    assert await call("in-verify") == (200, b"1158201444")
    assert (await call("forged-verify-token"))[0] == 403
    assert (await call("forged-written-anew"))[0] == 403
    assert town.rows(tables.message) == town.rows(tables.quarantine) == []
    assert await call("broken-one-of-three") == (200, b"")
    assert [row.channel for row in town.rows(tables.message)] == ["whatsapp", "wa-dua"]
    assert [row.reason for row in town.rows(tables.quarantine)] == ["partly_invalid"]
