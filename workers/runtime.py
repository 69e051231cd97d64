"""What one worker process holds: the gateway, one event loop in a thread of its own, one HTTP client, a drain per queue.

Everything heavy is loaded before the process says that it is ready; jobs only wake drains (PERFORMANCE § 3, rules 10, 12).
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from importlib import import_module
from typing import Any

import uvloop

from config.logging import get_logger
from gateway.app import Gateway
from gateway.operations.vitals import Counted
from workers.counting import CountingSteps, CountingWork
from workers.drain import Drain, StepDrain
from workers.http import AiohttpHttp
from workers.limits import Limits, Rates
from workers.registration import keep_registered
from workers.targets import Targets
from workers.tools import Tools, redis_url

log = get_logger(__name__)

# Queue -> what makes its work: a `Work` or `Steps` out of the process's `Tools` (workers/drain.py).
WORKS: Mapping[str, str] = {
    "deliver": "workers.lanes:open_work",
    "notify": "workers.notify:open_work",
    "classify": "workers.classify:open_work",
    "forward": "workers.forward:open_work",
    "poll": "workers.poll:open_work",
    "attach": "workers.attachments:open_work",
    "hooks": "workers.hooks:open_work",
}

LOOK_EVERY_S = 5.0
"""Every drain looks by itself this often: a ring may be lost, and work becomes due by time alone. It costs one claim that
finds nothing, a thirtieth of what a ring through RQ does."""
SWITCH_S = 0.0005
"""How long a thread may be kept from going on by another one. With Python's own 5 ms a transaction waits that long after
each of its statements while the loop sends, and holds SQLite's only writer's lock meanwhile."""
HOLD_S = 2.0
"""So long a drain that does not come to rest keeps a bell, which might wake another process for its queue."""
ENDING_S = 5.0
"""What closing sessions and settling may take beside the sends that are waited for."""


class Runtime:
    """Drains of `queues` in this process. start() before the first job, end() after the last one."""

    def __init__(self, gateway: Gateway, queues: Sequence[str], process: str) -> None:
        self._gateway = gateway
        self._queues = tuple(queues)
        self._process = process
        self._drains: dict[str, Drain[Any, Any] | StepDrain] = {}
        self._holding: dict[str, asyncio.Task[None]] = {}
        """Queues whose bell is left as it is until their drain comes to rest."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="drains", daemon=True)
        self.counted = Counted()
        self.crashed = False

    def start(self) -> None:
        """Returns when everything is loaded; raises what went wrong with that."""
        sys.setswitchinterval(SWITCH_S)
        self._thread.start()
        self._ready.result()

    def rung(self, queue: str) -> None:
        """A ring for `queue` has come: its drain looks. Returns at once; from any thread.

        While the drain is at work it looks again by itself, and the bell is left as it is until it comes to rest, or for
        `HOLD_S`: else every commit meanwhile would ring, and every ring is a job of sixty commands.
        """
        assert self._loop is not None  # noqa: S101 - start() returned
        wake = self._drains[queue].wake
        if wake.rests:
            self._gateway.doorbell.taken(queue)
            self._loop.call_soon_threadsafe(wake.ring)
        else:
            self._loop.call_soon_threadsafe(self._hold, queue)

    def begin_end(self, within_s: float) -> None:
        """Begin nothing new; what is under way has `within_s` seconds. For signal handlers: returns at once."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop_drains, within_s)

    def end(self, within_s: float) -> None:
        """`begin_end`, then wait until everything is settled and closed."""
        self.begin_end(within_s)
        self._thread.join(within_s + ENDING_S)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._main())
        except BaseException as problem:
            if not self._ready.done():
                self._ready.set_exception(problem)
                return
            # A worker that hears and does not work would be worse than none: whoever started it starts it again.
            log.exception("drains_crashed")
            self.crashed = True
            os.kill(os.getpid(), signal.SIGTERM)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        limits = Limits(redis_url(self._gateway.settings), self._process, Rates(self._gateway.channels))
        async with AiohttpHttp() as http:
            targets = Targets(self._gateway.settings, http, self._process, counted=self.counted)
            tools = Tools(self._gateway, http, limits, self._gateway.clock.now, self._process, targets, self.counted)
            self._drains = {queue: await asyncio.to_thread(open_drain, queue, tools) for queue in self._queues}
            if "deliver" in self._queues:
                for channel in self._gateway.channels.values():
                    await asyncio.to_thread(channel.load)
            self._ready.set_result(None)
            beside = [asyncio.create_task(self._watch())]
            if "deliver" in self._queues:
                beside.append(asyncio.create_task(keep_registered(tools)))
            await asyncio.gather(*(drain.run() for drain in self._drains.values()))
            beside += self._holding.values()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        await limits.close()

    def _hold(self, queue: str) -> None:
        if queue not in self._holding:
            self._holding[queue] = asyncio.create_task(self._take_later(queue))

    async def _take_later(self, queue: str) -> None:
        """Whoever rang in vain meanwhile is found by the look that follows."""
        wake = self._drains[queue].wake
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_S):
                await wake.rested()
        await asyncio.to_thread(self._gateway.doorbell.taken, queue)
        del self._holding[queue]
        wake.ring()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for drain in self._drains.values():
                drain.wake.ring()
            await asyncio.to_thread(
                self._gateway.doorbell.answers
            )  # which says once that Redis is away, and that it is back

    def _stop_drains(self, within_s: float) -> None:
        for drain in self._drains.values():
            drain.stop(within_s)


def open_drain(queue: str, tools: Tools) -> Drain[Any, Any] | StepDrain:
    """The drain of one queue, its work loaded and ready."""
    module, _, name = WORKS[queue].partition(":")
    work = getattr(import_module(module), name)(tools)
    if hasattr(work, "step"):
        return StepDrain(queue, CountingSteps(queue, work, tools.counted))
    return Drain(queue, CountingWork(queue, work, tools.counted), tools.gateway.store.transaction, tools.now)
