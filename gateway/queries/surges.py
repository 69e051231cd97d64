"""Many reports of one topic from one place within an hour: perhaps one incident. A person decides (CASEWORK 7)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, tuple_

from gateway.complaints.duplicates import MASS_REPORTS, MASS_WITHIN
from gateway.complaints.incident import MOST_CHILDREN
from gateway.queries.relatives import Relative, shown
from gateway.queries.scope import Scope, readable
from gateway.storage import tables
from gateway.storage.store import Transaction

complaint = tables.complaint
MOST_READ = 2_000
MOST_INCIDENTS = 50
MOST_SHOWN = MOST_CHILDREN + 1
"""One parent and as many as may follow it."""


@dataclass(frozen=True, slots=True)
class Surge:
    """Reports that may be about one incident, oldest first. `linked`: how many of them are together already.

    `total`: how many there are; of more than `MOST_SHOWN` those that follow a parent are left out of `reports` first.
    `parent`: the number that the others would follow: the parent they have, else the oldest.
    """

    topic: str
    place: str
    reports: Sequence[Relative]
    total: int
    parent: str
    linked: int


@dataclass(frozen=True, slots=True)
class Incident:
    """A parent with the number of reports that follow it."""

    parent: Relative
    children: int


def surges(tx: Transaction, scope: Scope) -> list[Surge]:
    """The largest first; those that are one family already are none any more."""
    column = complaint.c
    recent = (column.created_at > tx.now - MASS_WITHIN) & column.closed_at.is_(None)
    placed = (column.topic != "") & (column.place != "") & (column.hold == "none")
    mine = recent & placed & readable(scope)
    # Asked whenever the list of complaints is looked at, and there is hardly ever one: counted before anything is read.
    kind = (column.topic, column.place)
    large = tx.all(select(*kind).where(mine).group_by(*kind).having(func.count() >= MASS_REPORTS))
    if not large:
        return []
    of_them = mine & tuple_(*kind).in_([(row.topic, row.place) for row in large])
    rows = tx.all(select(complaint).where(of_them).order_by(column.created_at.desc()).limit(MOST_READ))
    groups = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        groups[row.topic, row.place].append(row)
    found = [_surge(scope, group) for group in groups.values() if len(group) >= MASS_REPORTS]
    return sorted((one for one in found if one.linked < one.total), key=lambda one: -one.total)


def _surge(scope: Scope, group: Sequence[Any]) -> Surge:
    parents = [row.parent_id for row in group if row.parent_id]
    known = next((row for row in group if row.id in parents), None)
    first = known or next((row for row in group if row.parent_id is None), group[0])
    linked = len([row for row in group if row.parent_id == first.id]) + (1 if known else 0)
    reports = shown(scope, _fitting(group, first))
    return Surge(first.topic, first.place_name, reports, len(group), first.number, linked)


def _fitting(group: Sequence[Any], first: Any) -> Sequence[Any]:
    """What one form can gather; the rest shows once these follow."""
    if len(group) <= MOST_SHOWN:
        return group
    waiting = [row for row in group if row.parent_id is None and row.id != first.id][: MOST_SHOWN - 1]
    return sorted([first, *waiting], key=lambda row: int(row.id))


def incidents(tx: Transaction, scope: Scope) -> list[Incident]:
    """The newest parents that are not closed, with what follows them."""
    child = complaint.alias("child")
    found = tx.all(
        select(child.c.parent_id, func.count().label("many"))
        .join_from(child, complaint, complaint.c.id == child.c.parent_id)
        .where(child.c.parent_id.is_not(None), complaint.c.closed_at.is_(None))
        .group_by(child.c.parent_id)
        .order_by(child.c.parent_id.desc())
        .limit(MOST_INCIDENTS)
    )
    if not found:
        return []
    counted = {row.parent_id: row.many for row in found}
    parents = tx.all(select(complaint).where(complaint.c.id.in_(counted)).order_by(complaint.c.id.desc()))
    return [Incident(one, counted[row.id]) for row in parents for one in shown(scope, [row])]
