"""What goes wrong in a soak: a table of faults, each bounded and taken back by whoever caused it, chosen by a seed."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis.asyncio

from gateway.queries import readiness, soak
from workers.soak.peers import Peers
from workers.soak.town import Town

WEB, DELIVER, CLASSIFY, FORWARD, CLOCK = (
    "web",
    "worker deliver notify",
    "worker classify",
    "worker forward poll attach hooks",
    "clock",
)
PAUSES_S = (0.5, 4.0)
"""Between two faults; several may last at once."""
LASTS_S = (0.5, 4.0)
FROZEN_S = (0.5, 6.0)
TIMES = (1, 6)
"""How often a fault of a peer strikes."""
CALL = {"on": "call", "path": "/sendMessage$|/sendsms$"}
SINGLE = {"on": "event", "text_re": r"zq\d{5}a"}
EVENT, RECEIPT = {"on": "event"}, {"on": "receipt"}

KILLED = {
    "web_killed": WEB,
    "deliver_killed": DELIVER,
    "classify_killed": CLASSIFY,
    "forward_killed": FORWARD,
    "clock_killed": CLOCK,
}
FROZEN = {"web_frozen": WEB, "deliver_frozen": DELIVER, "forward_frozen": FORWARD, "clock_frozen": CLOCK}
# fmt: off
BY_PEER: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "telegram_429":          ("telegram", {"match": CALL, "action": {"throttle": 2}}),
    "telegram_500":          ("telegram", {"match": CALL, "action": {"named": "server_error"}}),
    "telegram_html":         ("telegram", {"match": CALL, "action": {"named": "html_502"}}),
    "telegram_silent":       ("telegram", {"match": {"on": "call", "path": "/sendMessage$"}, "action": {"close_before_read": True}}),
    "telegram_after_commit": ("telegram", {"match": CALL, "action": {"accept_then_close": True}}),
    "telegram_redelivers":   ("telegram", {"match": EVENT, "action": {"duplicate": 3}}),
    "telegram_reorders":     ("telegram", {"match": SINGLE, "action": {"reorder": 3}}),
    "sms_503":               ("kannel", {"match": CALL, "action": {"named": "unavailable"}}),
    "sms_html":              ("kannel", {"match": CALL, "action": {"malformed": "html", "status": 200}}),
    "sms_after_commit":      ("kannel", {"match": CALL, "action": {"accept_then_close": True}}),
    "sms_redelivers":        ("kannel", {"match": EVENT, "action": {"duplicate": 2}}),
    "sms_reports_reversed":  ("kannel", {"match": RECEIPT, "action": {"named": "reversed"}}),
    "sms_reports_twice":     ("kannel", {"match": RECEIPT, "action": {"named": "twice"}}),
    "sms_report_early":      ("kannel", {"match": RECEIPT, "action": {"early_receipt": True}}),
    "sms_report_missing":    ("kannel", {"match": RECEIPT, "action": {"drop_receipt": True}}),
    "ussd_redelivers":       ("ussd", {"match": EVENT, "action": {"duplicate": 2}}),
    "lapor_429":             ("sp4n", {"kind": "http_429", "retry_after": 1}),
    "lapor_503":             ("sp4n", {"kind": "http_503_html"}),
    "lapor_silent":          ("sp4n", {"kind": "reset_after_headers"}),
    "lapor_html":            ("sp4n", {"kind": "html_200"}),
    "lapor_slow":            ("sp4n", {"kind": "slow", "ms": 700}),
    "lapor_504_after_commit": ("sp4n", {"kind": "commit_then_504"}),
    "lapor_no_id":           ("sp4n", {"kind": "no_id"}),
}
# fmt: on
UNNAMED_PEERS = frozenset({"sp4n"})
"""Their faults have no tag: all are taken away together at the end."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`fits`: whether it can be caused in this town."""

    cause: Callable[["Faults"], Awaitable[None]]
    fits: Callable[[Town], bool] = lambda _: True


