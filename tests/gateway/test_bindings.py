"""Accounts that belong to a mandate: in from its first day, out from midnight after its last, and nobody else is asked."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.complaints.complaint import Actor, Role
from gateway.people import accounts, bindings, directory, leaves
from gateway.people.accounts import SignIn
from gateway.people.bindings import BindingRefused, Standing
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import COORDINATOR, count, member, only, rows
from tests.gateway.test_mandates import TODAY, change
from tests.quick_passwords import quick_passwords

PASSWORD = "kata sandi panjang"
ACCOUNT, SESSION, AUDIT = tables.account, tables.account_session, tables.audit
Enter = Callable[[], SignIn]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture
def officer(store: Store) -> int:
    """An account of an officer of another office, bound to nothing."""
    with store.transaction() as tx:
        return accounts.add(tx, "petugas", PASSWORD, Role.ANGGOTA, agency="DLH")


@pytest.fixture
def enter(store: Store, officer: int) -> Enter:
    def sign_in() -> SignIn:
        with store.reading() as tx:
            known = accounts.known_of(tx, "petugas")
        proof = accounts.compare(known, PASSWORD)
        with store.transaction() as tx:
            return accounts.sign_in(tx, "petugas", proof)

    return sign_in


def bind(store: Store, account: int, who: int, actor: Actor = COORDINATOR) -> None:
    with store.transaction() as tx:
        bindings.bind(tx, actor, account, who)


def is_in(store: Store, token: str) -> bool:
    with store.reading() as tx:
        return accounts.session(tx, token) is not None


def lines(store: Store, action: str) -> list[Any]:
    return [row.details for row in rows(store, AUDIT, AUDIT.c.action == action)]


def test_c22_an_account_opens_from_the_first_day_of_its_mandate_to_midnight_after_the_last(
    store: Store, officer: int, enter: Enter, moment: Moment
) -> None:
    first, last = TODAY + DAY, TODAY + 2 * DAY
    who = change(store, "PUPR", Role.PENGHUBUNG, valid_from=first, valid_to=last)
    bind(store, officer, who)
    assert enter() == SignIn(refused="not_begun", day=first)
    moment.now = MONDAY + timedelta(hours=16)  # 00.00 of the next day in Jakarta
    assert is_in(store, enter().token)
    moment.now += timedelta(hours=47, minutes=59)
    token = enter().token
    assert is_in(store, token)
    moment.pass_(minutes=1)
    assert not is_in(store, token)
    assert enter() == SignIn(refused="over", day=last)
    assert lines(store, "sign_in_failed") == [{"member": who}] * 2


def test_c22_open_sessions_end_with_the_mandate_and_the_record_says_so_once(
    store: Store, officer: int, enter: Enter
) -> None:
    who = member(store).id
    bind(store, officer, who)
    token, other = enter().token, enter().token
    change(store, "PUPR", Role.PENGHUBUNG, valid_to=TODAY - DAY)
    with store.transaction() as tx:
        assert accounts.shut_out(tx, token) == (Standing.OVER, True)
        assert bindings.end_sessions(tx) == 1
    with store.transaction() as tx:
        assert bindings.end_sessions(tx) == 0
        assert accounts.shut_out(tx, other) == (Standing.OVER, False)
    assert count(store, SESSION, SESSION.c.revoked_at.is_(None)) == 0
    assert lines(store, "sessions_ended") == [{"member": who, "sessions": 2}]


def test_c22_a_disabled_account_is_shut_at_once_and_good_again_when_enabled(
    store: Store, officer: int, enter: Enter
) -> None:
    token = enter().token
    with store.transaction() as tx:
        assert bindings.disable(tx, COORDINATOR, officer) == 1
    assert not is_in(store, token)
    assert enter() == SignIn(refused="wrong")
    with pytest.raises(BindingRefused, match="no_account"), store.transaction() as tx:
        bindings.disable(tx, COORDINATOR, officer)
    with store.transaction() as tx:
        bindings.enable(tx, COORDINATOR, officer)
        bindings.enable(tx, COORDINATOR, officer)  # twice is once
    assert not is_in(store, token), "its old sessions stay ended"
    assert is_in(store, enter().token)
    assert lines(store, "account_disabled") == [{"sessions": 1}]
    assert lines(store, "account_enabled") == [{}]
    own = Actor(Role.COORDINATOR, str(officer))
    for deed in (bindings.disable, bindings.enable):
        with pytest.raises(BindingRefused, match="own"), store.transaction() as tx:
            deed(tx, own, officer)
    with store.transaction() as tx:
        bindings.disable(tx, COORDINATOR, officer)
        tx.execute(ACCOUNT.update().where(ACCOUNT.c.id == officer).values(forgotten_at=tx.now))
    with pytest.raises(BindingRefused, match="no_account"), store.transaction() as tx:
        bindings.enable(tx, COORDINATOR, officer)


def test_c22_an_enabled_account_does_not_take_back_a_mandate_that_another_has_now(store: Store, officer: int) -> None:
    holder = member(store).id
    bind(store, officer, holder)
    with store.transaction() as tx:
        other = accounts.add(tx, "lain", PASSWORD, Role.ANGGOTA, agency="DLH")
        bindings.disable(tx, COORDINATOR, officer)
    bind(store, other, holder)
    with pytest.raises(BindingRefused, match="taken"), store.transaction() as tx:
        bindings.enable(tx, COORDINATOR, officer)
    with store.transaction() as tx:
        bindings.unbind(tx, COORDINATOR, other)
        bindings.enable(tx, COORDINATOR, officer)
    assert only(store, ACCOUNT, ACCOUNT.c.id == officer).disabled_at is None


def test_c22_of_two_who_give_one_mandate_to_two_accounts_at_once_one_is_refused(store: Store, officer: int) -> None:
    holder = member(store).id
    with store.transaction() as tx:
        other = accounts.add(tx, "lain", PASSWORD, Role.ANGGOTA, agency="DLH")

    def give() -> str:
        with pytest.raises(BindingRefused) as refusal:
            bind(store, other, holder)
        return refusal.value.code

    with ThreadPoolExecutor(1) as one:
        with store.transaction() as tx:
            bindings.bind(tx, COORDINATOR, officer, holder)
            second = one.submit(give)
            with pytest.raises(TimeoutError):  # it waits for the first
                second.result(timeout=0.3)
        assert second.result(timeout=30) == "taken"
    assert len(rows(store, ACCOUNT, ACCOUNT.c.member_id == holder)) == 1


def test_whoever_is_on_leave_may_still_sign_in(store: Store, officer: int, enter: Enter) -> None:
    who = member(store).id
    bind(store, officer, who)
    with store.transaction() as tx:
        leaves.add(tx, COORDINATOR, who, tx.today, tx.today + DAY)
        assert directory.on_leave(tx, [who], tx.today)
    assert is_in(store, enter().token)


def test_whoever_the_agency_data_name_no_more_is_out_and_a_renewed_decree_lets_them_in_again(
    store: Store, officer: int, enter: Enter, moment: Moment
) -> None:
    bind(store, officer, member(store).id)
    token = enter().token
    change(store, "PUPR", Role.PENGHUBUNG, ended_at=moment.now)
    assert not is_in(store, token)
    assert enter() == SignIn(refused="over", day=TODAY)
    with store.transaction() as tx:
        directory.load(tx)  # named again
    assert is_in(store, enter().token)


def test_an_officer_takes_over_office_and_role_of_the_mandate_and_signs_in_anew(
    store: Store, officer: int, enter: Enter
) -> None:
    before = enter().token
    who = member(store).id
    bind(store, officer, who)
    assert not is_in(store, before)
    token = enter().token
    with store.reading() as tx:
        signed_in = accounts.session(tx, token)
    assert signed_in is not None
    assert (signed_in.role, signed_in.agency) == (Role.PENGHUBUNG, "PUPR")
    assert lines(store, "account_bound") == [{"member": who, "before": None, "role": "penghubung", "agency": "PUPR"}]


def test_a_coordinator_keeps_their_role_and_without_a_mandate_is_asked_for_none(store: Store) -> None:
    with store.transaction() as tx:
        theirs = accounts.add(tx, "koordinator", PASSWORD, Role.COORDINATOR)
        [shown] = [one for one in bindings.accounts(tx) if one.id == theirs]
    assert shown.standing is Standing.FREE
    bind(store, theirs, member(store).id)
    kept = only(store, ACCOUNT, ACCOUNT.c.id == theirs)
    assert (kept.role, kept.agency) == ("coordinator", "")
    with store.transaction() as tx:
        bindings.unbind(tx, COORDINATOR, theirs)
        bindings.unbind(tx, COORDINATOR, theirs)
    assert only(store, ACCOUNT, ACCOUNT.c.id == theirs).member_id is None
    assert len(lines(store, "account_unbound")) == 1


def test_c22_what_would_prolong_an_access_is_refused_with_its_reason(store: Store, officer: int) -> None:
    holder = member(store).id
    bind(store, officer, holder)
    with store.transaction() as tx:
        other = accounts.add(tx, "lain", PASSWORD, Role.ANGGOTA, agency="DLH")
    over = change(store, "DLH", Role.PENGHUBUNG, valid_to=TODAY - DAY)
    # fmt: off
    refused = [
        # who                                        account  member  why
        (COORDINATOR,                                other,   holder, "taken"),
        (COORDINATOR,                                other,   over,   "over"),
        (COORDINATOR,                                other,   0,      "no_mandate"),
        (COORDINATOR,                                0,       holder, "no_account"),
        (Actor(Role.SYSTEM_ADMIN, str(officer)),     officer, holder, "own"),
    ]
    # fmt: on
    for actor, account, who, code in refused:
        with pytest.raises(BindingRefused) as problem:
            bind(store, account, who, actor)
        assert problem.value.code == code
    change(store, "PUPR", Role.PENGHUBUNG, valid_to=TODAY - DAY)
    with store.transaction() as tx, pytest.raises(BindingRefused) as problem:
        bindings.unbind(tx, COORDINATOR, officer)
    assert problem.value.code == "over"


def test_mandates_that_are_over_or_bound_are_offered_to_nobody(store: Store, officer: int) -> None:
    holder = member(store).id
    over = change(store, "DLH", Role.PENGHUBUNG, valid_to=TODAY - DAY)
    bind(store, officer, holder)
    with store.reading() as tx:
        offered = {one.member_id for one in bindings.bindable(tx)}
    assert offered
    assert not offered & {holder, over}
