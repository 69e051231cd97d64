"""What the lists find in messages written for it: nothing that is found today may be lost.

The second half was written afterwards. Before the lists were mended by it, 0.66 of its emergencies and 0.53 of its secrets were
found, with a precision of 0.91 and 1.0: that is what it said about them.
"""

import pytest

from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import Sensitive
from tests.classification.corpora.sentences import sentences
from workers.classification.engine import KeywordClassifier


def is_emergency(suggestion: Suggestion) -> bool:
    return suggestion.emergency


def is_sensitive(suggestion: Suggestion) -> bool:
    return suggestion.sensitive is not Sensitive.NONE


# fmt: off
WARNINGS = [
    # task      half  label        answer         recall  precision, at least
    ("danger",  "a",  "emergency", is_emergency,  0.98,   0.95),
    ("danger",  "b",  "emergency", is_emergency,  0.95,   0.95),
    ("secrets", "a",  "sensitive", is_sensitive,  0.98,   0.95),
    ("secrets", "b",  "sensitive", is_sensitive,  0.95,   0.95),
]
# fmt: on


@pytest.mark.parametrize(("task", "half", "label", "answer", "recall", "precision"), WARNINGS)
def test_warnings_are_given_where_they_belong(
    classifier: KeywordClassifier, task: str, half: str, label: str, answer: object, recall: float, precision: float
) -> None:
    assert callable(answer)
    told = [(one.label == label, answer(classifier.suggest(one.text)), one.text) for one in sentences(task, half)]
    right = sum(wanted and given for wanted, given, _ in told)
    wanted, given = sum(row[0] for row in told), sum(row[1] for row in told)
    assert right / wanted >= recall, [text for wanted, given, text in told if wanted and not given]
    assert right / given >= precision, [text for wanted, given, text in told if given and not wanted]
