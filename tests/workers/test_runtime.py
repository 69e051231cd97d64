"""A worker process from ring to message: queues wake, empty themselves, and end in time."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from rq import SimpleWorker
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from channels.sandbox import Sandbox
from config.settings import Settings
from gateway.app import Gateway, open_gateway
from gateway.doorbell import QUEUES, bell, enqueue
from tests.workers.conftest import Write, looked
from workers import jobs
from workers.hearing import Ears
from workers.jobs import RUNTIME
from workers.runtime import WORKS, Runtime

LIMIT_S = 10.0
REPORT = "Lampu jalan di gang kami mati sudah tiga malam, Kelurahan Sidorejo"


def sent(gateway: Gateway) -> list[str]:
    adapter = gateway.channels["tg"].adapter
    assert isinstance(adapter, Sandbox)
    return [message.text for message in adapter.sent]


def receipts(gateway: Gateway) -> list[str]:
    return [text for text in sent(gateway) if text.startswith("Laporan diterima.")]


def failed(client: redis.Redis, queue: str) -> int:
    return int(FailedJobRegistry(queue, connection=client, serializer=JSONSerializer).count)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.01)


@pytest.fixture
def runtime(gateway: Gateway) -> Iterator[Runtime]:
    yield from _running(gateway)


def _running(gateway: Gateway) -> Iterator[Runtime]:
    running = Runtime(gateway, ("deliver", "notify", "classify"), "test")
    running.start()
    yield running
    running.end(1.0)


def test_every_queue_has_a_job_and_a_work() -> None:
    assert set(WORKS) == set(QUEUES)
    assert all(callable(getattr(jobs, queue)) for queue in QUEUES)


@pytest.fixture
def runtime_everywhere(gateway_everywhere: Gateway) -> Iterator[Runtime]:
    yield from _running(gateway_everywhere)


def test_a_report_is_received_judged_assigned_and_its_sender_told(
    gateway_everywhere: Gateway, runtime_everywhere: Runtime, write: Write
) -> None:
    gateway = gateway_everywhere
    write(gateway, REPORT, 1)
    for queue in ("classify", "notify", "deliver"):
        looked(runtime_everywhere, queue)
    until(lambda: any("diteruskan ke" in text for text in sent(gateway)))
    assert sent(gateway)[0].startswith("Laporan diterima.")
    assert len(receipts(gateway)) == 1


def test_many_receipts_leave_once_each(gateway: Gateway, runtime: Runtime, write: Write) -> None:
    for number in range(60):
        write(gateway, f"{REPORT} nomor {number}", number)
    looked(runtime, "deliver")
    until(lambda: len(receipts(gateway)) >= 60)
    looked(runtime, "deliver")
    assert len(set(receipts(gateway))) == len(receipts(gateway)) == 60


def test_a_job_takes_the_bell_away_before_it_works(
    gateway: Gateway, runtime: Runtime, write: Write, redis_url: str
) -> None:
    RUNTIME.set(runtime)
    with redis.Redis.from_url(redis_url) as client:
        client.set(bell("deliver"), 1)
        write(gateway, REPORT, 1)
        enqueue(client, "deliver")
        worker = Ears(["deliver"], connection=client, serializer=JSONSerializer)
        worker.work(burst=True, logging_level=None)
        # While its drain is at work the bell is left to it for a moment.
        until(lambda: client.get(bell("deliver")) is None)
        assert failed(client, "deliver") == 0
    until(lambda: sent(gateway))


def test_a_bell_is_left_alone_while_its_drain_is_at_work(gateway: Gateway, runtime: Runtime, redis_url: str) -> None:
    """Else each commit of a flood would be a job; and no job waits, so that the process hears its other queues."""
    wake = runtime._drains["deliver"].wake
    assert runtime._loop is not None
    assert gateway.store._one_writer is not None
    with redis.Redis.from_url(redis_url) as client:
        with gateway.store._one_writer:
            runtime._loop.call_soon_threadsafe(wake.ring)
            until(lambda: not wake.rests)
            client.set(bell("deliver"), 1)
            for _ in range(2):
                runtime.rung("deliver")
            until(lambda: runtime._holding)
            assert client.get(bell("deliver")) == b"1"
        until(lambda: not runtime._holding)
        # Whoever commits from now on rings again.
        until(lambda: client.get(bell("deliver")) is None)


def test_f21_old_jobs_that_come_back_find_nothing_to_do(
    gateway: Gateway, runtime: Runtime, write: Write, redis_url: str
) -> None:
    """As from a Redis that was restored from yesterday."""
    RUNTIME.set(runtime)
    write(gateway, REPORT, 1)
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(3):
            enqueue(client, "deliver")
            Ears(["deliver"], connection=client, serializer=JSONSerializer).work(burst=True, logging_level=None)
    until(lambda: receipts(gateway))
    assert len(receipts(gateway)) == 1


def test_a_worker_of_rq_itself_could_work_our_jobs(gateway: Gateway, runtime: Runtime, redis_url: str) -> None:
    RUNTIME.set(runtime)
    with redis.Redis.from_url(redis_url) as client:
        enqueue(client, "notify")
        worker = SimpleWorker(["notify"], connection=client, serializer=JSONSerializer)
        assert worker.work(burst=True, logging_level="CRITICAL")
        assert failed(client, "notify") == 0


def test_what_cannot_be_loaded_stops_the_start(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.runtime.WORKS", {"deliver": "workers.nowhere:open_work"})
    with pytest.raises(ModuleNotFoundError):
        Runtime(gateway, ("deliver",), "test").start()


def test_drains_that_crash_end_their_process(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr("workers.runtime.os.kill", lambda _pid, number: told.append(number))
    running = Runtime(gateway, ("deliver",), "test")
    running.start()
    assert running._loop is not None
    with capture_logs() as lines:
        running._loop.call_soon_threadsafe(_cancel_all)
        running._thread.join(LIMIT_S)
    assert running.crashed
    assert told == [signal.SIGTERM]
    assert "drains_crashed" in [line["event"] for line in lines]


def _cancel_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


def test_f19_without_redis_a_worker_looks_by_itself(
    settings: Settings, gateway: Gateway, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.runtime.LOOK_EVERY_S", 0.05)
    alone = open_gateway(replace(settings, redis=replace(settings.redis, url="embedded")))
    running = Runtime(alone, ("deliver",), "alone")
    running.start()
    runtime_sent = alone.channels["tg"].adapter
    write(alone, REPORT, 1)
    until(lambda: runtime_sent.sent)  # type: ignore[attr-defined]
    running.end(1.0)
    alone.close()


@pytest.fixture
def worker(settings_file: Path, gateway: Gateway) -> Iterator["subprocess.Popen[bytes]"]:
    """`gateway work` as it runs in production."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("gateway"), "work", "deliver", "notify"],
        env={"PATH": os.defpath, "GATEWAY_CONFIG": str(settings_file)},
        stderr=subprocess.PIPE,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_worker_says_when_it_is_ready_and_ends_on_sigterm(worker: "subprocess.Popen[bytes]") -> None:
    assert worker.stderr is not None
    assert any(b"worker_ready" in line for line in worker.stderr)
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LIMIT_S) == 0
    assert time.monotonic() - began < 3
    assert b"worker_ended" in worker.stderr.read()
