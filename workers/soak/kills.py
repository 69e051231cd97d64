"""`gateway soak kills`: load, a death, back to life, compare; a thousand times on one database.

Every second death comes at a random moment, the others at a marked line (`workers/kill_points.py`). A message counts as lost
when it was acknowledged and is not there, or has no complaint, no report at LAPOR! or no receipt that is sent or in doubt.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import aiohttp
import msgspec

from config import clock
from gateway.queries import bench as counted
from gateway.queries import soak
from workers import kill_points
from workers.bench import report
from workers.bench.load import Load, Plan
from workers.bench.messages import CHANNELS
from workers.bench.report import Report
from workers.bench.site import Place
from workers.bench.soundness import Checked, check
from workers.soak.faults import CLASSIFY, CLOCK, DELIVER, FORWARD, WEB
from workers.soak.household import DOOM, Doom
from workers.soak.officers import Lapor
from workers.soak.peers import LIMIT_S, Peers
from workers.soak.setting import written
from workers.soak.town import Town, open_town
from workers.soak.trace import Trace

Say = Callable[[str], None]
LINES = {
    WEB: ("intake.", "store."),
    DELIVER: ("work.", "notify.", "store."),
    CLASSIFY: ("classify.", "assign.", "store."),
    FORWARD: ("work.", "store."),
    CLOCK: ("clock.", "store."),
}
"""Member -> how the names of the lines begin that it comes to."""
MEMBERS = {"web": WEB, "deliver": DELIVER, "classify": CLASSIFY, "forward": FORWARD, "clock": CLOCK}
USUAL = ("web", "web", "web", "deliver", "deliver", "classify", "forward", "clock")
"""Who dies, and how often compared with the others."""
AT_TIMES = (1, 4)
LOAD_S, RATE, CONNECTIONS, REPEAT = 0.25, 24.0, 4, 0.2
TOLD_EVERY = 25
BACK_WITHIN_S = 30.0
DRAIN_WITHIN_S = 1800.0
LOOK_EVERY_S = 3.0
QUIET_LOOKS = 2
STILL_S = 100.0
"""So long a claim of a dead worker may hold an address."""


HELD = frozenset({"unknown", "manual_check"})
SENT, DOUBTFUL = frozenset({"sent", "delivered", "read"}), frozenset({"unknown"})


@dataclass(frozen=True, slots=True)
class Order:
    """`members`: who is killed, by a word of `MEMBERS`."""

    rounds: int = 1000
    seed: int = 1
    members: tuple[str, ...] = USUAL


@dataclass(frozen=True, slots=True)
class Sums:
    """The reckoning at the end of all rounds."""

    lost: int
    doubled: int
    unknown: int
    """Receipts and reports whose outcome is in doubt: held for a person."""
    waiting: int


def run(order: Order, place: Place, say: Say) -> Report:
    """All rounds, then the reckoning; `sound` when nothing is lost or doubled."""
    told = report.head("soak kills", asdict(order))
    with open_town(place, partial(written, poll_s=0)) as town:
        told["database"] = town.site.gateway.store.engine.dialect.name
        say(f"kills: {order.rounds} rounds, seed {order.seed}, {told['database']}")
        town.start(at_once=True)
        return asyncio.run(Rounds(town, order, say).all(told))


class Rounds:
    """One after another; messages are numbered through."""

    def __init__(self, town: Town, order: Order, say: Say) -> None:
        self._town = town
        self._order = order
        self._say = say
        self._chance = random.Random(order.seed)  # noqa: S311 - it must repeat
        self._acknowledged: list[int] = []
        self._next = 0
        self._deaths: Counter[str] = Counter()
        self._seen: dict[str, int] = {}
        self._enough = asyncio.Event()
        """Ctrl-C: no further round, but the reckoning."""

    async def all(self, told: Report) -> Report:
        began, number = clock.monotonic(), 0
        self._seen = dict(self._town.members())
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._enough.set)
        while number < self._order.rounds and not self._enough.is_set():
            await self._round()
            number += 1
            if number % TOLD_EVERY == 0 or number == self._order.rounds:
                checked = await asyncio.to_thread(self._checked)
                self._say(
                    f"kills: round {number} deaths {self._deaths.total()} messages {len(self._acknowledged)}"
                    f" not there yet {checked.lost} doubled {checked.doubled} {(clock.monotonic() - began) / number:.2f} s/round"
                )
        seconds = clock.monotonic() - began
        self._say("kills: letting everything drain")
        sums = await self._drained()
        told |= {
            "rounds": number,
            "seconds_per_round": round(seconds / max(number, 1), 2),
            "messages": len(self._acknowledged),
            "deaths": dict(sorted(self._deaths.items())),
            **asdict(sums),
        }
        wrong = {name: getattr(sums, name) for name in ("lost", "doubled", "waiting")}
        return report.judged(told, [f"{many} {name}" for name, many in wrong.items() if many])

    # -- one round ----------------------------------------------------------------------

    async def _round(self) -> None:
        victim = MEMBERS[self._chance.choice(self._order.members)]
        if self._chance.random() < 0.5:  # noqa: PLR2004 - every second one
            self._doom(victim)
        plan = Plan(
            self._town.site.port, CHANNELS, "open", RATE, CONNECTIONS, LOAD_S, REPEAT, self._next, grace_s=BACK_WITHIN_S
        )
        load = asyncio.get_running_loop().create_task(Load(plan).run())
        await asyncio.sleep(self._chance.uniform(0, LOAD_S))
        self._town.signal(victim, signal.SIGKILL)
        outcome = await load
        self._acknowledged += outcome.acknowledged
        self._next = max([self._next, *(number + 1 for number in outcome.acknowledged)])
        await self._everybody_is_back()

    def _doom(self, victim: str) -> None:
        """Its next life ends at a line."""
        line = self._chance.choice(
            [name for name in sorted(kill_points.kill_points()) if name.startswith(LINES[victim])]
        )
        doom = Doom(victim, line, self._chance.randint(*AT_TIMES))
        file = self._town.site.folder / DOOM
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(doom))
        fresh.rename(file)  # whole, or not there

    async def _everybody_is_back(self) -> None:
        """All members live; whoever has another number has died."""
        deadline = clock.monotonic() + BACK_WITHIN_S
        while len(living := self._town.members()) < len(LINES) and clock.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._deaths.update(name for name, pid in living.items() if self._seen.get(name) != pid)
        self._seen = dict(living)

    def _checked(self) -> Checked:
        return check(self._town.site.gateway, self._acknowledged, CHANNELS)

    # -- afterwards ---------------------------------------------------------------------

    async def _drained(self) -> Sums:
        """Until nothing waits and nothing is wrong, or nothing moves any more."""
        timeout = aiohttp.ClientTimeout(LIMIT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            lapor = Lapor(Peers(session, self._town.site.sink_port, self._town.site.port), Trace(), self._chance)
            deadline, clean, before, moved_at = clock.monotonic() + DRAIN_WITHIN_S, 0, None, clock.monotonic()
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                board = [row["number"] for row in await lapor.board()]
                sums = await asyncio.to_thread(self._reckon, board)
                if sums != before:
                    before, moved_at = sums, clock.monotonic()
                self._say(f"kills: waiting {sums.waiting} lost or not there yet {sums.lost} doubled {sums.doubled}")
                clean = clean + 1 if not (sums.lost or sums.doubled or sums.waiting) else 0
                now = clock.monotonic()
                if clean == QUIET_LOOKS or now > deadline or now - moved_at > STILL_S:
                    return sums

    def _reckon(self, board: Sequence[str]) -> Sums:
        """Everybody wrote once: one row, one complaint, one receipt and one report each."""
        checked = self._checked()
        site = self._town.site
        with site.gateway.store.reading() as tx:
            books, waits = soak.books(tx), counted.waiting(tx, tx.now)
            waiting = waits.queued + waits.sending + waits.unread + waits.notices + soak.open_forwards(tx)
        times = Counter(board)
        held = {row.number for row in books.forwards if row.kind == "create" and row.state in HELD}
        receipts = {row.number for row in books.told if row.key == counted.RECEIPT and row.state in SENT | DOUBTFUL}
        missing = sum(case.number not in receipts for case in books.cases)
        missing += sum(times[case.number] == 0 and case.number not in held for case in books.cases)
        twice = sum(many - 1 for number, many in times.items() if number)
        twice += sum(int(site.sink(f"{peer}/_sim/state")["accepted_duplicates"]) for peer in ("telegram", "kannel"))
        doubts = sum(row.state in DOUBTFUL for row in books.told) + len(held)
        return Sums(checked.lost + checked.unread + missing, checked.doubled + twice, doubts, waiting)
