"""A stage for a simulator: the simulator on a real port, a receiver in the gateway's place, a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@dataclass
class Call:
    """A call that reached the gateway's place."""

    method: str
    path: str
    raw_query: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Stands where the gateway would: keeps every call, answers what `answers` says next, then 200."""

    calls: list[Call] = field(default_factory=list)
    answers: list[web.Response | int] = field(default_factory=list)
    always: Callable[[Call], web.Response] | None = None
    silent: bool = False
    """Never answer: hold the call until the caller gives up."""
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        raw = request.rel_url.raw_query_string
        body = await request.read()
        call = Call(request.method, request.path, raw, dict(request.query), dict(request.headers), body)
        self.calls.append(call)
        self._arrived.set()
        if self.silent:
            await asyncio.Event().wait()
        if self.answers:
            answer = self.answers.pop(0)
            return web.Response(status=answer) if isinstance(answer, int) else answer
        return self.always(call) if self.always else web.Response()

    async def until(self, count: int) -> list[Call]:
        """Wait until so many calls have come."""
        async with asyncio.timeout(5):
            while len(self.calls) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.calls


@dataclass
class Stage:
    """`url` is the simulator's address without a trailing slash."""

    url: str
    app: web.Application
    clock: SimulatorClock
    gateway: Receiver
    client: aiohttp.ClientSession

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control plane; its JSON answer."""
        async with self.client.request(method, f"{self.url}/_sim/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def inject(self, **item: Any) -> dict[str, Any]:
        answer = await self.sim("POST", "inject", item)
        first: dict[str, Any] = answer["items"][0]
        return first

    async def fault(self, action: dict[str, Any], **match: Any) -> None:
        times = match.pop("times", 1)
        after = match.pop("after", 0)
        await self.sim("POST", "faults", [{"match": match, "times": times, "after": after, "action": action}])

    async def outbox(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.sim("GET", "outbox"))["items"]
        return items

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = await self.sim("GET", "state")
        return state

    async def pass_time(self, **delta: float) -> None:
        self.clock.advance(timedelta(**delta))

    async def journal_until(self, test: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Wait until the journal is as wanted: what the simulator has settled, not only what has arrived."""
        async with asyncio.timeout(5):
            while True:
                entries: list[dict[str, Any]] = (await self.sim("GET", "journal"))["items"]
                if test(entries):
                    return entries

    async def settled(self) -> None:
        """A few whole round trips: whoever was woken by now has run."""
        for _ in range(5):
            await self.state()


@asynccontextmanager
async def staged(
    build: Callable[[SimulatorSettings], web.Application], make: Callable[[str], SimulatorSettings]
) -> AsyncIterator[Stage]:
    """`make(gateway_url)` gives the settings; the clock stands at Monday 08.00 WIB until the test moves it."""
    receiver = Receiver()
    outside = web.Application(client_max_size=64 * 2**20)
    outside.router.add_route("*", "/{path:.*}", receiver.take)
    async with TestServer(outside) as gateway:
        settings = make(str(gateway.make_url("")).rstrip("/"))
        assert settings.clock is not None
        app = build(settings)
        async with TestServer(app) as server, aiohttp.ClientSession() as client:
            yield Stage(str(server.make_url("")).rstrip("/"), app, settings.clock, receiver, client)


def standing_clock() -> SimulatorClock:
    return SimulatorClock(lambda: MONDAY, rate=0)
