"""Hear the doorbell: an RQ worker in the main thread that wakes drains, comes back when Redis does, and ends on a signal.

SimpleWorker, no fork: starting a process per ring would cost more than most rings bring (PERFORMANCE § 3, rule 7).
"""

import logging
import signal
import uuid
from collections.abc import Sequence
from types import FrameType

import redis
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from config.logging import get_logger
from workers.flag import Flag
from workers.jobs import RUNTIME
from workers.runtime import Runtime

log = get_logger(__name__)

BACK_AFTER_S = 2.0
CHATTY = ("rq.worker", "rq.job")
WORKER_TTL_S = 75
"""RQ waits this long, less a quarter of a minute, in one blocking pop."""


class Ears(SimpleWorker):
    """RQ's worker without what a drain does not need: its own signals, commands from Redis, long waits, chatter."""

    max_connection_wait_time = BACK_AFTER_S

    def _install_signal_handlers(self) -> None:
        """The process has its own, see `hear`."""

    def subscribe(self) -> None:
        """No remote commands: Redis says that there is work, not what to do."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def procline(self, message: str) -> None:
        """`ps` shows the command line, which says more."""


def hear(runtime: Runtime, queues: Sequence[str], redis_url: str | None, end_within_s: float) -> None:
    """Until SIGTERM or SIGINT: let rings wake the drains of `runtime`. Without Redis it only waits for the signal.

    From the signal on drains have `end_within_s` seconds; the caller waits for them (`Runtime.end`).
    """
    # RQ would report every reconnection; the doorbell says once that Redis is away and once that it is back.
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ended = Flag()
    ears: list[Ears] = []

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()
        runtime.begin_end(end_within_s)
        if ears:
            ears[-1].request_stop(number, frame)  # type: ignore[no-untyped-call]

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, end)
    RUNTIME.set(runtime)
    log.info("worker_ready", queues=queues)
    while redis_url and not ended.is_set():
        _work_once(redis_url, queues, ears, ended)
        ended.wait(0 if ended.is_set() else BACK_AFTER_S)
    ended.wait()


def _work_once(redis_url: str, queues: Sequence[str], ears: list[Ears], ended: Flag) -> None:
    """One life of an RQ worker; it ends when Redis goes away or a signal comes."""
    try:
        with redis.Redis.from_url(redis_url) as connection:
            ears[:] = [
                Ears(
                    list(queues),
                    name=f"gateway-{uuid.uuid4().hex}",
                    connection=connection,
                    serializer=JSONSerializer,
                    log_job_description=False,
                    worker_ttl=WORKER_TTL_S,
                )
            ]
            # A signal before this line found no ears to stop; from here on it does.
            if not ended.is_set():
                ears[0].work(logging_level=None)
    except StopRequested:
        return
    except (redis.RedisError, OSError):
        return  # the doorbell's watch tells it, and drains look by themselves meanwhile
    except Exception:
        log.exception("hearing_failed")
    finally:
        ears.clear()
