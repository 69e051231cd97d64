"""The same message again, a broken line, a flood, a stall, a late photo, an edit: one row, one complaint, one receipt."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis
from aiohttp import ClientSession, ServerDisconnectedError
from sqlalchemy import select

from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role
from gateway.dashboard.menu import SCREENS
from gateway.doorbell import Doorbell
from gateway.officer_links import links
from gateway.outbound import channel_states
from gateway.people import directory
from gateway.record import cases
from gateway.storage import tables
from gateway.web import body
from tests.dashboard.conftest import Desk
from tests.faults.citizens import REPORT, SECRET, sms, update
from tests.faults.line import Line, line_to
from tests.faults.looking import LIMIT_S, RECEIPT, count, numbers_by_sender
from tests.web.conftest import OpenSite, Served, open_site

__all__ = ["open_site"]

COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
PHOTO = {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 90, "height": 90, "file_size": 900}]}


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    return await open_site()


async def post(at: Served, number: int, text: str = REPORT, citizen: int = 77, **more: object) -> int:
    answer = await at.client.post("/c/tg", json=update(number, text, citizen, **more), headers=SECRET)
    return answer.status


def figures(at: Served) -> list[int]:
    """Messages, complaints, receipts."""
    store = at.gateway.store
    both = [count(store, table) for table in (tables.message, tables.complaint)]
    return [*both, count(store, tables.outbox, RECEIPT)]


async def test_f02_the_same_update_a_day_later_and_after_a_redis_flush_is_no_news(site: Served, redis_url: str) -> None:
    doorbell = Doorbell(redis_url)
    site.gateway.store._ring = doorbell.ring
    assert await post(site, 1) == 200
    site.moment.pass_(hours=25)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    assert await post(site, 1) == 200
    doorbell.close()
    assert figures(site) == [1, 1, 1]


@pytest.fixture
async def breaking(site: Served) -> AsyncIterator[Line]:
    """A line between the provider and us that loses every answer."""
    server = site.client.server
    with line_to((server.host, server.port or 0)) as (line, _):
        line.loses_answers = True
        yield line


async def test_f03_an_answer_that_is_lost_after_the_commit_is_given_again(site: Served, breaking: Line) -> None:
    async with ClientSession() as provider:
        with pytest.raises(ServerDisconnectedError):
            await provider.post(f"http://127.0.0.1:{breaking.port}/c/tg", json=update(1), headers=SECRET)
    assert figures(site) == [1, 1, 1]
    assert await post(site, 1) == 200
    assert figures(site) == [1, 1, 1]


async def test_f05_a_flood_is_kept_whole_and_each_citizen_in_order(site: Served) -> None:
    citizens, each = range(7001, 7201), range(5)

    async def writes(citizen: int) -> list[int]:
        return [await post(site, citizen * 10 + n, f"{REPORT} {citizen} {n}", citizen) for n in each]

    answers = await asyncio.gather(*map(writes, citizens))
    assert {status for given in answers for status in given} == {200}
    ordered = numbers_by_sender(site.gateway.store)
    assert sorted(ordered.values()) == [[citizen * 10 + n for n in each] for citizen in citizens]
    assert site.site.writer.counts.batches < len(citizens) * len(each)  # commits were shared
    assert count(site.gateway.store, tables.quarantine) == 0


@asynccontextmanager
async def stalling(at: Served) -> AsyncIterator[asyncio.StreamReader]:
    """A caller that sends its headers, one byte, and then nothing."""
    reader, writer = await asyncio.open_connection(at.client.server.host, at.client.server.port)
    secret = "".join(f"{name}: {value}\r\n" for name, value in SECRET.items())
    writer.write(f"POST /c/tg HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n{secret}\r\n{{".encode())
    await writer.drain()
    yield reader
    writer.close()
    await writer.wait_closed()


async def test_f07_whoever_stalls_is_let_go_and_nobody_waits_for_them(
    site: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert body.SILENCE_S == 10
    async with stalling(site):
        assert await post(site, 1) == 200
        assert ("tg", "telegram", "slow") not in site.site.counters.inbound
    monkeypatch.setattr(body, "SILENCE_S", 0.1)
    async with stalling(site) as reader, asyncio.timeout(LIMIT_S):
        assert await reader.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
    assert figures(site) == [1, 1, 1]
    assert site.site.counters.inbound["tg", "telegram", "slow"] == 1


async def test_f08_what_comes_on_a_paused_channel_is_kept_and_acknowledged(site: Served) -> None:
    with site.tx() as tx:
        channel_states.pause(tx, "sms", "pemeliharaan modem", COORDINATOR)
    assert (await site.client.get(sms("1"))).status == 200
    assert figures(site)[:2] == [1, 1]


async def test_f09_an_album_whose_last_photo_is_late_is_one_complaint_with_one_receipt(site: Served) -> None:
    for number in range(1, 5):
        if number == 4:
            site.moment.pass_(seconds=5)
        words = {"caption": REPORT} if number == 1 else {}
        message = {**update(number)["message"], **PHOTO, "media_group_id": "A", **words}
        del message["text"]
        answer = await site.client.post("/c/tg", json={"update_id": number, "message": message}, headers=SECRET)
        assert answer.status == 200
    assert figures(site) == [4, 1, 1]
    assert count(site.gateway.store, tables.attachment) == 4


async def test_f10_an_edit_after_the_forward_shows_the_officer_both_texts(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    await post(site, 1)
    with site.tx() as tx:
        row = tx.one(select(tables.complaint))
        assert row is not None
        case = cases.by_id(tx, row.id)
        assert case is not None
        casework.apply(tx, Action.ASSIGN, case, COORDINATOR, {"agency": "PUPR"})
    assert count(site.gateway.store, tables.forward) == 1
    edited = update(1, "Yang mati lampu di Jalan Melati, bukan di gang")["message"]
    content = json.dumps({"update_id": 2, "edited_message": {**edited, "edit_date": edited["date"] + 60}})
    answer = await site.client.post("/c/tg", data=content, headers=SECRET)
    assert answer.status == 200
    assert count(site.gateway.store, tables.complaint) == 1
    with site.tx() as tx:
        [officer, *_] = directory.team(tx, "PUPR", (Role.PENGHUBUNG,), site.moment.now.date())
        link = links.issue_page(tx, row.id, officer.id).rpartition("/")[2]
    for page in (f"/p/{link}", f"/admin/aduan/{row.number}"):
        if page.startswith("/admin"):
            await site.as_user(Role.PENGHUBUNG, "PUPR")
        seen = await Desk(site).words(page)
        assert REPORT in seen
        assert "Yang mati lampu di Jalan Melati" in seen
