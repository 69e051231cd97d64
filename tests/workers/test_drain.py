"""The loop of every queue: nothing lost, nothing doubled, nobody waits for a stranger."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from structlog.testing import capture_logs

from workers.drain import Drain, StepDrain

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LIMIT_S = 5
"""No test waits longer; a healthy one waits for milliseconds."""


@dataclass
class Desk:
    """A queue of texts in memory. `how` says what carrying each one does."""

    due: list[str]
    how: Callable[[str], asyncio.Future[None] | None] = lambda _item: None
    room: int = 10
    wait_s: float = 0.0
    poison: frozenset[str] = frozenset()
    away: bool = False
    claims: int = 0
    transactions: int = 0
    carried: list[str] = field(default_factory=list)
    settled: dict[str, str] = field(default_factory=dict)
    retry: dict[str, datetime] = field(default_factory=dict)
    most_under_way: int = 0
    carry_s: float = 60.0
    let_go_at: int | None = None

    @contextmanager
    def open(self) -> Iterator[object]:
        if self.away:
            raise ConnectionError("the database is away")
        self.transactions += 1
        yield self

    def claim(self, tx: object, under_way: Collection[str]) -> Sequence[str]:
        self.claims += 1
        self.most_under_way = max(self.most_under_way, len(under_way))
        room = self.room - len(under_way)
        taken, self.due = self.due[:room], self.due[room:]
        return taken

    async def waits(self, items: Sequence[str]) -> Sequence[float]:
        return [self.wait_s] * len(items)

    async def carry(self, item: str) -> tuple[str, str]:
        self.carried.append(item)
        held = self.how(item)
        if held is not None:
            await held
        return item, "done"

    def settle(self, tx: object, done: Sequence[tuple[str, str]]) -> datetime | None:
        if self.poison & {item for item, _ in done}:
            raise ValueError("a row that breaks us")
        self.settled |= dict(done)
        again = [self.retry.pop(item) for item, _ in done if item in self.retry]
        return min(again, default=None)

    def put_back(self, item: str) -> tuple[str, str]:
        return item, "put back"

    def interrupted(self, item: str) -> tuple[str, str]:
        return item, "interrupted"

    def let_go(self, tx: object) -> None:
        self.let_go_at = len(self.settled)


@asynccontextmanager
async def draining(desk: Desk) -> AsyncIterator[Drain[str, tuple[str, str]]]:
    drain = Drain("deliver", desk, desk.open, lambda: NOW)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(LIMIT_S):
        yield drain
        drain.stop(0.1)
        await running


async def rung(drain: Drain[str, tuple[str, str]]) -> None:
    drain.wake.ring()
    await drain.wake.rested()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the fakes are plain values on purpose
        await asyncio.sleep(0.001)


async def test_everything_that_is_due_is_carried_out_and_settled_once() -> None:
    texts = [f"m{n}" for n in range(35)]
    desk = Desk(list(texts))
    async with draining(desk):
        await until(lambda: len(desk.settled) == 35)
    assert desk.carried == texts
    assert set(desk.settled.values()) == {"done"}


async def test_a_ring_is_answered_when_nothing_more_is_due() -> None:
    desk = Desk([])
    async with draining(desk) as drain:
        desk.due = ["late"]
        await rung(drain)
        assert desk.carried == ["late"]


async def test_no_ring_no_look() -> None:
    desk = Desk([])
    async with draining(desk) as drain:
        await rung(drain)
        claims = desk.claims
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert desk.claims == claims


async def test_what_is_slow_does_not_keep_others_waiting() -> None:
    slow: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk = Desk(["slow", "quick"], how=lambda item: slow if item == "slow" else None)
    async with draining(desk) as drain:
        await until(lambda: "quick" in desk.settled)
        desk.due = ["newer"]
        await rung(drain)
        await until(lambda: "newer" in desk.settled)
        assert "slow" not in desk.settled
        slow.set_result(None)
        await until(lambda: desk.settled.get("slow") == "done")


async def test_outcomes_are_settled_while_something_still_hangs() -> None:
    """A crash then leaves one doubt, not many."""
    hangs: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk = Desk(["hangs", "a", "b"], how=lambda item: hangs if item == "hangs" else None)
    async with draining(desk):
        await until(lambda: desk.settled == {"a": "done", "b": "done"})
    assert desk.settled["hangs"] == "interrupted"


async def test_no_more_is_under_way_than_there_is_room_for() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk = Desk([f"m{n}" for n in range(9)], how=lambda _item: asyncio.shield(gate), room=4)
    async with draining(desk) as drain:
        await rung(drain)
        assert len(desk.carried) == 4
        gate.set_result(None)
        await until(lambda: len(desk.settled) == 9)
    assert desk.most_under_way <= 4


async def test_with_a_backlog_the_next_look_waits_until_it_can_settle_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.drain.BACKLOG_S", 60.0)
    gates = {f"m{n}": asyncio.get_running_loop().create_future() for n in range(64)}
    desk = Desk([f"m{n}" for n in range(100)], how=gates.get, room=64)
    async with draining(desk):
        await until(lambda: len(desk.carried) == 64)
        for number in range(63):
            gates[f"m{number}"].set_result(None)
            await asyncio.sleep(0)
        assert (desk.claims, desk.settled) == (1, {})
        gates["m63"].set_result(None)
        await until(lambda: len(desk.settled) == 100)


async def test_a_row_that_breaks_us_breaks_alone() -> None:
    desk = Desk(["a", "poison", "b"], poison=frozenset({"poison"}))
    with capture_logs() as lines:
        async with draining(desk):
            await until(lambda: desk.settled.keys() == {"a", "b"})
            await until(lambda: any(line["event"] == "outcome_lost" for line in lines))


async def test_work_that_crashes_leaves_its_row_to_its_lease() -> None:
    def crash(item: str) -> None:
        if item == "bug":
            raise RuntimeError("nobody thought of this")

    desk = Desk(["bug", "fine"], how=crash)
    with capture_logs() as lines:
        async with draining(desk):
            await until(lambda: desk.settled == {"fine": "done"})
    assert [line["event"] for line in lines] == ["work_crashed"]


async def test_a_turn_that_fails_is_not_the_last_one() -> None:
    @dataclass
    class Unlimited(Desk):
        broken: int = 1

        async def waits(self, items: Sequence[str]) -> Sequence[float]:
            self.broken -= 1
            if self.broken == 0:
                raise ZeroDivisionError
            return await super().waits(items)

    desk = Unlimited(["lost to its lease"])
    with capture_logs() as lines:
        async with draining(desk) as drain:
            await until(lambda: bool(lines))
            desk.due = ["next"]
            drain.wake.ring()
            await until(lambda: desk.settled == {"next": "done"})
    assert [line["event"] for line in lines] == ["turn_failed"]


async def test_outcomes_wait_for_a_database_that_is_away() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk = Desk(["a"], how=lambda _item: gate)
    with capture_logs() as lines:
        async with draining(desk) as drain:
            await until(lambda: desk.carried == ["a"])
            desk.away = True
            gate.set_result(None)
            drain.wake.ring()
            await until(lambda: bool(lines))
            desk.away = False
            drain.wake.ring()
            await until(lambda: desk.settled == {"a": "done"})
    assert [line["event"] for line in lines] == ["queue_failed", "queue_works_again"]


async def test_a_retry_that_is_due_soon_is_looked_for_without_a_ring() -> None:
    desk = Desk(["a"], retry={"a": NOW + timedelta(seconds=0.05)})
    async with draining(desk):
        await until(lambda: "a" in desk.settled)
        claims = desk.claims
        await until(lambda: desk.claims > claims)


def test_what_is_due_again_at_once_stops_no_later_turn() -> None:
    """On the loop that workers run on: its handle of a wait of nothing is no timer."""

    async def drained() -> None:
        desk = Desk(["again"], retry={"again": NOW})
        async with draining(desk) as drain:
            await until(lambda: "again" in desk.settled)
            desk.retry["later"] = NOW + timedelta(seconds=2)
            desk.due = ["later"]
            await rung(drain)
            await until(lambda: "later" in desk.settled)

    with capture_logs() as told, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(drained())
    assert [line for line in told if line["event"] == "turn_failed"] == []


async def test_f76_at_the_end_a_send_under_way_is_waited_for() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk = Desk(["a"], how=lambda _item: gate)
    drain = Drain("deliver", desk, desk.open, lambda: NOW)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(LIMIT_S):
        await until(lambda: desk.carried == ["a"])
        drain.stop(LIMIT_S)
        asyncio.get_running_loop().call_later(0.05, gate.set_result, None)
        await running
    assert desk.settled == {"a": "done"}


async def test_at_the_end_what_only_waits_its_turn_is_put_back_at_once() -> None:
    desk = Desk(["a", "b"], wait_s=3600)
    async with draining(desk) as drain:
        await rung(drain)
    assert desk.settled == {"a": "put back", "b": "put back"}
    assert desk.carried == []


async def test_f76_at_the_end_what_never_ends_is_cut_off_as_interrupted() -> None:
    desk = Desk(["a"], how=lambda _item: asyncio.get_running_loop().create_future())
    async with draining(desk):
        await until(lambda: desk.carried == ["a"])
    assert desk.settled == {"a": "interrupted"}
    assert desk.let_go_at == 1


async def test_work_that_takes_too_long_is_cut_off() -> None:
    desk = Desk(["a"], how=lambda _item: asyncio.get_running_loop().create_future(), carry_s=0.05)
    async with draining(desk):
        await until(lambda: desk.settled == {"a": "interrupted"})


async def test_at_the_end_nothing_new_is_claimed() -> None:
    desk = Desk([])
    async with draining(desk) as drain:
        await rung(drain)
        desk.due = ["late"]
        drain.stop(0)
    assert desk.carried == []


@dataclass
class Piles:
    piles: list[int]
    broken: int = 0

    def step(self) -> int:
        if self.broken:
            self.broken -= 1
            raise ConnectionError("away")
        return self.piles.pop(0) if self.piles else 0


async def test_steps_go_on_until_one_finds_nothing() -> None:
    piles = Piles([500, 500, 3])
    drain = StepDrain("classify", piles)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(LIMIT_S):
        drain.wake.ring()
        await drain.wake.rested()
        assert piles.piles == []
        piles.piles = [1]
        drain.wake.ring()
        await drain.wake.rested()
        assert piles.piles == []
        drain.stop(1)
        await running


async def test_a_step_that_fails_is_tried_again() -> None:
    piles = Piles([5], broken=1)
    drain = StepDrain("classify", piles)
    with capture_logs() as lines:
        running = asyncio.create_task(drain.run())
        async with asyncio.timeout(LIMIT_S):
            await until(lambda: bool(lines))
            drain.wake.ring()
            await drain.wake.rested()
            drain.stop(1)
            await running
    assert piles.piles == []
