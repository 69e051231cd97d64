"""The clock of a simulator: follows a source, may be moved, hurried or stopped, and wakes who waits for a moment."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

# The shared training clock may be moved by another process, which cannot wake us: so nobody sleeps longer than this.
LONGEST_NAP_S = 1.0


class SimulatorClock:
    """Virtual time: `source` times `rate`, plus whatever it was moved by. Everything it returns is aware.

    With `mover` the clock belongs to others too (mode latihan): moving it calls `mover(delta)`, which moves the
    source itself.
    """

    def __init__(
        self,
        source: Callable[[], datetime],
        rate: float = 1.0,
        mover: Callable[[timedelta], None] | None = None,
    ) -> None:
        self._source = source
        self._mover = mover
        self.rate = rate
        self._from = self._at = source()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._at + (self._source() - self._from) * self.rate

    def advance(self, delta: timedelta) -> None:
        if self._mover is None:
            self._settle(self.now() + delta)
        else:
            self._mover(delta)
        self.wake()

    def set(self, moment: datetime) -> None:
        self.advance(moment - self.now())

    def set_rate(self, rate: float) -> None:
        """How many seconds pass here in one of the source; 0 stands still."""
        self._settle(self.now())
        self.rate = rate
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look at the time again."""
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def wait_until(self, moment: datetime) -> None:
        while (left := (moment - self.now()).total_seconds()) > 0:
            nap = min(left / self.rate, LONGEST_NAP_S) if self.rate > 0 else LONGEST_NAP_S
            try:
                await asyncio.wait_for(self._moved.wait(), nap)
            except TimeoutError:
                continue

    def _settle(self, moment: datetime) -> None:
        self._from, self._at = self._source(), moment
