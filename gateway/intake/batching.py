"""The Writer: group commit. Waiting arrivals become one transaction, each caller gets its own answer.

No timer: while one batch commits the next gathers, so an idle gateway commits a single message at once. What fails
as a batch is tried message by message; what fails alone goes into quarantine. Without a database everything goes to
the spool, and is replayed in order before anything newer (PERFORMANCE § 3, FAULTS F11-F18).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from channels.errors import ChannelError, PartlyInvalid
from channels.messages import Answer
from config.logging import get_logger
from gateway.intake import quarantine
from gateway.intake.arrival import Arrival
from gateway.intake.spool import Spool, SpoolFull
from gateway.storage.engine import gave_way, is_away
from gateway.storage.store import Store, Transaction

log = get_logger(__name__)
BATCH = 256
REPLAYED_AT_ONCE = 64
"""So few that somebody with a phone in the hand does not wait long behind them, and that little is done again after a death."""
REPLAY_EVERY_S = 1.0
Receive = Callable[[Transaction, Sequence[Arrival]], list[Answer]]
Parse = Callable[[str, Any], Sequence[Any]]
Promise = asyncio.Future[Answer | None]
"""None: it took too long, and the call goes to the disk."""


class Overloaded(Exception):
    """More waits than we keep in memory: 503, come again."""


class Spooled(Exception):
    """Not in the database but safely on the disk: acknowledge; an answer in the same request cannot be had."""


@dataclass(slots=True)
class Counts:
    """Plain integers that /metrics exports."""

    accepted: int = 0
    batches: int = 0
    spooled: int = 0
    quarantined: int = 0
    replayed: int = 0


def _give_up(promise: Promise) -> None:
    if not promise.done():
        promise.set_result(None)


class Writer:
    """One per web process; `run` is its task, `submit` what everybody calls."""

    def __init__(
        self, store: Store, spool: Spool, receive: Receive, parse: Parse, max_waiting: int, spool_after_s: float
    ):
        self._store = store
        self._spool = spool
        self._receive = receive
        self._parse = parse
        self._max_waiting = max_waiting
        self._spool_after_s = spool_after_s
        self._waiting: deque[tuple[Arrival, Promise]] = deque()
        self._wake = asyncio.Event()
        self._database = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._closing = False
        self._spoolings = 0
        """How often something was handed to the disk."""
        self._behind = False
        """Something older than the next arrival is still on the disk; it must go first."""
        self._looked = asyncio.Event()
        """It is known what earlier processes left on the disk."""
        self.low_on_disk = False
        """The disk of the spool is nearly full: people should make room."""
        self.counts = Counts()

    async def submit(self, arrival: Arrival) -> Answer:
        """The answer once the arrival is committed; Spooled, Overloaded or SpoolFull otherwise."""
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded
        if not self._looked.is_set():
            await self._looked.wait()
        if self._behind and not arrival.is_session:
            await self._to_spool([arrival])
            raise Spooled
        loop = asyncio.get_running_loop()
        future: Promise = loop.create_future()
        # A person with a phone in the hand goes to the front of the next batch.
        (self._waiting.appendleft if arrival.is_session else self._waiting.append)((arrival, future))
        self._wake.set()
        late = loop.call_later(self._spool_after_s, _give_up, future)
        try:
            answer = await future
        finally:
            late.cancel()
        if answer is not None:
            return answer
        # The commit may still succeed later; the replay then finds a message that it knows already.
        await self._to_spool([arrival])
        raise Spooled

    async def run(self) -> None:
        """Until `close`: commit what waits, replay what was spooled."""
        try:
            self._behind = await self._on_disk(self._spool.has_more)
        except OSError:
            self._behind = True  # the replay looks again, and says what is wrong
        self._looked.set()
        replay = asyncio.create_task(self._replay_forever())
        try:
            while not (self._closing and not self._waiting):
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._commit([self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))])
        finally:
            replay.cancel()
            await asyncio.gather(replay, return_exceptions=True)
            self._database.shutdown()
            self._disk.shutdown()
            self._spool.close()

    def close(self) -> None:
        """Take what still waits, then end `run`."""
        self._closing = True
        self._wake.set()

    @property
    def behind(self) -> bool:
        return self._behind

    async def _commit(self, batch: list[tuple[Arrival, Promise]]) -> None:
        arrivals = [arrival for arrival, _ in batch]
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._database, self._carry_out, arrivals)
        except Exception as problem:
            # Neither taken nor put aside: whatever the reason, the database cannot be used, and we go on living.
            log.warning("database_away", problem=type(problem).__name__, waiting=len(arrivals))
            if not is_away(problem):
                log.exception("database_unusable")
            await self._spool_batch(batch)
            return
        # kill point: intake.committed
        self.counts.accepted += len(arrivals)
        self.counts.batches += 1
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    async def _spool_batch(self, batch: list[tuple[Arrival, Promise]]) -> None:
        waiting = [(arrival, future) for arrival, future in batch if not future.done()]
        problem: Exception = Spooled()
        try:
            await self._to_spool([arrival for arrival, _ in waiting])
        except Exception as full:
            if not isinstance(full, SpoolFull | OSError):
                log.exception("spool_failed")
            problem = SpoolFull()
        for _, future in waiting:
            if not future.done():  # while the disk was written it took too long: it goes to the disk once more
                future.set_exception(problem)
                future.exception()  # the caller may have given up: nobody has to collect it

    def _carry_out(self, arrivals: Sequence[Arrival]) -> list[Answer]:
        """In the writer's thread: all together, or else each alone."""
        # kill point: intake.taken
        try:
            return self._store.run(lambda tx: self._receive(tx, arrivals))
        except Exception as problem:
            if is_away(problem):
                raise
            log.warning("batch_failed", size=len(arrivals), problem=type(problem).__name__)
        return [self._alone(arrival) for arrival in arrivals]

    def _alone(self, arrival: Arrival) -> Answer:
        try:
            return self._store.run(lambda tx: self._receive(tx, [arrival])[0])
        except Exception as problem:
            if is_away(problem) or gave_way(problem):
                raise
            log.exception("message_quarantined", channel=arrival.channel)
            self._put_aside(arrival, "intake_failed", type(problem).__name__)
        return Answer()

    def _put_aside(self, arrival: Arrival, reason: str, detail: str) -> None:
        self.counts.quarantined += 1
        held = arrival.channel, arrival.request, arrival.received_at, reason, detail
        self._store.run(lambda tx: quarantine.put(tx, *held))

    async def put_aside(self, arrival: Arrival, reason: str, detail: str) -> None:
        """A call that could not be understood: into quarantine, or to the spool without a database."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._database, self._put_aside, arrival, reason, detail)
        except Exception as problem:
            if not is_away(problem):
                raise
            await self._to_spool([arrival])

    async def _to_spool(self, arrivals: Sequence[Arrival]) -> None:
        self._behind = True
        self._spoolings += 1
        await self._on_disk(partial(self._spool.append, arrivals))
        # kill point: intake.spooled
        self.counts.spooled += len(arrivals)

    async def _on_disk(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    async def _replay_forever(self) -> None:
        while True:
            try:
                # What comes meanwhile goes to the disk as well: without a pause we catch up with it.
                while self._behind:
                    await self._replay()
            except Exception as problem:
                if not is_away(problem):
                    log.exception("spool_replay_failed")
            await asyncio.sleep(REPLAY_EVERY_S)

    async def keep_room(self) -> None:
        """Look after the disk of the spool; to be called now and then."""
        self.low_on_disk = await self._on_disk(self._spool.keep_room)

    async def _replay(self) -> None:
        """Carry over file by file what is there now."""
        loop = asyncio.get_running_loop()
        for path, lines in await self._on_disk(lambda: list(self._spool.lines())):
            for start in range(0, len(lines), REPLAYED_AT_ONCE):
                some = lines[start : start + REPLAYED_AT_ONCE]
                arrivals = await loop.run_in_executor(self._database, self._understand, some)
                # kill point: replay.read
                await loop.run_in_executor(self._database, self._carry_out, arrivals)
                # kill point: replay.committed
                self.counts.replayed += len(arrivals)
            await self._on_disk(partial(self._spool.done, path))
        spoolings = self._spoolings
        is_left = await self._on_disk(self._spool.has_more)
        if not is_left and spoolings == self._spoolings:  # else something is on its way to the disk
            self._behind = False

    def _understand(self, lines: Sequence[tuple[str, Any, datetime]]) -> list[Arrival]:
        arrivals = []
        for channel, request, received_at in lines:
            try:
                arrivals.append(Arrival(channel, self._parse(channel, request), request, received_at))
            except PartlyInvalid as problem:
                self._put_aside(Arrival(channel, (), request, received_at), problem.code, str(problem)[:200])
                arrivals.append(Arrival(channel, problem.understood, request, received_at))
            except (ChannelError, LookupError) as problem:
                self._put_aside(Arrival(channel, (), request, received_at), "payload_invalid", str(problem)[:200])
            except Exception as problem:
                # A fault of ours in reading one call must not keep those behind it on the disk.
                log.exception("call_not_read", channel=channel)
                self._put_aside(Arrival(channel, (), request, received_at), "parse_failed", type(problem).__name__)
        return arrivals
