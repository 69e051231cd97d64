"""One soak: the town lives and breaks for some minutes, then calms down, is let to drain, and is reckoned with."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

import aiohttp
import msgspec

from config import clock
from gateway.queries import bench as counted
from gateway.queries import readiness, soak
from gateway.queries.soak import Books
from workers.bench import report
from workers.bench.report import Report
from workers.bench.site import Place
from workers.soak.citizens import Citizens
from workers.soak.faults import Faults
from workers.soak.officers import Lapor, Officers
from workers.soak.peers import LIMIT_S, Peers
from workers.soak.setting import OFFICERS
from workers.soak.town import Town, open_town
from workers.soak.trace import Heard, Trace
from workers.soak.verdict import KINDS, Evidence, Verdict, held, judge, last_of_the_round, unread, way_of

Say = Callable[[str], None]
PROGRESS_S = 3.0
READ_EVERY_S = 0.4
PEOPLE_END_WITHIN_S = 130.0
STILL_S, DRAIN_WITHIN_S = 240.0, 1800.0
"""A claim of a killed worker holds its rows for 90 s, a call to LAPOR! for 180 s; then they are due again. A machine that is
slow and goes on has lost nothing."""
LOOK_EVERY_S = 2.0
QUIET_LOOKS = 2
"""So many clean looks in a row: what comes twice comes late."""
STILL_LOOKS = 10
"""Nothing waits and the findings stay the same: they will not go away."""
POLLS = "polls_of_lapor"
SHOWN = 40
TRACE = "trace.json"
"""In the folder, for whoever keeps it: everything that was said."""


@dataclass(frozen=True, slots=True)
class Order:
    """One soak. `rate`: citizens per second; `faults`: names, none = all."""

    minutes: float = 10.0
    rate: float = 3.0
    seed: int = 1
    faults: tuple[str, ...] = ()


def run(order: Order, place: Place, say: Say) -> Report:
    """Live through it; the report's `sound` is the verdict."""
    told = report.head("soak", asdict(order))
    with open_town(place) as town:
        told["database"] = town.site.gateway.store.engine.dialect.name
        say(f"soak: {order.minutes:g} min, seed {order.seed}, {told['database']}")
        town.start()
        return asyncio.run(Life(town, order, say).live(told))


