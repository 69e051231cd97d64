"""SP4N-LAPOR! of the month: the shipped simulator on a port of this machine, the real queues `forward` and `poll` towards it.

Both sides live by the clock of the month; waiting for the pace is time that passes. Its own staff answers a share of the
reports, and for days it is away.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web

from gateway.app import Gateway
from gateway.complaints.forward import ForwardJob, PollJob
from workers.drain import Work
from workers.forward import Forwards
from workers.http import AiohttpHttp
from workers.limits import Limits
from workers.month.setting import LAPOR_KEY, LAPOR_TOKEN
from workers.month.town import HandClock
from workers.poll import Polls
from workers.simulators import sp4n
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings, Sp4nNames
from workers.targets import Targets
from workers.tools import Tools

LOOKS = timedelta(minutes=30)
"""How often the queues look at LAPOR! at most: during an outage there is always something due."""
ANSWERS = 6
"""Its staff answers one report in so many."""
ANSWER = "<p>Petugas instansi sudah memeriksa laporan ini dan menyelesaikan pekerjaan di lapangan.</p>"
REFERENCE = re.compile(r"\[Ref: (\S+)\]")


@dataclass(slots=True)
class Peer:
    """The simulator: where it answers, and the hand in its control plane."""

    url: str
    client: aiohttp.ClientSession
    answered: set[str] = field(default_factory=set)

    async def ask(self, path: str, body: object = None) -> Any:
        method = "POST" if body is not None else "GET"
        async with self.client.request(method, f"{self.url}/_sim/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def go_away(self, days: float) -> None:
        await self.ask("faults", {"kind": "outage", "duration": f"PT{round(days * 24)}H"})

    async def work(self, chance: random.Random) -> None:
        """A day of its staff: a share of the reports is answered within the next days."""
        for row in sorted((await self.ask("complaints"))["items"], key=lambda row: int(row["id"])):
            name = str(row["id"])
            if name in self.answered:
                continue
            self.answered.add(name)
            found = REFERENCE.search(row["content"])
            if found is None or int(found[1][-4:-1]) % ANSWERS:
                continue
            hours = chance.randint(20, 90)
            steps = [
                {"after": f"PT{hours}H", "to": "in_progress", "followup": ANSWER},
                {"after": f"PT{hours + 1}H", "to": "awaiting_reporter"},
            ]
            await self.ask(f"complaints/{name}/script", {"steps": steps})

    async def board(self) -> list[str]:
        """Our numbers of the reports that are there, as often as they are."""
        found = [REFERENCE.search(row["content"]) for row in (await self.ask("complaints"))["items"]]
        return [one[1] for one in found if one]

    async def calls(self) -> list[tuple[datetime, str, str]]:
        """(moment, method, fault) of every call of ours that it remembers."""
        items = (await self.ask("requests"))["items"]
        return [(datetime.fromisoformat(one["at"]), one["method"], one["fault"]) for one in items]


@asynccontextmanager
async def open_peer(clock: HandClock) -> AsyncIterator[Peer]:
    names = Sp4nNames(LAPOR_KEY, LAPOR_TOKEN, answers_unasked=False)
    settings = SimulatorSettings(clock=SimulatorClock(clock.now), sp4n=names)
    runner = web.AppRunner(sp4n.build(settings), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as client:
            yield Peer(f"http://127.0.0.1:{runner.addresses[0][1]}", client)
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Line:
    """Our side: what is due towards LAPOR! is sent and read."""

    gateway: Gateway
    works: tuple[Work[Any, Any], ...]
    looked_at: datetime

    async def look(self, now: datetime) -> None:
        self.looked_at = now
        for work in self.works:
            while await self._round(work):
                pass

    async def _round(self, work: Work[Any, Any]) -> bool:
        with self.gateway.store.transaction() as tx:
            claimed = list(work.claim(tx, []))
        done = await asyncio.gather(*(work.carry(item) for item in claimed))
        with self.gateway.store.transaction() as tx:
            work.settle(tx, done)
        return any(isinstance(item, ForwardJob | PollJob) for item in claimed)


@asynccontextmanager
async def open_line(gateway: Gateway, clock: HandClock) -> AsyncIterator[Line]:
    async def wait(seconds: float) -> None:
        clock.pass_to(clock.now() + timedelta(seconds=seconds))

    async with AiohttpHttp() as http:
        targets = Targets(gateway.settings, http, "month", lambda: clock.now().timestamp(), wait)
        tools = Tools(gateway, http, Limits(None, "month", {}), clock.now, "month", targets)
        yield Line(gateway, (Forwards(targets, tools), Polls(targets, tools)), clock.now())
