"""Agencies, their teams and the two offices with a part of their own: coordinator and conflict of interest."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Literal

from config.reference.reading import Source, built, known_only, read_document, read_entries

TeamRole = Literal["penghubung", "deputi", "kepala", "anggota"]
Means = Literal["telegram", "whatsapp", "email", "sms"]
FIRST_TRAINING_ID = 900_000
"""Telegram ids of fictitious officers in training: this plus the agency's position in the file."""


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A person of an agency's team. Contacts in the data file count as verified by its decree (CASEWORK § 6.4)."""

    role: TeamRole
    person: str
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    telegram: str = field(default="", repr=False)
    """Numeric Telegram id."""
    whatsapp: str = field(default="", repr=False)
    notify: tuple[Means, ...] = ()
    """How to tell them, first means first, before the default order of channels."""
    position: str = ""
    sk_number: str = ""
    sk_date: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    hours: str = ""

    def __post_init__(self) -> None:
        for name, number in (("phone", self.phone), ("whatsapp", self.whatsapp)):
            if number and not re.fullmatch(r"\+\d{8,15}", number):
                raise ValueError(f"{name} must be written like +62811…, not {number!r}")
        if self.telegram and not re.fullmatch(r"-?\d{3,16}", self.telegram):
            raise ValueError(f"telegram must be a numeric id, not {self.telegram!r}")
        if self.email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.email):
            raise ValueError(f"email must be an address, not {self.email!r}")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")

    def is_valid_on(self, day: date) -> bool:
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Agency:
    """One unit. `parent` builds the escalation ladder; units that do not accept only stand in it."""

    code: str
    name: str
    kind: str
    accepts: bool
    parent: str = ""
    aliases: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    """Topic codes, the main one first."""
    keywords: tuple[str, ...] = ()
    """What citizens write: hints for suggestions, never a ground for a refusal."""
    areas: tuple[str, ...] = ()
    """Area codes; empty = the whole region."""
    sp4n_institution_id: str = ""
    decree: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    hours: str = ""
    timezone: str = ""
    answer_approval: bool = False
    """Answers of team members wait for the penghubung, deputi or kepala."""
    note: str = ""
    team: tuple[TeamMember, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z0-9-]{2,24}", self.code):
            raise ValueError(f"code must be A-Z, 0-9 and -, not {self.code!r}")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")

    def is_valid_on(self, day: date) -> bool:
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day <= self.valid_to)

    def members(self, role: str) -> tuple[TeamMember, ...]:
        return tuple(member for member in self.team if member.role == role)


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands in the file beside the agencies."""

    coordinator: str
    conflict_of_interest: str
    region: str = ""
    timezone: str = "Asia/Jakarta"
    duty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgencyTree:
    """All agencies by code, in the file's order."""

    agencies: Mapping[str, Agency]
    coordinator: str
    conflict_of_interest: str
    region: str
    timezone: str
    duty: tuple[str, ...] = ()
    """Codes of the offices that are told of danger at any hour; where there is none, the coordinator is."""

    @property
    def secretary(self) -> str:
        """The regional secretary's office, who takes what is said of the inspectorate; else the coordinator's."""
        found = (one.code for one in self.agencies.values() if one.kind == "setda" and one.accepts)
        return next(found, self.coordinator)

    @property
    def root(self) -> str:
        """The government itself, in whose place its head stands; empty where the tree has none."""
        return next((one.code for one in self.agencies.values() if one.kind == "pemerintah"), "")

    def ladder(self, code: str) -> tuple[Agency, ...]:
        """The agency itself, its parent, and so on to the root."""
        rungs = []
        while agency := self.agencies.get(code):
            rungs.append(agency)
            code = agency.parent
        return tuple(rungs)

    def children(self, code: str) -> tuple[Agency, ...]:
        return tuple(agency for agency in self.agencies.values() if agency.parent == code)


