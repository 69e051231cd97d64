"""An Http that keeps to the pace of its target: a token bucket and a bound on requests under way.

One sender works a target at a time (lease), so memory is enough. The bucket counts requests, not jobs: a report with
photographs is two requests, a poll at least two.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from channels.protocols import Http, HttpResponse
from workers.forwarders.protocols import Pace

Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Bucket:
    """Tokens grow by `per_second` up to `burst`. Times in seconds of any clock that only goes forward."""

    per_second: float
    burst: int
    tokens: float
    filled_at: float

    def reserve(self, at: float) -> float:
        """Take one token, if need be one that is still to come; how many seconds until it is there."""
        self.tokens = min(float(self.burst), self.tokens + (at - self.filled_at) * self.per_second) - 1
        self.filled_at = at
        return max(0.0, -self.tokens / self.per_second)


class PacedHttp:
    """Http. `seconds` and `sleep` default to those of the running loop."""

    def __init__(
        self, http: Http, pace: Pace, seconds: Callable[[], float] | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._http = http
        self._pace = pace
        self._seconds = seconds or asyncio.get_running_loop().time
        self._sleep = sleep
        self._bucket = Bucket(pace.requests_per_second, pace.burst, pace.burst, self._seconds())
        self._under_way = asyncio.Semaphore(pace.max_in_flight)

    def part(self, share: float) -> "PacedHttp":
        """A way through this one that takes no more than `share` of its pace."""
        pace = replace(self._pace, requests_per_second=self._pace.requests_per_second * share)
        return PacedHttp(self, pace, self._seconds, self._sleep)

    async def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        async with self._under_way:
            wait = self._bucket.reserve(self._seconds())
            if wait:
                await self._sleep(wait)
            return await self._http.request(method, url, **options)
