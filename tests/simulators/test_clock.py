"""The simulator's clock: follows its source, can be moved, hurried and stopped, and wakes who waits."""

import asyncio
from datetime import datetime, timedelta

from tests.simulators.stage import MONDAY
from workers.simulators.clock import SimulatorClock


class Source:
    """A machine's clock that the test moves."""

    def __init__(self) -> None:
        self.moment = MONDAY

    def now(self) -> datetime:
        return self.moment

    def move(self, delta: timedelta) -> None:
        self.moment += delta


def test_it_follows_its_source_at_its_rate() -> None:
    source = Source()
    clock = SimulatorClock(source.now, rate=60)
    source.moment += timedelta(seconds=1)
    assert clock.now() == MONDAY + timedelta(minutes=1)
    clock.set_rate(0)
    source.moment += timedelta(hours=1)
    assert clock.now() == MONDAY + timedelta(minutes=1)
    clock.advance(timedelta(days=1))
    clock.set_rate(1)
    source.moment += timedelta(seconds=5)
    assert clock.now() == MONDAY + timedelta(days=1, minutes=1, seconds=5)


def test_a_shared_clock_is_moved_for_everybody() -> None:
    source = Source()
    clock = SimulatorClock(source.now, mover=source.move)
    clock.set(MONDAY + timedelta(hours=3))
    assert (source.moment, clock.now()) == (MONDAY + timedelta(hours=3),) * 2


async def test_who_waits_for_a_moment_wakes_when_it_is_reached_and_not_before() -> None:
    clock = SimulatorClock(lambda: MONDAY, rate=0)
    waiting = asyncio.create_task(clock.wait_until(MONDAY + timedelta(hours=2)))
    for _ in range(3):
        await asyncio.sleep(0)
    clock.advance(timedelta(hours=1))
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(timedelta(hours=1))
    async with asyncio.timeout(5):
        await waiting


async def test_a_moment_that_has_passed_is_not_waited_for() -> None:
    async with asyncio.timeout(1):
        await SimulatorClock(lambda: MONDAY, rate=0).wait_until(MONDAY - timedelta(hours=1))
