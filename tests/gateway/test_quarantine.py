"""What breaks us is kept whole and once, unreadable to others, until a person has looked."""

from sqlalchemy import func, select

from channels.messages import RawRequest
from gateway.complaints.complaint import Actor, Role
from gateway.intake import quarantine
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY
from tests.gateway.short_ways import only

ADMIN = Actor(Role.CHANNEL_ADMIN, "7")
BROKEN = RawRequest(
    "POST", "/status", b"token=t&x=%ff", {"content-type": "application/json"}, b"{\xff\x00", "127.0.0.1", MONDAY
)  # fmt: skip


def put(store: Store, request: RawRequest = BROKEN, channel: str = "tg") -> bool:
    with store.transaction() as tx:
        return quarantine.put(tx, channel, request, MONDAY, "payload_invalid", "x" * 400)


def test_a_call_comes_back_byte_for_byte(store: Store) -> None:
    assert put(store)
    row = only(store, tables.quarantine)
    with store.reading() as tx:
        kept = quarantine.read(tx, row.id)
    assert kept is not None
    assert (kept.request, kept.received_at, kept.channel, kept.reason) == (BROKEN, MONDAY, "tg", "payload_invalid")
    assert (kept.state, len(kept.detail)) == ("held", 300)
    assert BROKEN.body not in bytes(row.request_sealed)


def test_the_same_call_again_is_the_same_row(store: Store) -> None:
    assert (put(store), put(store), put(store, channel="sms")) == (True, False, True)
    with store.reading() as tx:
        assert tx.one(select(func.count()).select_from(tables.quarantine))[0] == 2


def test_a_person_settles_it_once_and_the_chain_knows_who(store: Store) -> None:
    put(store)
    identity = only(store, tables.quarantine).id
    for state, by in (("dismissed", ADMIN), ("replayed", Actor(Role.SYSTEM_ADMIN, "8"))):
        with store.transaction() as tx:
            quarantine.settle(tx, identity, state, by)
    row = only(store, tables.quarantine)
    assert (row.state, row.settled_by) == ("dismissed", "7")
    line = only(store, tables.audit, tables.audit.c.action.startswith("quarantine_"))
    assert (line.action, line.actor_id) == ("quarantine_dismissed", "7")


def test_what_is_not_there_is_not_read(store: Store) -> None:
    with store.reading() as tx:
        assert quarantine.read(tx, 4711) is None
