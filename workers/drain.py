"""The one loop behind every queue: claim, commit, work, settle, commit, until nothing is due.

A ring wakes it, however many come; work whose time is known wakes it too. No transaction is open while the network is
waited for, and outcomes are settled at least every half second, so that a crash leaves few doubts (PERFORMANCE § 3,
rules 8 and 9). A row that breaks us breaks alone.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from config.logging import get_logger

log = get_logger(__name__)

Item = TypeVar("Item")
Done = TypeVar("Done")

SETTLE_EVERY_S = 0.5
SETTLE_SOON_S = 0.02
"""With nothing under way: so soon, or with the next claim, which then needs no commit more than without."""
SETTLE_AT = 64
"""So many outcomes are settled without waiting for more."""
GATHER_S = 0.1
"""Steps of few rows follow each other no sooner: what a step costs whatever its rows, and SQLite's only lock, is for those
who wait for an answer. Who comes alone is served at once."""
MANY = 16
BACKLOG = 32
"""Who claims so many has more to do than places: the next look waits until it can settle and claim as many again."""
BACKLOG_S = 0.1
"""But no longer than this: what else is due, and freed places of slow providers, wait for it."""
AT_ONCE_S = 0.001
"""A shorter wait is none: places of fast channels lie closer together than a timer is worth."""
CARRY_S = 60.0
"""No single piece of work takes longer (`Work.carry_s`); the leases of its rows are longer than that."""
AWAY_S = 5.0
"""After an error of the database we look again this often."""
LOOK_AHEAD_S = 60.0
"""Work that is due later than this is left to the clock's ring."""

Transaction = Any
"""A transaction of the store. Workers hold no SQL: they only hand it on to services."""
Open = Callable[[], AbstractContextManager[Transaction]]
"""`store.transaction`."""


class Work(Protocol[Item, Done]):
    """What a queue is about. `claim` and `settle` run in a thread, inside a transaction; `carry` on the loop, outside."""

    carry_s: float
    """Seconds after which carrying one item is cut off."""

    def claim(self, tx: Transaction, under_way: Collection[Item]) -> Sequence[Item]:
        """Due rows, now ours; as many as there is room beside what is `under_way`. Empty = nothing is due for us."""
        ...

    async def waits(self, items: Sequence[Item]) -> Sequence[float]:
        """Seconds that each item has to wait before it may be carried out (rate limits)."""
        ...

    async def carry(self, item: Item) -> Done:
        """Do it. What is expected to go wrong is a `Done`; an exception is a bug, the row's lease ends it."""
        ...

    def settle(self, tx: Transaction, done: Sequence[Done]) -> datetime | None:
        """Write outcomes; the earliest moment at which one of them becomes due again."""
        ...

    def put_back(self, item: Item) -> Done:
        """The outcome of an item that was claimed and not begun."""
        ...

    def interrupted(self, item: Item) -> Done:
        """The outcome of an item whose carrying was cut off."""
        ...

    def let_go(self, tx: Transaction) -> None:
        """The last act of this process: give back what it holds beside rows (leases)."""
        ...


class Steps(Protocol):
    """A queue whose work is all in SQL and processor time: one call is one batch with its own transactions."""

    def step(self) -> int:
        """Work off one batch; how many rows that were. 0 = nothing is due."""
        ...


class Wake:
    """Whether another look is wanted, and whether one is under way. For one event loop."""

    def __init__(self) -> None:
        self._soon = asyncio.Event()
        self._rests = asyncio.Event()

    @property
    def rests(self) -> bool:
        """Nothing is due and nobody rang; otherwise a look is under way or will come by itself. From any thread."""
        return self._rests.is_set()

    def ring(self) -> None:
        """Something may be due, or has changed, that the loop should look at."""
        self._rests.clear()
        self._soon.set()

    def begin(self) -> None:
        """A look begins: it answers every ring up to now."""
        self._soon.clear()

    async def rested(self) -> None:
        """Returns when everything that was due at the time of this call has been begun."""
        await self._rests.wait()

    async def wait(self, seconds: float | None) -> None:
        """Until the next ring, at most `seconds`."""
        if not self._soon.is_set():
            self._rests.set()
        try:
            async with asyncio.timeout(seconds):
                await self._soon.wait()
        except TimeoutError:
            return
        finally:
            self._rests.clear()