class Life:
    """What runs at the same time in one soak."""

    def __init__(self, town: Town, order: Order, say: Say) -> None:
        self._town = town
        self._order = order
        self._say = say
        self._trace = Trace()
        self._began = clock.monotonic()
        self._people: set[asyncio.Task[None]] = set()
        self._waited_s: Counter[str] = Counter()
        """How long the end waited, by what for; several at once count each."""

    async def live(self, told: Report) -> Report:
        async with AsyncExitStack() as stack:
            await self._open(stack)
            async with asyncio.TaskGroup() as group:
                always = [group.create_task(work) for work in self._always()]
                breaking = group.create_task(self._faults.go_on())
                await self._load()
                breaking.cancel()
                await asyncio.wait([breaking])
                await self._faults.calm()
                await self._release()
                self._say(f"soak: {self._elapsed()} faults are off, letting everything drain")
                evidence, verdict = await self._drained()
                for task in always:
                    task.cancel()
        (self._town.site.folder / TRACE).write_bytes(msgspec.json.encode(self._trace))
        return self._reported(told, evidence, verdict)

    async def _open(self, stack: AsyncExitStack) -> None:
        limit = aiohttp.ClientTimeout(LIMIT_S)
        control = await stack.enter_async_context(aiohttp.ClientSession(timeout=limit))
        cookies = aiohttp.DummyCookieJar()
        browser = await stack.enter_async_context(aiohttp.ClientSession(timeout=limit, cookie_jar=cookies))
        site, chance = self._town.site, random.Random(self._order.seed)  # noqa: S311 - it must repeat
        self._peers = Peers(control, site.sink_port, site.port)
        self._citizens = Citizens(self._peers, browser, self._trace, random.Random(chance.random()))  # noqa: S311
        self._officers = Officers(self._peers, self._trace, random.Random(chance.random()))  # noqa: S311
        self._lapor = Lapor(self._peers, self._trace, random.Random(chance.random()))  # noqa: S311
        self._faults = Faults(self._town, self._peers, random.Random(chance.random()), self._order.faults)  # noqa: S311
        await self._peers.ask("kannel/_sim/options", {"queue_delay_s": 2.0, "dlr_delay_s": [0.2, 0.6]})
        for peer in ("telegram", "kannel", "ussd", "sp4n"):
            await self._peers.ask(f"{peer}/_sim/seed", {"seed": self._order.seed})

    def _always(self) -> Sequence[Coroutine[Any, Any, None]]:
        return self._listen(), self._lapor.work(), self._tell()

    # -- while it lives -----------------------------------------------------------------

    async def _load(self) -> None:
        """Citizens write, at random moments around the rate."""
        number, ends = 0, self._began + self._order.minutes * 60
        chance = random.Random(self._order.seed)  # noqa: S311
        while clock.monotonic() < ends:
            self._go(self._citizens.report(self._citizens.new(number)))
            number += 1
            await asyncio.sleep(chance.expovariate(self._order.rate))
        self._last = number

    async def _release(self) -> None:
        """A last message lets go of those that a fault holds back to shuffle them; then everybody finishes what they do."""
        last = self._citizens.new(self._last)
        self._trace.add(last.by_telegram())
        await self._peers.inject(
            "telegram",
            {"type": "text", "chat": int(last.recipient), "text": last.words(), "with": {"reorder": 1}},
        )
        if self._people:
            await asyncio.wait(self._people, timeout=PEOPLE_END_WITHIN_S)

    def _go(self, deed: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(deed)
        self._people.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._people.discard(task)
        if not task.cancelled():  # whoever was still busy when the town closed
            task.result()

    async def _listen(self) -> None:
        """Everybody reads what the gateway sends them."""
        while True:
            for heard in await self._peers.new_messages():
                self._trace.heard.append(heard)
                self._go(self._read(heard))
            await asyncio.sleep(READ_EVERY_S)

    async def _read(self, heard: Heard) -> None:
        reader = self._officers if heard.recipient in OFFICERS else self._citizens
        await reader.read(heard)

    async def _tell(self) -> None:
        """A line of progress every few seconds."""
        while True:
            await asyncio.sleep(PROGRESS_S)
            found = await asyncio.to_thread(self._counts)
            cases, waiting = found or ("-", "-")
            receipts = sum("Laporan diterima" in heard.text for heard in self._trace.heard)
            self._say(
                f"soak: {self._elapsed()} sent {len(self._trace.citizens)} complaints {cases} receipts {receipts}"
                f" faults {self._faults.caused.total()} waiting {waiting}"
            )

    def _counts(self) -> tuple[object, object] | None:
        """Complaints, and what is still to be done; None while the database is away."""
        try:
            with self._town.site.gateway.store.reading() as tx:
                waits = counted.waiting(tx, tx.now)
                total = waits.queued + waits.sending + waits.unread + waits.notices + soak.open_forwards(tx)
                return counted.rows(tx)["complaint"], total
        except Exception as problem:
            if not readiness.is_database_away(problem):
                raise
            return None

    # -- afterwards -----------------------------------------------------------------------

    async def _drained(self) -> tuple[Evidence, Verdict]:
        """Until the books agree and nothing waits, or nothing moves any more: then what is wrong is wrong."""
        before, round_before, still = None, None, 0
        began = moved_at = looked_at = clock.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            evidence = await self._evidence()
            verdict = judge(evidence)
            counts = await asyncio.to_thread(self._counts)
            waits = self._waits_for(evidence, counts)
            found = verdict, counts, waits
            polls = last_of_the_round(evidence) if waits.keys() == {POLLS} else None
            still = still + 1 if not waits and found == before else 0
            now = clock.monotonic()
            self._waited_s.update(dict.fromkeys(waits, now - looked_at))
            if (found, polls) != (before, round_before):
                moved_at = now
            before, round_before, looked_at = found, polls, now
            if still >= (QUIET_LOOKS if verdict.is_clean else STILL_LOOKS):
                return evidence, verdict
            if now - moved_at > STILL_S or now - began > DRAIN_WITHIN_S:
                return evidence, verdict

    def _waits_for(self, evidence: Evidence, counts: tuple[object, object] | None) -> dict[str, object]:
        """What is still to come, and how much of it."""
        waits = {
            "database": counts is None,
            "work": counts and counts[1],
            "people": len(self._people),
            POLLS: len(unread(evidence)),
        }
        return {what: many for what, many in waits.items() if many}

    async def _evidence(self) -> Evidence:
        moved = dict(self._trace.moved)  # LAPOR! goes on meanwhile: what it did later is no matter of these books
        board = await self._lapor.board()
        books: Books = await asyncio.to_thread(self._books)
        return Evidence(replace(self._trace, moved=moved), books, board, OFFICERS, self._town.site.gateway.texts)

    def _books(self) -> Books:
        with self._town.site.gateway.store.reading() as tx:
            return soak.books(tx)

    def _reported(self, told: Report, evidence: Evidence, verdict: Verdict) -> Report:
        told |= {
            "sent": sum(len(citizen.marks) for citizen in self._trace.citizens.values()),
            "citizens": dict(Counter(citizen.way.value for citizen in self._trace.citizens.values())),
            "unanswered": dict(Counter(one.way.value for one in self._trace.citizens.values() if not one.sure)),
            "complaints": len(evidence.books.cases),
            "forwards": len(evidence.board),
            "receipts": verdict.receipts,
            "news": sum(map(len, evidence.heard.values())),
            "statuses": dict(Counter(case.status for case in evidence.books.cases)),
            "faults": dict(sorted(self._faults.caused.items())),
        }
        told |= {kind: verdict.many(kind) for kind in KINDS}
        told |= {"held_for_a_person": verdict.doubts, "held": dict(sorted(held(evidence).items()))}
        told["waited_s"] = {what: round(seconds) for what, seconds in sorted(self._waited_s.items())}
        shown = [asdict(finding) | {"way": way_of(evidence, finding.about)} for finding in verdict.findings[:SHOWN]]
        told["traces"] = shown
        return report.judged(told, [f"{verdict.many(kind)} {kind}" for kind in KINDS if verdict.many(kind)])

    def _elapsed(self) -> str:
        minutes, seconds = divmod(int(clock.monotonic() - self._began), 60)
        return f"{minutes:02}:{seconds:02}"
