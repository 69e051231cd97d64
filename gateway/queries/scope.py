"""Who may see which complaints, and how much of each: the one table that lists, details and the API go by.

Source: SECURITY § 10 (roles) and C7. What a reader sees of a complaint that they may read is decided by `gateway.privacy.privacy`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

from gateway.complaints.complaint import CONFLICT, OFFICERS, Kind, Role, Sensitive
from gateway.office import Office
from gateway.people.directory import subtree
from gateway.privacy.privacy import Reader
from gateway.storage import tables

complaint = tables.complaint
NAMED_ONLY = (Sensitive.ANAK.value, Sensitive.KEKERASAN_SEKSUAL.value)


class Sight(StrEnum):
    """How much of a complaint somebody sees."""

    FULL = "full"
    NUMBER = "number"
    """That it exists, where it is and how it stands; none of its words."""
    NONE = "none"
    """As if it did not exist."""


class Sort(StrEnum):
    """What kind of complaint it is, for the question who may read it; the first that fits counts."""

    SUPERVISION = "supervision"
    """About the government's own people, or with a conflict of interest."""
    SENSITIVE = "sensitive"
    CONFIDENTIAL = "confidential"
    NORMAL = "normal"


F, N, X = Sight.FULL, Sight.NUMBER, Sight.NONE
# fmt: off
SEES: Mapping[Role, Mapping[Sort, Sight]] = {
    #                         about our own people      children, violence   confidential          all others
    Role.CHANNEL_ADMIN:   {Sort.SUPERVISION: N, Sort.SENSITIVE: N, Sort.CONFIDENTIAL: N, Sort.NORMAL: F},
    Role.COORDINATOR:     {Sort.SUPERVISION: N, Sort.SENSITIVE: F, Sort.CONFIDENTIAL: F, Sort.NORMAL: F},
    Role.INSPECTORATE:    {Sort.SUPERVISION: F, Sort.SENSITIVE: X, Sort.CONFIDENTIAL: X, Sort.NORMAL: X},
    Role.REGIONAL_HEAD:   {Sort.SUPERVISION: N, Sort.SENSITIVE: N, Sort.CONFIDENTIAL: N, Sort.NORMAL: F},
    Role.PRIVACY_OFFICER: {Sort.SUPERVISION: F, Sort.SENSITIVE: F, Sort.CONFIDENTIAL: F, Sort.NORMAL: F},
    Role.PENGHUBUNG:      {Sort.SUPERVISION: X, Sort.SENSITIVE: F, Sort.CONFIDENTIAL: F, Sort.NORMAL: F},
    Role.DEPUTI:          {Sort.SUPERVISION: X, Sort.SENSITIVE: F, Sort.CONFIDENTIAL: F, Sort.NORMAL: F},
    Role.KEPALA:          {Sort.SUPERVISION: X, Sort.SENSITIVE: F, Sort.CONFIDENTIAL: F, Sort.NORMAL: F},
    # A member of a team sees what is kept from others only as its holder (see `_holder`).
    Role.ANGGOTA:         {Sort.SUPERVISION: X, Sort.SENSITIVE: X, Sort.CONFIDENTIAL: X, Sort.NORMAL: F},
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose eyes a query looks with. `agencies`: codes that officers are bound to (theirs and below), None: all."""

    reader: Reader
    sees: Mapping[Sort, Sight]
    agencies: frozenset[str] | None = None
    holder_id: int | None = None
    oversees: str = ""
    """The reader's own office, where it is theirs to look into what officers are reported for."""
    unknown: frozenset[str] = frozenset()
    """Whoever is reported among these: for this reader there is no such complaint."""
    unrouted: frozenset[str] = frozenset()
    """Whoever is reported among these: it goes its way without this reader, who would otherwise route it."""
    routes: bool = False
    """May read a complaint about our own people until it is given to the inspectorate: somebody has to route it."""
    is_officer: bool = False


def scope_of(office: Office, role: Role, agency: str = "", person: str = "") -> Scope:
    """The scope of somebody who is signed in or holds a link; `person` is the id that actions carry."""
    tree = office.reference.tree
    sees = SEES.get(role, dict.fromkeys(Sort, Sight.NONE))
    is_officer = role in OFFICERS
    unknown = {Role.INSPECTORATE: tree.conflict_of_interest, Role.REGIONAL_HEAD: tree.root}.get(role, "")
    return Scope(
        reader=Reader.OFFICER if is_officer else Reader.COORDINATOR,
        sees=sees,
        agencies=subtree(office, agency) if is_officer else None,
        holder_id=int(person) if person.isdigit() else None,
        oversees=agency if is_officer and oversees(office, role, agency) else "",
        unknown=frozenset({unknown} - {""}),
        unrouted=frozenset({tree.coordinator, tree.root} - {""}),
        routes=role is Role.COORDINATOR,
        is_officer=is_officer,
    )


def api_scope(office: Office, agency: str = "") -> Scope:
    """A token: all complaints, or those that a liaison of its agency would see; `privacy` keeps back what no other system
    may have."""
    if not agency:
        return Scope(Reader.API, dict.fromkeys(Sort, Sight.FULL))
    sees, below = SEES[Role.PENGHUBUNG], subtree(office, agency)
    own = agency if oversees(office, Role.PENGHUBUNG, agency) else ""
    return Scope(Reader.API, sees, agencies=below, oversees=own, is_officer=True)


def oversees(office: Office, role: Role, agency: str) -> bool:
    """Whether this officer looks into what officers are reported for: the inspectorate, and the regional secretary in
    person where the inspectorate itself is reported."""
    tree = office.reference.tree
    return agency == tree.conflict_of_interest or (role is Role.KEPALA and agency == tree.secretary)


def visible(scope: Scope) -> ColumnElement[bool]:
    """The rows that exist for this reader at all."""
    return and_(_own(scope), _seen(scope, {Sight.FULL, Sight.NUMBER}), _known(scope))


def readable(scope: Scope) -> ColumnElement[bool]:
    """The rows whose words this reader may read: only these are searched by words."""
    found = and_(_own(scope), or_(_seen(scope, {Sight.FULL}), _to_route(scope)), _known(scope))
    # What privacy keeps from other systems must not be found out by searching for it either.
    return and_(found, complaint.c.confidential.is_(False)) if scope.reader is Reader.API else found


def sight(scope: Scope, row: Any) -> Sight:
    """How much of this very row, or `Case`; the same rules as `visible` and `readable`."""
    if scope.agencies is not None and row.agency not in scope.agencies:
        return Sight.NONE
    if row.reported in scope.unknown:
        return Sight.NONE
    sort = sort_of(row)
    if scope.is_officer and scope.holder_id is not None and row.holder_id == scope.holder_id:
        return Sight.FULL
    if sort is Sort.SUPERVISION:
        if scope.routes and not row.agency and row.reported not in scope.unrouted:
            return Sight.FULL
        if scope.oversees and row.agency == scope.oversees:
            return Sight.FULL
    return scope.sees[sort]


def in_full(scope: Scope, row: Any) -> bool:
    """Whether this reader may read it for good, not only as its holder or as long as somebody has to route it."""
    return scope.sees[sort_of(row)] is Sight.FULL and sight(scope, row) is Sight.FULL


def sort_of(row: Any) -> Sort:
    flags = row.flags.split() if isinstance(row.flags, str) else row.flags
    if row.kind == Kind.PENGADUAN_PENGAWASAN or CONFLICT in flags:
        return Sort.SUPERVISION
    if row.sensitive in NAMED_ONLY:
        return Sort.SENSITIVE
    return Sort.CONFIDENTIAL if row.confidential else Sort.NORMAL


def _seen(scope: Scope, enough: set[Sight]) -> ColumnElement[bool]:
    sorts = [sort for sort in Sort if scope.sees[sort] in enough]
    if len(sorts) == len(Sort):
        return true()
    return or_(*(_is(sort) for sort in sorts), _held(scope))


def _is(sort: Sort) -> ColumnElement[bool]:
    about_us = or_(complaint.c.kind == Kind.PENGADUAN_PENGAWASAN.value, complaint.c.flags.contains(CONFLICT))
    named = complaint.c.sensitive.in_(NAMED_ONLY)
    match sort:
        case Sort.SUPERVISION:
            return about_us
        case Sort.SENSITIVE:
            return and_(not_(about_us), named)
        case Sort.CONFIDENTIAL:
            return and_(not_(about_us), not_(named), complaint.c.confidential.is_(True))
        case Sort.NORMAL:
            return and_(not_(about_us), not_(named), complaint.c.confidential.is_(False))


def _own(scope: Scope) -> ColumnElement[bool]:
    if scope.agencies is None:
        return true()
    return complaint.c.agency.in_(sorted(scope.agencies)) if scope.agencies else false()


def _held(scope: Scope) -> ColumnElement[bool]:
    """What an officer holds, and what belongs to the inspectorate's own officers."""
    if not scope.is_officer:
        return false()
    mine = complaint.c.holder_id == scope.holder_id if scope.holder_id is not None else false()
    return or_(mine, and_(_is(Sort.SUPERVISION), complaint.c.agency == scope.oversees)) if scope.oversees else mine


def _to_route(scope: Scope) -> ColumnElement[bool]:
    to_route = and_(complaint.c.agency == "", complaint.c.reported.not_in(sorted(scope.unrouted)))
    return and_(_is(Sort.SUPERVISION), to_route) if scope.routes else false()


def not_about_them(scope: Scope) -> ColumnElement[bool]:
    """What is not said of officers, or is for this very reader to look into; wherever it lies."""
    about_us = _is(Sort.SUPERVISION)
    return or_(not_(about_us), complaint.c.agency == scope.oversees) if scope.oversees else not_(about_us)


def _known(scope: Scope) -> ColumnElement[bool]:
    return complaint.c.reported.not_in(sorted(scope.unknown)) if scope.unknown else true()
