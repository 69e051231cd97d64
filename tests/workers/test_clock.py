"""The clock: one leads, every queue is rung, and what is due happens once."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
import redis
from structlog.testing import capture_logs

from config.load import load
from config.settings import Settings
from gateway.app import Gateway
from gateway.doorbell import QUEUES, bell
from gateway.operations import leases
from gateway.storage.store import Transaction
from gateway.upkeep import Upkeep
from workers.clock import LEASE, LEASE_S, RENEW_S, RING_S, Clock, ring_every_s


@dataclass
class Hands:
    """Time that the test moves, and duties that write down when they ran."""

    at: float = 1000.0
    ran: list[tuple[str, float]] = field(default_factory=list)

    def duty(self, name: str, every_s: float, crashes: bool = False) -> Upkeep:
        def run(tx: Transaction) -> None:
            self.ran.append((name, self.at - 1000.0))
            if crashes:
                raise ZeroDivisionError

        return Upkeep(name, every_s, run)

    def clock(self, gateway: Gateway, owner: str, *duties: Upkeep) -> Clock:
        return Clock(gateway, owner, duties, lambda: self.at)


def moved_on(clock: Clock, hands: Hands, seconds: float) -> None:
    """Let the clock run for so long."""
    until = hands.at + seconds
    while hands.at <= until:
        hands.at += max(clock.turn(), 0.001)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def test_duties_run_as_often_as_they_say(gateway: Gateway, hands: Hands) -> None:
    clock = hands.clock(gateway, "a", hands.duty("quick", 2), hands.duty("slow", 7))
    moved_on(clock, hands, 13)
    assert [round(at) for name, at in hands.ran if name == "quick"] == [0, 2, 4, 6, 8, 10, 12]
    assert [round(at) for name, at in hands.ran if name == "slow"] == [0, 7]


def test_a_duty_that_fails_takes_nothing_with_it(gateway: Gateway, hands: Hands) -> None:
    clock = hands.clock(gateway, "a", hands.duty("broken", 1, crashes=True), hands.duty("sound", 1))
    with capture_logs() as lines:
        moved_on(clock, hands, 0.5)
    assert [name for name, _ in hands.ran] == ["broken", "sound"]
    assert [(line["event"], line.get("duty")) for line in lines][-1] == ("duty_failed", "broken")


def test_f20_every_queue_is_rung(gateway: Gateway, hands: Hands, client: redis.Redis) -> None:
    """What a FLUSHALL took is rung again within seconds."""
    clock = hands.clock(gateway, "a")
    moved_on(clock, hands, 0.5)
    gateway.doorbell.close()
    assert all(client.exists(bell(queue)) for queue in QUEUES)


def test_f28_of_two_clocks_one_leads(gateway_everywhere: Gateway, hands: Hands) -> None:
    first = hands.clock(gateway_everywhere, "a", hands.duty("a", 1))
    second = hands.clock(gateway_everywhere, "b", hands.duty("b", 1))
    for _ in range(10):
        first.turn()
        second.turn()
        hands.at += 1
    assert {name for name, _ in hands.ran} == {"a"}
    assert (first.leads, second.leads) == (True, False)


def test_a_clock_that_ends_hands_over_at_once(gateway: Gateway, hands: Hands) -> None:
    first, second = hands.clock(gateway, "a"), hands.clock(gateway, "b")
    first.turn()
    first.close()
    hands.at += RENEW_S
    second.turn()
    assert second.leads


def test_f27_a_clock_that_lost_its_lease_while_frozen_does_nothing_when_it_wakes(
    gateway: Gateway, hands: Hands
) -> None:
    """Stopped for minutes, then continued."""
    frozen = hands.clock(gateway, "frozen", hands.duty("late", 1))
    frozen.turn()
    hands.ran.clear()
    with gateway.store.transaction() as tx:
        leases.release(tx, LEASE, "frozen")  # as if it had run out
    with gateway.store.transaction() as tx:
        assert leases.acquire(tx, LEASE, "other", LEASE_S)
    hands.at += 300
    frozen.turn()
    assert (hands.ran, frozen.leads) == ([], False)


def test_without_a_database_it_waits_and_says_so(gateway: Gateway, hands: Hands) -> None:
    clock = hands.clock(gateway, "a")
    clock.gateway = replace(gateway, store=None)  # type: ignore[arg-type]
    with capture_logs() as lines:
        assert clock.turn() == RENEW_S
    assert lines[0]["event"] == "lease_failed"
    assert not clock.leads


def with_polls_every(settings: Settings, seconds: float) -> Settings:
    (table,) = settings.forwarding
    return replace(settings, forwarding=(replace(table, values={**table.values, "poll_every_s": seconds}),))


@pytest.mark.parametrize(("poll_every_s", "rung_every_s"), [(0, RING_S), (2, 2), (0.1, 1), (5, RING_S), (3600, RING_S)])
def test_polls_are_rung_for_as_often_as_they_are_due(
    gateway: Gateway, poll_every_s: float, rung_every_s: float
) -> None:
    changed = replace(gateway, settings=with_polls_every(load(environ={}), poll_every_s))
    assert ring_every_s(changed)["poll"] == rung_every_s
    assert ring_every_s(changed)["deliver"] == RING_S
