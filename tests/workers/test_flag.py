"""A flag that signals raise: at any moment, in the middle of whatever its thread does with it."""

import signal
from collections.abc import Iterator

import pytest

from workers.flag import Flag

OFTEN_S = 0.0002


@pytest.fixture
def flag() -> Iterator[Flag]:
    """Raised by a signal again and again, thousands of times a second."""
    made = Flag()
    before = signal.signal(signal.SIGALRM, lambda *_: made.set())
    signal.setitimer(signal.ITIMER_REAL, OFTEN_S, OFTEN_S)
    yield made
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_signal_in_the_middle_of_anything_is_never_waited_for_in_vain(flag: Flag) -> None:
    """With `threading.Event` this stands still for ever before long."""
    for _ in range(5_000):
        assert flag.wait(10)
        flag.clear()


def test_a_flag_that_nobody_raises_is_waited_for_no_longer_than_told() -> None:
    assert not Flag().wait(0.001)


def test_a_raised_flag_stays_up_until_it_is_cleared() -> None:
    flag = Flag()
    flag.set()
    assert flag.is_set()
    assert [flag.wait(), flag.wait(), flag.wait(0)] == [True, True, True]
    flag.clear()
    assert not flag.is_set()
    assert not flag.wait(0)
