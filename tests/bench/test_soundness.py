"""Lost and doubled messages are found, whatever else a bench may say."""

import pytest
from sqlalchemy import select

from gateway.app import Gateway
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts
from gateway.storage import tables
from workers.bench import drain, pipeline
from workers.bench.filling import fill
from workers.bench.load import Outcome
from workers.bench.messages import CHANNELS
from workers.bench.soundness import check


@pytest.fixture
def filled(any_gateway: Gateway) -> Gateway:
    assert list(fill(any_gateway, range(6), CHANNELS, any_gateway.clock.now)) == [6]
    return any_gateway


def test_what_was_acknowledged_is_there_once_or_lost(filled: Gateway) -> None:
    checked = check(filled, range(6), CHANNELS)
    assert (checked.rows, checked.rows_expected, checked.lost, checked.doubled) == (6, 6, 0, 0)
    assert checked.problems == []
    checked = check(filled, range(7), CHANNELS)
    assert checked.lost == 1
    assert checked.problems == ["1 acknowledged messages have no row"]
    # Killed between commit and answer: the provider brings it again, or never learns; nothing is wrong.
    checked = check(filled, range(4), CHANNELS)
    assert (checked.rows, checked.rows_expected, checked.problems) == (6, 4, [])


def test_a_second_receipt_is_found(filled: Gateway) -> None:
    with filled.store.transaction() as tx:
        receipt = tx.one(select(tables.outbox).where(tables.outbox.c.key == "rx.receipt").limit(1))
        assert receipt is not None
        contact = contacts.by_id(tx, [receipt.contact_id])[receipt.contact_id]
        outbound.say(tx, contact, receipt.channel, [("lagi", ())], Said("rx.receipt", receipt.complaint_id))
    checked = check(filled, range(6), CHANNELS)
    assert checked.doubled == 1
    assert not checked.lost


def test_a_receipt_that_did_not_come_is_missing_and_lag_is_from_answer_to_arrival() -> None:
    outcome = Outcome({200: 2}, acknowledged=[4, 5], answered_at=[100.0, 101.0], latencies_s=[], seconds=1.0)
    told = pipeline.delivered({"a": 100.5}, {4: "a", 5: "b"}, outcome)
    assert (told["delivered"], told["missing"], told["lag_p50_ms"]) == (1, 1, 500.0)
    assert pipeline.problems(told | {"repeats_at_sink": 0}) == ["1 senders got no receipt"]


# fmt: off
DRAINED = [
    # emptied  what came out                                                       problems
    (True,  {"sent": 9, "at_sink": 9,  "unsent": 0, "repeats_at_sink": 0}, 0),
    (True,  {"sent": 8, "at_sink": 9,  "unsent": 0, "repeats_at_sink": 0}, 0),  # one in doubt, and it did arrive
    (True,  {"sent": 9, "at_sink": 8,  "unsent": 0, "repeats_at_sink": 0}, 1),  # called sent and never came
    (True,  {"sent": 8, "at_sink": 8,  "unsent": 1, "repeats_at_sink": 0}, 1),
    (True,  {"sent": 9, "at_sink": 9,  "unsent": 0, "repeats_at_sink": 1}, 1),
    (False, {"sent": 5, "at_sink": 5,  "unsent": 4, "repeats_at_sink": 0}, 2),
]
# fmt: on
@pytest.mark.parametrize(("emptied", "told", "many"), DRAINED)
def test_what_is_wrong_with_a_drain(emptied: bool, told: dict[str, int], many: int) -> None:
    assert len(drain.problems(told, emptied=emptied)) == many
