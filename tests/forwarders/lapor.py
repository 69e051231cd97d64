"""The simulated LAPOR! on a real port, a real Http towards it, and a sender that stands in for the store's loop."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from channels.protocols import Http, HttpResponse
from gateway.complaints.forward import Circuit, ForwardJob, ForwardOutcome, ForwardState
from tests.forwarders.samples import NOW, SECRET, TOKEN, job, report, sp4n
from workers.forwarders import circuit
from workers.forwarders.carrying import carry, probe
from workers.forwarders.circuit import Gate
from workers.forwarders.protocols import Forwarder
from workers.forwarders.sp4n.client import Sp4n
from workers.http import AiohttpHttp
from workers.simulators import sp4n as simulator
from workers.simulators.clock import SimulatorClock
from workers.simulators.settings import SimulatorSettings, Sp4nNames

PATIENCE_S = 0.5
SILENT = frozenset({"timeout_before_commit", "timeout_after_commit"})
"""Faults that leave a call without an answer."""


class Impatient:
    """Http that waits half a second for an answer where none may come; a slow machine's answers are waited for."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.patience: dict[str, float] = {}

    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        return await self._http.request(method, url, **{**options, **self.patience})


@dataclass
class Lapor:
    """`now` is the virtual time of both sides; `pass_time` moves it."""

    base: str
    http: Impatient
    client: aiohttp.ClientSession
    clock: SimulatorClock

    def now(self) -> datetime:
        return self.clock.now()

    def forwarder(self, **settings: object) -> Sp4n:
        return sp4n(**{"api_url": f"{self.base}/lapor/3.0.0", **settings})

    async def sim(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the control plane; its JSON answer."""
        async with self.client.request(method, f"{self.base}/_sim/{path}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def fault(self, kind: str, **more: Any) -> None:
        if kind in SILENT:
            self.http.patience = {"read_s": PATIENCE_S, "connect_s": PATIENCE_S}
        await self.sim("POST", "faults", {"kind": kind, **more})

    async def reports(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.sim("GET", "complaints"))["items"]
        return items

    async def requests(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.sim("GET", "requests"))["items"]
        return items

    def pass_time(self, delta: timedelta) -> None:
        self.clock.advance(delta)


@asynccontextmanager
async def running() -> AsyncIterator[Lapor]:
    """A clock that stands still, and keys that no log may show."""
    clock = SimulatorClock(lambda: NOW, rate=0)
    names = Sp4nNames(SECRET, TOKEN, ((990010, "Dinas Contoh Perhubungan"), (990022, "Pemerintah Provinsi Contoh")))
    app = simulator.build(SimulatorSettings(clock=clock, sp4n=names))
    async with TestServer(app) as server, aiohttp.ClientSession() as client, AiohttpHttp() as http:
        yield Lapor(str(server.make_url("")).rstrip("/"), Impatient(http), client, clock)


def jobs(count: int) -> list[ForwardJob]:
    """Different complaints, each with a number of its own."""
    return [job(id=place, report=report(number=f"KBR-26{place:07d}")) for place in range(1, count + 1)]


@dataclass
class Sender:
    """Does what the store and the job `forward` do together, in memory: due rows, outcomes, one circuit."""

    lapor: Lapor
    forwarder: Forwarder
    waiting: dict[int, tuple[datetime, ForwardJob]] = field(default_factory=dict)
    done: dict[int, ForwardOutcome] = field(default_factory=dict)
    circuit: Circuit = field(default_factory=Circuit)
    at_once: int = 20

    def add(self, rows: Iterable[ForwardJob]) -> None:
        self.waiting |= {row.id: (self.lapor.now(), row) for row in rows}

    def in_state(self, state: ForwardState) -> list[ForwardOutcome]:
        return [outcome for outcome in self.done.values() if outcome.state is state]

    async def until_settled(self, longest: timedelta) -> None:
        """Work whatever is due, then let the time pass to what is due next, until nothing waits."""
        end = self.lapor.now() + longest
        while self.waiting and self.lapor.now() <= end:
            if not await self._is_open_way() or not (due := self._due()):
                self.lapor.pass_time(self._next_at() - self.lapor.now())
                continue
            await self._work(due)

    async def _is_open_way(self) -> bool:
        gate = circuit.gate(self.circuit, self.lapor.now())
        if gate is Gate.PROBE:
            health = await probe(self.forwarder, self.lapor.http)
            self.circuit = circuit.after(self.circuit, health, self.lapor.now(), self.forwarder.timing)
        return circuit.gate(self.circuit, self.lapor.now()) is Gate.PASS

    def _due(self) -> list[ForwardJob]:
        due = [row for at, row in self.waiting.values() if at <= self.lapor.now()]
        return due[: self.at_once]

    def _next_at(self) -> datetime:
        moments = [at for at, _row in self.waiting.values()]
        if self.circuit.probe_at:
            return max(self.circuit.probe_at, self.lapor.now())
        return max(min(moments), self.lapor.now())

    async def _work(self, rows: Sequence[ForwardJob]) -> None:
        carried = [carry(self.forwarder, row, self.lapor.http, self.lapor.now, lambda: 0.5) for row in rows]
        for outcome in await asyncio.gather(*carried):
            self._settle(outcome)

    def _settle(self, outcome: ForwardOutcome) -> None:
        self.circuit = circuit.after(self.circuit, outcome.health, self.lapor.now(), self.forwarder.timing)
        _at, row = self.waiting.pop(outcome.id)
        if outcome.next_at is None:
            self.done[outcome.id] = outcome
            return
        counted = replace(
            row,
            state=outcome.state,
            attempt=outcome.attempt,
            searches_done=outcome.searches_done,
            unknown_cycles=outcome.unknown_cycles,
        )
        self.waiting[outcome.id] = (outcome.next_at, counted)
