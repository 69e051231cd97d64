"""What is found today in the messages that warnings are learned from may not be lost.

Only what is sure rings: of the many that are written to be hard, some stay below it.
"""

import pytest

from gateway.complaints.classification import Suggestion
from workers.classification.engine import KeywordClassifier, is_sensitive
from workers.classification.learned_danger import NONE
from workers.classification.wordlists import warning_examples

EVERY = 5
"""Enough to see whether something was lost; all of them take twenty seconds."""


def is_emergency(suggestion: Suggestion) -> bool:
    return suggestion.emergency


@pytest.mark.parametrize(("task", "answer"), [("danger", is_emergency), ("secrets", is_sensitive)])
def test_warnings_are_given_where_they_belong(classifier: KeywordClassifier, task: str, answer: object) -> None:
    assert callable(answer)
    written = warning_examples(task)[::EVERY]
    told = [(one.topic != NONE, answer(classifier.suggest(one.text)), one.text) for one in written]
    right = sum(wanted and given for wanted, given, _ in told)
    wanted, given = sum(row[0] for row in told), sum(row[1] for row in told)
    assert right / wanted >= 0.7, [text for wanted, given, text in told if wanted and not given]
    assert right / given >= 0.97, [text for wanted, given, text in told if given and not wanted]
