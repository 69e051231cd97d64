"""People who sign in: a password, a second factor that fits once, sessions that end."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, profiles

from gateway.complaints.complaint import Role
from gateway.people import accounts, second_factor
from gateway.people.accounts import AccountRefused, SignedIn, SignIn, totp
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import count, only, rows
from tests.quick_passwords import hurry, quick_passwords

NAME, PASSWORD = "admin", "test-admin-password"
HASHER, NOBODY = accounts.HASHER, accounts.NOBODY
Enter = Callable[..., SignIn]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Passwords are slow on purpose; the SQL is plain."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _quick(store: Store) -> Iterator[None]:
    with quick_passwords():
        with store.transaction() as tx:
            hurry(tx, NAME, PASSWORD)
        yield


@pytest.fixture
def enter(store: Store) -> Enter:
    def sign_in(password: str = PASSWORD, code: str = "", name: str = NAME) -> SignIn:
        with store.reading() as tx:
            known = accounts.known_of(tx, name)
        proof = accounts.compare(known, password)
        with store.transaction() as tx:
            return accounts.sign_in(tx, name, proof, code)

    return sign_in


def who(store: Store, token: str) -> SignedIn | None:
    with store.reading() as tx:
        return accounts.session(tx, token)


def step(moment: Moment) -> int:
    return int(moment.now.timestamp()) // accounts.TOTP_STEP_S


def test_the_right_password_opens_a_session_of_ours(store: Store, enter: Enter) -> None:
    token = enter(name="ADMIN").token
    signed_in = who(store, token)
    assert signed_in is not None
    assert (signed_in.username, signed_in.role, signed_in.actor.role) == (NAME, Role.COORDINATOR, Role.COORDINATOR)
    assert token not in repr((rows(store, tables.account_session), rows(store, tables.account)))
    assert PASSWORD not in repr(rows(store, tables.account))


@pytest.mark.parametrize(("name", "password"), [(NAME, "salah sama sekali"), ("nobody", PASSWORD), (NAME, "")])
def test_c22_a_wrong_name_and_a_wrong_password_are_the_same(enter: Enter, name: str, password: str) -> None:
    assert enter(password, name=name) == SignIn(refused="wrong")


def test_c22_a_password_costs_what_it_should_and_so_does_the_name_of_nobody() -> None:
    """The second profile of RFC 9106: 64 MiB, three passes, four lanes."""
    of_the_standard = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
    assert not of_the_standard.check_needs_rehash(HASHER.hash("whatever"))
    assert not of_the_standard.check_needs_rehash(NOBODY)


def test_a_password_is_compared_while_messages_are_written(store: Store) -> None:
    with store.reading() as tx:
        known = accounts.known_of(tx, NAME)
    with store.transaction() as tx:
        tx.insert(tables.attempt, id=tx.new_id(), subject="busy", at=tx.now)
        proof = accounts.compare(known, PASSWORD)
    with store.transaction() as tx:
        assert accounts.sign_in(tx, NAME, proof).token


def test_a_password_that_was_changed_meanwhile_opens_nothing(store: Store) -> None:
    with store.reading() as tx:
        known = accounts.known_of(tx, NAME)
    proof = accounts.compare(known, PASSWORD)
    with store.transaction() as tx:
        tx.execute(tables.account.update().values(password_hash=accounts.HASHER.hash("another-password")))
    with store.transaction() as tx:
        assert accounts.sign_in(tx, NAME, proof) == SignIn(refused="wrong")


def test_c22_guessing_locks_the_account_for_a_while_and_a_success_forgets(
    store: Store, enter: Enter, moment: Moment
) -> None:
    for _ in range(5):
        enter("salah sama sekali")
    assert enter() == SignIn(refused="locked")
    moment.pass_(minutes=15, seconds=1)
    assert enter().token
    assert only(store, tables.account).failures == 0
    assert count(store, tables.audit, tables.audit.c.action == "sign_in_failed") == 5


def test_c22_a_session_ends_by_idleness_by_age_and_by_hand(store: Store, enter: Enter, moment: Moment) -> None:
    idle, old, left = enter().token, enter().token, enter().token
    signed_in = who(store, left)
    assert signed_in is not None
    with store.transaction() as tx:
        accounts.sign_out(tx, signed_in)
    assert who(store, left) is None
    for _ in range(25):
        moment.pass_(minutes=25)
        signed_in = who(store, old)
        if signed_in is None:
            break
        with store.transaction() as tx:
            accounts.seen(tx, signed_in)
    assert who(store, idle) is None
    assert signed_in is None
    assert moment.now - only(store, tables.account, tables.account.c.username == NAME).created_at > timedelta(hours=10)


def test_being_seen_is_written_at_most_once_a_minute(store: Store, enter: Enter, moment: Moment) -> None:
    signed_in = who(store, enter().token)
    assert signed_in is not None
    begun = only(store, tables.account_session).seen_at
    for seconds, written in ((30, False), (31, True)):
        moment.pass_(seconds=seconds)
        with store.transaction() as tx:
            accounts.seen(tx, signed_in)
        assert (only(store, tables.account_session).seen_at > begun) is written


def test_c22_a_disabled_account_is_out_at_once(store: Store, enter: Enter, moment: Moment) -> None:
    token = enter().token
    with store.transaction() as tx:
        tx.execute(tables.account.update().values(disabled_at=moment.now))
    assert who(store, token) is None
    assert enter() == SignIn(refused="wrong")


def test_c22_a_code_fits_once_and_half_a_minute_around(store: Store, enter: Enter, moment: Moment) -> None:
    with store.transaction() as tx:
        secret = accounts.new_second_factor(tx, only(store, tables.account).id)
    assert enter() == SignIn(refused="code_needed")
    assert enter(code="000000" if totp(secret, step(moment)) != "000000" else "111111") == SignIn(refused="wrong")
    late = totp(secret, step(moment) - 1)
    assert enter(code=late).token
    assert enter(code=late) == SignIn(refused="wrong")
    assert enter(code=totp(secret, step(moment))).token
    moment.pass_(minutes=2)
    assert enter(code=totp(secret, step(moment) - 2)) == SignIn(refused="wrong")


def test_c22_a_wrong_code_counts_like_a_wrong_password(store: Store, enter: Enter) -> None:
    with store.transaction() as tx:
        accounts.new_second_factor(tx, only(store, tables.account).id)
    for _ in range(5):
        enter(code="abcdef")
    assert enter(code="abcdef") == SignIn(refused="locked")


def test_c22_a_second_factor_is_in_force_once_its_owner_has_shown_it(
    store: Store, enter: Enter, moment: Moment
) -> None:
    signed_in = who(store, enter().token)
    assert signed_in is not None
    secret = second_factor.new_secret()
    key = base64.b32decode(secret)
    with store.transaction() as tx:
        assert not second_factor.enrol(tx, signed_in, secret, "000000x")
        assert not second_factor.enrol(tx, signed_in, "kein base32!", "000000")
        assert second_factor.enrol(tx, signed_in, secret, totp(key, step(moment)))
        assert not second_factor.enrol(tx, signed_in, second_factor.new_secret(), "000000")
    assert enter(code=totp(key, step(moment))) == SignIn(refused="wrong")  # shown already
    moment.pass_(seconds=30)
    assert enter(code=totp(key, step(moment))).token


def test_names_are_taken_once_and_passwords_have_a_length(store: Store) -> None:
    with store.transaction() as tx:
        accounts.add(tx, "Petugas", "kata sandi panjang", Role.EVALUATOR)
    for name, password, problem in (("PETUGAS", "kata sandi panjang", "already"), ("lain", "pendek", "at least 12")):
        with pytest.raises(AccountRefused, match=problem), store.transaction() as tx:
            accounts.add(tx, name, password, Role.EVALUATOR)
    assert sorted(row.username for row in rows(store, tables.account)) == ["admin", "petugas"]


def test_the_first_account_is_made_once(store: Store) -> None:
    with store.transaction() as tx:
        accounts.bootstrap(tx)
    assert count(store, tables.account) == 1


def test_c22_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, the last six digits."""
    secret = b"12345678901234567890"
    known = {59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"}
    assert {at: totp(secret, at // 30) for at in known} == known
