"""From a message on Messenger or Instagram to its status and back, and from a comment to a private talk: real HTTP both ways.

The site as it is served, and the simulated Meta on a port of its own.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from gateway.intake import asking
from gateway.outbound import outbound
from gateway.storage import tables
from tests.web.conftest import OpenSite, Served
from workers.delivery import Delivery
from workers.http import AiohttpHttp
from workers.simulators import meta
from workers.simulators.clock import SimulatorClock
from workers.simulators.faults import NOTHING, Action, Fault
from workers.simulators.meta_world import Talk
from workers.simulators.settings import MetaNames, SimulatorSettings

SECRET = "uji-app-secret-meta-0001"
CHANNELS = """
[channels.fb]
kind = "messenger"
{keys}
[channels.ig]
kind = "instagram"
account_id = "17840000000000001"
{keys}
"""
KEYS = """
page_id = "400000000000001"
token = "uji-token-halaman"
app_secret = "{secret}"
verify_token = "uji-verify-token-meta"
app_id = "600000000000001"
api_url = "http://127.0.0.1:{port}"
"""
SITI = {"messenger": "5000000000000001", "instagram": "900000000000001"}
NAMES = {"messenger": "fb", "instagram": "ig"}
PATIENCE_S = 20


@dataclass
class Town:
    site: Served
    meta: meta.Meta
    http: AiohttpHttp

    async def does(self, **item: Any) -> None:
        """Somebody does something, and the gateway has it."""
        known = len(self.meta.plane.journal.entries)
        did = await self.meta.inject({"person": SITI[item.get("on", "messenger")], **item}, NOTHING)
        name = did["mid"] or next(reversed(self.meta.world.comments), "") or item["type"]
        async with asyncio.timeout(PATIENCE_S):
            while not self._taken(name, known):
                await self.meta.plane.change(0.5)

    async def deliver(self) -> list[str]:
        """Everything that is due leaves; what was said."""
        delivery = Delivery(self.site.gateway.office.channels, self.http, self.site.gateway.settings.outbound, self.now)
        said = []
        while True:
            with self.site.tx() as tx:
                parcels = outbound.claim(tx, 10, 60, ["fb", "ig"])
            if not parcels:
                break
            outcomes = [await delivery.deliver(parcel) for parcel in parcels]
            with self.site.tx() as tx:
                outbound.settle(tx, outcomes)
            said += [parcel.message.text for parcel in parcels]
        return said

    def now(self) -> Any:
        return self.site.moment.now

    def talk(self, on: str) -> Talk:
        return self.meta.world.talk(on, SITI[on])

    def states(self) -> list[str]:
        with self.site.tx() as tx:
            return [row.state for row in tx.all(select(tables.outbox).order_by(tables.outbox.c.id))]

    async def until_states(self, *wanted: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.states() != list(wanted):
                await self.meta.plane.change(0.5)

    def _taken(self, name: str, since: int) -> bool:
        """Whether the gateway took a call since then that names this."""
        entries = list(self.meta.plane.journal.entries)[since:]
        return any(one.direction == "event" and one.status == 200 and name in one.body for one in entries)


@pytest.fixture
async def town(open_site: OpenSite, listening: socket.socket) -> AsyncIterator[Town]:
    keys = KEYS.format(port=listening.getsockname()[1], secret=SECRET)
    site = await open_site(CHANNELS.format(keys=keys))
    names = MetaNames("fb", "ig", token="uji-token-halaman", app_id="600000000000001", app_secret=SECRET)
    url = str(site.client.make_url("")).rstrip("/")
    clock = SimulatorClock(lambda: site.moment.now)
    app = meta.build(SimulatorSettings(gateway_url=url, meta=names, clock=clock))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, listening.dup()).start()
    async with AiohttpHttp() as http:
        yield Town(site, app[meta.PLAYER], http)
    await runner.cleanup()


def passes(town: Town, **span: float) -> None:
    """Time goes on for both sides."""
    town.site.moment.pass_(**span)
    town.meta.plane.clock.wake()


@pytest.mark.parametrize(("on", "arrived"), [("messenger", "delivered"), ("instagram", "sent")])
async def test_a_walk_from_a_message_to_its_status_and_back(town: Town, on: str, arrived: str) -> None:
    await town.does(on=on, text="Lampu jalan di Gang Melati padam sejak Senin malam")
    [receipt] = await town.deliver()
    assert "KBR-26" in receipt
    assert town.talk(on).messages[-1].text == receipt
    passes(town, seconds=1)
    await town.until_states(arrived)
    await town.does(on=on, type="read")
    await town.until_states("read")
    await town.does(on=on, type="edit" if on == "messenger" else "unsend", text="Lampu jalan di Gang Melati RT 2 padam")
    passes(town, minutes=20)
    await town.does(on=on, text="STATUS")
    [status] = await town.deliver()
    assert "KBR-26" in status
    with town.site.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
    assert complaint.channel == NAMES[on]


@pytest.mark.parametrize("on", ["messenger", "instagram"])
async def test_a_walk_from_a_comment_to_a_private_talk(town: Town, on: str) -> None:
    await town.does(on=on, type="comment", text="Parit di depan SD Contoh tersumbat sudah sebulan min")
    [invitation] = await town.deliver()
    assert "KBR-26" in invitation
    assert town.talk(on).messages[-1].text == invitation
    assert not any(comment.below for comment in town.meta.world.comments.values())
    passes(town, minutes=5)
    await town.does(on=on, text="Di Jalan Contoh Raya nomor 5, airnya sampai ke kelas")
    assert await town.deliver()
    with town.site.tx() as tx:
        complaints = tx.all(select(tables.complaint))
        said = tx.all(select(tables.outbox).order_by(tables.outbox.c.id))
    assert complaints[0].hold == "public_comment"
    assert {row.state for row in said} <= {"sent", "delivered"}


async def test_a_lost_answer_is_settled_by_the_echo_and_read_by_what_follows(town: Town) -> None:
    await town.does(text="Lampu jalan di Gang Melati padam sejak Senin malam")
    town.meta.plane.faults.add([Fault(Action(accept_then_close=True))])
    await town.deliver()
    assert town.states() == ["unknown"]
    passes(town, seconds=1)
    await town.until_states("delivered")
    assert len(town.talk("messenger").messages) == 2, "the message and one answer"


async def test_a_walk_from_a_mention_whose_words_have_to_be_asked_for(town: Town) -> None:
    await town.does(on="instagram", type="mention", text="@pemkab parit di depan SD Contoh tersumbat sudah sebulan")
    gateway = town.site.gateway
    (kept,) = asking.waiting(gateway.store, "ig")
    asker = gateway.office.channels["ig"].asker
    assert asker is not None
    events = await asker.ask(kept[1], town.http)
    for _ in range(2):  # as two processes would
        asking.answered(gateway.store, "ig", kept, events)
    assert asking.waiting(gateway.store, "ig") == []
    with town.site.tx() as tx:
        (complaint,) = tx.all(select(tables.complaint))
        assert not tx.all(select(tables.outbox))
    assert complaint.hold == "public_comment"
    assert "tersumbat" in complaint.text_masked
    town.meta.world.comments.clear()
    assert await asker.ask(kept[1], town.http) == []
