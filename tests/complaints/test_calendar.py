"""Working days of Indonesia, by the holidays that ship with the product."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Reference
from gateway.complaints.calendar import (
    Calendar,
    Holiday,
    HolidayKind,
    Pause,
    add_working_days,
    count_days,
    day_text,
    due,
    long_day_text,
    moment_text,
    short_day_text,
    working_days_between,
    working_days_left,
)

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "workdays.json").read_text(encoding="utf-8")
)
TABLE = Reference.load().holidays


def calendar(zone: str = "Asia/Jakarta", area: str = "62.01", *extra: Holiday) -> Calendar:
    return Calendar.of([*TABLE.holidays, *extra], zone, area, TABLE.years)


INDONESIA = calendar()
DAYS = st.dates(min_value=date(2025, 1, 1), max_value=date(2027, 9, 30))
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001
PAUSES = st.lists(
    st.tuples(MOMENTS, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30))), max_size=4
).map(lambda pairs: [Pause(since, since + length) for since, length in pairs])


def pauses_of(vector: dict[str, Any]) -> list[Pause]:
    return [Pause(datetime.fromisoformat(one), datetime.fromisoformat(other)) for one, other in vector["paused_utc"]]


@pytest.mark.parametrize("vector", VECTORS["dates"], ids=lambda vector: f"{vector['start']}+{vector['n']}")
def test_the_golden_dates(vector: dict[str, Any]) -> None:
    span = count_days(date.fromisoformat(vector["start"]), vector["n"], INDONESIA)
    assert span.due_on.isoformat() == vector["due"]
    assert span.weekend_days == vector["weekend_days"]
    assert [holiday.date.isoformat() for holiday in span.holidays] == vector["holidays"]


@pytest.mark.parametrize("vector", VECTORS["zones"], ids=lambda vector: f"{vector['start_utc']} {vector['tz']}")
def test_the_day_ends_where_the_people_are(vector: dict[str, Any]) -> None:
    there = calendar(vector["tz"])
    deadline = due(datetime.fromisoformat(vector["start_utc"]), vector["n"], there)
    assert deadline == datetime.fromisoformat(vector["due_utc"])
    assert there.today(deadline).isoformat() == vector["due"]


@pytest.mark.parametrize("vector", VECTORS["pauses"], ids=lambda vector: f"{vector['due']}")
def test_a_day_on_which_the_clock_stood_does_not_count(vector: dict[str, Any]) -> None:
    start = datetime.fromisoformat(vector["start_utc"])
    span = count_days(INDONESIA.today(start), vector["n"], INDONESIA, pauses_of(vector))
    assert (span.due_on.isoformat(), span.paused_days) == (vector["due"], vector["paused_working_days"])


@given(DAYS, st.integers(min_value=0, max_value=60), PAUSES)
def test_pausing_never_loses_time(start_on: date, number: int, pauses: list[Pause]) -> None:
    paused = count_days(start_on, number, INDONESIA, pauses)
    assert working_days_between(start_on, paused.due_on, INDONESIA, pauses) == number
    assert working_days_between(start_on, paused.due_on, INDONESIA) == number + paused.paused_days
    assert paused.due_on >= add_working_days(start_on, number, INDONESIA)


@given(st.randoms(use_true_random=False), DAYS, st.integers(min_value=1, max_value=40))
def test_the_order_of_the_holiday_table_does_not_matter(shuffler: Random, start_on: date, number: int) -> None:
    rows = [*TABLE.holidays, Holiday(date(2026, 8, 17), "Hari Jadi", HolidayKind.LOKAL, "62.01")]
    shuffled = rows.copy()
    shuffler.shuffle(shuffled)
    one, other = (Calendar.of(order, area="62.01", years=TABLE.years) for order in (rows, shuffled))
    assert count_days(start_on, number, one) == count_days(start_on, number, other)


@given(DAYS, st.integers(min_value=1, max_value=30))
def test_every_day_of_a_span_is_counted_or_explained(start_on: date, number: int) -> None:
    span = count_days(start_on, number, INDONESIA)
    assert (span.due_on - start_on).days == number + span.weekend_days + len(span.holidays)
    assert INDONESIA.is_working(span.due_on)


@given(MOMENTS, st.integers(min_value=1, max_value=20))
def test_what_is_left_shrinks_to_nothing_and_then_grows_backwards(start: datetime, number: int) -> None:
    due_on = count_days(INDONESIA.today(start), number, INDONESIA).due_on
    assert working_days_left(due_on, start, INDONESIA) == number
    assert working_days_left(due_on, INDONESIA.closing(due_on), INDONESIA) == 0
    later = add_working_days(due_on, 3, INDONESIA)
    assert working_days_left(due_on, INDONESIA.closing(later), INDONESIA) == -3


# fmt: off
LOCAL = [
    # extra day of the table                                                       area        the day works
    (Holiday(date(2026, 10, 2), "Hari Jadi", HolidayKind.LOKAL, "62.01"),          "62.01",    False),
    (Holiday(date(2026, 10, 2), "Hari Jadi", HolidayKind.LOKAL, "62.01"),          "62.01.03", False),
    (Holiday(date(2026, 10, 2), "Hari Jadi", HolidayKind.LOKAL, "62.01"),          "62.02",    True),
    (Holiday(date(2026, 10, 2), "Hari Jadi", HolidayKind.LOKAL, "62.01"),          "62.011",   True),
    (Holiday(date(2026, 10, 2), "Hari Jadi", HolidayKind.LOKAL, "62"),             "62.01",    False),
    (Holiday(date(2026, 10, 3), "Masuk", HolidayKind.KERJA_PENGGANTI),             "62.01",    True),   # a Saturday
    (Holiday(date(2026, 12, 24), "Masuk", HolidayKind.KERJA_PENGGANTI),            "62.01",    True),   # wins over joint leave
    (Holiday(date(2026, 12, 24), "Masuk", HolidayKind.KERJA_PENGGANTI, "62.02"),   "62.01",    False),
]
# fmt: on


@pytest.mark.parametrize(("extra", "area", "works"), LOCAL)
def test_local_days_hold_where_they_were_decreed(extra: Holiday, area: str, works: bool) -> None:
    assert calendar("Asia/Jakarta", area, extra).is_working(extra.date) is works


# fmt: off
CERTAINTY = [
    # start               n   provisional
    (date(2026, 12, 18),  5,  False),
    (date(2026, 12, 23),  5,  True),    # touches 2027, announced as provisional
    (date(2026, 12, 31),  1,  True),
    (date(2027, 12, 28),  9,  True),    # 2028 is not in the table
    (date(2026, 6, 1),    0,  False),
]
# fmt: on


@pytest.mark.parametrize(("start_on", "number", "provisional"), CERTAINTY)
def test_a_deadline_in_an_uncertain_year_is_called_provisional(start_on: date, number: int, provisional: bool) -> None:
    assert count_days(start_on, number, INDONESIA).provisional is provisional


def test_a_year_without_any_joint_leave_is_uncertain_whatever_it_is_called() -> None:
    bare = Calendar.of([Holiday(date(2028, 1, 1), "Tahun Baru", HolidayKind.LIBUR)], years={2028: "final"})
    assert count_days(date(2028, 3, 1), 5, bare).provisional


def test_a_pause_that_is_still_open_has_no_deadline() -> None:
    with pytest.raises(ValueError, match="open pause"):
        count_days(date(2026, 11, 23), 5, INDONESIA, [Pause(datetime(2026, 11, 24, tzinfo=UTC))])


def test_after_the_most_that_may_be_paused_days_count_again() -> None:
    long_pause = [Pause(datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))]
    span = count_days(date(2026, 11, 2), 3, INDONESIA, long_pause, most_paused=10)
    assert (span.paused_days, span.due_on) == (10, add_working_days(date(2026, 11, 2), 13, INDONESIA))
    assert working_days_between(date(2026, 11, 2), span.due_on, INDONESIA, long_pause, most_paused=10) == 3


def test_days_are_written_as_people_write_them() -> None:
    moment = datetime(2026, 12, 23, 2, 15, tzinfo=UTC)
    assert moment_text(moment, INDONESIA) == "Rabu 23 Des 2026 pukul 09.15 WIB"
    assert moment_text(moment, calendar("Asia/Makassar")) == "Rabu 23 Des 2026 pukul 10.15 WITA"
    assert moment_text(moment, calendar("Asia/Jayapura")) == "Rabu 23 Des 2026 pukul 11.15 WIT"
    assert moment_text(moment, calendar("Asia/Kolkata")).endswith("UTC+5.5")
    assert day_text(date(2026, 5, 1)) == "1 Mei 2026"
    assert short_day_text(date(2026, 8, 31)) == "31 Agu"
    assert long_day_text(date(2026, 11, 22)) == "Minggu 22 Nov 2026"


def test_the_reason_of_a_day_off_can_be_named() -> None:
    christmas = INDONESIA.holiday(date(2026, 12, 25))
    assert christmas is not None
    assert christmas.name == "Hari Raya Natal"
    assert INDONESIA.holiday(date(2026, 12, 26)) is None
    assert (
        calendar("Asia/Jakarta", "", Holiday(date(2026, 12, 26), "Masuk", HolidayKind.KERJA_PENGGANTI)).holiday(
            date(2026, 12, 26)
        )
        is None
    )
