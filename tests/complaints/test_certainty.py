"""How good predictions are, and how sure one may be of it: known figures, and thresholds that promise no more than the data."""

import pytest

from gateway.complaints.certainty import (
    Told,
    bins,
    calibration_error,
    coverage,
    duel,
    lower_bound,
    macro_f1,
    per_class,
    threshold,
)

GOOD = [Told("a", "a", 0.95)] * 99 + [Told("b", "a", 0.95)]
POOR = [Told("b", "a", 0.5)] * 50 + [Told("b", "b", 0.5)] * 50


# fmt: off
BOUNDS = [
    # right  of    z     Wilson's lower bound (published tables)
    (0,      0,    1.96, 0.0),
    (10,     10,   1.96, 0.7225),
    (81,     263,  1.96, 0.2553),
    (0,      20,   1.96, 0.0),
]
# fmt: on


@pytest.mark.parametrize(("right", "many", "z", "bound"), BOUNDS)
def test_the_lower_bound_is_that_of_wilson(right: int, many: int, z: float, bound: float) -> None:
    assert lower_bound(right, many, z) == pytest.approx(bound, abs=5e-5)


def test_a_threshold_stands_where_the_lower_bound_reaches_what_is_wanted() -> None:
    found = threshold(GOOD + POOR, 0.95)
    assert found is not None
    assert (found.least, found.many, found.precision) == (0.95, 100, 0.99)
    assert 0.95 <= found.lower < 0.99
    assert found.coverage == pytest.approx(0.5)
    assert threshold(GOOD + POOR, 0.98) is None, "99 of 100 do not prove 98 of 100"
    assert threshold(GOOD[:20], 0.8) is None, "too few prove nothing"
    assert threshold([], 0.5) is None


def test_stated_certainty_is_compared_with_what_was_right() -> None:
    assert [(one.many, one.stated, one.right) for one in bins(POOR)] == [(100, 0.5, 0.5)]
    assert calibration_error(POOR) == pytest.approx(0.0)
    assert calibration_error(GOOD) == pytest.approx(0.04)
    assert bins([Told("a", "a", 1.0)])[0].stated == 1.0
    assert per_class(POOR) == {"b": (100, 1.0, 0.5)}
    assert macro_f1(POOR) == pytest.approx(2 / 3)


def test_chance_is_told_from_gain() -> None:
    right, wrong = Told("a", "a", 0.5), Told("a", "b", 0.5)
    even = duel([right, wrong] * 5, [wrong, right] * 5)
    assert (even.first_alone, even.second_alone, even.chance) == (5, 5, 1.0)
    clear = duel([wrong] * 10 + [right], [right] * 10 + [right])
    assert (clear.first_alone, clear.second_alone) == (0, 10)
    assert clear.chance == pytest.approx(2 / 1024)
    assert duel([right], [right]).chance == 1.0


MIXED = [Told("a", "a", 0.9), Told("a", "a", 0.8), Told("a", "b", 0.7), Told("a", "a", 0.6)]
BOASTFUL = [Told("a", "a", 1.0), Told("a", "b", 1.0)]


@pytest.mark.parametrize(
    ("told", "wanted", "share"),
    [(MIXED, 0.7, 1.0), (MIXED, 0.95, 0.5), (BOASTFUL, 0.5, 1.0), (BOASTFUL, 0.95, 0.0), ([], 0.9, 0.0)],
)
def test_the_surest_are_taken_as_far_as_enough_of_them_were_right(
    told: list[Told], wanted: float, share: float
) -> None:
    assert coverage(told, wanted) == share
