"""Systems of record as the queues `forward` and `poll` see them: who works them, whether they may be called, how fast.

One process works a target at a time, under a lease; both queues share its pace and its circuit. While the circuit is
open a single harmless read is tried now and then (docs/forwarders/sp4n.md § Circuit).
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from importlib.metadata import version

from channels.protocols import Http
from config.settings import Settings
from gateway.complaints.forward import Circuit, Health
from gateway.forwarding import forwarding
from gateway.operations import leases, vitals
from gateway.operations.vitals import Counted
from workers.drain import Transaction
from workers.forwarders import carrying, circuit, registry
from workers.forwarders.circuit import Gate
from workers.forwarders.pacing import PacedHttp, Sleep
from workers.forwarders.protocols import Forwarder, Installation

LEASE_S = 20.0
SHARE_FOR_POLLS = 0.7
"""The rest is left to what citizens wait for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A system of record. `http` keeps to its pace, `reading` to the part of it that is for polls."""

    name: str
    forwarder: Forwarder
    http: Http
    reading: Http


@dataclass(frozen=True, slots=True)
class Probe:
    """An item of work: one harmless read that tells whether the target answers again."""

    target: str


@dataclass(frozen=True, slots=True)
class Probed:
    target: str
    health: Health


class Targets:
    """All configured systems of record of one process. Their forwarders are made when they are first asked for."""

    def __init__(
        self,
        settings: Settings,
        http: Http,
        process: str,
        seconds: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        counted: Counted | None = None,
    ) -> None:
        """`seconds` and `sleep`: by which time the pace is kept. `counted`: where calls are counted."""
        self._settings = settings
        self._http = http
        self._process = process
        self._seconds = seconds
        self._sleep = sleep
        self._counted = counted or Counted()

    @cached_property
    def by_name(self) -> dict[str, Target]:
        contact = self._settings.government.contact
        agent = f"satupintu/{version('satupintu')}" + (f" (+{contact})" if contact else "")
        installation = Installation(self._settings.government.zone, agent)
        made = {}
        for table in self._settings.forwarding:
            called = partial(_called, self._counted, table.name)
            forwarder = registry.build(table, replace(installation, called=called))
            paced = PacedHttp(self._http, forwarder.pace, self._seconds, self._sleep)
            made[table.name] = Target(table.name, forwarder, paced, paced.part(SHARE_FOR_POLLS))
        return made

    def open_ones(self, tx: Transaction, under_way: Collection[object]) -> Iterator[Target | Probe]:
        """The targets that this process may call now, and probes of those that may be tried."""
        probing = {item.target for item in under_way if isinstance(item, Probe)}
        for target in self.by_name.values():
            if leases.acquire(tx, _lease(target.name), self._process, LEASE_S) is None:
                continue
            gate = circuit.gate(forwarding.circuit(tx, target.name), tx.now)
            if gate is Gate.PASS:
                yield target
            elif gate is Gate.PROBE and target.name not in probing:
                yield Probe(target.name)

    async def probe(self, probe: Probe) -> Probed:
        target = self.by_name[probe.target]
        return Probed(probe.target, await carrying.probe(target.forwarder, target.http))

    def note(self, tx: Transaction, name: str, health: Health) -> datetime | None:
        """Keep what an exchange said about the target; when it may be tried again, if it is closed to us now."""
        before: Circuit = forwarding.circuit(tx, name)
        state = circuit.after(before, health, tx.now, self.by_name[name].forwarder.timing)
        if state != before:
            forwarding.keep_circuit(tx, name, state)
        return state.probe_at

    def let_go(self, tx: Transaction) -> None:
        for name in self.by_name:
            leases.release(tx, _lease(name), self._process)


def _called(counted: Counted, target: str, path: str, result: str, seconds: float) -> None:
    counted.add("forward_calls_total", {"target": target, "path": path, "result": result})
    counted.took(vitals.CALLS, {"target": target}, seconds, vitals.CALLS_WITHIN_S)


def _lease(name: str) -> str:
    return f"forward:{name}"
