"""The course of a month: everything in the order of its time, until it is over; then the books are read."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from config.load import settings_from
from gateway import app
from gateway.trials import month
from gateway.trials.month import Books
from gateway.upkeep import UPKEEP, Upkeep
from workers.month import citizens
from workers.month.chance import chance
from workers.month.citizens import Citizen, Citizens
from workers.month.desk import Desk
from workers.month.diary import Diary, Errand, Intent
from workers.month.lapor import LOOKS, Line, Peer, open_line, open_peer
from workers.month.losses import Expected
from workers.month.matters import events_of
from workers.month.officers import Officers
from workers.month.pictures import Shelf, open_shelf
from workers.month.setting import BY_ADDRESS, written
from workers.month.town import HandClock, Heard, Town

START = datetime(2026, 11, 30, 0, 0, tzinfo=UTC)
"""A Monday, 07.00 WIB; 24 and 25 December are days off."""
DAY = timedelta(days=1)
SATURDAY = 5
Say = Callable[[str], None]


class NotEmpty(Exception):
    """The database holds complaints or agencies already."""


@dataclass(frozen=True, slots=True)
class Order:
    """What month it is to be. `outage_days`: how long LAPOR! is away, in its middle. `duties`: of the clock."""

    reports: int = 300
    days: int = 30
    seed: int = 1
    outage_days: float = 3.0
    duties: Sequence[Upkeep] = UPKEEP

    @property
    def away(self) -> tuple[datetime, datetime]:
        begins = START + self.days * DAY / 2 - self.outage_days * DAY / 2
        return begins, begins + self.outage_days * DAY


@dataclass(frozen=True, slots=True)
class Month:
    """What is left of it. `board`: our numbers at LAPOR!; `calls`: (moment, method, fault) there."""

    order: Order
    end: datetime
    database: str
    people: Sequence[Citizen]
    books: Books
    board: Sequence[str]
    calls: Sequence[tuple[datetime, str, str]]
    deeds: dict[str, int] = field(default_factory=dict)
    reused: frozenset[str] = frozenset()
    """Tickets whose evidence had been shown for another one before."""
    days_off: Mapping[date, str] = field(default_factory=dict)
    """Holidays on which others work, by name."""

    @property
    def expected(self) -> Expected:
        return Expected({one.mark: one.wish for one in self.people}, self.board, self.reused)


def live(order: Order, database: str | None, say: Say) -> Month:
    """The whole month. NotEmpty, SettingsError; ends by itself."""
    # Jitter of retries and polls draws from here.
    random.seed(order.seed)
    with tempfile.TemporaryDirectory(prefix="satupintu-month-") as folder:
        return asyncio.run(_live(order, Path(folder), database or f"sqlite:///{folder}/gateway.db", say))


async def _live(order: Order, folder: Path, database: str, say: Say) -> Month:
    clock = HandClock(START)
    async with open_peer(clock) as peer:
        settings = settings_from(written(folder, database, peer.url), environ={})
        if app.is_in_use(settings):
            raise NotEmpty(database)
        app.prepare(settings)
        gateway = app.open_gateway(settings, clock, order.seed)
        try:
            async with open_line(gateway, clock) as line:
                out = Out(peer, line, open_shelf(gateway, clock.now))
                town = Town(gateway, clock, order.duties)
                return await _Course(order, town, out, say).run(database.partition(":")[0].partition("+")[0])
        finally:
            gateway.close()


@dataclass(frozen=True, slots=True)
class Out:
    """What the gateway calls: LAPOR! with our line to it, and where pictures are fetched."""

    peer: Peer
    line: Line
    shelf: Shelf


class _Course:
    def __init__(self, order: Order, town: Town, out: Out, say: Say) -> None:
        self._order, self._town, self._say = order, town, say
        self._peer, self._line, self._shelf = out.peer, out.line, out.shelf
        self._diary: Diary[Intent] = Diary()
        self._errands: Diary[Errand] = Diary()
        self._people = citizens.made(order.reports, order.seed, order.days)
        self._citizens = Citizens(town, self._diary, {one.address: one for one in self._people})
        self._officers = Officers(town, self._diary, order.seed)
        self._desk = Desk(town, self._diary, order.days, START, events_of(order.reports, order.days))
        self._chance = chance(order.seed, "lapor")
        self._end = START + order.days * DAY

    async def run(self, database: str) -> Month:
        self._town.listen = self._hear
        self._officers.begin()
        self._desk.plan()
        self._citizens.plan(START, self._order.days)
        self._errands.note(self._order.away[0], self._go_away)
        for day in range(self._order.days):
            self._errands.note(START + day * DAY, partial(self._tell, day))
            self._errands.note(START + day * DAY + DAY / 12, partial(self._peer.work, self._chance))
        while await self._step():
            pass
        with self._town.gateway.store.reading() as tx:
            books = month.books(tx)
        deeds = {**self._officers.deeds, **{f"desk {name}": many for name, many in self._desk.deeds.items()}}
        board, calls = await self._peer.board(), await self._peer.calls()
        reused = frozenset(self._officers.reused)
        return Month(
            self._order, self._end, database, self._people, books, board, calls, deeds, reused, self._days_off()
        )

    def _days_off(self) -> Mapping[date, str]:
        office = self._town.gateway.office
        first, last = office.calendar.today(START), office.calendar.today(self._end)
        found = (one for one in office.reference.holidays.holidays if first <= one.date < last)
        return {
            one.date: one.name
            for one in found
            if one.date.weekday() < SATURDAY and not office.calendar.is_working(one.date)
        }

    def _hear(self, heard: Heard) -> None:
        seat, person = BY_ADDRESS.get(heard.to), self._citizens.people.get(heard.to)
        if seat is not None:
            self._officers.hear(seat, heard)
        elif person is not None:
            self._citizens.hear(person, heard)

    async def _step(self) -> bool:
        """On to the next moment at which something happens, and everything that does; False at the end."""
        turn, line = self._town.next_turn(), self._next_look()
        at = min(one for one in (turn, line, self._diary.next_at, self._errands.next_at) if one is not None)
        if at > self._end:
            self._town.clock.pass_to(self._end)
            return False
        self._town.clock.pass_to(at)
        while errand := self._errands.due(self._town.now):
            await errand()
        while deed := self._diary.due(self._town.now):
            deed()
        if turn <= self._town.now:
            self._town.turn()
        if line is not None and line <= self._town.now:
            await self._line.look(self._town.now)
        await self._shelf.look()
        return True

    def _next_look(self) -> datetime | None:
        due = self._town.read(month.forward_due)
        return max(due, self._line.looked_at + LOOKS) if due else None

    async def _go_away(self) -> None:
        await self._peer.go_away(self._order.outage_days)
        self._say("LAPOR! is away")

    async def _tell(self, day: int) -> None:
        local = self._town.gateway.office.calendar.local(self._town.now)
        self._say(f"day {day} of {self._order.days} ({local:%a %d %b})")
