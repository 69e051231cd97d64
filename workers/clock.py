"""The clock: rings every queue now and then, and does what is due in SQL alone. Any number run, one leads.

Leading is a lease in the database: whoever holds it works, the others wait for it to run out. What is to be done stands
in `gateway.upkeep`; a duty that fails takes nothing with it and has its next turn.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from config.logging import get_logger
from gateway import upkeep
from gateway.app import Gateway
from gateway.audit import checkpoints
from gateway.doorbell import QUEUES
from gateway.operations import leases, vitals
from gateway.upkeep import UPKEEP, Upkeep
from workers.runtime import LOOK_EVERY_S

log = get_logger(__name__)

DUTIES = (
    *UPKEEP,
    Upkeep("audit_checkpointed", 60, checkpoints.keep),
    Upkeep("audit_watched", 60, vitals.watch_audit),
    Upkeep("processes_forgotten", 3600, vitals.forget_dead),
)
LEASE = "clock"
LEASE_S = 20.0
RENEW_S = 5.0
"""Renewed this often; whoever waits for the lease asks as often."""
RING_S = 30.0
"""The last net: workers look by themselves every few seconds, and idle machines should idle."""
SHORTEST_RING_S = 1.0


@dataclass(slots=True)
class _Due:
    """One entry of the clock's diary."""

    every_s: float
    act: Callable[[], None]
    at: float = float("-inf")


@dataclass(slots=True)
class Clock:
    """One process's clock. `turn` again and again; it says how long nothing is due."""

    gateway: Gateway
    owner: str
    duties: tuple[Upkeep, ...] = DUTIES
    monotonic: Callable[[], float] = time.monotonic
    leads: bool = False
    _renewed_at: float = float("-inf")
    _diary: list[_Due] = field(default_factory=list)

    def __post_init__(self) -> None:
        rings = ring_every_s(self.gateway)
        self._diary = [_Due(every_s, _ring(self.gateway, queue)) for queue, every_s in rings.items()]
        self._diary += [_Due(duty.every_s, _run(self.gateway, duty)) for duty in self.duties]

    def turn(self) -> float:
        """Do what is due, if we lead; seconds until something is due again. Never raises."""
        if self.monotonic() - self._renewed_at >= RENEW_S:
            self._lead_or_wait()
        if not self.leads:
            return RENEW_S
        for due in self._diary:
            if due.at <= self.monotonic():
                due.at = self.monotonic() + due.every_s
                due.act()
                # kill point: clock.acted
        next_at = min([self._renewed_at + RENEW_S, *(due.at for due in self._diary)])
        return max(next_at - self.monotonic(), 0.0)

    def close(self) -> None:
        """Let the next one lead at once."""
        if self.leads:
            try:
                with self.gateway.store.transaction() as tx:
                    leases.release(tx, LEASE, self.owner)
            except Exception:  # noqa: BLE001 - without a database the lease runs out by itself
                log.warning("lease_not_released", lease=LEASE)

    def _lead_or_wait(self) -> None:
        self._renewed_at = self.monotonic()
        try:
            with self.gateway.store.transaction() as tx:
                leads = leases.acquire(tx, LEASE, self.owner, LEASE_S) is not None
        except Exception:
            log.exception("lease_failed", lease=LEASE)
            leads = False
        if leads != self.leads:
            log.info("clock_leads" if leads else "clock_waits")
        self.leads = leads
        # kill point: clock.leads


def _ring(gateway: Gateway, queue: str) -> Callable[[], None]:
    return lambda: gateway.doorbell.ring([queue])


def _run(gateway: Gateway, duty: Upkeep) -> Callable[[], None]:
    def act() -> None:
        try:
            upkeep.run(gateway.store, duty)
        except Exception:
            log.exception("duty_failed", duty=duty.name)

    return act


def ring_every_s(gateway: Gateway) -> Mapping[str, float]:
    """How often each queue is rung. A forwarder that is to be read oftener than workers look is also rung for that often."""
    asked = [table.values.get("poll_every_s") for table in gateway.settings.forwarding]
    polls = [float(every) for every in asked if isinstance(every, int | float) and 0 < every < LOOK_EVERY_S]
    fastest = max(min([RING_S, *polls]), SHORTEST_RING_S)
    return {queue: fastest if queue in {"poll", "forward"} else RING_S for queue in QUEUES}
