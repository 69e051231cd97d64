"""What waits on one channel is given to another on both databases: the lane goes with it, so the order of an address holds."""

from dataclasses import replace

from channels.messages import Address
from gateway.complaints.complaint import SYSTEM
from gateway.office import Office
from gateway.outbound import diversion, outbound
from gateway.outbound.outbound import Said, lane_of
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways


def test_the_lane_of_an_address_moves_as_a_whole(store: Store, office: Office) -> None:
    second = replace(office.channels["sms"], name="sms-kedua")
    store = Store(store.engine, replace(office, channels={**office.channels, "sms-kedua": second}))
    with store.transaction() as tx:
        addresses = [Address("tel", "+6281200000001"), Address("tel", "+6281200000002")]
        people = contacts.ensure(tx, addresses)
        for address in (*addresses, *addresses):
            outbound.say(tx, people[address], "sms", [("Halo.", ())], Said("st.assigned", sent_from="1708"))
    with store.transaction() as tx:
        assert diversion.look(tx, "sms") == diversion.Look(4, 0, 0)
        assert diversion.divert(tx, "sms", "sms-kedua", "Modem mati", SYSTEM) == 4
    moved = short_ways.rows(store, tables.outbox)
    assert {row.lane for row in moved} == {lane_of("sms-kedua", people[address].id) for address in addresses}
    assert {(row.channel, row.sent_from) for row in moved} == {("sms-kedua", "")}
    with store.transaction() as tx:
        assert [parcel.id for parcel in outbound.claim(tx, 10, 60.0)] == [row.id for row in moved[:2]]
