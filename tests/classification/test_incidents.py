"""Reports of one incident, told by several citizens, and others that only look like it: what an officer is shown.

`fresh.jsonl` was written last and only measured; the others were measured once and then built upon. The floors are what was
reached, less a little.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from config.reference import Reference
from gateway.complaints.likeness import Certainty
from gateway.queries.tellers import teller
from workers.classification.engine import KeywordClassifier
from workers.classification.incidents import SameIncident, same_incident

FOLDER = Path(__file__).parent / "incidents"

# fmt: off
FLOORS = [
    # file            precision  recall  first right
    ("first.jsonl",   0.82,      0.88,   0.90),
    ("second.jsonl",  0.82,      0.87,   0.86),
    ("third.jsonl",   0.74,      0.76,   0.73),
    ("fourth.jsonl",  0.74,      0.61,   0.77),
    ("fresh.jsonl",   0.84,      0.66,   0.75),
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
