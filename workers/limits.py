"""Messages per second of each channel, shared by all processes through Redis; without Redis each takes its share.

A place in line is reserved, not asked for again and again: many messages of one claim cost one command, and every
process is served in turn (generic cell rate algorithm, burst of one).
"""

import time
from collections.abc import Iterator, Mapping

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from channels.registry import Channel
from config.logging import get_logger

log = get_logger(__name__)

PATIENCE_S = 0.5
AWAY_S = 5.0
"""After a failed call Redis is left alone for this long; a slow Redis must not slow every message."""
SEEN_S = 30
"""A process that reserved within this time counts as one of those that share the limit."""

SHOWN_EVERY_S = 5.0
"""How often a process that sends shows itself; each command counts at saturation (P8)."""

# KEYS: next free moment, processes. ARGV: interval in µs, places wanted, this process, whether to show it.
# Answers how long until the first place in µs, and how many processes share the limit (0: not asked).
RESERVE = f"""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local first = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local free = first + ARGV[1] * ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', free), 'PX', math.ceil((free - now) / 1000) + 1000)
if ARGV[4] ~= '1' then return {{string.format('%.0f', first - now), 0}} end
redis.call('ZADD', KEYS[2], now, ARGV[3])
redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, now - {SEEN_S} * 1000000)
redis.call('EXPIRE', KEYS[2], {SEEN_S})
return {{string.format('%.0f', first - now), redis.call('ZCARD', KEYS[2])}}
"""


class Rates(Mapping[str, float]):
    """Messages per second of these channels as they are now: a channel may be reloaded with another rate."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    def __getitem__(self, name: str) -> float:
        return self._channels[name].messages_per_second

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)


class Limits:
    """Belongs to one event loop; close() it there."""

    def __init__(self, redis_url: str | None, process: str, rates: Mapping[str, float]) -> None:
        """`rates`: messages per second by channel, asked for each time; absent or 0 = no limit. `process` is unique
        among all."""
        self._rates = rates
        self._process = process
        self._away_until = float("-inf")
        self._free_at: dict[str, float] = {}
        self._sharing: dict[str, int] = {}
        self._shown_at: dict[str, float] = {}
        self._redis: redis.asyncio.Redis | None = None
        if redis_url:
            once = Retry(NoBackoff(), 0)
            self._redis = redis.asyncio.Redis.from_url(
                redis_url,
                socket_timeout=PATIENCE_S,
                socket_connect_timeout=PATIENCE_S,
                retry=once,
                single_connection_client=True,
            )
            self._reserve = self._redis.register_script(RESERVE)

    async def reserve(self, channel: str, places: int = 1) -> list[float]:
        """Seconds from now until each of the next `places` messages of `channel` may leave, in order."""
        rate = self._rates.get(channel, 0.0)
        if rate <= 0:
            return [0.0] * places
        first = await self._shared(channel, rate, places)
        interval = 1 / rate
        if first is None:
            interval *= self._sharing.get(channel, 1)
            first = self._alone(channel, interval, places)
        return [first + interval * place for place in range(places)]

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def _shared(self, channel: str, rate: float, places: int) -> float | None:
        """Seconds until the first place, or None while Redis is away."""
        if self._redis is None or time.monotonic() < self._away_until:
            return None
        keys = [f"rate:{channel}", f"rate:{channel}:processes"]
        now = time.monotonic()
        shows = now - self._shown_at.get(channel, float("-inf")) >= SHOWN_EVERY_S
        try:
            wait_us, sharing = await self._reserve(keys=keys, args=[1e6 / rate, places, self._process, int(shows)])
        except (RedisError, OSError) as problem:
            self._away_until = time.monotonic() + AWAY_S
            log.warning("limit_unshared", channel=channel, problem=type(problem).__name__)
            return None
        if shows:
            self._shown_at[channel], self._sharing[channel] = now, int(sharing)
        return int(wait_us) / 1e6

    def _alone(self, channel: str, interval: float, places: int) -> float:
        now = time.monotonic()
        first = max(self._free_at.get(channel, now), now)
        self._free_at[channel] = first + interval * places
        return first - now
