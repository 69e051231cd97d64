"""The schedule of retries, row by row."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.backoff import asked_to_wait_until, try_again_at

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SCHEDULE = (5, 15, 60, 300, 900, 3600, 10800, 21600)

# fmt: off
WAITS = [
    # failed  chance  seconds
    (1,       0.5,    5),
    (2,       0.5,    15),
    (3,       0.5,    60),
    (8,       0.5,    21600),
    (9,       0.5,    21600),   # the last wait repeats until the message expires
    (1,       0.0,    4),
    (1,       1.0,    6),
    (0,       0.5,    5),
]
# fmt: on


@pytest.mark.parametrize(("failed", "chance", "seconds"), WAITS)
def test_the_wait_grows_with_every_failed_attempt(failed: int, chance: float, seconds: float) -> None:
    assert try_again_at(NOW, failed, SCHEDULE, chance) == NOW + timedelta(seconds=seconds)


@given(st.floats(0, 86400), st.floats(0, 1))
def test_a_pause_that_was_asked_for_is_never_cut_short(asked_s: float, chance: float) -> None:
    until = asked_to_wait_until(NOW, asked_s, chance)
    exact = timedelta(seconds=asked_s)
    assert exact <= until - NOW <= exact * 1.2 + timedelta(microseconds=1)


def test_a_provider_that_asks_for_less_than_nothing_is_tried_at_once() -> None:
    assert asked_to_wait_until(NOW, -3, 1.0) == NOW
