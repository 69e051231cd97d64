"""One function per queue: what the doorbell names and RQ calls. A job carries nothing, it only wakes its drain.

Its first act is to take the bell's flag away, so that whatever is committed from now on rings again.
"""

from contextvars import ContextVar

import redis
from rq import get_current_job

from config.logging import get_logger
from gateway.doorbell import bell
from workers.runtime import Runtime

log = get_logger(__name__)

RUNTIME: ContextVar[Runtime] = ContextVar("runtime")
"""The drains of this process, set by `gateway work` before its first job."""

SLICE_S = 2.0
"""A job ends after this long even while its drain goes on, so that the other queues of the process are heard."""


def deliver() -> None:
    _drain("deliver")


def notify() -> None:
    _drain("notify")


def classify() -> None:
    _drain("classify")


def forward() -> None:
    _drain("forward")


def poll() -> None:
    _drain("poll")


def attach() -> None:
    _drain("attach")


def _drain(queue: str) -> None:
    job = get_current_job()
    if job is not None:
        try:
            job.connection.delete(bell(queue))
        except redis.RedisError as problem:
            # The flag runs out by itself within seconds; the work must not wait for it.
            log.warning("bell_not_taken", queue=queue, problem=type(problem).__name__)
    RUNTIME.get().heard(queue, SLICE_S)
