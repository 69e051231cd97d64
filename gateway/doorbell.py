"""Tell the workers that there may be work, and live pages that something changed. The only module of the gateway
that knows Redis and RQ.

The database is the truth: a lost ring costs seconds (the clock rings again), a lost live event nothing (pages ask
again). So nothing here raises towards a caller, and nobody waits for Redis: a thread of its own talks to it.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from config.logging import get_logger

log = get_logger(__name__)

QUEUES = ("classify", "forward", "poll", "deliver", "notify", "attach", "hooks")
JOBS = "workers.jobs"
ASKED = "doorbell:asked"
LIVE = "live"
"""The Redis channel of live events."""

BELL_S = 5
"""How long a bell that nobody answers keeps further rings away."""
JOB_S = 300
UNANSWERED = 3
"""With this many jobs waiting there is nothing new to tell; a queue that nobody works must not grow."""
PATIENCE_S = 2.0
TOLD_AT_MOST = 1000
RECONNECT_S = 2.0


def _urgency(queue: str) -> tuple[bool, str]:
    """Each ring takes a millisecond or two: a citizen who waits for an answer is served first."""
    return queue != "deliver", queue


def bell(queue: str) -> str:
    """The flag that says: rung, and no worker has begun since."""
    return f"bell:{queue}"


class Doorbell:
    """`redis_url` None: there is no Redis, workers look by themselves. Thread-safe; close() it."""

    def __init__(self, redis_url: str | None, patience_s: float = PATIENCE_S) -> None:
        """`patience_s`: how long one answer of Redis is waited for."""
        self._url = redis_url
        self._patience_s = patience_s
        self._redis = _connect(redis_url, patience_s) if redis_url else None
        self._wanted = threading.Condition()
        self._rung: set[str] = set()
        self._told: deque[bytes] = deque(maxlen=TOLD_AT_MOST)
        self._thread: threading.Thread | None = None
        self._closing = False
        self.degraded = redis_url is None
        """Whether Redis was away when we last talked to it."""

    def ring(self, queues: Iterable[str]) -> None:
        """There may be work in `queues`. Returns at once and never raises."""
        if self._redis:
            with self._wanted:
                self._rung.update(queues)
                self._go()

    def taken(self, queue: str) -> None:
        """A worker looks after `queue` from now on: what is committed later has to ring again. Never raises."""
        try:
            if self._redis:
                self._redis.delete(bell(queue))
        except (redis.RedisError, OSError) as problem:
            # The flag runs out by itself within seconds; the work must not wait for it.
            log.warning("bell_not_taken", queue=queue, problem=type(problem).__name__)

    def tell(self, events: Sequence[Mapping[str, str]]) -> None:
        """Something changed that an open page may want to show. Returns at once and never raises."""
        if self._redis:
            with self._wanted:
                self._told.extend(msgspec.json.encode(dict(event)) for event in events)
                self._go()

    def answers(self) -> bool:
        """Whether Redis can be rung now; waits for it a few seconds at most. A full one answers and takes nothing."""
        if self._redis is None:
            return False
        try:
            self._redis.set(ASKED, 1, ex=BELL_S)
        except (redis.RedisError, OSError) as problem:
            self._lost(problem)
            return False
        self._found()
        return True

    def described(self) -> dict[str, str]:
        """What Redis says about its memory, persistence and version; empty when it does not answer."""
        try:
            told = self._redis.info() if self._redis else {}
        except (redis.RedisError, OSError) as problem:
            self._lost(problem)
            return {}
        return {str(key): str(value) for key, value in dict(told).items()}

    async def listen(self) -> AsyncIterator[dict[str, str]]:
        """Live events as they are told, from any process, until the caller stops. One connection per call: a web
        process listens once and hands on. While Redis is away nothing comes."""
        while self._url:
            with contextlib.suppress(redis.RedisError, OSError):
                async for event in _events(self._url):
                    yield event
            await asyncio.sleep(RECONNECT_S)

    def close(self) -> None:
        """Bring out what was rung, then let go of Redis."""
        with self._wanted:
            self._closing = True
            self._wanted.notify()
        if self._thread:
            self._thread.join(2 * self._patience_s)  # one under way, one with what was rung since
        elif self._redis:
            self._redis.close()

    def _go(self) -> None:
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
            self._thread.start()
        self._wanted.notify()

    def _run(self) -> None:
        with self._redis or contextlib.nullcontext():
            self._work()

    def _work(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._rung or self._told or self._closing)
                queues, self._rung = sorted(self._rung, key=_urgency), set()
                events = list(self._told)
                self._told.clear()
            if not (queues or events):
                return
            try:
                self._bring_out(queues, events)
            except (redis.RedisError, OSError) as problem:
                self._lost(problem)
            else:
                self._found()

    def _bring_out(self, queues: Sequence[str], events: Sequence[bytes]) -> None:
        assert self._redis is not None  # noqa: S101 - without Redis there is no thread
        pipe = self._redis.pipeline(transaction=False)
        if events:  # one message for all: each costs every web process that listens as much as a call of a provider
            pipe.publish(LIVE, b"[%b]" % b",".join(events))
        for queue in queues:
            pipe.set(bell(queue), 1, nx=True, ex=BELL_S)
        answers: list[Any] = pipe.execute()[1 if events else 0 :]
        for queue, was_quiet in zip(queues, answers, strict=True):
            if was_quiet and self._redis.llen(f"{Queue.redis_queue_namespace_prefix}{queue}") < UNANSWERED:
                enqueue(self._redis, queue)

    def _lost(self, problem: Exception) -> None:
        if not self.degraded:
            log.warning("redis_lost", problem=type(problem).__name__)
        self.degraded = True

    def _found(self) -> None:
        if self.degraded:
            log.info("redis_found")
        self.degraded = False


def enqueue(connection: redis.Redis, queue: str) -> None:
    """One job for `queue`, named by text and without content.

    Its id is fresh each time: a fixed one loses every ring given while the earlier job runs (rq 3.0).
    """
    Queue(queue, connection=connection, serializer=JSONSerializer).enqueue(
        f"{JOBS}.{queue}", description=queue, job_timeout=JOB_S, result_ttl=0, failure_ttl=60
    )


def _connect(url: str, patience_s: float) -> redis.Redis:
    # No second try inside the client: a ring that fails is rung again by the clock.
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=patience_s, socket_connect_timeout=patience_s, retry=once)


async def _events(url: str) -> AsyncIterator[dict[str, str]]:
    async with redis.asyncio.Redis.from_url(url) as client, client.pubsub(ignore_subscribe_messages=True) as pubsub:
        await pubsub.subscribe(LIVE)
        async for message in pubsub.listen():
            for event in msgspec.json.decode(message["data"], type=list[dict[str, str]]):
                yield event
