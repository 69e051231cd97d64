"""From a post that names us to a private talk on X, and from a direct message to its receipt: real HTTP both ways."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from sqlalchemy import select

from gateway.outbound import outbound
from gateway.storage import tables
from tests.web.conftest import OpenSite, Served
from workers.delivery import Delivery
from workers.http import AiohttpHttp
from workers.simulators import x
from workers.simulators.clock import SimulatorClock
from workers.simulators.faults import NOTHING
from workers.simulators.settings import SimulatorSettings, XNames

CHANNEL = """
[channels.akun-x]
kind = "x"
user_id = "2000000000000000001"
username = "pemkab_latihan"
token = "uji-token-x"
consumer_secret = "uji-consumer-secret-x-0001"
public_reply = true
api_url = "http://127.0.0.1:{port}"
"""
SITI = "2000000000000000002"
PATIENCE_S = 20


@pytest.fixture
async def site(open_site: OpenSite, listening: socket.socket) -> Served:
    return await open_site(CHANNEL.format(port=listening.getsockname()[1]))


@pytest.fixture
async def player(site: Served, listening: socket.socket) -> AsyncIterator[x.X]:
    names = XNames("akun-x", consumer_secret="uji-consumer-secret-x-0001", token="uji-token-x")
    url = str(site.client.make_url("")).rstrip("/")
    clock = SimulatorClock(lambda: site.moment.now)
    app = x.build(SimulatorSettings(gateway_url=url, x=names, clock=clock))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening.dup()).start()
    yield app[x.PLAYER]
    await runner.cleanup()


async def does(player: x.X, kind: str, text: str) -> None:
    """Somebody writes, and the gateway has it."""
    name = (await player.inject({"type": kind, "person": SITI, "text": text}, NOTHING))["id"]
    async with asyncio.timeout(PATIENCE_S):
        while not any(entry.status == 200 and name in entry.body for entry in player.plane.journal.entries):
            await player.plane.change(0.5)


async def delivered(site: Served) -> None:
    """Everything that is due leaves."""
    async with AiohttpHttp() as http:
        delivery = Delivery(site.gateway.office.channels, http, site.gateway.settings.outbound, lambda: site.moment.now)
        while True:
            with site.tx() as tx:
                parcels = outbound.claim(tx, 10, 60, ["akun-x"])
            if not parcels:
                return
            outcomes = [await delivery.deliver(parcel) for parcel in parcels]
            with site.tx() as tx:
                outbound.settle(tx, outcomes)


async def test_a_walk_from_a_post_to_a_private_talk(site: Served, player: x.X) -> None:
    assert await player.challenge()
    await does(player, "post", "lampu jalan di Gang Melati padam sejak Senin malam")
    await delivered(site)
    said = {one.recipient: one.text for one in player.plane.journal.outbox}
    with site.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
    assert complaint.hold == "public_comment"
    assert complaint.number in said.pop(SITI)
    assert list(said.values()) == [site.site.texts("pub.reply", "id")]
    site.moment.pass_(minutes=20)
    await does(player, "dm", "STATUS")
    await delivered(site)
    assert complaint.number in player.plane.journal.outbox[-1].text
    with site.tx() as tx:
        assert {row.state for row in tx.all(select(tables.outbox))} == {"sent"}
