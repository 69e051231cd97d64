"""Whom a breach concerns: reporters of the complaints that a stored query finds, counted and listed as things stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import and_
from typing import Any

from sqlalchemy import ColumnElement, false, func, select

from gateway.complaints.complaint import ActionRefused
from gateway.complaints.number import WrongCheckDigit, read_number
from gateway.storage import tables
from gateway.storage.store import Transaction

MOST_NUMBERS = 500
PAGE = 500
NUMBERS_SHOWN = 3
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Of the days that can be asked for: what lies beyond is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Complaints that came between two days (both included), by one channel, of one agency; or just those of `numbers`.

    Nobody where nothing is given.
    """

    since: date | None = None
    until: date | None = None
    channel: str = ""
    agency: str = ""
    numbers: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """As columns of `breach`."""
        return {"since": self.since, "until": self.until, "channel": self.channel, "agency": self.agency, "numbers": list(self.numbers)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """`nameless`: complaints whose contact was not given or is gone; nobody can be told of those."""

    persons: int = 0
    reports: int = 0
    nameless: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """`complaint`: the newest row that concerns them; `numbers`: of the newest few; `reports`: how many in all."""

    contact_id: int
    complaint: Any
    numbers: tuple[str, ...]
    reports: int


def checked(tx: Transaction, scope: Scope) -> Scope:
    """The same with numbers as they are stored. ActionRefused: `conflict`, `unknown_value`, `limit`, each with its field."""
    for name in ("since", "until"):
        day = getattr(scope, name)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ActionRefused("unknown_value", f"{day}", name)
    if scope.since and scope.until and scope.until < scope.since:
        raise ActionRefused("conflict", "", "until")
    if scope.channel and scope.channel not in tx.office.channels:
        raise ActionRefused("unknown_value", scope.channel[:31], "channel")
    if scope.agency and scope.agency not in tx.office.reference.agencies:
        raise ActionRefused("unknown_value", scope.agency[:40], "agency")
    if len(scope.numbers) > MOST_NUMBERS:
        raise ActionRefused("limit", str(len(scope.numbers)), "numbers")
    numbers = tuple(dict.fromkeys(_number(tx, one) for one in scope.numbers))
    complaint = tables.complaint
    found = tx.all(select(complaint.c.number).where(complaint.c.number.in_(numbers))) if numbers else ()
    missing = [number for number in numbers if number not in {row.number for row in found}]
    if missing:
        raise ActionRefused("unknown_value", missing[0], "numbers")
    return Scope(scope.since, scope.until, scope.channel, scope.agency, numbers)


def _number(tx: Transaction, typed: str) -> str:
    read = read_number(typed, tx.office.settings.government.ticket_prefix)
    if read is None or isinstance(read, WrongCheckDigit):
        raise ActionRefused("unknown_value", typed[:20], "numbers")
    return read


def of(row: Any) -> Scope:
    """The stored query of a row of `breach`."""
    return Scope(row.since, row.until, row.channel, row.agency, tuple(row.numbers))


def counted(tx: Transaction, scope: Scope) -> Counted:
    complaint = tables.complaint.c
    people, all_of_them = func.count(complaint.contact_id.distinct()), func.count()
    row = tx.one(
        select(people.label("persons"), all_of_them.label("reports"), func.count(complaint.contact_id).label("known"))
        .select_from(tables.complaint)
        .where(_where(tx, scope))
    )
    return Counted(row.persons, row.reports, row.reports - row.known) if row else Counted()


def untold(tx: Transaction, breach: Any) -> int:
    """Persons to whom no message was written yet, and of whom nobody found out that none reaches them."""
    complaint = tables.complaint.c
    wanted = _where(tx, of(breach)) & _not_told(breach.id)
    row = tx.one(select(func.count(complaint.contact_id.distinct())).where(wanted))
    return int(row[0]) if row else 0


def contact_ids(tx: Transaction, breach: Any, limit: int, *, told: bool = True) -> Sequence[int]:
    """Whom it concerns, the first ones; `told` False: only those of `untold`.

    May read the complaints of years: not for a transaction that writes.
    """
    contact_id = tables.complaint.c.contact_id
    where = _where(tx, of(breach)) & contact_id.is_not(None)
    if not told:
        where &= _not_told(breach.id)
    found = select(contact_id).where(where).group_by(contact_id).order_by(contact_id).limit(limit)
    return [row.contact_id for row in tx.all(found)]


def persons(tx: Transaction, breach: Any, ids: Sequence[int], *, told: bool = True) -> Sequence[Person]:
    """Those of these contacts whom it concerns now, in the order of their ids; `told` False: only those of `untold`."""
    complaint = tables.complaint
    where = _where(tx, of(breach)) & complaint.c.contact_id.in_(ids)
    if not told:
        where &= _not_told(breach.id)
    found = select(complaint.c.contact_id, func.max(complaint.c.id).label("newest"), func.count().label("many"))
    rows = tx.all(found.where(where).group_by(complaint.c.contact_id).order_by(complaint.c.contact_id))
    numbers, newest = _numbers(tx, breach, [row.contact_id for row in rows]), _by_id(tx, [row.newest for row in rows])
    return [Person(row.contact_id, newest[row.newest], numbers[row.contact_id], row.many) for row in rows]


def _by_id(tx: Transaction, ids: Sequence[int]) -> Mapping[int, Any]:
    complaint = tables.complaint
    return {row.id: row for row in tx.all(select(complaint).where(complaint.c.id.in_(ids)))} if ids else {}


def newest(tx: Transaction, breach: Any) -> Sequence[Any]:
    """Of each person to whom no message was written: number and channel of their newest complaint, and how they are reached."""
    complaint, contact = tables.complaint, tables.contact
    mine = select(func.max(complaint.c.id)).where(_where(tx, of(breach)), complaint.c.contact_id.is_not(None))
    last = mine.where(_not_told(breach.id)).group_by(complaint.c.contact_id)
    found = select(complaint.c.number, complaint.c.channel, contact.c.scheme, contact.c.reachable)
    joined = found.join(contact, contact.c.id == complaint.c.contact_id)
    return tx.all(joined.where(complaint.c.id.in_(last)).order_by(complaint.c.id))


def _numbers(tx: Transaction, breach: Any, ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
    """Contact -> the numbers of the newest few of their complaints that are concerned."""
    complaint = tables.complaint
    if not ids:
        return {}
    mine = complaint.c.contact_id.in_(ids)
    found: dict[int, tuple[str, ...]] = dict.fromkeys(ids, ())
    columns = select(complaint.c.contact_id, complaint.c.number)
    for row in tx.all(columns.where(_where(tx, of(breach)), mine).order_by(complaint.c.id.desc())):
        if len(found[row.contact_id]) < NUMBERS_SHOWN:
            found[row.contact_id] = (*found[row.contact_id], row.number)
    return found


def _not_told(breach_id: int) -> ColumnElement[bool]:
    person = tables.breach_person
    told = select(person.c.contact_id).where(person.c.breach_id == breach_id, person.c.contact_id.is_not(None))
    return tables.complaint.c.contact_id.not_in(told)


def _where(tx: Transaction, scope: Scope) -> ColumnElement[bool]:
    complaint = tables.complaint.c
    if scope.numbers:
        return complaint.number.in_(scope.numbers)
    parts: list[ColumnElement[bool]] = []
    if scope.since:
        parts.append(complaint.created_at >= _begin(tx, scope.since))
    if scope.until:
        parts.append(complaint.created_at < _begin(tx, scope.until + timedelta(days=1)))
    if scope.channel:
        parts.append(complaint.channel == scope.channel)
    if scope.agency:
        parts.append(complaint.agency == scope.agency)
    return reduce(and_, parts) if parts else false()


def _begin(tx: Transaction, day: date) -> datetime:
    return datetime.combine(day, time(), tx.office.settings.government.zone).astimezone(UTC)
