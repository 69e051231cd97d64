"""Which unit can be told of a complaint: its team, by what way each of them is reached, and where the ladder has holes.

Source: CASEWORK 5.6, 6.4 (a unit is connected with one liaison, one deputy and one head who can be reached).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select, true

from gateway.complaints.complaint import Role
from gateway.complaints.notices import NOTICES, Audience, Skip
from gateway.people import contacts, directory, leaves, readers
from gateway.people.directory import Member
from gateway.people.leaves import Leave
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text
from gateway.timing import ladder
from gateway.timing.ladder import Rung

NEEDED = (Role.PENGHUBUNG, Role.DEPUTI, Role.KEPALA)
REHEARSED = ("pic.new", "pic.due", "dep.due", "pic.overdue", "sup.overdue", "coo.overdue", "reg.overdue")
"""Notices that a dry run tells: as a complaint comes, is due, is late, and stays late."""


class Gap(StrEnum):
    """What is missing, the worst first."""

    ENDED = "ended"
    """The agency's decree is over, or still to begin."""
    NO_TEAM = "no_team"
    NO_CHANNEL = "no_channel"
    """There are people with addresses, but no channel here carries notices to any of them."""
    NO_CONTACT = "no_contact"
    """Nobody of the team can be reached."""
    NO_LIAISON = "no_penghubung"
    NO_DEPUTY = "no_deputi"
    NO_HEAD = "no_kepala"


ROLE_GAPS: Mapping[Role, Gap] = dict(zip(NEEDED, (Gap.NO_LIAISON, Gap.NO_DEPUTY, Gap.NO_HEAD), strict=True))


class Held(StrEnum):
    """Whether a rung of the ladder holds."""

    HELD = "held"
    LEAVE = "leave"
    """Everybody who could be reached is on leave."""
    UNREACHABLE = "unreachable"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in office today. `ways` are the channels that reach them, first choice first."""

    id: int
    role: Role
    name: str
    decree: str
    valid_to: date | None
    ways: tuple[str, ...]
    has_address: bool
    on_leave: bool
    leave: tuple[Leave, ...] = ()

    @property
    def key(self) -> str:
        """The id as it stands in forms."""
        return id_text(self.id)


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    name: str
    kind: str
    depth: int
    """How many units stand above it."""
    accepts: bool
    people: tuple[Person, ...]
    gaps: tuple[Gap, ...]
    """Empty for units that only stand in the ladder."""

    def of(self, role: Role) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role is role)


@dataclass(frozen=True, slots=True)
class Step:
    """A rung as it stands today: `(person, why they are not told)` for all who hold it."""

    number: int
    audience: Audience
    office: str
    people: tuple[tuple[Member, str], ...]
    state: Held


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Who would be told of a notice: the steps that are tried, the last one with whoever is told (or nobody at all)."""

    key: str
    steps: tuple[Step, ...]

    @property
    def told(self) -> tuple[Member, ...]:
        return tuple(member for member, skip in self.steps[-1].people if not skip)


def units(tx: Transaction, codes: Collection[str] | None = None) -> list[Unit]:
    """All units in the order of the data, or those of `codes`."""
    team = _people(tx, codes)
    agency = tables.agency
    found = select(agency, directory.stands(tx.today).label("stands")).order_by(agency.c.position, agency.c.code)
    if codes is not None:
        found = found.where(agency.c.code.in_(codes))
    return [_unit(tx, row, team[row.code]) for row in tx.all(found)]


def _unit(tx: Transaction, row: Any, people: Sequence[Person]) -> Unit:
    depth = max(0, len(tx.office.reference.tree.ladder(row.code)) - 1)
    gaps = _gaps(people, stands=bool(row.stands)) if row.accepts else ()
    return Unit(row.code, row.name, row.kind, depth, row.accepts, tuple(people), gaps)


def _gaps(people: Sequence[Person], *, stands: bool) -> tuple[Gap, ...]:
    found = [] if stands else [Gap.ENDED]
    if not people:
        return (*found, Gap.NO_TEAM)
    if not any(person.ways for person in people):
        return (*found, Gap.NO_CHANNEL if any(person.has_address for person in people) else Gap.NO_CONTACT)
    reached = {person.role for person in people if person.ways}
    return (*found, *(ROLE_GAPS[role] for role in NEEDED if role not in reached))


