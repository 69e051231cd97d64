"""Complaints that may be about the same as this one, and why: a suggestion beside it, a person links (CASEWORK 7).

Only what this reader may read is compared, and by a point only where they may see it: that two are alike tells of both.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from gateway.complaints.complaint import Hold, Kind, Point
from gateway.complaints.duplicates import EARTH_RADIUS_M, LIKELY_WITHIN, Incident, known_area
from gateway.complaints.incident import BEFORE_AGENCY
from gateway.complaints.likeness import FAR_METRES, LIKELY, MOST_SHOWN, Likeness, likeness
from gateway.privacy.privacy import shown_to
from gateway.queries.relatives import Relative, shown
from gateway.queries.scope import Scope, Sight, readable, sight
from gateway.queries.tellers import teller
from gateway.storage import tables
from gateway.storage.store import Transaction

complaint = tables.complaint
MOST_COMPARED = 100
"""Before and after it, the nearest in time first."""
MOST_LETTERS = 2_000
"""Characters of a text that are compared."""
METRES_PER_DEGREE = math.radians(1) * EARTH_RADIUS_M
FLATTEST = 0.01
"""The least cosine: degrees of longitude are narrow near a pole, but never nothing."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Another complaint with what speaks for it. `later`: from this one to the other, negative where the other is older.
    `more`: how many that are linked with the other are alike too.

    `child`, `parent`: numbers, who would follow whom; empty where they cannot be linked. `version`: of the child.
    """

    other: Relative
    alike: Likeness
    later: timedelta
    child: str = ""
    parent: str = ""
    version: int = 0
    more: int = 0

    @property
    def days(self) -> int:
        """Whole days from this one to the other."""
        return math.trunc(self.later / timedelta(days=1))

    @property
    def hours(self) -> int:
        return math.trunc(self.later / timedelta(hours=1))


def look_alikes(tx: Transaction, scope: Scope, row: Any) -> list[LookAlike]:
    """The most alike first; of a complaint whose words this reader may read, else none."""
    if sight(scope, row) is not Sight.FULL or not row.text_masked:
        return []
    reads, mine = teller(tx.office.reference), incident_of(scope, row)
    others = [other for other in _candidates(tx, scope, row) if sight(scope, other) is Sight.FULL]
    compared = [(likeness(reads, mine, incident_of(scope, other)), other) for other in others]
    found = [(alike, other) for alike, other in compared if alike and alike.probability >= LIKELY]
    found.sort(key=lambda one: (-one[0].probability, one[0].apart))
    # Of those that are linked to each other one stands for all: who links to it links to their parent.
    families = Counter(_family(other) for _, other in found)
    standing: dict[int, tuple[Likeness, Any]] = {}
    for one in found:
        standing.setdefault(_family(one[1]), one)
    best = list(standing.values())[:MOST_SHOWN]
    followed = _followed(tx, [row.id, *(other.id for _, other in best)]) if best else frozenset[int]()
    return [
        replace(_look_alike(scope, row, other, alike, followed), more=families[_family(other)] - 1)
        for alike, other in best
    ]


def _candidates(tx: Transaction, scope: Scope, row: Any) -> Sequence[Any]:
    """The nearest in time on either side, by the index of what is newest; its own family is none."""
    column = complaint.c
    wanted = [_near(row), column.hold == Hold.NONE.value, readable(scope)]
    older = select(complaint).where(
        column.created_at <= row.created_at, column.created_at >= row.created_at - LIKELY_WITHIN, *wanted
    )
    newer = select(complaint).where(
        column.created_at > row.created_at, column.created_at <= row.created_at + LIKELY_WITHIN, *wanted
    )
    rows = [
        *tx.all(older.order_by(column.created_at.desc(), column.id.desc()).limit(MOST_COMPARED)),
        *tx.all(newer.order_by(column.created_at, column.id).limit(MOST_COMPARED)),
    ]
    return [other for other in rows if _family(other) != _family(row)]


def _near(row: Any) -> ColumnElement[bool]:
    """What `likeness` may find near: in the area or the one around it, about its point, from its reporter, and what names no
    place; where it names none itself, of its topic everywhere."""
    column = complaint.c
    area = known_area(row.place)
    places: list[ColumnElement[bool]] = []
    if area:
        places += [
            column.place.in_([area, known_area(area.rpartition(".")[0]) or area]),
            column.place.like(f"{area}.%"),
        ]
    places.append(column.place == "")
    if row.topic and not area:
        places.append(column.topic == row.topic)
    if row.latitude is not None and row.longitude is not None:
        up = FAR_METRES / METRES_PER_DEGREE
        across = up / max(math.cos(math.radians(row.latitude)), FLATTEST)
        places.append(
            and_(
                column.latitude.between(row.latitude - up, row.latitude + up),
                column.longitude.between(row.longitude - across, row.longitude + across),
            )
        )
    if row.contact_id is not None and not row.anonymous:
        places.append(and_(column.contact_id == row.contact_id, column.anonymous.is_(False)))
    return or_(*places)


def _family(row: Any) -> int:
    return int(row.parent_id or row.id)


def incident_of(scope: Scope, row: Any) -> Incident:
    """A complaint as far as this reader may compare it with another."""
    # That two anonymous reports come from one person would say more of them than they wanted to say.
    reporter = "" if row.contact_id is None or row.anonymous else str(row.contact_id)
    text = f"{row.text_masked[:MOST_LETTERS]}\n{row.location_text}"
    return Incident(
        text, row.topic, row.created_at, known_area(row.place), _point(scope, row), row.place_name, reporter
    )


def _point(scope: Scope, row: Any) -> Point | None:
    if row.latitude is None or row.longitude is None or not shown_to(scope.reader, row).point:
        return None
    return Point(row.latitude, row.longitude)


def _followed(tx: Transaction, ids: Sequence[int]) -> frozenset[int]:
    """Which of these have others that follow them."""
    parent = complaint.c.parent_id
    return frozenset(
        row.parent_id for row in tx.all(select(parent).where(parent.is_not(None), parent.in_(ids)).distinct())
    )


def _look_alike(scope: Scope, row: Any, other: Any, alike: Likeness, followed: frozenset[int]) -> LookAlike:
    pair = _pair(row, other, followed)
    return LookAlike(
        other=shown(scope, [other])[0],
        alike=alike,
        later=other.created_at - row.created_at,
        child=pair[0].number if pair else "",
        parent=pair[1].number if pair else "",
        version=pair[0].version if pair else 0,
    )


def _pair(row: Any, other: Any, followed: frozenset[int]) -> tuple[Any, Any] | None:
    """Who would follow whom: a parent stays one, and so does who is with an agency already; else the older one leads."""
    for child, parent in sorted([(row, other), (other, row)], key=lambda pair: int(pair[1].id)):
        is_behind = child.agency and (not parent.agency or parent.status in BEFORE_AGENCY)
        if not is_behind and child.parent_id is None and child.id not in followed and _may_be_one(child, parent):
            return child, parent
    return None


def _may_be_one(child: Any, parent: Any) -> bool:
    both = (child, parent)
    if any(one.closed_at is not None or one.hold != Hold.NONE.value for one in both):
        return False
    return len({one.kind == Kind.PENGADUAN_PENGAWASAN.value for one in both}) == 1
