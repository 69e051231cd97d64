"""How well reports of one incident are found: what an officer is shown beside each, against labels, for `gateway classifier evaluate`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from gateway.complaints.complaint import Point
from gateway.complaints.duplicates import Incident, known_area
from gateway.complaints.likeness import LIKELY, MOST_SHOWN, Certainty, Likeness, likeness
from gateway.complaints.tellings import Teller
from workers.classification.evaluate import Answered

TASK = "same_incident"
LABELS = {"incident": str, "at": str, "latitude": float, "longitude": float}
"""Keys of a row: reports of one incident have the same `incident`; `at` is when it was told (ISO 8601)."""


@dataclass(frozen=True, slots=True)
class Sure:
    """How many were shown with this certainty, and how many of them rightly."""

    shown: int
    precision: float


@dataclass(frozen=True, slots=True)
class SameIncident:
    """`precision`: of those shown beside a report, how many are about its incident. `recall`: of those that are, how many are
    shown (at most `MOST_SHOWN` each can be). `first_right`: of the reports that have others, how many have one at the top."""

    rows: int
    incidents: int
    wanted: int
    shown: int
    precision: float
    recall: float
    first_right: float
    by_certainty: Mapping[str, Sure]

    def as_row(self) -> dict[str, object]:
        return {
            "task": TASK, "rows": self.rows, "incidents": self.incidents, "wanted": self.wanted, "shown": self.shown,
            "precision": self.precision, "recall": self.recall, "first_right": self.first_right,
        }  # fmt: skip

    def certainties(self) -> list[dict[str, object]]:
        return [
            {"shown as": name, "shown": one.shown, "precision": one.precision}
            for name, one in self.by_certainty.items()
        ]


@dataclass(frozen=True, slots=True)
class _Shown:
    alike: Likeness
    is_right: bool


def wrong_time(row: Mapping[str, object]) -> bool:
    """Whether a row names an incident, but not when it was told."""
    if row.get("incident") is None:
        return False
    try:
        datetime.fromisoformat(str(row.get("at")))
    except ValueError:
        return True
    return False


def same_incident(answered: Sequence[Answered], teller: Callable[[], Teller]) -> SameIncident | None:
    """None where no row names an incident. Topic and place are those that the classifier reads, as in the product."""
    told = [
        (str(row["incident"]), _incident(row, one.topic, one.place_code, one.place))
        for row, one in answered
        if row.get("incident")
    ]
    if not told:
        return None
    beside = _beside(told, teller())
    twins = {at: sum(other[0] == one[0] for other in told) - 1 for at, one in enumerate(told)}
    shown = [one for found in beside.values() for one in found]
    wanted = sum(min(many, MOST_SHOWN) for many in twins.values())
    with_others = [at for at, many in twins.items() if many]
    right = sum(one.is_right for one in shown)
    return SameIncident(
        rows=len(told),
        incidents=len({name for name, _ in told}),
        wanted=wanted,
        shown=len(shown),
        precision=_share(right, len(shown)),
        recall=_share(right, wanted),
        first_right=_share(sum(bool(beside[at]) and beside[at][0].is_right for at in with_others), len(with_others)),
        by_certainty={str(certainty): _sure(shown, certainty) for certainty in Certainty},
    )


def _beside(told: Sequence[tuple[str, Incident]], teller: Teller) -> Mapping[int, Sequence[_Shown]]:
    """What stands beside each, the most alike first."""
    found: dict[int, list[_Shown]] = defaultdict(list)
    for (one, (name, mine)), (other, (same, theirs)) in combinations(enumerate(told), 2):
        alike = likeness(teller, mine, theirs)
        if alike and alike.probability >= LIKELY:
            for at in (one, other):
                found[at].append(_Shown(alike, name == same))
    for at in range(len(told)):
        found[at] = sorted(found[at], key=lambda each: (-each.alike.probability, each.alike.apart))[:MOST_SHOWN]
    return found


def _incident(row: Mapping[str, object], topic: str, area: str, area_name: str) -> Incident:
    latitude, longitude = row.get("latitude"), row.get("longitude")
    point = (
        Point(latitude, longitude) if isinstance(latitude, int | float) and isinstance(longitude, int | float) else None
    )
    at = datetime.fromisoformat(str(row["at"]))
    return Incident(str(row["text"]), topic, at, known_area(area), point, area_name)


def _sure(shown: Iterable[_Shown], certainty: Certainty) -> Sure:
    found = [one.is_right for one in shown if one.alike.certainty is certainty]
    return Sure(len(found), _share(sum(found), len(found)))


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
