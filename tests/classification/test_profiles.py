"""The profiles of our own are what langdetect would make of the same words."""

from collections import Counter

import pytest
from langdetect.utils.lang_profile import LangProfile

from workers.classification.language import words_of
from workers.classification.profiles import GLOTTAL, Spelling, as_letters, profile_of
from workers.classification.wordlists import sentences

SPOKEN = ("id", "en", "jv", "su", "bjn", "mad", "nij", "min", "ms")


@pytest.mark.parametrize("text", ["kulo badhe dateng pasar pasar", "ba'na bada e roma", "a"])
def test_a_profile_is_the_one_langdetect_makes(text: str) -> None:
    theirs = LangProfile("x")
    theirs.update(f"{text.replace(chr(39), GLOTTAL)} ")
    ours = profile_of("x", Counter(text.split()))
    assert ours.as_json() == {"name": "x", "freq": dict(theirs.freq), "n_words": theirs.n_words}


def test_an_apostrophe_within_a_word_is_a_letter() -> None:
    assert as_letters("ba'na") == f"ba{GLOTTAL}na"


def test_letters_of_a_language_are_likelier_in_it() -> None:
    spelling = Spelling([profile_of(code, Counter(words)) for code, words in (("a", ["banyu"]), ("b", ["danum"]))])
    first, second = spelling.logarithms("banyak")
    assert first > second


def test_what_no_profile_knows_is_unlikely_in_all_and_never_an_error() -> None:
    spelling = Spelling([profile_of("a", Counter(["banyu"])), profile_of("b", {})])
    assert all(value < 0 for value in spelling.logarithms("žžž"))


def test_every_spoken_language_has_sentences_and_none_stands_twice() -> None:
    said = sentences()
    for code in SPOKEN:
        lines = Counter(" ".join(words_of(line)) for line in said[code])
        assert len(lines) >= 50, code
        assert [line for line, often in lines.items() if often > 1 or not line] == [], code
