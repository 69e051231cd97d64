"""Number and secret code: how often one may guess, and that nothing is learnt by guessing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.complaints.number import format_number
from gateway.intake.arrival import Arrival
from gateway.people import attempts
from gateway.record import tracking
from gateway.record.tracking import Tracked
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, count, opened, rows, when_waiting

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


def test_c11_a_wrong_code_and_a_number_that_never_was_look_the_same(store: Store) -> None:
    for left in (4, 3, 2, 1, 0):
        assert find(store, code=WRONG, source="satu") == find(store, UNKNOWN, source="dua") == Tracked(None, left)
    assert find(store, source="tiga").locked
    assert find(store, UNKNOWN, source="empat").locked


def test_c11_a_locked_ticket_stays_locked_for_the_right_code_too_until_a_day_is_over(
    store: Store, moment: Moment
) -> None:
    for _ in range(5):
        find(store, code=WRONG)
    free_at = moment.now + timedelta(days=1)
    with store.reading() as tx:
        assert tracking.free_at(tx, NUMBER, "rumah") == free_at
    assert find(store).locked
    moment.now = free_at
    assert find(store).row is not None


def test_c11_one_source_may_guess_ten_times_an_hour_at_whatever(store: Store, moment: Moment) -> None:
    for sequence in range(2, 12):
        assert not find(store, format_number("KBR", 2026, sequence), WRONG).row
    assert find(store).locked
    assert find(store, source="tetangga").row is not None
    moment.pass_(hours=1, seconds=1)
    assert find(store).row is not None


def test_c11_guesses_of_everybody_together_are_limited(store: Store) -> None:
    """Two hundred wrong codes an hour, from wherever they come."""
    with store.transaction() as tx:
        for number in range(200):
            tx.insert(tables.attempt, id=tx.new_id(), subject="all", at=tx.now - timedelta(seconds=number))
    assert find(store).locked


SEVERAL_CONNECTIONS = pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@SEVERAL_CONNECTIONS
def test_c11_guesses_at_the_same_moment_do_not_pass_the_limit_together(store: Store) -> None:
    with ThreadPoolExecutor(8) as crowd:
        guesses = list(crowd.map(lambda guess: find(store, code=WRONG, source=f"rumah {guess}"), range(24)))
    assert sorted(found.attempts_left for found in guesses) == [0] * 20 + [1, 2, 3, 4]
    assert count(store, tables.attempt, tables.attempt.c.subject == "all") == 5


@SEVERAL_CONNECTIONS
def test_c11_the_right_code_waits_for_the_last_wrong_one_and_for_nobody_else(store: Store) -> None:
    for _ in range(4):
        find(store, code=WRONG, source="satu")
    for number in range(10):
        find(store, format_number("KBR", 2026, 100 + number), WRONG, source="tamu")
    with ThreadPoolExecutor(2) as others:
        with store.transaction() as tx:
            assert tracking.find(tx, NUMBER, WRONG, "dua") == Tracked(None, 0)
            tx.flush()
            right = others.submit(find, store)
            when_waiting(store)
            assert others.submit(find, store, UNKNOWN, WRONG, "tiga").result(20) == Tracked(None, 4)
            # Who has no tries left holds up nobody, and is turned away without waiting.
            assert others.submit(find, store, NUMBER, CODE, "tamu").result(20).locked
        assert right.result(20).locked


@SEVERAL_CONNECTIONS
def test_c11_the_limit_of_all_together_holds_too(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(195):
            tx.insert(tables.attempt, id=tx.new_id(), subject="all", at=tx.now - timedelta(seconds=number))

    def guess(at: int) -> Tracked:
        return find(store, format_number("KBR", 2026, 300 + at), WRONG, source=f"rumah {at}")

    with ThreadPoolExecutor(8) as crowd:
        guesses = list(crowd.map(guess, range(16)))
    assert sum(not found.locked for found in guesses) == 4
    assert count(store, tables.attempt, tables.attempt.c.subject == "all") == 200


def test_a_new_code_voids_the_old_one(store: Store) -> None:
    with store.transaction() as tx:
        row = tracking.find(tx, NUMBER, CODE, "rumah").row
        code = tracking.new_code(tx, row.id, NUMBER)
    assert find(store).row is None
    assert find(store, code=code).row is not None


def test_c11_neither_code_nor_number_is_kept_readable(store: Store) -> None:
    find(store, code=WRONG)
    (row, *_) = rows(store, tables.complaint)
    assert CODE not in repr(row)
    assert NUMBER not in repr(rows(store, tables.attempt))


def test_old_attempts_are_forgotten(store: Store, moment: Moment) -> None:
    find(store, code=WRONG)
    moment.pass_(days=1, seconds=1)
    with store.transaction() as tx:
        assert attempts.forget_old(tx) == 3
    assert count(store, tables.attempt) == 0
