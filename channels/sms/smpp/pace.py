"""How fast parts leave: the operator's rate, halved for a minute after it was too fast, and whole pauses of the bind."""

import asyncio
from collections.abc import Awaitable, Callable

from channels.errors import ProviderBusy

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""After each refusal in a row."""
SLOW_FOR_S = 60.0

Pause = Callable[[float], Awaitable[None]]


class Pace:
    """Outlives the sessions of its channel. `monotonic` and `pause` are its time."""

    def __init__(self, per_second: float, monotonic: Callable[[], float], pause: Pause = asyncio.sleep) -> None:
        self._interval_s = 1 / per_second
        self._monotonic, self._pause = monotonic, pause
        self._free_at = self._paused_until = self._slow_until = float("-inf")
        self._refusals = 0

    async def turn(self, patience_s: float) -> None:
        """Returns when the next part may leave. ProviderBusy when that is more than `patience_s` seconds away."""
        now = self._monotonic()
        wait_s = max(self._free_at, self._paused_until) - now
        if wait_s > patience_s:
            raise ProviderBusy(wait_s, whole_channel=True)
        interval_s = self._interval_s * (2 if now < self._slow_until else 1)
        self._free_at = max(self._free_at, self._paused_until, now) + interval_s
        if wait_s > 0:
            await self._pause(wait_s)

    def taken(self) -> None:
        """The operator took one."""
        self._refusals = 0

    def too_fast(self) -> float:
        """The operator refused one for that: the whole bind pauses; for how many seconds."""
        now = self._monotonic()
        if now >= self._paused_until:  # else one of those that were on their way already
            pause_s = PAUSES_S[min(self._refusals, len(PAUSES_S) - 1)]
            self._refusals += 1
            self._paused_until = now + pause_s
            self._slow_until = now + pause_s + SLOW_FOR_S
        return self._paused_until - now
