"""The same report again, and the same incident seen by others."""

import pytest

from gateway.complaints.complaint import Point
from gateway.complaints.duplicates import known_area, metres_between, text_hash

# fmt: off
TEXTS = [
    # one                              other                                same
    ("Lampu jalan mati!",              "  lampu   JALAN mati",              True),
    ("Lampu jalan mati",               "Ｌａｍｐｕ jalan mati…",            True),
    ("Lampu jalan mati",               "Lampu jalan mati lagi",             False),
    ("",                               "",                                  True),
    ("?",                              "👍",                                False),
]
# fmt: on


@pytest.mark.parametrize(("one", "other", "same"), TEXTS)
def test_a_repeated_text_is_recognised_by_its_words(one: str, other: str, same: bool) -> None:
    assert (text_hash(one) == text_hash(other)) is same
    assert len(text_hash(one)) == 32


# fmt: off
AREAS = [
    # code             known to be
    ("62.01.02.1003",  "62.01.02.1003"),
    ("62.01.02",       "62.01.02"),
    ("62.01",          ""),               # the whole regency is no place
    ("",               ""),
]
# fmt: on


@pytest.mark.parametrize(("code", "known"), AREAS)
def test_a_place_is_a_village_or_a_kecamatan(code: str, known: str) -> None:
    assert known_area(code) == known


def test_distances_are_metres_on_the_ground() -> None:
    assert metres_between(Point(-2.68, 111.62), Point(-2.68, 111.62)) == 0
    assert round(metres_between(Point(0, 0), Point(0, 1)) / 1000) == 111
