"""Number and secret code: how often one may guess, and that nothing is learnt by guessing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway import tracking
from gateway.arrival import Arrival
from gateway.complaints.number import format_number
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.tracking import Tracked
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, count, opened, rows

Sends = Callable[..., Arrival]
NUMBER, CODE, WRONG = "KBR-260000013", "48219037", "00000000"
UNKNOWN = format_number("KBR", 2026, 999)


def find(store: Store, number: str = NUMBER, code: str = CODE, source: str = "rumah") -> Tracked:
    with store.transaction() as tx:
        return tracking.find(tx, number, code, source)


@pytest.fixture(autouse=True)
def complaint(store: Store, telegram: Sends) -> None:
    opened(store, telegram(REPORT))


@pytest.mark.parametrize("typed", [CODE, "4821-9037", " 4821 9037 "])
def test_the_code_opens_however_it_is_typed(store: Store, typed: str) -> None:
    found = find(store, code=typed)
    assert found.row is not None
    assert found.row.number == NUMBER
    assert count(store, tables.attempt) == 0


def test_a_wrong_code_and_a_number_that_never_was_look_the_same(store: Store) -> None:
    for left in (4, 3, 2, 1, 0):
        assert find(store, code=WRONG, source="satu") == find(store, UNKNOWN, source="dua") == Tracked(None, left)
    assert find(store, source="tiga").locked
    assert find(store, UNKNOWN, source="empat").locked


def test_a_locked_ticket_stays_locked_for_the_right_code_too_until_a_day_is_over(store: Store, moment: Moment) -> None:
    for _ in range(5):
        find(store, code=WRONG)
    free_at = moment.now + timedelta(days=1)
    with store.reading() as tx:
        assert tracking.free_at(tx, NUMBER, "rumah") == free_at
    assert find(store).locked
    moment.now = free_at
    assert find(store).row is not None


def test_one_source_may_guess_ten_times_an_hour_at_whatever(store: Store, moment: Moment) -> None:
    for sequence in range(2, 12):
        assert not find(store, format_number("KBR", 2026, sequence), WRONG).row
    assert find(store).locked
    assert find(store, source="tetangga").row is not None
    moment.pass_(hours=1, seconds=1)
    assert find(store).row is not None


def test_guesses_of_everybody_together_are_limited(store: Store) -> None:
    """Two hundred wrong codes an hour, from wherever they come."""
    with store.transaction() as tx:
        for number in range(200):
            tx.insert(tables.attempt, id=tx.new_id(), subject="all", at=tx.now - timedelta(seconds=number))
    assert find(store).locked


def test_a_new_code_voids_the_old_one(store: Store) -> None:
    with store.transaction() as tx:
        row = tracking.find(tx, NUMBER, CODE, "rumah").row
        code = tracking.new_code(tx, row.id, NUMBER)
    assert find(store).row is None
    assert find(store, code=code).row is not None


def test_neither_code_nor_number_is_kept_readable(store: Store) -> None:
    find(store, code=WRONG)
    (row, *_) = rows(store, tables.complaint)
    assert CODE not in repr(row)
    assert NUMBER not in repr(rows(store, tables.attempt))


def test_old_attempts_are_forgotten(store: Store, moment: Moment) -> None:
    find(store, code=WRONG)
    moment.pass_(days=1, seconds=1)
    with store.transaction() as tx:
        assert tracking.forget_old(tx) == 3
    assert count(store, tables.attempt) == 0
