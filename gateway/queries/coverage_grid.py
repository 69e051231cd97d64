"""The coverage of all units as one picture: six marks a unit, its ladder rung by rung, and how many units have each mark.

Source: CASEWORK 5.6, 6.4, SCREENS 9 (*Cek cakupan*). Everything is worked out from one reading of the teams.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.complaints.complaint import Role
from gateway.complaints.notices import Audience
from gateway.office import Office
from gateway.people import directory, mandates
from gateway.queries import coverage
from gateway.queries.coverage import Gap, Held, Person, Unit
from gateway.storage.store import Transaction

SOON = timedelta(days=max(mandates.BEFORE))


class Check(StrEnum):
    """What a unit should have; the name of the column."""

    LIAISON = "penghubung"
    DEPUTY = "deputi"
    HEAD = "kepala"
    CHANNEL = "kanal"
    DECREE = "sk"
    LADDER = "tangga"


class Tone(StrEnum):
    """How it stands, as states are shown."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


ROLES: Mapping[Check, Role] = {Check.LIAISON: Role.PENGHUBUNG, Check.DEPUTY: Role.DEPUTI, Check.HEAD: Role.KEPALA}
TONES: Mapping[Held, Tone] = {
    Held.HELD: Tone.GOOD,
    Held.LEAVE: Tone.WAIT,
    Held.UNREACHABLE: Tone.BAD,
    Held.EMPTY: Tone.BAD,
}
RUNGS: Mapping[Audience, Role] = {
    Audience.TEAM: Role.PENGHUBUNG,
    Audience.DEPUTY: Role.DEPUTI,
    Audience.HEAD: Role.KEPALA,
    Audience.COORDINATOR: Role.PENGHUBUNG,
    Audience.REGIONAL_HEAD: Role.KEPALA,
}


@dataclass(frozen=True, slots=True)
class Mark:
    """One check of one unit. `word` says what is the matter: a `Held`, `none`, `ended`, `soon`, `holes` or `fine`."""

    check: Check
    tone: Tone
    word: str
    channels: tuple[str, ...] = ()
    """By which the team is reached."""
    day: date | None = None
    """On which the first mandate of the team ends."""
    many: int = 0
    """How many rungs are holes."""


@dataclass(frozen=True, slots=True)
class Rung:
    audience: Audience
    office: str
    state: Held


@dataclass(frozen=True, slots=True)
class Row:
    """A unit that takes complaints; `score` of its marks are not bad."""

    unit: Unit
    marks: tuple[Mark, ...]
    rungs: tuple[Rung, ...]
    score: int

    @property
    def is_whole(self) -> bool:
        return self.score == len(self.marks)

    def mark(self, check: Check) -> Mark:
        return next(mark for mark in self.marks if mark.check is check)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many units stand how in one check."""

    check: Check
    good: int
    wait: int
    bad: int


def rows(tx: Transaction, codes: Collection[str] | None = None) -> list[Row]:
    """The units that take complaints, all or those of `codes`: what lacks most stands first."""
    units = coverage.units(tx)
    of = {unit.code: unit for unit in units}
    office, regional = tx.office, directory.regional_agency(tx)
    found = [
        _row(unit, _rungs(office, of, unit.code, regional), tx.today)
        for unit in units
        if unit.accepts and (codes is None or unit.code in codes)
    ]
    return sorted(found, key=lambda row: row.score)


def tallies(found: Iterable[Row]) -> tuple[Tally, ...]:
    shown = list(found)
    return tuple(_tally(check, [row.mark(check).tone for row in shown]) for check in Check)


def _tally(check: Check, tones: Sequence[Tone]) -> Tally:
    return Tally(check, tones.count(Tone.GOOD), tones.count(Tone.WAIT), tones.count(Tone.BAD))


def _row(unit: Unit, rungs: tuple[Rung, ...], today: date) -> Row:
    posts = [Mark(check, TONES[state], state.value) for check, state in _posts(unit)]
    marks = (*posts, _channel(unit), _decree(unit, today), _ladder(rungs))
    return Row(unit, marks, rungs, sum(mark.tone is not Tone.BAD for mark in marks))


def _posts(unit: Unit) -> list[tuple[Check, Held]]:
    return [(check, _held(unit.of(role))) for check, role in ROLES.items()]


def _held(people: Sequence[Person]) -> Held:
    """As the ladder finds it; a channel that is paused reaches nobody here."""
    if not people:
        return Held.EMPTY
    if any(person.ways and not person.on_leave for person in people):
        return Held.HELD
    return Held.LEAVE if any(person.on_leave for person in people) else Held.UNREACHABLE


def _channel(unit: Unit) -> Mark:
    names = tuple(dict.fromkeys(way for person in unit.people for way in person.ways[:1]))
    return Mark(Check.CHANNEL, Tone.GOOD if names else Tone.BAD, "fine" if names else "none", channels=names)


def _decree(unit: Unit, today: date) -> Mark:
    if Gap.ENDED in unit.gaps or not unit.people:
        return Mark(Check.DECREE, Tone.BAD, "ended" if unit.people else "none")
    first = min((person.valid_to for person in unit.people if person.valid_to), default=None)
    if first is not None and first <= today + SOON:
        return Mark(Check.DECREE, Tone.WAIT, "soon", day=first)
    return Mark(Check.DECREE, Tone.GOOD, "fine", day=first)


def _ladder(rungs: Sequence[Rung]) -> Mark:
    holes = sum(TONES[rung.state] is Tone.BAD for rung in rungs)
    return Mark(Check.LADDER, Tone.BAD if holes else Tone.GOOD, "holes" if holes else "fine", many=holes)


def _rungs(office: Office, of: Mapping[str, Unit], code: str, regional: str) -> tuple[Rung, ...]:
    """As `ladder.rungs` climbs: the unit's own three, every head above it that there is, coordinator, regional head."""
    tree = office.reference.tree
    over = [one.code for one in tree.ladder(code)[1:] if one.code in of and of[one.code].of(Role.KEPALA)]
    places = [
        *((audience, code) for audience in (Audience.TEAM, Audience.DEPUTY, Audience.HEAD)),
        *((Audience.HEAD, above) for above in over),
        (Audience.COORDINATOR, tree.coordinator),
        (Audience.REGIONAL_HEAD, regional),
    ]
    return tuple(
        Rung(audience, at, _held(of[at].of(RUNGS[audience])) if at in of else Held.EMPTY) for audience, at in places
    )