class Faults:
    """Causes faults until cancelled; `calm` takes back whatever is left of them."""

    def __init__(self, town: Town, peers: Peers, chance: random.Random, names: Sequence[str]) -> None:
        self.town = town
        self.peers = peers
        self.chance = chance
        self.caused: Counter[str] = Counter()
        self._names = [name for name in names or FAULTS if FAULTS[name].fits(town)]
        self._under_way: set[asyncio.Task[None]] = set()

    async def go_on(self) -> None:
        """One after another, at random moments."""
        while True:
            await asyncio.sleep(self.chance.uniform(*PAUSES_S))
            name = self.chance.choice(self._names)
            self.caused[name] += 1
            task = asyncio.get_running_loop().create_task(_awaited(FAULTS[name].cause(self)))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def calm(self) -> None:
        """Wait for those under way, and take away what peers still have before them."""
        await asyncio.gather(*self._under_way)
        for peer in sorted({peer for peer, _ in BY_PEER.values()}):
            await self.peers.ask(f"{peer}/_sim/faults", method="DELETE")

    # -- causes -------------------------------------------------------------------------

    async def kill(self, name: str) -> None:
        self.town.signal(name, signal.SIGKILL)

    async def freeze(self, name: str) -> None:
        """SIGSTOP, and SIGCONT to the same process some seconds later."""
        pid = self.town.members().get(name)
        if pid is None or not self.town.signal(name, signal.SIGSTOP):
            return
        try:
            await asyncio.sleep(self.chance.uniform(*FROZEN_S))
        finally:
            self.town.signal(name, signal.SIGCONT)

    async def misbehave(self, peer: str, fault: Mapping[str, Any]) -> None:
        times = self.chance.randint(*TIMES)
        if reorder := fault.get("action", {}).get("reorder"):
            times = reorder * 2  # who is held back is let go when the last of them is there
        await self.peers.ask(f"{peer}/_sim/faults", {**fault, "times": times})

    async def empty_redis(self) -> None:
        client = redis.asyncio.Redis.from_url(self.town.site.redis_url)
        try:
            await client.flushall()
        except redis.RedisError:
            return  # another fault has taken it away
        finally:
            await client.aclose()

    async def stop_redis(self) -> None:
        assert self.town.redis  # noqa: S101 - `fits`
        self.town.redis.take_away()
        try:
            await asyncio.sleep(self.chance.uniform(*LASTS_S))
        finally:
            self.town.redis.bring_back()

    async def freeze_redis(self) -> None:
        assert self.town.redis  # noqa: S101 - `fits`
        self.town.redis.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self.chance.uniform(*LASTS_S))
        finally:
            self.town.redis.signal(signal.SIGCONT)

    async def lock_database(self) -> None:
        """Hold SQLite's only write lock, as a backup or an antivirus does."""
        until_s = self.chance.uniform(*LASTS_S)
        await asyncio.to_thread(self._hold_lock, until_s)

    def _hold_lock(self, seconds: float) -> None:
        try:
            with self.town.site.gateway.store.transaction():
                self.town.site.pause(seconds)
        except Exception as problem:
            if not readiness.is_database_away(problem):
                raise

    async def cut_database(self) -> None:
        """End every connection to PostgreSQL but our own."""
        await asyncio.to_thread(self._cut)

    def _cut(self) -> None:
        with self.town.site.gateway.store.reading() as tx:
            soak.cut_others(tx)


async def _awaited(cause: Awaitable[None]) -> None:
    await cause


def _on(dialect: str) -> Callable[[Town], bool]:
    return lambda town: town.site.gateway.store.engine.dialect.name == dialect


def _own_redis(town: Town) -> bool:
    return town.redis is not None


def _all() -> Mapping[str, Fault]:
    found = {name: Fault(partial(Faults.kill, name=member)) for name, member in KILLED.items()}
    found |= {name: Fault(partial(Faults.freeze, name=member)) for name, member in FROZEN.items()}
    found |= {name: Fault(partial(Faults.misbehave, peer=peer, fault=fault)) for name, (peer, fault) in BY_PEER.items()}
    return found | {
        "redis_emptied": Fault(Faults.empty_redis),
        "redis_stopped": Fault(Faults.stop_redis, _own_redis),
        "redis_frozen": Fault(Faults.freeze_redis, _own_redis),
        "sqlite_locked": Fault(Faults.lock_database, _on("sqlite")),
        "postgresql_cut": Fault(Faults.cut_database, _on("postgresql")),
    }


FAULTS: Mapping[str, Fault] = _all()
"""Every fault by its name."""
