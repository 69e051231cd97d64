"""Lists of complaints: tabs, filters, search, keyset pages. The same for the screen, the API and the export.

No page reads more than WINDOW rows to fill itself: a search for a rare word goes on with the next page instead
(PERFORMANCE § 4). So a page may be short although more follows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, func, literal, or_, select, text, true, tuple_

from gateway.complaints.complaint import Status
from gateway.complaints.number import read_number, read_sp4n_id
from gateway.queries.cursor import CursorInvalid, decode, encode
from gateway.queries.scope import Scope, readable, visible
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, to_millis

complaint = tables.complaint
WINDOW = 20_000
"""Rows that one page looks through at most; 20 to 40 ms."""
MOST_COUNTED = 10_000
MOST_WORDS = 5
SHORTEST_SEARCH = 3
EVERYTHING = "semua"
NEW_FOR = timedelta(hours=24)
IS_OPEN = complaint.c.closed_at.is_(None)
# Word for word the conditions of the indexes: SQLite finds a partial one by nothing else, and not by a parameter.
IS_HELD = text("complaint.hold <> 'none'")
HAS_HOLDER = complaint.c.holder_id.is_not(None)


class Sorting(StrEnum):
    """A leading minus is descending."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    LATEST_CHANGE = "-updated_at"
    FIRST_CHANGE = "updated_at"
    DUE = "due_at"
    """What is due first; without a deadline last."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; empty values narrow nothing. `parent` is a ticket number."""

    tab: str = ""
    status: tuple[str, ...] = ()
    kind: str = ""
    topic: str = ""
    agency: str = ""
    place: str = ""
    channel: str = ""
    has_flag: str = ""
    parent: str = ""
    q: str = ""
    overdue: bool = False
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_since: datetime | None = None

    @property
    def identity(self) -> str:
        """The same for the same filters: a cursor belongs to one list."""
        return msgspec.json.encode(asdict(self), order="deterministic").decode()


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` of `complaint`; `following` and `previous` are cursors, None at the end and at the beginning."""

    rows: Sequence[Row[Any]]
    following: str | None = None
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """`complete` is false where counting stopped: there are at least `count`."""

    count: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of a sorting: rows with a deadline come first, then those without."""

    columns: tuple[Any, ...]
    descending: bool
    condition: ColumnElement[bool] | None = None


PHASES: Mapping[Sorting, tuple[Phase, ...]] = {
    Sorting.NEWEST: (Phase((complaint.c.created_at, complaint.c.id), descending=True),),
    Sorting.OLDEST: (Phase((complaint.c.created_at, complaint.c.id), descending=False),),
    Sorting.LATEST_CHANGE: (Phase((complaint.c.updated_at, complaint.c.id), descending=True),),
    Sorting.FIRST_CHANGE: (Phase((complaint.c.updated_at, complaint.c.id), descending=False),),
    Sorting.DUE: (
        # Only what is open has a deadline; saying so lets the index of open complaints be used.
        Phase((complaint.c.due_at, complaint.c.id), False, and_(IS_OPEN, complaint.c.due_at.is_not(None))),
        Phase((complaint.c.id,), False, complaint.c.due_at.is_(None)),
    ),
}
Position = tuple[int, tuple[Any, ...]]
"""Phase, and the values of its columns."""
Condition = ColumnElement[bool]
CASE = func.coalesce(complaint.c.parent_id, complaint.c.id)
"""The same for all reports of one incident."""


def _with_status(*statuses: Status) -> Condition:
    return and_(IS_OPEN, complaint.c.status.in_([status.value for status in statuses]))


def _today(tx: Transaction) -> Condition:
    closing = tx.office.calendar.closing(tx.today)
    return and_(IS_OPEN, complaint.c.due_at >= tx.now, complaint.c.due_at <= closing)


TABS: Mapping[str, tuple[Callable[[Transaction, Scope], Condition], Sorting]] = {
    "baru": (
        # Without a word on being open: of all that is received most may be old, by time few are read.
        lambda tx, _: and_(complaint.c.status == Status.RECEIVED.value, complaint.c.created_at > tx.now - NEW_FOR),
        Sorting.NEWEST,
    ),
    "verifikasi": (lambda *_: and_(_with_status(Status.RECEIVED), complaint.c.hold == "none"), Sorting.DUE),
    "belum_terarah": (lambda *_: and_(_with_status(Status.VERIFIED), complaint.c.agency == ""), Sorting.DUE),
    "kantor": (lambda _, scope: and_(IS_OPEN, complaint.c.agency.in_(sorted(scope.agencies or ()))), Sorting.DUE),
    "tugas": (
        lambda _, scope: and_(IS_OPEN, HAS_HOLDER, complaint.c.holder_id == (scope.holder_id or 0)),
        Sorting.DUE,
    ),
    "hari_ini": (lambda tx, _: _today(tx), Sorting.DUE),
    "lewat": (lambda tx, _: and_(IS_OPEN, complaint.c.due_at < tx.now), Sorting.DUE),
    "menunggu": (lambda *_: _with_status(Status.INCOMPLETE, Status.AWAITING_REPORTER), Sorting.DUE),
    "dibalas": (lambda *_: _with_status(Status.REPORTER_REPLIED), Sorting.DUE),
    "sengketa": (
        lambda *_: and_(_with_status(Status.VERIFIED), complaint.c.flags.contains("sengketa_wewenang")),
        Sorting.DUE,
    ),
    "ditahan": (lambda *_: and_(IS_OPEN, IS_HELD), Sorting.DUE),
    "tak_bisa_ditutup": (
        lambda tx, _: and_(_with_status(Status.AWAITING_REPORTER), complaint.c.due_at < tx.now),
        Sorting.DUE,
    ),
    EVERYTHING: (lambda *_: true(), Sorting.NEWEST),
}
"""The saved filters of the screen, in its order, each with its usual sorting."""


def find(
    tx: Transaction,
    scope: Scope,
    filters: Filters,
    sorting: Sorting = Sorting.NEWEST,
    cursor: str = "",
    limit: int = 50,
) -> Page:
    """One page. CursorInvalid for a cursor that was altered or made for another list."""
    position, backwards = _position(tx, sorting, filters, cursor)
    phases = PHASES[sorting]
    order = list(range(len(phases)))
    if backwards:
        order.reverse()
    if position:
        order = order[order.index(position[0]) :]
    conditions = [visible(scope), *_conditions(tx, scope, filters)]
    found: list[tuple[int, Row[Any]]] = []
    edge: Position | None = None
    for at in order:
        after = position[1] if position and position[0] == at else None
        look = Look(phases[at], after, backwards, is_narrow(scope, filters))
        rows, stopped = _stretch(tx, look, conditions, limit + 1 - len(found))
        found += [(at, row) for row in rows]
        if len(found) > limit:
            break
        if stopped is not None:
            edge = (at, stopped)
            break
    ending = Ending(sorting, filters, position, edge, backwards)
    return _page(tx, found, limit, ending)


def count(tx: Transaction, scope: Scope, filters: Filters, most: int = MOST_COUNTED) -> Count:
    """How many there are, as far as it is worth counting."""
    wanted, is_cut = _counted(tx, scope, filters)
    counted = select(literal(1)).select_from(complaint).where(*wanted).limit(most + 1).subquery()
    row = tx.one(select(func.count()).select_from(counted))
    many = int(row[0]) if row else 0
    return Count(min(many, most), complete=many <= most and not is_cut)


def count_cases(tx: Transaction, scope: Scope, filters: Filters, most: int = MOST_COUNTED) -> int:
    """How many cases the complaints are that `count` counts: a parent and whoever follows it are one (CASEWORK 7)."""
    wanted, _ = _counted(tx, scope, filters)
    # In an order that an index has: the parent stands in none.
    counted = select(CASE.label("case")).where(*wanted).order_by(*_newest_first()).limit(most).subquery()
    row = tx.one(select(func.count(counted.c.case.distinct())))
    return int(row[0]) if row else 0


def _newest_first() -> list[ColumnElement[Any]]:
    return [column.desc() for column in PHASES[Sorting.NEWEST][0].columns]


def _counted(tx: Transaction, scope: Scope, filters: Filters) -> tuple[list[Condition], bool]:
    """What is counted, and whether that leaves older ones out."""
    wanted = [visible(scope), *_conditions(tx, scope, filters)]
    newest = PHASES[Sorting.NEWEST][0]
    edge = _edge(tx, Look(newest, None, False, True)) if is_narrow(scope, filters) else None
    if edge:
        wanted.append(_beyond(newest, edge, up=True, inclusive=True))
    return wanted, edge is not None


def tab_counts(tx: Transaction, scope: Scope, tabs: Sequence[str], most: int = 99) -> dict[str, Count]:
    """The figures beside the tabs: exact up to `most`."""
    return {tab: count(tx, scope, Filters(tab=tab), most) for tab in tabs}


@dataclass(frozen=True, slots=True)
class Look:
    """How one phase is read: from where, in which direction, and whether only WINDOW rows far."""

    phase: Phase
    after: tuple[Any, ...] | None
    backwards: bool
    is_narrow: bool

    @property
    def descending(self) -> bool:
        return self.phase.descending is not self.backwards

    @property
    def order(self) -> list[Any]:
        return [column.desc() if self.descending else column.asc() for column in self.phase.columns]

    def stretch(self) -> list[Condition]:
        """The rows of the phase that lie ahead."""
        found = [] if self.phase.condition is None else [self.phase.condition]
        return found if self.after is None else [*found, _beyond(self.phase, self.after, up=not self.descending)]


@dataclass(frozen=True, slots=True)
class Ending:
    """What cursors are made from: the list, where this page began, and where looking stopped before the end."""

    sorting: Sorting
    filters: Filters
    began: Position | None
    edge: Position | None
    backwards: bool


def _page(tx: Transaction, found: list[tuple[int, Row[Any]]], limit: int, ending: Ending) -> Page:
    phases, kept = PHASES[ending.sorting], found[:limit]

    def cursor(place: Position | None, *, back: bool) -> str | None:
        if place is None:
            return None
        values = [to_millis(value) if isinstance(value, datetime) else value for value in place[1]]
        return encode(tx.office.keys.cursor, ending.sorting.value, [place[0], back, values], ending.filters.identity)

    places = [(at, tuple(getattr(row, column.name) for column in phases[at].columns)) for at, row in kept]
    further = places[-1] if len(found) > limit else ending.edge
    behind = (places[0] if places else ending.began) if ending.began else None
    rows = [row for _, row in kept]
    if ending.backwards:
        return Page(rows[::-1], following=cursor(behind, back=False), previous=cursor(further, back=True))
    return Page(rows, following=cursor(further, back=False), previous=cursor(behind, back=True))


def _position(tx: Transaction, sorting: Sorting, filters: Filters, cursor: str) -> tuple[Position | None, bool]:
    if not cursor:
        return None, False
    at, backwards, values = decode(tx.office.keys.cursor, sorting.value, filters.identity, cursor)
    columns = PHASES[sorting][at].columns
    place = [
        value if column.name == "id" else from_millis(value) for column, value in zip(columns, values, strict=True)
    ]
    return (at, tuple(place)), bool(backwards)


def _stretch(
    tx: Transaction, look: Look, conditions: Sequence[Condition], limit: int
) -> tuple[Sequence[Row[Any]], tuple[Any, ...] | None]:
    """Fitting rows of one phase, and where looking stopped before the phase was over."""
    wanted = [*conditions, *look.stretch()]
    edge = _edge(tx, look) if look.is_narrow else None
    if edge is not None:
        wanted.append(_beyond(look.phase, edge, up=look.descending, inclusive=True))
    return tx.all(select(complaint).where(*wanted).order_by(*look.order).limit(limit)), edge


def _edge(tx: Transaction, look: Look) -> tuple[Any, ...] | None:
    """The place WINDOW rows further on; None when the list ends before. Only an index is walked."""
    ahead = select(*look.phase.columns).where(*look.stretch()).order_by(*look.order)
    row = tx.one(ahead.offset(WINDOW).limit(1))
    return tuple(row) if row else None


def _beyond(phase: Phase, place: tuple[Any, ...], *, up: bool, inclusive: bool = False) -> Condition:
    """Rows on one side of `place`, compared column by column as one value."""
    here = tuple_(*phase.columns)
    there = tuple_(*(literal(value, column.type) for value, column in zip(place, phase.columns, strict=True)))
    if up:
        return here >= there if inclusive else here > there
    return here <= there if inclusive else here < there


def is_narrow(scope: Scope, filters: Filters) -> bool:
    """Whether fitting rows may lie so far apart that a page would read the whole table to find them."""
    if filters.tab and filters.tab != EVERYTHING:
        return False  # open complaints only: an index holds just these
    narrowing = (filters.q, filters.topic, filters.place, filters.kind, filters.channel, filters.has_flag)
    return any(narrowing) or bool(filters.agency or filters.status) or scope.agencies is not None


def _conditions(tx: Transaction, scope: Scope, filters: Filters) -> list[Condition]:
    column = complaint.c
    found = [
        getattr(column, name) == value
        for name in ("kind", "topic", "agency", "place", "channel")
        if (value := getattr(filters, name))
    ]
    if filters.tab:
        found.append(TABS[filters.tab][0](tx, scope))
    if filters.status:
        found.append(column.status.in_(filters.status))
    if filters.has_flag:
        found.append(column.flags.contains(filters.has_flag, autoescape=True))
    if filters.overdue:
        found.append(and_(IS_OPEN, column.due_at < tx.now))
    if filters.parent:
        other = complaint.alias("parent")
        found.append(column.parent_id == select(other.c.id).where(other.c.number == filters.parent).scalar_subquery())
    found += _times(filters)
    if filters.q:
        found.append(_matches(tx, scope, filters.q))
    return found


def _times(filters: Filters) -> list[Condition]:
    column, found = complaint.c, []
    if filters.created_from is not None:
        found.append(column.created_at >= filters.created_from)
    if filters.created_to is not None:
        found.append(column.created_at < filters.created_to)
    if filters.updated_since is not None:
        found.append(column.updated_at >= filters.updated_since)
    return found


def _matches(tx: Transaction, scope: Scope, q: str) -> Condition:
    """A ticket number, a number of the national system, or words of title and masked text."""
    number = read_number(q, tx.office.settings.government.ticket_prefix)
    if isinstance(number, str):
        return complaint.c.number == number
    if sp4n_id := read_sp4n_id(q):
        return and_(complaint.c.sp4n_id == sp4n_id, complaint.c.sp4n_id != "")
    words = [
        or_(
            complaint.c.title.icontains(word, autoescape=True), complaint.c.text_masked.icontains(word, autoescape=True)
        )
        for word in q.split()[:MOST_WORDS]
    ]
    return or_(complaint.c.number.icontains(q.strip(), autoescape=True), and_(readable(scope), *words))


__all__ = ["TABS", "Count", "CursorInvalid", "Filters", "Page", "Sorting", "count", "count_cases", "find", "tab_counts"]
