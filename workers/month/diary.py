"""What people mean to do and when: the nearest first, and what was meant first at the same moment before the others."""

import heapq
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

Intent = Callable[[], None]
Errand = Callable[[], Awaitable[None]]
T = TypeVar("T")


@dataclass(slots=True)
class Diary(Generic[T]):
    _waiting: list[tuple[datetime, int, T]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    def note(self, at: datetime, deed: T) -> None:
        heapq.heappush(self._waiting, (at, next(self._order), deed))

    @property
    def next_at(self) -> datetime | None:
        return self._waiting[0][0] if self._waiting else None

    def due(self, now: datetime) -> T | None:
        """The next deed whose moment has come."""
        if self._waiting and self._waiting[0][0] <= now:
            return heapq.heappop(self._waiting)[2]
        return None
