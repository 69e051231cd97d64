"""Staff who left: after five years their names are nowhere but in what others wrote, and whoever serves on keeps theirs."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.messages import Address
from config.reference import TeamMember
from gateway.complaints.complaint import Action, Actor, Case, Role
from gateway.intake.arrival import Arrival
from gateway.people import accounts, bindings, contacts, directory, second_factor
from gateway.retention import anonymising, former_staff
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, act, assigned, count, expand, member, only, rows
from tests.gateway.test_mandates import TODAY, change
from tests.quick_passwords import quick_passwords

Sends = Callable[..., Arrival]
MEMBER, ACCOUNT, CONTACT = tables.agency_member, tables.account, tables.contact
NAME, LOGIN = "Kanarina Burungdara", "kanarina.b"
PHONE, MAIL = "+628119990001", "kanarina.b@contoh.example"
FIVE_YEARS = timedelta(days=5 * 365)
LEFT = TODAY + timedelta(days=30)
OVER = MONDAY + timedelta(days=31) + FIVE_YEARS
"""The first moment of the working day after the last on which the name is known."""


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture
def officer(store: Store) -> int:
    """The member whose last day is `LEFT`, with an account that is bound to the mandate."""
    with store.transaction() as tx:
        phone, mail = Address("tel", PHONE), Address("mailto", MAIL)
        found = contacts.ensure(tx, [phone, mail], {phone: NAME}, staff=True)
    values = {"person": NAME, "telegram_id": None, "phone_id": found[phone].id, "email_id": found[mail].id}
    who = change(store, "PUPR", Role.PENGHUBUNG, **values, valid_to=LEFT, sk_no="SK 7/2026")
    with store.transaction() as tx:
        account = accounts.add(tx, LOGIN, "kata sandi panjang", Role.PENGHUBUNG, NAME, "PUPR")
        bindings.bind(tx, COORDINATOR, account, who)
        accounts.new_second_factor(tx, account)
    return who


def account_of(store: Store, officer: int) -> Any:
    return only(store, ACCOUNT, ACCOUNT.c.member_id == officer)


def traces(store: Store, arrival: Arrival, officer: int) -> Case:
    """What somebody leaves behind in years: events by page and by screen, and a name beside each decision."""
    case = assigned(store, arrival)
    expand(store)
    account = account_of(store, officer)
    act(store, case, Action.START, Actor(Role.PENGHUBUNG, str(officer), "PUPR", NAME))
    note = {"note": "Tim sudah meninjau lokasi dan mengukur lubangnya"}
    act(store, case, Action.NOTE, Actor(Role.PENGHUBUNG, str(account.id), "PUPR", NAME), **note)
    with store.transaction() as tx:
        did = {"actor_role": "coordinator", "actor_name": NAME, "created_at": tx.now}
        tx.insert(tables.text_version, key="rx.receipt", language="id", version=1, text="Terima kasih", **did)
        rule = {"enabled": True, "together": False}
        tx.insert(tables.notice_rule, key="pic.new", audience="penghubung", version=1, **rule, **did)
        line = {"line": "Banjir", "made_by": LOGIN, "created_at": tx.now, "expires_at": tx.now}
        tx.insert(tables.known_incident, id=tx.new_id(), **line)
        tx.upsert(tables.channel_state, [{"channel": "sms", "paused_at": tx.now, "paused_by": NAME}], ["paused_by"])
        hook = {"url": "https://contoh.example", "events": [], "secret_sealed": b"x", "state": "on"}
        mine = {"owner": str(account.id), "owner_name": NAME, "created_at": tx.now, "state_since": tx.now}
        tx.insert(tables.webhook, id=tx.new_id(), **hook, **mine)
        token = {"public_id": "p1", "token_hash": "h", "name": "laporan", "owner": NAME, "scopes": [], "networks": []}
        tx.insert(
            tables.api_token, id=tx.new_id(), **token, created_at=tx.now, created_by=str(account.id), expires_at=tx.now
        )
    return case


def named_in(store: Store, *canaries: str) -> set[str]:
    """The tables in which one of these stands, whatever the column; the audit has its own rule."""
    found = {table.name: str(rows(store, table)) for table in tables.metadata.sorted_tables if table.primary_key}
    return {name for name, content in found.items() if any(canary in content for canary in canaries)} - {"audit"}


def forget(store: Store) -> int:
    return former_staff.forget(store)


def due(store: Store) -> int:
    with store.reading() as tx:
        return former_staff.due(tx)[former_staff.NAME]


def test_five_years_after_the_last_day_a_name_is_nowhere(
    store: Store, telegram: Sends, moment: Moment, officer: int
) -> None:
    traces(store, telegram(REPORT), officer)
    row = only(store, MEMBER, MEMBER.c.id == officer)
    account, others = account_of(store, officer), named_in(store, "Contoh Kepala PUPR")
    before = named_in(store, NAME, LOGIN)
    assert before == {table.name for table, _, _ in former_staff.NAMES} | {
        "agency_member",
        "account",
        "complaint_event",
    }
    moment.now = OVER - timedelta(days=1)
    assert (due(store), forget(store), named_in(store, NAME, LOGIN)) == (0, 0, before)
    moment.now = OVER
    assert (due(store), forget(store), due(store), forget(store)) == (2, 2, 0, 0)
    assert named_in(store, NAME, LOGIN, "SK 7/2026") == set()
    ways = [row.phone_id, row.email_id]
    row = only(store, MEMBER, MEMBER.c.id == officer)
    assert (row.person, row.valid_to, row.phone_id, row.email_id) == ("Penghubung PUPR", LEFT, None, None)
    row = only(store, ACCOUNT, ACCOUNT.c.id == account.id)
    told = (row.username, row.name, row.password_hash, row.totp_sealed, row.disabled_at)
    assert told == (f"penghubung-{id_text(account.id).lower()}", "Penghubung PUPR", "", None, moment.now)
    events = rows(store, tables.complaint_event)
    acted = [(one.action, one.actor_id) for one in events if one.actor_role == Role.PENGHUBUNG.value]
    assert acted == [("start", str(officer)), ("note", str(account.id))], "by whom, as an id"
    assert {one.actor_name for one in events if one.actor_role == Role.COORDINATOR.value} == {COORDINATOR.name}
    assert named_in(store, "Contoh Kepala PUPR") == others
    said = rows(store, tables.audit, tables.audit.c.action == "data_forgotten")[-1]
    assert (said.object_id, said.details) == ("staff", {"rows": 2, "members": 1, "accounts": 1})
    anonymising.empty(store)
    assert count(store, CONTACT, CONTACT.c.id.in_(ways)) == 0, "the ways to reach them went as citizens' do"
    with store.transaction() as tx:
        assert accounts.sign_in(tx, row.username, accounts.compare("", "kata sandi panjang")).refused == "wrong"
        assert second_factor.is_missing(tx, account.id)


def elsewhere(store: Store, **values: Any) -> None:
    """A second mandate, in another team."""
    like = only(store, MEMBER, MEMBER.c.person == NAME)
    more = {"agency": "DLH", "role": "anggota", "valid_to": None, "phone_id": None, "email_id": None, **values}
    with store.transaction() as tx:
        tx.insert(MEMBER, **{**like._asdict(), "id": tx.new_id(), "source": "person", **more})


def same_contact(store: Store) -> None:
    phone = only(store, MEMBER, MEMBER.c.person == NAME).phone_id
    elsewhere(store, person="K. Burungdara, S.T.", phone_id=phone)


def another_account(store: Store) -> None:
    with store.transaction() as tx:
        accounts.add(tx, "burungdara", "kata sandi panjang", Role.EVALUATOR, NAME.upper())


# fmt: off
STAYS: list[Callable[[Store], None]] = [
    same_contact,
    elsewhere,
    lambda store: elsewhere(store, valid_from=TODAY + timedelta(days=6 * 365)),
    lambda store: elsewhere(store, valid_to=TODAY + timedelta(days=365)),
    another_account,
]
# fmt: on


@pytest.mark.parametrize("serves_on", STAYS)
def test_whoever_serves_elsewhere_or_left_there_later_stays_named(
    store: Store, telegram: Sends, moment: Moment, officer: int, serves_on: Callable[[Store], None]
) -> None:
    traces(store, telegram(REPORT), officer)
    serves_on(store)
    before = named_in(store, NAME, LOGIN)
    moment.now = OVER
    assert (due(store), forget(store), named_in(store, NAME, LOGIN)) == (0, 0, before)


def test_an_account_that_was_disabled_goes_five_years_later_and_another_does_not(store: Store, moment: Moment) -> None:
    with store.transaction() as tx:
        gone = accounts.add(tx, "pergi", "kata sandi panjang", Role.EVALUATOR, "Kanari Pergi")
        accounts.add(tx, "tetap", "kata sandi panjang", Role.EVALUATOR)
        tx.execute(ACCOUNT.update().where(ACCOUNT.c.id == gone).values(disabled_at=tx.now))
    moment.pass_(days=5 * 365)
    assert forget(store) == 0
    moment.pass_(days=1)
    assert forget(store) == 1
    assert named_in(store, "Kanari Pergi", "pergi") == set()
    assert [row.name for row in rows(store, ACCOUNT, ACCOUNT.c.id == gone)] == ["Evaluator"]
    assert count(store, ACCOUNT, ACCOUNT.c.username == "tetap") == 1


def test_history_is_walked_in_pieces_and_the_rest_goes_with_the_last_one(
    store: Store, telegram: Sends, moment: Moment, officer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sender in ("77", "78", "79"):
        case = assigned(store, telegram(REPORT, sender=sender))
        act(store, case, Action.START, Actor(Role.PENGHUBUNG, str(officer), "PUPR", NAME))
        moment.pass_(minutes=1)
    monkeypatch.setattr(former_staff, "PIECE", 1)
    monkeypatch.setattr(former_staff, "MOST_PIECES", 2)
    moment.now = OVER
    event = tables.complaint_event.c
    left = []
    for _ in range(3):
        many = forget(store)
        left.append((many, count(store, tables.complaint_event, event.actor_name == NAME), due(store)))
    assert left == [(0, 1, 2), (2, 0, 0), (0, 0, 0)]


def test_those_who_held_one_post_are_told_apart_by_a_number(store: Store, moment: Moment, officer: int) -> None:
    elsewhere(store, agency="PUPR", role="penghubung", person="Kanari Kedua", valid_to=LEFT)
    moment.now = OVER
    assert forget(store) == 3
    people = rows(store, MEMBER, MEMBER.c.agency == "PUPR", MEMBER.c.role == "penghubung")
    assert sorted(row.person for row in people) == ["Penghubung PUPR", "Penghubung PUPR 2"]


def test_the_agency_data_does_not_bring_a_name_back(store: Store, moment: Moment, officer: int) -> None:
    person = TeamMember(role="penghubung", person=NAME, phone=PHONE, valid_to=LEFT)
    _names(store, person)
    moment.now = OVER
    forget(store)
    anonymising.empty(store)
    with store.transaction() as tx:
        directory.load(tx)
    assert named_in(store, NAME) == set()
    with store.reading() as tx:
        digest = tx.office.keys.fingerprint(Address("tel", PHONE).reveal())
    assert count(store, CONTACT, CONTACT.c.address_hash == digest) == 0


def _names(store: Store, person: TeamMember) -> None:
    """The agency data go on naming somebody whose mandate is long over."""
    reference = store.office.reference
    pupr = reference.agencies["PUPR"]
    agencies = {**reference.agencies, "PUPR": replace(pupr, team=(*pupr.team, person))}
    tree = replace(reference.tree, agencies=agencies)
    store.office = replace(store.office, reference=replace(reference, tree=tree))


def test_a_number_that_a_team_does_not_have_any_more_goes_after_two_years(
    store: Store, moment: Moment, officer: int
) -> None:
    phone = only(store, MEMBER, MEMBER.c.id == officer).phone_id
    forget(store)
    change(store, "PUPR", Role.PENGHUBUNG, phone_id=None)
    moment.pass_(days=20)
    forget(store)
    assert only(store, CONTACT, CONTACT.c.id == phone).free_since == moment.now
    for days, staff in ((2 * 365, True), (1, False)):
        moment.pass_(days=days)
        forget(store)
        assert only(store, CONTACT, CONTACT.c.id == phone).staff is staff
    anonymising.empty(store)
    assert count(store, CONTACT, CONTACT.c.id == phone) == 0


def test_a_number_that_a_team_has_again_is_kept(store: Store, moment: Moment, officer: int) -> None:
    phone = only(store, MEMBER, MEMBER.c.id == officer).phone_id
    change(store, "PUPR", Role.PENGHUBUNG, phone_id=None)
    forget(store)
    change(store, "PUPR", Role.PENGHUBUNG, phone_id=phone)
    moment.pass_(days=3)
    forget(store)
    assert only(store, CONTACT, CONTACT.c.id == phone).free_since is None
    assert member(store).person == NAME