@dataclass(slots=True, eq=False)
class _Piece(Generic[Item]):
    item: Item
    is_begun: bool = False


class Drain(Generic[Item, Done]):
    """Runs the `Work` of one queue until stopped."""

    def __init__(self, queue: str, work: Work[Item, Done], open_: Open, now: Callable[[], datetime]) -> None:
        self.queue = queue
        self.wake = Wake()
        self._work = work
        self._open = open_
        self._now = now
        self._tasks: dict[asyncio.Task[None], _Piece[Item]] = {}
        self._done: list[Done] = []
        self._settling: asyncio.Handle | None = None
        self._enough = asyncio.Event()
        """So much is done that a look is worth its commit."""
        self._timer: asyncio.Handle | None = None
        self._looks_at = 0.0
        """When the timer wakes us, by the loop's clock. Kept here: uvloop's handle of a wait of nothing cannot say."""
        self._ends_within_s = 0.0
        self._failing = False

    async def run(self) -> None:
        """Until `stop`; never raises for work, rows or the database."""
        while not self._ends_within_s:
            try:
                await self._turn()
            except Exception:
                # What was claimed in this turn is left to its leases, as after a crash.
                log.exception("turn_failed", queue=self.queue)
                await self.wake.wait(AWAY_S)
        await self._finish(self._ends_within_s)

    async def _turn(self) -> None:
        self.wake.begin()
        claimed = await self._round()
        if claimed is None:
            await self.wake.wait(AWAY_S)
        elif claimed:
            # kill point: work.claimed
            self._enough.clear()
            await self._start(claimed)
            if len(claimed) >= BACKLOG:
                await self._gather()
        else:
            await self.wake.wait(None)

    async def _gather(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(BACKLOG_S):
                await self._enough.wait()

    def stop(self, within_s: float) -> None:
        """`run` begins nothing more, waits up to `within_s` seconds for what is under way, settles and ends."""
        self._ends_within_s = max(within_s, 0.001)
        self._enough.set()
        self.wake.ring()

    async def _finish(self, within_s: float) -> None:
        for task, piece in self._tasks.items():
            if not piece.is_begun:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._round()
        if self._timer:
            self._timer.cancel()
        try:
            await asyncio.to_thread(self._let_go)
        except Exception:  # noqa: BLE001 - without a database leases run out by themselves
            log.warning("queue_not_let_go", queue=self.queue)

    def _let_go(self) -> None:
        with self._open() as tx:
            self._work.let_go(tx)

    async def _round(self) -> Sequence[Item] | None:
        """Settle what is done and claim what is due, in one commit; None when that cannot be done now."""
        done, self._done = self._done, []
        if self._settling:
            self._settling.cancel()
        try:
            claimed, next_at = await asyncio.to_thread(self._settle_and_claim, done, self._under_way())
        except Exception:
            if not self._failing:
                log.exception("queue_failed", queue=self.queue)
            self._failing = True
            await self._round_apart(done)
            return None
        if self._failing:
            log.info("queue_works_again", queue=self.queue)
        self._failing = False
        self._look_again_at(next_at)
        return claimed

    def _under_way(self) -> list[Item]:
        return [piece.item for piece in self._tasks.values()]

    def _settle_and_claim(
        self, done: Sequence[Done], under_way: Collection[Item]
    ) -> tuple[Sequence[Item], datetime | None]:
        with self._open() as tx:
            next_at = self._work.settle(tx, done) if done else None
            # kill point: work.settled
            return () if self._ends_within_s else self._work.claim(tx, under_way), next_at

    async def _round_apart(self, done: list[Done]) -> None:
        """A round failed: with the database away everything waits, otherwise one row breaks alone."""
        try:
            await asyncio.to_thread(self._settle_nothing)
        except Exception:  # noqa: BLE001 - whatever it is, the database cannot be used; that is logged already
            self._done[:0] = done
            return
        for each in done:
            await self._settle_alone(each)

    def _settle_nothing(self) -> None:
        with self._open():
            """A transaction that does nothing tells whether the database is there."""

    async def _settle_alone(self, done: Done) -> None:
        try:
            self._look_again_at(await asyncio.to_thread(self._settle_one, done))
        except Exception:
            # Left as claimed: its lease ends it, as after a crash.
            log.exception("outcome_lost", queue=self.queue)

    def _settle_one(self, done: Done) -> datetime | None:
        with self._open() as tx:
            return self._work.settle(tx, [done])

    async def _start(self, items: Sequence[Item]) -> None:
        waits = await self._work.waits(items)
        for item, wait_s in zip(items, waits, strict=True):
            piece = _Piece(item)
            task = asyncio.create_task(self._carry(piece, wait_s))
            self._tasks[task] = piece
            task.add_done_callback(self._ended)

    async def _carry(self, piece: _Piece[Item], wait_s: float) -> None:
        if wait_s > AT_ONCE_S:
            await asyncio.sleep(wait_s)
        piece.is_begun = True
        try:
            async with asyncio.timeout(self._work.carry_s):
                # kill point: work.begun
                self._keep(await self._work.carry(piece.item))
                # kill point: work.carried
        except (asyncio.CancelledError, TimeoutError):
            self._keep(self._work.interrupted(piece.item))
        except Exception:
            log.exception("work_crashed", queue=self.queue)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        piece = self._tasks.pop(task)
        if task.cancelled():  # while it waited for its turn, or before it ran at all
            self._keep(self._work.put_back(piece.item))
        if not self._tasks or len(self._done) >= SETTLE_AT:
            self._enough.set()
        if len(self._done) >= SETTLE_AT:
            self.wake.ring()
        elif not self._tasks:
            self._settle_within(SETTLE_SOON_S)

    def _keep(self, outcome: Done) -> None:
        if not self._done:
            self._settle_within(SETTLE_EVERY_S)
        self._done.append(outcome)

    def _settle_within(self, seconds: float) -> None:
        if self._settling:
            self._settling.cancel()
        self._settling = asyncio.get_running_loop().call_later(seconds, self.wake.ring)

    def _look_again_at(self, moment: datetime | None) -> None:
        if moment is None:
            return
        wait_s = max((moment - self._now()).total_seconds(), 0.0)
        loop = asyncio.get_running_loop()
        looks_at = loop.time() + wait_s
        if wait_s > LOOK_AHEAD_S or loop.time() < self._looks_at < looks_at:
            return
        if self._timer:
            self._timer.cancel()
        self._looks_at = looks_at
        self._timer = loop.call_later(wait_s, self.wake.ring)


class StepDrain:
    """Runs the `Steps` of one queue until stopped."""

    def __init__(self, queue: str, steps: Steps) -> None:
        self.queue = queue
        self.wake = Wake()
        self._steps = steps
        self._stopping = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            self.wake.begin()
            began = loop.time()
            try:
                worked = await asyncio.to_thread(self._steps.step)
            except Exception:
                log.exception("step_failed", queue=self.queue)
                await self.wake.wait(AWAY_S)
                continue
            if not worked:
                await self.wake.wait(None)
            elif worked < MANY:
                await asyncio.sleep(began + GATHER_S - loop.time())

    def stop(self, within_s: float) -> None:
        """A batch that is under way ends by itself; its transactions are short."""
        self._stopping = True
        self.wake.ring()
