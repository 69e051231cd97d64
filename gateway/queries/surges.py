"""Many reports of one topic, or in like words, from one place within an hour: perhaps one incident. A person decides (CASEWORK 7)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from gateway.complaints.duplicates import MASS_REPORTS, MASS_WITHIN
from gateway.complaints.incident import MOST_CHILDREN
from gateway.complaints.likeness import PROBABLE, likeness
from gateway.complaints.tellings import Teller
from gateway.queries.look_alikes import incident_of
from gateway.queries.relatives import Relative, shown
from gateway.queries.scope import Scope, readable
from gateway.queries.tellers import teller
from gateway.storage import tables
from gateway.storage.store import Transaction

complaint = tables.complaint
MOST_READ = 2_000
MOST_STRAYS, MOST_ALIKE = 30, 5
"""Reports of another topic that are looked at, the newest, and with how many of a group each is compared."""
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
    mine = recent & (column.place != "") & (column.hold == "none") & readable(scope)
    # Asked whenever the list of complaints is looked at, and there is hardly ever one: counted before anything is read.
    crowded = tx.all(select(column.place).where(mine).group_by(column.place).having(func.count() >= MASS_REPORTS))
    if not crowded:
        return []
    of_them = mine & column.place.in_([row.place for row in crowded])
    rows = tx.all(select(complaint).where(of_them).order_by(column.created_at.desc()).limit(MOST_READ))
    places = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        places[row.place].append(row)
    reads = teller(tx.office.reference)
    groups = [group for of_place in places.values() for group in _groups(reads, scope, of_place)]
    found = [_surge(scope, group) for group in groups if len(group) >= MASS_REPORTS]
    return sorted((one for one in found if one.linked < one.total), key=lambda one: -one.total)


def _groups(reads: Teller, scope: Scope, rows: Sequence[Any]) -> list[list[Any]]:
    """Reports of one place by topic; what was given another topic, or none yet, goes with those that it is like."""
    topics = defaultdict(list)
    for row in rows:
        topics[row.topic].append(row)
    groups = [group for topic, group in topics.items() if topic and len(group) >= MASS_REPORTS]
    told = {row.id for group in groups for row in group}
    for row in [row for row in rows if row.id not in told][-MOST_STRAYS:]:
        like = [group for group in groups if any(_is_alike(reads, scope, row, one) for one in group[-MOST_ALIKE:])]
        like.sort(key=len, reverse=True)
        # Few reports that were apart until this one came belong together; two that are many each stay two.
        joined = like[:1] + [group for group in like[1:] if len(group) < MASS_REPORTS]
        together = sorted((one for group in joined for one in group), key=lambda one: int(one.id))
        groups = [group for group in groups if group not in joined] + [[*together, row]]
    return groups


def _is_alike(reads: Teller, scope: Scope, row: Any, other: Any) -> bool:
    alike = likeness(reads, incident_of(scope, row), incident_of(scope, other))
    return alike is not None and alike.probability >= PROBABLE


def _surge(scope: Scope, group: Sequence[Any]) -> Surge:
    parents = [row.parent_id for row in group if row.parent_id]
    known = next((row for row in group if row.id in parents), None)
    first = known or next((row for row in group if row.parent_id is None), group[0])
    linked = len([row for row in group if row.parent_id == first.id]) + (1 if known else 0)
    reports = shown(scope, _fitting(group, first))
    (topic, _) = Counter(row.topic for row in group).most_common(1)[0]
    return Surge(topic, first.place_name, reports, len(group), first.number, linked)


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
