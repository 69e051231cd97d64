"""The simulated city of Open311 on a real port, with a real Http towards it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from tests.forwarders.lapor import Impatient
from tests.forwarders.samples import CITY_KEY, NOW, open311
from workers.forwarders.open311.client import Open311
from workers.http import AiohttpHttp
from workers.simulators import open311 as simulator
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import Open311Names, SimulatorSettings

SERVICES = ("LAMPU", "UMUM")


@dataclass
class City:
    """`now` is the virtual time of both sides; `pass_time` moves it."""

    base: str
    http: Impatient
    client: aiohttp.ClientSession
    clock: SimulatorClock

    def now(self) -> datetime:
        return self.clock.now()

    def pass_time(self, delta: timedelta) -> None:
        self.clock.advance(delta)

    def forwarder(self, **settings: object) -> Open311:
        return open311(**{"api_url": f"{self.base}/v2", **settings})

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control plane; its JSON answer."""
        async with self.client.request(method, f"{self.base}/_sim/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def manners(self, **options: Any) -> None:
        await self.sim("POST", "options", options)

    async def fault(self, named: str, **match: str) -> None:
        await self.sim(
            "POST", "faults", {"action": {"named": named}, "match": {"on": "call", "method": "POST", **match}}
        )

    async def taken(self) -> list[dict[str, Any]]:
        """What the city has taken, oldest first; `repeats` where it is the same text again."""
        items: list[dict[str, Any]] = (await self.sim("GET", "outbox"))["items"]
        return items

    async def calls(self) -> list[str]:
        """`GET /v2/requests.json?…` of everything that was asked."""
        return [f"{one['method']} {one['path']}" for one in (await self.sim("GET", "journal"))["items"]]


@asynccontextmanager
async def running() -> AsyncIterator[City]:
    clock = SimulatorClock(lambda: NOW, rate=0)
    app = simulator.build(SimulatorSettings(clock=clock, open311=Open311Names(CITY_KEY, SERVICES)))
    async with TestServer(app) as server, aiohttp.ClientSession() as client, AiohttpHttp() as http:
        yield City(str(server.make_url("")).rstrip("/"), Impatient(http), client, clock)
