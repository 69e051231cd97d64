"""Live events: what an open page hears, what it missed, and when its stream ends."""

import asyncio
import logging

import pytest

from gateway.complaints.complaint import Role
from gateway.doorbell import Doorbell
from gateway.web.hub import KEPT, MOST_WAITING, Hub
from tests.web.conftest import OpenSite, Served

CHANGE = {"kind": "complaint", "number": "KBR-260000013", "status": "assigned", "channel": "sms"}


async def line(answer: object) -> str:
    """The next event of a stream, as one text."""
    async with asyncio.timeout(10):
        found = b""
        while not found.endswith(b"\n\n"):
            found += await answer.content.readline()  # type: ignore[attr-defined]
    return found.decode()


async def open_stream(site: Served, last: str = "", path: str = "/admin/aduan/arus"):  # type: ignore[no-untyped-def]
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    answer = await site.client.get(path, headers=headers)
    assert (answer.status, answer.content_type) == (200, "text/event-stream")
    return answer


async def test_a_change_reaches_an_open_page(site: Served) -> None:
    await site.sign_in()
    async with await open_stream(site) as stream:
        assert await line(stream) == "retry: 5000\n\n"
        site.site.hub.publish(CHANGE)
        told = await line(stream)
    assert told.startswith(f"id: {site.site.hub.began}-1\nevent: change\ndata: ")
    assert '"number":"KBR-260000013"' in told


async def test_an_officer_hears_that_something_changed_and_not_what(site: Served) -> None:
    await site.as_user(Role.PENGHUBUNG, "DLH")
    async with await open_stream(site) as stream:
        await line(stream)
        site.site.hub.publish(CHANGE)
        assert "KBR-" not in await line(stream)


async def test_a_page_that_comes_back_gets_what_it_missed(site: Served) -> None:
    await site.sign_in()
    for number in range(3):
        site.site.hub.publish(CHANGE | {"number": f"KBR-{number}"})
    async with await open_stream(site, f"{site.site.hub.began}-1") as stream:
        await line(stream)
        assert "KBR-1" in await line(stream)
        assert "KBR-2" in await line(stream)


async def test_a_page_of_another_process_or_time_loads_itself_again(site: Served) -> None:
    await site.sign_in()
    async with await open_stream(site, "1-1") as stream:
        assert await line(stream) == "retry: 5000\n\n"
        assert (await line(stream)).startswith("event: reload")


async def test_events_of_other_kinds_are_left_out(site: Served) -> None:
    await site.sign_in()
    async with await open_stream(site) as stream:
        await line(stream)
        site.site.hub.publish({"kind": "channel", "channel": "sms"})
        site.site.hub.publish(CHANGE)
        assert "complaint" in await line(stream)


async def test_a_stream_is_for_staff(site: Served) -> None:
    answer = await site.client.get("/admin/aduan/arus", headers={"Accept": "text/event-stream"}, allow_redirects=False)
    assert answer.status == 401


async def test_a_stream_ends_with_the_process(open_site: OpenSite) -> None:
    site = await open_site()
    await site.sign_in()
    async with await open_stream(site) as stream:
        await line(stream)
        async with asyncio.timeout(4):
            await site.client.server.close()
            assert await stream.content.read() == b""


async def test_leaving_a_page_is_no_failure(site: Served, caplog: pytest.LogCaptureFixture) -> None:
    await site.sign_in()
    async with await open_stream(site) as stream:
        await line(stream)
    async with asyncio.timeout(10):
        while site.site.hub.listeners:  # told that nobody is there by the second event at the latest
            site.site.hub.publish(CHANGE)
            await asyncio.sleep(0.02)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_what_is_committed_is_told_to_the_pages_of_every_process(site: Served, redis_url: str) -> None:
    doorbell = Doorbell(redis_url)
    hub = Hub(1)
    listening = asyncio.create_task(hub.run(doorbell.listen()))
    with hub.listening() as queue:
        async with asyncio.timeout(10):
            while queue.empty():  # the first may be told before anybody listens
                doorbell.tell([CHANGE])
                await asyncio.sleep(0.02)
        event = queue.get_nowait()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    doorbell.close()
    assert event is not None
    assert dict(event.values) == CHANGE


async def test_a_page_that_does_not_keep_up_is_told_to_load_itself_again() -> None:
    hub = Hub(1)
    with hub.listening() as queue:
        for _ in range(MOST_WAITING + 1):
            hub.publish(CHANGE)
        assert queue.get_nowait() is None
        assert queue.empty()


async def test_what_happened_too_long_ago_cannot_be_told_any_more() -> None:
    hub = Hub(7)
    for _ in range(KEPT + 10):
        hub.publish(CHANGE)
    assert hub.since(7, 5) is None
    missed = hub.since(7, KEPT + 8)
    assert missed is not None
    assert [event.id for event in missed] == [KEPT + 9, KEPT + 10]
    assert hub.since(8, KEPT) is None
