"""What lets an officer act from outside: unguessable, for one person and one complaint, until it is taken away."""

from collections.abc import Callable

import pytest

from gateway.complaints.complaint import Action, Case
from gateway.intake.arrival import Arrival
from gateway.officer_links import links
from gateway.officer_links.links import OfficerLink
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, assigned, member, rows

Sends = Callable[..., Arrival]


@pytest.fixture
def case(store: Store, telegram: Sends) -> Case:
    return assigned(store, telegram(REPORT))


def page(store: Store, case: Case) -> str:
    with store.transaction() as tx:
        address = links.issue_page(tx, case.id, member(store).id)
    assert address.startswith("http://127.0.0.1:8080/p/")
    return address.rpartition("/")[2]


def button(store: Store, case: Case) -> str:
    with store.transaction() as tx:
        return links.issue_button(tx, case.id, member(store).id, Action.START)


def read(store: Store, token: str) -> OfficerLink | None:
    with store.reading() as tx:
        return links.read_page(tx, token)


def test_c13_a_page_is_one_member_s_and_one_complaint_s(store: Store, case: Case) -> None:
    first, second = page(store, case), page(store, case)
    assert first != second
    assert len(first) >= 43
    found = read(store, first)
    assert found is not None
    assert (found.complaint_id, found.member_id, found.action) == (case.id, member(store).id, None)


def test_c13_a_token_is_kept_as_a_hash_only(store: Store, case: Case) -> None:
    tokens = page(store, case), button(store, case)
    stored = repr((rows(store, tables.page_link), rows(store, tables.officer_action)))
    assert not any(token.removeprefix("a:") in stored for token in tokens)


@pytest.mark.parametrize("token", ["", "x" * 43, "../admin", "\x00", "💥"])
def test_c13_a_made_up_token_opens_nothing(store: Store, case: Case, token: str) -> None:
    page(store, case)
    assert read(store, token) is None
    with store.reading() as tx:
        assert links.read_button(tx, token) is None


def test_c13_a_page_is_open_for_two_weeks(store: Store, case: Case, moment: Moment) -> None:
    token = page(store, case)
    moment.pass_(days=13, hours=23)
    assert read(store, token) is not None
    moment.pass_(hours=1)
    assert read(store, token) is None


def test_c13_a_button_fits_the_callback_and_is_used_once(store: Store, case: Case) -> None:
    data = button(store, case)
    assert len(data.encode()) <= 64
    with store.transaction() as tx:
        link = links.read_button(tx, data)
        assert link is not None
        assert (link.action, link.used) == (Action.START, False)
        links.mark_used(tx, link)
        again = links.read_button(tx, data)
        assert again is not None
        assert again.used


def test_c13_what_is_revoked_opens_nothing_and_other_complaints_stay_open(
    store: Store, case: Case, telegram: Sends, moment: Moment
) -> None:
    moment.pass_(hours=2)
    other = assigned(store, telegram("Lampu jalan di simpang empat mati sejak kemarin malam", sender="78"))
    mine, mine_pressed, theirs = page(store, case), button(store, case), page(store, other)
    with store.transaction() as tx:
        links.revoke(tx, case.id)
        assert links.read_button(tx, mine_pressed) is None
    assert read(store, mine) is None
    assert read(store, theirs) is not None
