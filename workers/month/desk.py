"""The coordinators: some visits a day at the list of what waits, so much at a time; they verify, assign, release, refer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from gateway.complaints.complaint import Action, ActionRefused, Actor, Role
from gateway.desk import bulk, incidents, work
from gateway.desk.incidents import Gathered, Gathering
from gateway.desk.work import Deed, NotThere, Overtaken
from gateway.queries import complaint_list, surges
from gateway.queries.complaint_list import Filters, Sorting
from gateway.queries.scope import scope_of
from gateway.queries.surges import Surge
from workers.drain import Transaction
from workers.month.diary import Diary, Intent
from workers.month.hours import bounds
from workers.month.matters import BEGINS, Event
from workers.month.town import Town

COORDINATOR = Actor(Role.COORDINATOR, "1", name="Koordinator Bulan")
VISITS = (timedelta(hours=1), timedelta(hours=5))
"""After the office opened."""
AWAY = (4, 5)
"""On these days of the month nobody coordinates."""
AT_A_TIME = 15
NEW = "verifikasi"
SEEN_AFTER = timedelta(minutes=45)
"""So long after an event began somebody opens the list, which says that many report one thing."""
SUPERVISION = "konflik_kepentingan"
REASONS: Mapping[str, str] = {
    "archive": "Hanya tautan iklan tanpa keluhan, sama dengan kiriman sebelumnya.",
    "inspect": "Yang dilaporkan adalah perilaku petugas sendiri.",
    "refer": "Pekerjaan ini di bawah kewenangan instansi lain menurut pembagian urusan.",
}


@dataclass(slots=True)
class Desk:
    town: Town
    diary: Diary[Intent]
    days: int
    start: datetime
    events: Sequence[Event] = ()
    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    """Topic and place of a known incident -> the report that the others follow."""
    deeds: dict[str, int] = field(default_factory=dict)

    def plan(self) -> None:
        calendar = self.town.gateway.office.calendar
        morning = calendar.local(self.start).replace(hour=0, minute=0, second=0, microsecond=0)
        for event in self.events:
            at = morning + timedelta(days=event.day) + BEGINS + SEEN_AFTER
            self.diary.note(at.astimezone(self.start.tzinfo), self._visit)
        for day in range(self.days + 1):
            opens, _ = bounds(self.start + timedelta(days=day), calendar)
            if calendar.is_working(calendar.local(opens).date()) and day not in AWAY:
                for visit in VISITS:
                    self.diary.note(opens + visit, self._visit)

    def _visit(self) -> None:
        for surge in self.town.read(lambda tx: surges.surges(tx, scope_of(tx.office, Role.COORDINATOR))):
            self._gather(surge)
        for tab, decide in TABS:
            for row in self.town.read(partial(_waiting, tab=tab)):
                if not (tab == NEW and row.hold == "none" and self._joins(row)):
                    self._decide(row, decide(row))

    def _joins(self, row: Any) -> bool:
        """Whether it is of an incident that is known, and could be linked: nobody works on one that was answered."""
        parent = self.parents.get((row.topic, row.place_name), "")
        if parent in {"", row.number}:
            return False
        # What is confidential follows too: whoever links it says that they mean it.
        return self._decide(row, Deed(Action.LINK, {"parent": parent, "confirm": "1"})) == Action.LINK

    def _gather(self, surge: Surge) -> None:
        """Whoever reads them sees that it is one event: given to an office once, the others follow."""
        office = next((one.office for one in self.events if f"Kelurahan {surge.place} " in one.text), "")
        if not office:
            return
        numbers = [one.number for one in surge.reports]
        done = self.town.do(partial(_link, wish=Gathering(surge.parent, numbers, office)))
        self.parents[surge.topic, surge.place] = surge.parent
        self._count("gathered", done.linked)
        for code in done.refused.values():
            self._count(f"refused: link {code}")

    def _decide(self, row: Any, deed: Deed) -> str:
        try:
            self.town.do(partial(_act, number=row.number, deed=deed))
            done = deed.action.value
        except (ActionRefused, Overtaken, NotThere) as refusal:
            done = f"refused: {deed.action.value} {getattr(refusal, 'code', type(refusal).__name__)}"
        self._count(done)
        return done

    def _count(self, done: str, many: int = 1) -> None:
        self.deeds[done] = self.deeds.get(done, 0) + many


def _waiting(tx: Transaction, tab: str) -> Sequence[Any]:
    scope = scope_of(tx.office, Role.COORDINATOR)
    return complaint_list.find(tx, scope, Filters(tab=tab), Sorting.DUE, limit=AT_A_TIME).rows


def _act(tx: Transaction, *, number: str, deed: Deed) -> None:
    work.act(tx, scope_of(tx.office, Role.COORDINATOR), number, deed, COORDINATOR)


def _link(tx: Transaction, *, wish: Gathering) -> Gathered:
    return incidents.gather(tx, scope_of(tx.office, Role.COORDINATOR), wish, COORDINATOR)


def _held(_row: Any) -> Deed:
    """Let go first: what is nothing but links is archived with the new ones."""
    return Deed(Action.RELEASE)


def _new(row: Any) -> Deed:
    if row.hold == "none" and _is_nothing(row):
        return Deed(Action.ARCHIVE, {"archive_reason": "spam_terbukti", "reason": REASONS["archive"]})
    if SUPERVISION in row.flags.split():
        return Deed(Action.MOVE_TO_INSPECTORATE, {"reason": REASONS["inspect"]})
    inputs = bulk.likely_inputs(row, Action.ASSIGN, "")
    return Deed(Action.ASSIGN, inputs | ({} if inputs["agency"] else {"agency": "SETDA"}))


def _is_nothing(row: Any) -> bool:
    return bool(row.text_masked.startswith("https://"))


def _disputed(row: Any) -> Deed:
    if int(row.number[-2]) % 2:
        institution = "Pemerintah Provinsi"
        return Deed(Action.REFER_OUT, {"institution": institution, "reason": REASONS["refer"]})
    return Deed(Action.ASSIGN, {"agency": "SETDA", "kind": row.kind, "topic": row.topic or "lainnya"})


TABS: tuple[tuple[str, Callable[[Any], Deed]], ...] = (
    ("ditahan", _held),
    (NEW, _new),
    ("sengketa", _disputed),
    ("belum_terarah", _disputed),
)
