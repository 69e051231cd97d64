"""Live events of one process: heard once from the doorbell, handed to every open page, kept for pages that come back."""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from config.logging import get_logger

log = get_logger(__name__)
KEPT = 500
"""Events that a page may have missed and still gets; one that missed more loads itself again."""
MOST_WAITING = 200
MOST_LISTENERS = 500


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """`id` grows; it means something in this process only."""

    id: int
    values: Mapping[str, str]


class TooManyListeners(Exception):
    """As many pages listen as one process can serve: this one asks again by itself now and then."""


class Hub:
    """`began`: a number that differs between processes and starts, so that a foreign Last-Event-ID is recognised."""

    def __init__(self, began: int) -> None:
        self.began = began
        self._ids = itertools.count(1)
        self._kept: deque[LiveEvent] = deque(maxlen=KEPT)
        self._listeners: set[asyncio.Queue[LiveEvent | None]] = set()
        self.closing = False
        self.told = 0
        """Events since the process began."""

    async def run(self, events: AsyncIterator[Mapping[str, str]]) -> None:
        """Until cancelled: hand on what the doorbell tells."""
        async for values in events:
            self.publish(values)

    @property
    def position(self) -> str:
        """`<process>-<number>` of the newest event: a page that is made now has seen everything up to it."""
        return f"{self.began}-{self.told}"

    @property
    def listeners(self) -> int:
        """Pages that are open now."""
        return len(self._listeners)

    def publish(self, values: Mapping[str, str]) -> None:
        event = LiveEvent(next(self._ids), values)
        self.told += 1
        self._kept.append(event)
        for queue in self._listeners:
            if queue.full():
                # A page that does not keep up is told to load itself again rather than kept waiting for old news.
                _empty(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(event)

    def since(self, began: int, last_id: int) -> list[LiveEvent] | None:
        """What came after an event that a page has seen; None when that cannot be told any more."""
        if began != self.began:
            return None
        newer = [event for event in self._kept if event.id > last_id]
        oldest = self._kept[0].id if self._kept else 1
        return newer if last_id >= oldest - 1 else None

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[LiveEvent | None]]:
        """A queue of events to come; None in it means: you missed some."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise TooManyListeners
        queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(MOST_WAITING)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Wake every stream so that it ends: the process is going."""
        self.closing = True
        for queue in self._listeners:
            _empty(queue)
            queue.put_nowait(None)


def _empty(queue: asyncio.Queue[LiveEvent | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
