"""What is held for a person, on messages written for it: advertising mostly, a citizen's report hardly ever.

The lists were made on `hold/a.toml`; of `b`, written afterwards, they held 0.55 with a precision of 0.88. Mended by that, they held
0.64 of `c` with 0.96, written after the mending; since then one word fewer counts as an invitation.
"""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from gateway.complaints.complaint import Hold
from workers.classification.engine import KeywordClassifier

HERE = Path(__file__).parent / "hold"


def messages(part: str) -> list[tuple[str, str]]:
    """Label and text."""
    tables = tomllib.loads((HERE / f"{part}.toml").read_text(encoding="utf-8"))
    return [
        (label, line)
        for label, groups in tables.items()
        for lines in groups.values()
        for line in lines.split("\n")
        if line
    ]


@pytest.mark.parametrize(("part", "recall", "precision"), [("a", 0.95, 0.97), ("b", 0.65, 0.97), ("c", 0.60, 0.97)])
def test_a_report_is_hardly_ever_held_and_advertising_mostly(
    classifier: KeywordClassifier, part: str, recall: float, precision: float
) -> None:
    told = Counter((label, classifier.suggest(text).hold.value) for label, text in messages(part))
    right = told["spam", "spam"] + told["abuse", "abuse"]
    held = sum(many for (_, given), many in told.items() if given != "none")
    wanted = sum(many for (label, _), many in told.items() if label != "none")
    assert right / wanted >= recall
    assert right / held >= precision


def test_danger_is_never_held_whatever_stands_beside_it(classifier: KeywordClassifier) -> None:
    offer = "PROMO slot gacor depo 10k wd dibayar, hubungi admin"
    assert classifier.suggest(offer).hold is Hold.SPAM
    found = classifier.suggest(f"{offer}. Tolong rumah kami kebakaran sekarang, api besar")
    assert found.emergency
    assert found.hold is Hold.NONE


def test_danger_at_the_end_of_a_long_advertisement_is_not_held(classifier: KeywordClassifier) -> None:
    letter = "PROMO slot gacor depo 10k wd dibayar, hubungi admin. " * 25
    assert classifier.suggest(letter).hold is Hold.SPAM
    found = classifier.suggest(letter + "Tolong rumah kami kebakaran sekarang, api besar, ada orang terjebak di dalam")
    assert found.emergency
    assert (found.hold, "Perlu dilihat" in " ".join(found.reasons)) == (Hold.NONE, False)


def test_why_a_text_is_held_is_told_in_its_words(classifier: KeywordClassifier) -> None:
    found = classifier.suggest("s l o t g4c0r depo 10k, hubungi admin")
    assert found.hold is Hold.SPAM
    assert "gacor" in found.reasons[0]