def read_agencies(
    source: Source, topics: tuple[Collection[str], Source], areas: tuple[Collection[str], Source]
) -> AgencyTree:
    """Refuses unknown topics, areas and parents, double codes and aliases, circles, and a missing coordinator."""
    document = read_document(source)
    entries = read_entries(source, document, "agency", Agency, "code")
    head = built(source, _Head, {key: value for key, value in document.items() if key != "agency"}, "head")
    names: dict[str, str] = {}
    for position, agency in enumerate(entries.values(), start=1):
        place = f"agency {position} ({agency.code})"
        known_topics = known_only(source, f"{place}.topics", agency.topics, *topics, "topic")
        known_areas = known_only(source, f"{place}.areas", agency.areas, *areas, "area")
        if agency.parent and agency.parent not in entries:
            raise source.refuse(f"{place}.parent", f"unknown agency {agency.parent!r}")
        for name in (agency.code, *(alias.upper() for alias in agency.aliases)):
            if names.setdefault(name, agency.code) != agency.code:
                raise source.refuse(place, f"{name!r} already names {names[name]}")
        _refuse_double_mandates(source, place, agency)
        entries[agency.code] = replace(
            agency, topics=known_topics, areas=known_areas, timezone=agency.timezone or head.timezone
        )
    _refuse_circles(source, entries)
    named = [("coordinator", head.coordinator), ("conflict_of_interest", head.conflict_of_interest)]
    for key, code in [*named, *(("duty", code) for code in head.duty)]:
        if code not in entries:
            raise source.refuse(key, f"unknown agency {code!r}")
    return AgencyTree(
        MappingProxyType(entries), head.coordinator, head.conflict_of_interest, head.region, head.timezone, head.duty
    )


def _refuse_double_mandates(source: Source, place: str, agency: Agency) -> None:
    """Somebody may hold several roles, each of them once: two mandates for the same would contradict each other."""
    seen: dict[tuple[str, str], TeamMember] = {}
    for position, member in enumerate(agency.team):
        first = seen.setdefault((member.role, member.person), member)
        if first is member:
            continue
        why = " for the same days" if _overlap(first, member) else ": keep the mandate that counts now"
        raise source.refuse(f"{place}.team[{position}]", f"{member.person!r} is {member.role} twice{why}")


def _overlap(one: TeamMember, other: TeamMember) -> bool:
    begins = max(one.valid_from or date.min, other.valid_from or date.min)
    return begins <= min(one.valid_to or date.max, other.valid_to or date.max)


def _refuse_circles(source: Source, agencies: Mapping[str, Agency]) -> None:
    for start in agencies:
        seen, code = [start], agencies[start].parent
        while code:
            if code == start:
                raise source.refuse(f"agency ({start})", f"is its own parent: {' -> '.join([*seen, start])}")
            if code in seen:
                break
            seen.append(code)
            code = agencies[code].parent


def with_training_addresses(tree: AgencyTree) -> AgencyTree:
    """For training: every accepting agency's first penghubung without a Telegram id gets a fictitious one.

    The same agency always has the same id (900001 for the first of the file), so notices reach the simulator.
    """
    reachable = {}
    taken = {member.telegram for agency in tree.agencies.values() for member in agency.team}
    for position, agency in enumerate(tree.agencies.values(), start=1):
        number = str(FIRST_TRAINING_ID + position)
        reachable[agency.code] = agency
        if agency.accepts and number not in taken:
            reachable[agency.code] = replace(agency, team=_with_telegram(agency.team, number))
    return replace(tree, agencies=MappingProxyType(reachable))


def _with_telegram(team: tuple[TeamMember, ...], number: str) -> tuple[TeamMember, ...]:
    for place, member in enumerate(team):
        if member.role == "penghubung":
            if member.telegram:
                return team
            others = tuple(means for means in member.notify if means != "telegram")
            reachable = replace(member, telegram=number, notify=("telegram", *others))
            return (*team[:place], reachable, *team[place + 1 :])
    return team