def _people(tx: Transaction, codes: Collection[str] | None) -> Mapping[str, Sequence[Person]]:
    """Everybody in office today, by agency; only of `codes` where they are given."""
    table = tables.agency_member
    addresses = or_(table.c.telegram_id.is_not(None), table.c.phone_id.is_not(None), table.c.email_id.is_not(None))
    theirs = true() if codes is None else table.c.agency.in_(codes)
    found = tx.all(
        select(table, addresses.label("has_address")).where(theirs, directory.in_office(tx.today)).order_by(table.c.id)
    )
    ids = [row.id for row in found]
    away, planned = directory.on_leave(tx, ids, tx.today), defaultdict[int, list[Leave]](list)
    for leave in leaves.of(tx, ids, tx.today):
        planned[leave.member_id].append(leave)
    members = {row.id: directory.member_of_row(tx, row) for row in found}
    known = contacts.by_id(tx, {contact for one in members.values() for _, contact in (*one.means, *one.costly)})
    paused = _not_active(tx)
    team = defaultdict[str, list[Person]](list)
    for row in found:
        one = members[row.id]
        ways = tuple(
            channel
            for channel, contact in (*one.means, *one.costly)
            if contact in known and known[contact].reachable and channel not in paused
        )
        leave_of = tuple(planned[row.id])
        has_address, is_away = bool(row.has_address), row.id in away
        person = Person(row.id, one.role, one.person, row.sk_no, row.valid_to, ways, has_address, is_away, leave_of)
        team[row.agency].append(person)
    return team


def _not_active(tx: Transaction) -> frozenset[str]:
    """Channels that somebody paused, or that stopped because they cannot send."""
    state = tables.channel_state
    idle = or_(state.c.paused_at.is_not(None), state.c.stopped_at.is_not(None))
    return frozenset(row.channel for row in tx.all(select(state.c.channel).where(idle)))


def steps(tx: Transaction, agency: str) -> tuple[Step, ...]:
    """The ladder of an agency from its team to the regional head, as it stands today."""
    rungs = ladder.rungs(tx, agency)
    return tuple(_step(tx, number, rung, by_sms=True) for number, rung in enumerate(rungs, start=1))


def _step(tx: Transaction, number: int, rung: Rung, *, by_sms: bool) -> Step:
    held = [
        (member, Skip.ON_LEAVE if member.on_leave else "" if means else Skip.NO_ROUTE)
        for member, means in readers.staff(tx, rung.audience, rung.office, by_sms=by_sms)
    ]
    skips = {skip for _, skip in held}
    state = Held.HELD if "" in skips else Held.LEAVE if Skip.ON_LEAVE in skips else Held.UNREACHABLE
    return Step(number, rung.audience, rung.office, tuple(held), state if held else Held.EMPTY)


def rehearse(tx: Transaction, agency: str) -> tuple[Rehearsed, ...]:
    """Who would be told today of an ordinary complaint of this agency. Nothing is written."""
    known = dict[tuple[Rung, bool], Step]()
    return tuple(
        Rehearsed(key, _climbed(tx, Rung(audience, agency), known, by_sms=NOTICES[key].by_sms))
        for key in REHEARSED
        for audience in NOTICES[key].audiences[:1]
    )


def _climbed(
    tx: Transaction, rung: Rung | None, known: dict[tuple[Rung, bool], Step], *, by_sms: bool
) -> tuple[Step, ...]:
    """`known`: rungs that another notice was told by; most climb the same ones."""
    tried: list[Step] = []
    while rung is not None:
        number = len(tried) + 1
        if (rung, by_sms) not in known:
            known[rung, by_sms] = _step(tx, number, rung, by_sms=by_sms)
        tried.append(replace(known[rung, by_sms], number=number))
        if tried[-1].state is Held.HELD:
            break
        rung = ladder.above(tx, rung)
    return tuple(tried)
