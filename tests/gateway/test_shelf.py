"""What is over is put away small: screens tell the same before and after, and whoever opens it again finds its clocks."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from channels.messages import DeliveryStatus
from gateway import packing
from gateway.complaints.complaint import SYSTEM, Action, Case, Role
from gateway.intake.arrival import Arrival
from gateway.notices import notices
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome
from gateway.people import contacts, dialogues
from gateway.queries import complaint_detail
from gateway.queries.scope import scope_of
from gateway.record import shelf
from gateway.record.shelf import Words
from gateway.retention import retention
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import ANSWER, REPORT, act, answered, count, member, only, opened, rows

Sends = Callable[..., Arrival]


def tell(store: Store) -> None:
    """Everything that waits is written and sent."""
    with store.transaction() as tx:
        while due := notices.claim_due(tx):
            for row in due:
                notices.expand(tx, row)
    with store.transaction() as tx:
        while parcels := outbound.claim(tx, 50, 60.0):
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT, f"p:{one.id}") for one in parcels])


def over(store: Store, telegram: Sends, moment: Moment) -> Case:
    case = answered(store, telegram(REPORT))
    moment.pass_(hours=1)
    tell(store)
    case = act(store, case, Action.CLOSE_AUTOMATICALLY, SYSTEM)
    moment.pass_(hours=1)
    tell(store)
    return case


def shown(store: Store, case: Case) -> tuple[Any, ...]:
    """What the screen of a complaint tells of its clocks and messages."""
    with store.reading() as tx:
        found = complaint_detail.detail(tx, scope_of(tx.office, Role.COORDINATOR), case.number)
        assert found is not None
        clocks = sorted((one.name, one.state, one.due_at, one.explanation) for one in found.item.belongings.clocks)
        return clocks, found.deliveries, [event.id for event in found.events]


def belonging(store: Store, case: Case) -> list[int]:
    counted = (tables.notice, tables.outbox, tables.dispatch_log, tables.clock, tables.assignment)
    return [count(store, table, table.c.complaint_id == case.id) for table in counted]


def given(store: Store, case: Case) -> list[Any]:
    return rows(store, tables.assignment, tables.assignment.c.complaint_id == case.id)


def words_of(tx: Transaction, case: Case) -> Words:
    history = shelf.load(tx, [case.id])[case.id]
    assert history.words is not None
    return history.words


def test_what_is_over_tells_the_same_when_it_is_put_away(store: Store, telegram: Sends, moment: Moment) -> None:
    case, waits = over(store, telegram, moment), opened(store, telegram(REPORT, sender="79"))
    tell(store)
    before, open_rows = shown(store, case), belonging(store, waits)
    sent = [row.id for row in rows(store, tables.outbox, tables.outbox.c.complaint_id == case.id)]
    size = len(bytes(only(store, tables.dialogue, tables.dialogue.c.contact_id == case.contact_id).state_sealed))
    assert (len(sent) >= 4, min(belonging(store, case)) > 0) == (True, True)
    assert shelf.put_away(store) == 0, "too fresh"
    moment.pass_(days=40)
    assert shelf.put_away(store) == 1
    assert (belonging(store, case), belonging(store, waits)) == ([0, 0, 0, 0, 0], open_rows)
    assert shown(store, case) == before
    assert shelf.put_away(store) == 0, "once"
    row = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert "reasons" not in (row.suggestion or {})
    assert row.text_hash == "", "who writes the same now writes something else"
    text = only(store, tables.complaint_text, tables.complaint_text.c.complaint_id == case.id)
    message = only(store, tables.message, tables.message.c.complaint_id == case.id)
    assert message.text_sealed is None, "the words stand as the text of the report"
    dialogue = only(store, tables.dialogue, tables.dialogue.c.contact_id == case.contact_id)
    assert len(bytes(dialogue.state_sealed)) < size / 2
    with store.reading() as tx:
        assert case.contact_id is not None
        person = contacts.by_id(tx, [case.contact_id])[case.contact_id]
        assert person.open(bytes(text.text_sealed), f"complaint_text:{text.id}") == REPORT
        known = dialogues.load(tx, [("tg", person)])["tg", person.id]
        assert (known.privacy_told, known.subjects) == (True, ())
        said = next(one for one in words_of(tx, case).said if one.contact_id == person.id)
        texts = msgspec.msgpack.decode(person.open_bytes(said.sealed, f"shelf:{case.id}"))
    assert case.number.encode() in texts[0][0]
    assert texts[0][1] == f"p:{sent[0]}"


def test_who_opens_it_again_finds_its_clocks_and_it_is_put_away_again(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = over(store, telegram, moment)
    before = given(store, case)
    moment.pass_(days=40)
    shelf.put_away(store)
    clocks = len(shown(store, case)[0])
    assert given(store, case) == []
    act(store, case, Action.REOPEN, reason="belum selesai")
    assert given(store, case) == before
    assert count(store, tables.clock, tables.clock.c.complaint_id == case.id) >= clocks
    act(store, case, Action.ASSIGN, agency="PUPR")
    act(store, case, Action.ANSWER, member(store).actor, **ANSWER)
    moment.pass_(hours=1)
    tell(store)
    act(store, case, Action.CLOSE_AUTOMATICALLY, SYSTEM)
    moment.pass_(hours=1)
    tell(store)
    before = shown(store, case)
    moment.pass_(days=40)
    assert shelf.put_away(store) == 1
    assert shown(store, case) == before


def test_what_was_said_goes_after_two_years_and_that_it_was_said_stays(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = over(store, telegram, moment)
    before = shown(store, case)
    moment.pass_(days=40)
    shelf.put_away(store)
    moment.pass_(days=680)
    retention.forget(store)
    with store.reading() as tx:
        assert words_of(tx, case).said
    moment.pass_(days=20)
    retention.forget(store)
    assert only(store, tables.shelf).words is None
    assert shown(store, case)[1] == before[1]


def test_what_a_later_version_packed_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="later version"):
        packing.inflated(b"\x07" + packing.deflated(b"x")[1:])
