"""The deadline of a breach of personal data: three times twenty-four hours after it was noticed, whoever was told by then."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.complaints.breach import Standing, due_at, reminded_at, standing

NOTICED = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
DUE = NOTICED + timedelta(hours=72)
SECOND = timedelta(seconds=1)
S = Standing


def test_c33_seventy_two_hours_count_on_sundays_and_at_night_too() -> None:
    assert (due_at(NOTICED), reminded_at(NOTICED)) == (DUE, NOTICED + timedelta(hours=48))


@pytest.mark.parametrize(
    ("authority", "persons", "now", "expected"),
    [
        (None, None, NOTICED, S.OPEN),
        (None, None, DUE - timedelta(hours=24) - SECOND, S.OPEN),
        (None, None, DUE - timedelta(hours=24), S.SOON),
        (None, None, DUE, S.SOON),
        (None, None, DUE + SECOND, S.LATE),
        (NOTICED, None, NOTICED, S.OPEN),
        (NOTICED, None, DUE + SECOND, S.LATE),
        (None, NOTICED, DUE + SECOND, S.LATE),
        (DUE, NOTICED, DUE + timedelta(days=90), S.TOLD),
        (NOTICED, DUE, DUE, S.TOLD),
        (NOTICED, DUE + SECOND, DUE + SECOND, S.TOLD_LATE),
        (DUE + SECOND, NOTICED, DUE + timedelta(days=90), S.TOLD_LATE),
        (DUE + SECOND, None, DUE + timedelta(days=90), S.LATE),
    ],
)
def test_c33_a_breach_stands_against_its_deadline(
    authority: datetime | None, persons: datetime | None, now: datetime, expected: Standing
) -> None:
    assert standing(NOTICED, (authority, persons), now) is expected
