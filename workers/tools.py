"""What the work of a queue may use, made once per process."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from channels.protocols import Http
from config.settings import Settings
from gateway.app import Gateway
from gateway.operations.vitals import Counted
from workers.limits import Limits
from workers.targets import Targets


@dataclass(frozen=True, slots=True)
class Tools:
    gateway: Gateway
    http: Http
    limits: Limits
    now: Callable[[], datetime]
    process: str
    """This process among all: owner of leases, sharer of limits."""
    targets: Targets
    """Systems of record, each with one pace whatever queue calls it."""
    counted: Counted = field(default_factory=Counted)
    """What this process counts for the figures of all."""


def process_name() -> str:
    """Unique among all processes that ever run: machine, number, and a word of its own."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def redis_url(settings: Settings) -> str | None:
    """The Redis that processes share; None where none was named (`gateway run` names its private one to its children)."""
    return None if settings.redis.is_embedded else settings.redis.url
