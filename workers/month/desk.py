"""The coordinators: some visits a day at the list of what waits, so much at a time; they verify, assign, release, refer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from gateway.complaints.complaint import Action, ActionRefused, Actor, Role
from gateway.desk import bulk, work
from gateway.desk.work import Deed, NotThere, Overtaken
from gateway.queries import complaint_list
from gateway.queries.complaint_list import Filters, Sorting
from gateway.queries.scope import scope_of
from workers.drain import Transaction
from workers.month.diary import Diary
from workers.month.hours import bounds
from workers.month.town import Town

COORDINATOR = Actor(Role.COORDINATOR, "1", name="Koordinator Bulan")
VISITS = (timedelta(hours=1), timedelta(hours=5))
"""After the office opened."""
AWAY = (4, 5)
"""On these days of the month nobody coordinates."""
AT_A_TIME = 15
SUPERVISION = "konflik_kepentingan"
REASONS: Mapping[str, str] = {
    "archive": "Hanya tautan iklan tanpa keluhan, sama dengan kiriman sebelumnya.",
    "inspect": "Yang dilaporkan adalah perilaku petugas sendiri.",
    "refer": "Pekerjaan ini di bawah kewenangan instansi lain menurut pembagian urusan.",
}


@dataclass(slots=True)
class Desk:
    town: Town
    diary: Diary
    days: int
    start: datetime
    deeds: dict[str, int] = field(default_factory=dict)

    def plan(self) -> None:
        calendar = self.town.gateway.office.calendar
        for day in range(self.days + 1):
            opens, _ = bounds(self.start + timedelta(days=day), calendar)
            if calendar.is_working(calendar.local(opens).date()) and day not in AWAY:
                for visit in VISITS:
                    self.diary.note(opens + visit, self._visit)

    def _visit(self) -> None:
        for tab, decide in TABS:
            for row in self.town.read(partial(_waiting, tab=tab)):
                self._decide(row, decide(row))

    def _decide(self, row: Any, deed: Deed) -> None:
        try:
            self.town.do(partial(_act, number=row.number, deed=deed))
            done = deed.action.value
        except (ActionRefused, Overtaken, NotThere) as refusal:
            done = f"refused: {deed.action.value} {getattr(refusal, 'code', type(refusal).__name__)}"
        self.deeds[done] = self.deeds.get(done, 0) + 1


def _waiting(tx: Transaction, tab: str) -> Sequence[Any]:
    scope = scope_of(tx.office, Role.COORDINATOR)
    return complaint_list.find(tx, scope, Filters(tab=tab), Sorting.DUE, limit=AT_A_TIME).rows


def _act(tx: Transaction, *, number: str, deed: Deed) -> None:
    work.act(tx, scope_of(tx.office, Role.COORDINATOR), number, deed, COORDINATOR)


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
    ("verifikasi", _new),
    ("sengketa", _disputed),
    ("belum_terarah", _disputed),
)
