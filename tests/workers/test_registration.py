"""How soon a provider that did not answer is asked again whether it knows us."""

import pytest

from workers.registration import LOOK_EVERY_S, pause_s


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, LOOK_EVERY_S), (1, 1.0), (2, 2.0), (3, 5.0), (4, 10.0), (5, 30.0), (99, 30.0)]
)
def test_a_provider_that_starts_beside_us_is_asked_again_at_once_and_one_that_stays_away_seldom(
    failures: int, seconds: float
) -> None:
    assert pause_s(failures) == seconds
