"""The identity vault: one person is one contact, found by what cannot be read, opened only with its own key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy.exc import IntegrityError

from channels.messages import Address, ContactEvent
from gateway.people import contacts, directory
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from gateway.storage.types import Ids
from tests.gateway.short_ways import contact, count, only, rows

CITIZENS = tables.contact.c.staff.is_(False)
PHONE = Address("tel", "+6281200000001")


class Drawn(Ids):
    """Draws what somebody drew before."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def new(self, now: datetime) -> int:
        return self._number


def test_c2_somebody_known_is_found_again_and_not_made_twice(store: Store) -> None:
    first, again = contact(store), contact(store)
    assert (first.id, first.key, first.is_new) == (again.id, again.key, True)
    assert not again.is_new
    assert count(store, tables.contact, CITIZENS) == 1


def test_many_at_once_are_one_row_each_however_often_they_are_named(store: Store) -> None:
    people = [Address("tg", str(number)) for number in range(100)]
    with store.transaction() as tx:
        made = contacts.ensure(tx, [*people, *people])
    assert len({one.id for one in made.values()}) == count(store, tables.contact, CITIZENS) == 100


def test_two_processes_that_meet_the_same_stranger_agree(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)

    def meet(process: int) -> int:
        mine = Store(open_engine(url), store.office)
        mine._ids = Ids(process)
        try:
            return contact(mine, "+6281200000001", "tel").id
        finally:
            mine.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(meet, range(4)))) == 1
    assert count(store, tables.contact, CITIZENS) == 1


def test_crowds_of_strangers_in_any_order_do_not_block_each_other(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    people = [Address("tg", str(number)) for number in range(400)]
    orders = [people[at : at + 40] for at in range(0, 400, 40)]

    def meet(backwards: bool) -> int:
        mine = Store(open_engine(url), store.office)
        mine._ids = Ids(int(backwards))  # two processes
        try:
            for crowd in orders:
                with mine.transaction() as tx:
                    contacts.ensure(tx, reversed(crowd) if backwards else crowd)
        finally:
            mine.close()
        return len(orders)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(meet, (False, True))) == [10, 10]
    assert count(store, tables.contact, CITIZENS) == 400


def test_an_id_that_two_processes_drew_does_not_make_two_people_one(store: Store) -> None:
    drawn, kept = contact(store).id, store._ids
    store._ids = Drawn(drawn)
    with pytest.raises(IntegrityError):
        contact(store, PHONE.path, PHONE.scheme)
    store._ids = kept
    assert contact(store, PHONE.path, PHONE.scheme).id != drawn


def test_c1_an_address_comes_out_only_to_be_sent_to(store: Store) -> None:
    person = contact(store, PHONE.path, PHONE.scheme)
    with store.reading() as tx:
        assert contacts.addresses(tx, {person.id: person}) == {person.id: PHONE}
    assert PHONE.path not in repr((person, rows(store, tables.contact)))


def test_c1_what_is_sealed_for_one_opens_for_nobody_else(store: Store) -> None:
    mine, other = contact(store, "77"), contact(store, "78")
    sealed = mine.seal("rahasia", "message:1:text")
    assert mine.open(sealed, "message:1:text") == "rahasia"
    with pytest.raises(InvalidTag):
        other.open(sealed, "message:1:text")
    with pytest.raises(InvalidTag):
        mine.open(sealed, "message:2:text")


def test_a_name_is_kept_apart_and_may_change(store: Store) -> None:
    with store.transaction() as tx:
        person = contacts.ensure(tx, [PHONE], {PHONE: "Budi"})[PHONE]
    with store.transaction() as tx:
        assert contacts.name_of(tx, person.id) == "Budi"
        contacts.set_name(tx, person, "Budi Contoh")
    with store.reading() as tx:
        assert contacts.name_of(tx, person.id) == "Budi Contoh"
        assert contacts.name_of(tx, contact(store, "79").id) == ""


# fmt: off
MASKED = [
    (Address("tel", "+6281200000001"), "+62 812-****-0001"),
    (Address("tel", "1708"),           "tel:****"),
    (Address("tg", "77"),              "tg:****"),
    (Address("mailto", "a@b.invalid"), "mailto:****"),
]
# fmt: on


@pytest.mark.parametrize(("address", "shown"), MASKED)
def test_staff_see_an_address_only_in_part(address: Address, shown: str) -> None:
    assert contacts.masked(address) == shown


def test_somebody_who_blocks_us_is_left_alone_until_they_come_back(store: Store) -> None:
    person = contact(store)
    for event, reachable in (("blocked", False), ("unblocked", True)):
        with store.transaction() as tx:
            contacts.take_event(tx, ContactEvent("u:1", Address("tg", "77"), event))
        assert only(store, tables.contact, tables.contact.c.id == person.id).reachable is reachable


def test_a_stranger_s_event_makes_no_contact(store: Store) -> None:
    with store.transaction() as tx:
        contacts.take_event(tx, ContactEvent("u:1", Address("tg", "4711"), "blocked"))
    assert count(store, tables.contact, CITIZENS) == 0


def test_a_contact_moves_with_its_address(store: Store) -> None:
    group = contact(store, "-100")
    with store.transaction() as tx:
        contacts.take_event(tx, ContactEvent("u:1", Address("tg", "-100"), "moved", Address("tg", "-100200")))
    assert contact(store, "-100200").id == group.id
    assert contact(store, "-100").id != group.id


def test_nobody_takes_over_the_address_of_somebody_else(store: Store) -> None:
    mine, other = contact(store, "77"), contact(store, "78")
    with store.transaction() as tx:
        contacts.move(tx, mine.id, Address("tg", "78"))
    assert (contact(store, "77").id, contact(store, "78").id) == (mine.id, other.id)


def test_a_citizen_who_joins_a_team_stays_the_same_person(store: Store) -> None:
    """Whoever was a citizen before the agency data named them keeps contact and complaints."""
    staff = only(store, tables.agency_member, tables.agency_member.c.person == "Contoh Penghubung PUPR")
    with store.transaction() as tx:
        tx.execute(tables.contact.update().where(tables.contact.c.id == staff.telegram_id).values(staff=False))
        directory.load(tx)
    assert contact(store, "900001").id == staff.telegram_id
    assert contact(store, "900001").staff
