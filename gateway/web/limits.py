"""How often somebody may ask: fixed windows in memory, per process. Who asks is a keyed hash that changes every day."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

MOST_KEYS = 50_000
"""Beyond that the oldest windows are forgotten: memory is bounded, and a flood of sources is no single one's fault."""
IPV6_PREFIX = 64
SOURCE_CHARACTERS = 24


class Allowance(NamedTuple):
    """`remaining` requests in this window, which ends in `reset_s` seconds."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int


@dataclass(slots=True)
class _Window:
    ends_at: float
    used: int = 0


class Limiter:
    """`monotonic` tells seconds that only grow."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, what: str, who: str, limit: int, window_s: float) -> Allowance:
        """Use one of `limit` requests per window; a limit of 0 is none at all."""
        if not limit:
            return Allowance(allowed=True, limit=0, remaining=0, reset_s=0)
        now = self._monotonic()
        window = self._windows.get((what, who))
        if window is None or window.ends_at <= now:
            self._make_room(now)
            window = self._windows[what, who] = _Window(now + window_s)
        window.used += 1
        left = max(0, limit - window.used)
        return Allowance(window.used <= limit, limit, left, max(1, round(window.ends_at - now)))

    def _make_room(self, now: float) -> None:
        if len(self._windows) < MOST_KEYS:
            return
        for key in [key for key, window in self._windows.items() if window.ends_at <= now]:
            del self._windows[key]
        for key in list(self._windows)[: max(0, len(self._windows) - MOST_KEYS + 1)]:
            del self._windows[key]


def source_hash(key: bytes, address: str, on: date) -> str:
    """Who asks, for limits and attempts: of IPv6 the network of one customer; another value every day (SECURITY § 5)."""
    digest = hmac.new(key, f"source|{on.isoformat()}|{_network(address)}".encode(), hashlib.sha256)
    return digest.hexdigest()[:SOURCE_CHARACTERS]


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((found, IPV6_PREFIX), strict=False))
    return str(found)
