"""What happens while a clock runs: on which day and at which hour, also over weekends, holidays and pauses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.complaints.calendar import Pause
from gateway.complaints.complaint import Kind
from gateway.complaints.lifecycle import LIFECYCLE
from gateway.complaints.moments import MOMENTS, STILL_LATE, following, moment_at, reached
from gateway.complaints.notices import NOTICES
from gateway.complaints.sla import Clock, Running, rule_for
from tests.complaints.test_sla import PAUSED, WIB, at, running

# fmt: off
DAYS = [
    # clock                 started        what comes, local (WIB)
    (Clock.ACCEPTANCE,    "11-23T03:00", ["11-24 08:00", "11-25 08:00", "11-26 08:00"]),
    (Clock.FOLLOW_UP,     "11-23T03:00", ["11-26 08:00", "11-30 08:00", "12-01 08:00", "12-02 08:00", "12-07 08:00"]),
    (Clock.SECOND_ANSWER, "11-26T03:00", ["11-30 08:00", "12-01 08:00", "12-02 08:00", "12-03 08:00", "12-08 08:00"]),
    (Clock.VERIFICATION,  "12-22T03:00", ["12-29 08:00", "12-30 08:00", "01-07 08:00"]),
    (Clock.AUTO_CLOSE,    "11-26T02:10", ["12-07 09:10", "12-10 09:10"]),
    (Clock.COMPLETION,    "11-23T03:00", ["11-26 10:00", "11-30 10:00", "12-03 10:00"]),
    (Clock.HELD_AGE,      "11-27T03:00", ["12-01 10:00"]),
]
# fmt: on


FIRST, LAST = datetime(2026, 1, 1), datetime(2026, 11, 1)  # noqa: DTZ001 - Hypothesis adds the zone


def local(moment: datetime) -> str:
    return f"{WIB.local(moment):%m-%d %H:%M}"


@pytest.mark.parametrize(("clock", "started", "expected"), DAYS, ids=lambda value: str(value)[:14])
def test_moments_come_in_working_days(clock: Clock, started: str, expected: list[str]) -> None:
    one = running(clock, started)
    every = [moment for moment in MOMENTS[clock] if moment not in STILL_LATE]
    assert [local(moment_at(one, moment, one.started_at)) for moment in every] == expected


def test_a_pause_moves_what_comes_after_it_and_stops_everything_while_it_lasts() -> None:
    one = running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, PAUSED)
    assert [local(moment_at(one, moment, at("11-26T05:00"))) for moment in MOMENTS[Clock.FOLLOW_UP]][:2] == [
        "11-30 08:00",
        "12-02 08:00",
    ]
    standing = running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, Pause(at("11-24T03:00")))
    assert following(standing, 0, at("12-24T03:00")) is None
    assert reached(standing, at("12-24T03:00")) == 0


def test_a_clock_that_stopped_waits_for_nothing() -> None:
    assert following(running(Clock.FOLLOW_UP, "11-23T03:00", stopped="11-24T03:00"), 0, at("11-24T04:00")) is None


def test_every_notice_and_every_end_exists() -> None:
    told = {key for each in MOMENTS.values() for moment in each for key in moment.tells}
    assert told <= NOTICES.keys()
    ends = {action for each in MOMENTS.values() for moment in each for action in moment.ends}
    assert ends <= {step.action for step in LIFECYCLE}
    assert MOMENTS.keys() == set(Clock)


@given(
    st.sampled_from(sorted(Clock)),
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.integers(0, 120),
)
def test_moments_come_one_after_the_other_and_none_is_passed_over(clock: Clock, start: datetime, days: int) -> None:
    one = Running(rule_for(clock, Kind.PENGADUAN), start, WIB)
    now = start + timedelta(days=days)
    every = [moment_at(one, moment, now) for moment in MOMENTS[clock]]
    assert every == sorted(every)
    assert every[0] >= start
    assert following(one, reached(one, now), now) == next((moment for moment in every if moment > now), None)
