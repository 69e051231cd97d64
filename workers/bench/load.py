"""The load: a process of its own with raw kept-alive connections, closed or open loop.

Closed: every connection sends its next message when the answer to the last one came. Open: messages are due at a fixed
rate, and latency counts from the moment one was due, so that a server that stalls cannot hide its queue. A connection
that breaks brings its message again, as providers do; what was answered 2xx must then be in the database.

`python -m workers.bench.load PLAN OUTCOME`: two files of JSON; says `began` when the first message leaves.
"""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec
import uvloop

from config import clock
from workers.bench import messages

BEGAN = "began"
RECONNECT_S = 0.2
TICK_S = 0.001
STATUS = slice(9, 12)
SUCCESS = range(200, 300)
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Plan(msgspec.Struct, frozen=True):
    """What to send. `first`: number of the first message; `repeat`: share that is sent twice, like a redelivery."""

    port: int
    channels: tuple[str, ...]
    mode: str
    rate: float
    connections: int
    seconds: float
    repeat: float
    first: int = 0
    grace_s: float = 20.0
    """How long answers are waited for after the last message left."""


class Outcome(msgspec.Struct):
    """`answered_at`: Unix seconds of the first 2xx of each of `acknowledged`. `latencies_s` of every answer."""

    statuses: dict[int, int]
    acknowledged: list[int]
    answered_at: list[float]
    latencies_s: list[float]
    seconds: float
    broken: int = 0
    """Connections that ended under a message."""
    unanswered: int = 0


@dataclass(slots=True)
class Shot:
    """One request. `began`: when it was due (open) or sent (closed), monotonic seconds."""

    number: int
    began: float
    is_repeat: bool = False


class Line(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self.shot: Shot | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is none of asyncio's
        self._load.free(self)

    def send(self, shot: Shot, request: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - it was free, so it is connected
        self.shot = shot
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, ended, body = self._heard.partition(END_OF_HEAD)
        if not ended or len(body) < _length(head):
            return
        status, self._heard = int(head[STATUS]), b""
        shot, self.shot = self.shot, None
        if shot is not None:
            self._load.answered(shot, status)
        self._load.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(self)

    def close(self) -> None:
        if self._transport:
            self._transport.abort()


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(LENGTH)
    return int(lower[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


class Load:
    """Carries out one plan; `run` once."""

    def __init__(self, plan: Plan, monotonic: Callable[[], float] = clock.monotonic) -> None:
        self._plan = plan
        self._monotonic = monotonic
        self._lines: set[Line] = set()
        self._idle: deque[Line] = deque()
        self._waiting: deque[Shot] = deque()
        self._under_way = 0
        self._next = plan.first
        self._began = self._ends = 0.0
        self._last_answer = 0.0
        self._wall_offset = 0.0
        self._over = asyncio.Event()
        self._every = round(1 / plan.repeat) if plan.repeat else 0
        self._sent_at = 0
        self._connecting: set[asyncio.Task[None]] = set()
        self._outcome = Outcome({}, [], [], [], 0.0)
        self._statuses: Counter[int] = Counter()

    async def run(self, began: Callable[[], None] = lambda: None) -> Outcome:
        """Send everything, wait for the answers; `began` is called when the first message may leave."""
        moment = clock.now()
        self._began = self._last_answer = self._monotonic()
        self._sent_at, self._wall_offset = int(moment.timestamp()), moment.timestamp() - self._began
        self._ends = self._began + self._plan.seconds
        began()
        for _ in range(self._plan.connections):
            self._connect()
        await self._send_until_the_end()
        try:
            async with asyncio.timeout(self._plan.grace_s):
                await self._over.wait()
        except TimeoutError:
            self._outcome.unanswered = self._under_way + len(self._waiting)
        self._close()
        await asyncio.sleep(0)  # aborted connections are let go of in the next turn of the loop
        self._outcome.statuses = dict(self._statuses)
        self._outcome.seconds = max(self._last_answer - self._began, 1e-9)
        return self._outcome

    async def _send_until_the_end(self) -> None:
        interval = 1 / self._plan.rate
        due = self._began
        while (now := self._monotonic()) < self._ends:
            if self._plan.mode == "open":
                while due <= now:
                    self._waiting.append(self._new(due))
                    due += interval
                self._serve()
            await asyncio.sleep(TICK_S if self._plan.mode == "open" else self._ends - now)
        self._look_whether_over()

    def free(self, line: Line) -> None:
        """This connection can take a message."""
        self._lines.add(line)
        self._idle.append(line)
        self._serve()

    def answered(self, shot: Shot, status: int) -> None:
        now = self._last_answer = self._monotonic()
        self._under_way -= 1
        self._statuses[status] += 1
        self._outcome.latencies_s.append(now - shot.began)
        if status in SUCCESS and not shot.is_repeat:
            self._outcome.acknowledged.append(shot.number)
            self._outcome.answered_at.append(now + self._wall_offset)
            if self._every and shot.number % self._every == 0:
                self._waiting.append(Shot(shot.number, now, is_repeat=True))

    def lost(self, line: Line) -> None:
        """The connection is gone, perhaps with a message of which nobody knows whether it was taken."""
        self._lines.discard(line)
        if line in self._idle:
            self._idle.remove(line)
        shot, line.shot = line.shot, None
        if shot is not None:
            self._under_way -= 1
            self._outcome.broken += 1
            self._waiting.appendleft(shot)
        if not self._over.is_set():
            self._connect(RECONNECT_S)

    def _serve(self) -> None:
        while self._idle:
            shot = self._next_shot()
            if shot is None:
                self._look_whether_over()
                return
            self._under_way += 1
            channel = messages.channel_of(shot.number, self._plan.channels)
            self._idle.popleft().send(shot, messages.http_request(channel, shot.number, self._sent_at))

    def _next_shot(self) -> Shot | None:
        if self._waiting:
            return self._waiting.popleft()
        now = self._monotonic()
        return self._new(now) if self._plan.mode == "closed" and now < self._ends else None

    def _new(self, began: float) -> Shot:
        self._next += 1
        return Shot(self._next - 1, began)

    def _look_whether_over(self) -> None:
        if not self._waiting and not self._under_way and self._monotonic() >= self._ends:
            self._over.set()

    def _connect(self, after_s: float = 0.0) -> None:
        task = asyncio.get_running_loop().create_task(self._connected(after_s))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connected(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            try:
                await asyncio.get_running_loop().create_connection(lambda: Line(self), "127.0.0.1", self._plan.port)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
            else:
                return

    def _close(self) -> None:
        self._over.set()
        for task in tuple(self._connecting):
            task.cancel()
        for line in tuple(self._lines):
            line.shot = None
            line.close()


def main() -> None:
    plan_file, outcome_file = map(Path, sys.argv[1:])
    plan = msgspec.json.decode(plan_file.read_bytes(), type=Plan)

    def began() -> None:
        sys.stdout.write(f"{BEGAN}\n")
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome = runner.run(Load(plan).run(began))
    outcome_file.write_bytes(msgspec.json.encode(outcome))


if __name__ == "__main__":
    main()
