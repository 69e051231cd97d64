"""The bell: rung once per commit, heard once, and never a reason to wait or to fail."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from gateway.doorbell import BELL_S, QUEUES, UNANSWERED, Doorbell, bell

NOWHERE = "unix:///nonexistent/r.sock"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def jobs(client: redis.Redis, queue: str) -> list[str]:
    return [job.func_name for job in Queue(queue, connection=client, serializer=JSONSerializer).jobs]


def test_a_ring_leaves_one_job_without_content_that_is_named_by_text(redis_url: str, client: redis.Redis) -> None:
    bells = Doorbell(redis_url)
    bells.ring(QUEUES)
    bells.close()
    for queue in QUEUES:
        (job,) = Queue(queue, connection=client, serializer=JSONSerializer).jobs
        assert (job.func_name, job.args, job.kwargs) == (f"workers.jobs.{queue}", [], {})
        assert 0 < client.ttl(bell(queue)) <= BELL_S


def test_while_a_ring_is_unheard_further_rings_add_nothing(redis_url: str, client: redis.Redis) -> None:
    for _ in range(3):
        bells = Doorbell(redis_url)
        bells.ring(["deliver"])
        bells.close()
    assert jobs(client, "deliver") == ["workers.jobs.deliver"]


def test_once_a_worker_has_begun_the_next_ring_is_heard_again(redis_url: str, client: redis.Redis) -> None:
    for _ in range(2):
        bells = Doorbell(redis_url)
        bells.ring(["deliver"])
        bells.close()
        client.delete(bell("deliver"))  # the first act of the job
    assert len(jobs(client, "deliver")) == 2


def test_a_queue_that_nobody_works_does_not_grow(redis_url: str, client: redis.Redis) -> None:
    for _ in range(UNANSWERED + 3):
        bells = Doorbell(redis_url)
        bells.ring(["poll"])
        bells.close()
        client.delete(bell("poll"))  # as if it had run out
    assert len(jobs(client, "poll")) == UNANSWERED


async def test_what_is_told_reaches_a_listener(redis_url: str, client: redis.Redis) -> None:
    bells = Doorbell(redis_url)

    async def first() -> dict[str, str]:
        async for event in bells.listen():
            return event
        raise AssertionError("the stream ended")

    listening = asyncio.create_task(first())
    async with asyncio.timeout(5):
        while client.pubsub_numsub("live")[0][1] == 0:  # noqa: ASYNC110 - Redis has no event for a new subscriber
            await asyncio.sleep(0)
        bells.tell([{"event": "complaint", "number": "KBR-260001235"}])
        assert await listening == {"event": "complaint", "number": "KBR-260001235"}
    bells.close()


def test_without_redis_a_ring_is_nothing() -> None:
    bells = Doorbell(None)
    bells.ring(["deliver"])
    bells.tell([{"event": "complaint"}])
    assert bells.degraded
    assert not bells.answers()
    bells.close()


def test_a_redis_that_is_away_is_said_once_and_never_raised(redis_url: str) -> None:
    bells = Doorbell(NOWHERE)
    with capture_logs() as lines:
        bells.ring(["deliver"])
        assert not bells.answers()
        bells.ring(["notify"])
        assert not bells.answers()
        bells.close()
    assert bells.degraded
    assert [line["event"] for line in lines] == ["redis_lost"]


def test_f22_a_redis_that_is_full_counts_as_away(redis_url: str, client: redis.Redis) -> None:
    """It answers a ping and takes no job."""
    bells = Doorbell(redis_url)
    assert bells.answers()
    client.config_set("maxmemory", 1)
    try:
        with capture_logs() as lines:
            bells.ring(["deliver"])
            assert not bells.answers()
    finally:
        client.config_set("maxmemory", 64 * 1024 * 1024)
    assert bells.answers()
    bells.close()
    assert [line["event"] for line in lines] == ["redis_lost"]


def test_f23_a_redis_that_does_not_answer_keeps_nobody_waiting() -> None:
    """The web process rings after its commit and before its answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bells = Doorbell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", patience_s=0.1)
        began = time.monotonic()
        for _ in range(100):
            bells.ring(["deliver"])
        assert time.monotonic() - began < 0.5
        bells.close()
