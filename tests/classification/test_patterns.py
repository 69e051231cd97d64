"""Lines of a list that stand for many."""

import pytest

from workers.classification.danger import Danger
from workers.classification.normalise import Normaliser
from workers.classification.patterns import GROUP, Patterns
from workers.classification.wordlists import WordLists

# fmt: off
LINES = [
    # line              text                                    what of it is quoted
    ("@person + hit",   "my sister was hit yesterday",          "sister … hit"),
    ("@person + hit",   "the brother is well",                  ""),
    ("@person + hit",   "brother one two three four five six seven eight nine hit", ""),
    ("=terbalik",       "mobil terbalik",                       "terbalik"),
    ("=terbalik",       "balik nama",                           ""),
    ("@person + @twin", "brother",                              ""),
    ("@person + @twin", "brother and sister",                   "brother … sister"),
]
# fmt: on


@pytest.mark.parametrize(("line", "text", "quoted"), LINES)
def test_a_line_fits_what_it_stands_for(line: str, text: str, quoted: str) -> None:
    normaliser = Normaliser([], {}, ["balik", "terbalik"])
    patterns = Patterns(normaliser, {"person": ["sister", "brother"], "twin": ["sister", "brother"]})
    patterns.add("label", [line], 1.0)
    found = patterns.find(normaliser.read(text))
    assert [one.said for one in found] == ([quoted] if quoted else [])


def test_every_group_that_a_line_names_exists_and_has_words() -> None:
    table = WordLists.load().danger
    named = {part for line in _lines(table) for part in line.split(" + ") if part.startswith(GROUP)}
    assert named
    assert named <= {GROUP + name for name, words in table["groups"].items() if words}


def test_the_shipped_lists_are_read() -> None:
    lists = WordLists.load()
    assert (
        not Danger(lists, Normaliser([], lists.synonyms, lists.vocabulary()))
        .guess("", Normaliser([], {}).read(""))
        .is_serious
    )


def _lines(node: object) -> list[str]:
    if isinstance(node, list):
        return [str(line) for line in node]
    return [line for child in node.values() for line in _lines(child)] if isinstance(node, dict) else []
