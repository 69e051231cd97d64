"""The same report again, and the same incident seen by others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.complaints.complaint import Point
from gateway.complaints.duplicates import Incident, likely_same, metres_between, similarity, text_hash

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HERE = Incident(
    "Lampu jalan di Gang Melati mati sudah tiga malam", "perhubungan", NOW, "62.01.02", Point(-2.68, 111.62)
)


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
INCIDENTS = [
    # what differs                                                                          likely
    ({},                                                                                    True),
    ({"text": "lampu jalan gang melati mati tiga malam"},                                   True),
    ({"text": "mati sudah tiga malam, lampu jalan di Gang Melati"},                         True),
    ({"text": "sampah menumpuk di pasar"},                                                  False),
    ({"topic": "lingkungan"},                                                               False),
    ({"at": NOW + timedelta(days=7)},                                                       True),
    ({"at": NOW - timedelta(days=7, seconds=1)},                                            False),
    ({"point": Point(-2.6815, 111.6215)},                                                   True),    # some 240 m
    ({"point": Point(-2.683, 111.62)},                                                      False),   # some 330 m
    ({"point": None},                                                                       True),    # then the area decides
    ({"point": None, "area": "62.01.03"},                                                   False),
    ({"point": None, "area": ""},                                                           False),
]
# fmt: on


@pytest.mark.parametrize(("changes", "likely"), INCIDENTS)
def test_an_incident_is_likely_the_same_when_all_speaks_for_it(changes: dict[str, object], likely: bool) -> None:
    other = replace(HERE, **changes)  # type: ignore[arg-type]
    assert (likely_same(HERE, other) > 0) is likely
    assert likely_same(HERE, other) == likely_same(other, HERE)


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_a_share_and_has_no_direction(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, other) == similarity(other, one)
    assert similarity(one, one) == 1


def test_distances_are_metres_on_the_ground() -> None:
    assert metres_between(Point(-2.68, 111.62), Point(-2.68, 111.62)) == 0
    assert round(metres_between(Point(0, 0), Point(0, 1)) / 1000) == 111
