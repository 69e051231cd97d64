"""Whoever wants no more messages gets none, whatever was under way at that moment."""

from channels.messages import DeliveryStatus
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.people import dialogues
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import contact, only

S = DeliveryStatus


def test_f91_an_opt_out_while_a_message_is_under_way_holds_at_its_next_attempt(store: Store, moment: Moment) -> None:
    person = contact(store)
    with store.transaction() as tx:
        outbound.say(tx, person, "tg", [("kabar", ())], Said("st.note", direct=False))
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 1, 60)
    moment.pass_(seconds=1)
    with store.transaction() as tx:
        dialogues.opt(tx, "tg", person, True)
        outbound.suppress(tx, "tg", person.id)
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, S.QUEUED, due_at=tx.now)])
    row = only(store, tables.outbox)
    assert (row.state, row.reason) == ("failed", "opt_out")
    with store.transaction() as tx:
        assert outbound.resend(tx, [parcel.id]) == 0


def test_news_that_is_tried_again_stays_wanted_by_whoever_said_nothing(store: Store) -> None:
    person = contact(store)
    with store.transaction() as tx:
        outbound.say(tx, person, "tg", [("kabar", ())], Said("st.note", direct=False))
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 1, 60)
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, S.QUEUED, due_at=tx.now)])
    assert only(store, tables.outbox).state == "queued"
