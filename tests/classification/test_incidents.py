"""Reports of one incident, told by several citizens, and others that only look like it: what an officer is shown.

`fresh.jsonl` was written last and only measured; the others were measured once and then built upon. The floors are what was
reached, less a little.
"""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from config.reference import Reference
from gateway.complaints.duplicates import Incident, known_area
from gateway.complaints.likeness import LIKELY, Certainty, likeness
from gateway.queries.tellers import teller
from workers.classification.engine import KeywordClassifier
from workers.classification.incidents import SameIncident, same_incident
from workers.classification.wordlists import examples

FOLDER = Path(__file__).parent / "incidents"

# fmt: off
FLOORS = [
    # file            precision  recall  first right
    ("first.jsonl",   0.80,      0.86,   0.88),
    ("second.jsonl",  0.80,      0.84,   0.83),
    ("third.jsonl",   0.72,      0.72,   0.70),
    ("fourth.jsonl",  0.72,      0.58,   0.73),
    ("fresh.jsonl",   0.80,      0.63,   0.72),
]
# fmt: on


def measured(name: str, classifier: KeywordClassifier, reference: Reference) -> SameIncident:
    rows = [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]
    assert max(Counter(row["text"] for row in rows).values()) == 1
    found = same_incident([(row, classifier.suggest(row["text"])) for row in rows], lambda: teller(reference))
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "precision", "recall", "first_right"), FLOORS)
def test_reports_of_one_incident_are_found_and_others_are_not(
    classifier: KeywordClassifier,
    reference: Reference,
    name: str,
    precision: float,
    recall: float,
    first_right: float,
) -> None:
    found = measured(name, classifier, reference)
    assert found.rows >= 60
    assert found.rows > found.incidents
    assert found.precision >= precision
    assert found.recall >= recall
    assert found.first_right >= first_right


def test_what_is_called_likelier_is_right_more_often(classifier: KeywordClassifier, reference: Reference) -> None:
    found = [measured(name, classifier, reference).by_certainty for name, *_ in FLOORS]
    sure, probable, possible = (
        sum(one[name].shown * one[name].precision for one in found) / sum(one[name].shown for one in found)
        for name in Certainty
    )
    assert sure > 0.9 > probable > 0.7 > possible > 0.4


def test_rows_without_an_incident_are_not_measured(classifier: KeywordClassifier, reference: Reference) -> None:
    assert (
        same_incident([({"text": "lampu mati"}, classifier.suggest("lampu mati"))], lambda: teller(reference)) is None
    )


def test_reports_that_have_nothing_to_do_with_each_other_stand_alone(reference: Reference) -> None:
    """Thirty a day from everywhere, as an office gets them: what stands beside a report must be worth a look."""
    chance = random.Random(7)  # noqa: S311 - the same reports every time
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    areas = [area for area in reference.areas.values() if known_area(area.code)]
    weights = [1 / place for place in range(1, len(areas) + 1)]
    told = []
    for example in chance.sample(examples(), 300):
        (area,) = chance.choices(areas, weights)
        at = begin + timedelta(days=10 * chance.random())
        told.append(Incident(example.text, example.topic, at, area.code, area_name=area.name))
    reads = teller(reference)
    compared = [(one, other, likeness(reads, one, other)) for one, other in combinations(told, 2)]
    shown = [(one, other, found) for one, other, found in compared if found and found.probability >= LIKELY]
    assert len({one.text for pair in shown for one in pair[:2]}) <= 0.12 * len(told)
    assert sum(found.certainty is Certainty.SURE for *_, found in shown) <= 2
