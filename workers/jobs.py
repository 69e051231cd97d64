"""One function per queue: what the doorbell names and RQ calls. A job carries nothing, it only wakes its drain, and ends
at once: while it waited for its drain, the other queues of the process would not be heard."""

from contextvars import ContextVar

from workers.runtime import Runtime

RUNTIME: ContextVar[Runtime] = ContextVar("runtime")
"""The drains of this process, set by `gateway work` before its first job."""


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


def hooks() -> None:
    _drain("hooks")


def _drain(queue: str) -> None:
    RUNTIME.get().rung(queue)
