"""Ids and moments: in order, once, and the same on the way back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.storage.types import PROCESS_BITS, Ids, from_millis, id_number, id_text, process_number, to_millis

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_ids_rise_and_never_repeat_even_within_one_millisecond() -> None:
    ids = Ids(process=7)
    made = [ids.new(NOW) for _ in range(20_000)]
    assert len(set(made)) == len(made)
    assert all(0 < number < 1 << 63 for number in made)
    assert sorted(number >> 22 for number in made) == [number >> 22 for number in made]


def test_processes_of_the_same_number_on_two_machines_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)
    numbers = set()
    for machine in ("web-1", "web-2", "worker-1"):
        monkeypatch.setattr("platform.node", lambda machine=machine: machine)
        numbers.add(process_number() & ((1 << PROCESS_BITS) - 1))
    assert len(numbers) == 3


def test_a_clock_that_jumps_back_makes_no_older_ids() -> None:
    ids = Ids(process=1)
    before = ids.new(NOW)
    assert ids.new(NOW - timedelta(hours=2)) >> 22 >= before >> 22


@given(st.integers(min_value=0, max_value=(1 << 63) - 1))
def test_an_id_as_text_comes_back(number: int) -> None:
    assert id_number(id_text(number)) == number


@given(st.text(max_size=20))
def test_any_text_is_an_id_or_none(text: str) -> None:
    number = id_number(text)
    assert number is None or 0 <= number < 1 << 63


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_moment_comes_back_to_the_millisecond(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert abs(from_millis(to_millis(aware)) - aware) < timedelta(milliseconds=1)
