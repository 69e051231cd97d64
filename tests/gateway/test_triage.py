"""What is still asked once a report was judged: a report that names its street, RT or building is not asked for its place."""

import pytest

from channels.messages import Address, InboundMessage, RawRequest
from gateway import triage
from gateway.arrival import Arrival
from gateway.complaints.classification import Ranked, Suggestion
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway import short_ways

UNSURE = Suggestion(topics=(Ranked("pekerjaan-umum", 0.4),), confidence=0.4)

# fmt: off
REPORTS = [
    # text                                                       asked for its place
    ("Lampu jalan mati di Jl Malijo RT 5 sudah seminggu",        False),
    ("lampu mati di rt 5 sudah seminggu tidak diperbaiki",       False),
    ("Jalan di depan SDN 3 Sidorejo berlubang besar",            False),
    ("Lampu jalan mati sudah seminggu, tolong diperbaiki",       True),
]
# fmt: on


@pytest.mark.parametrize(("text", "is_asked"), REPORTS)
def test_only_a_report_without_any_place_is_asked_for_one(store: Store, text: str, is_asked: bool) -> None:
    message = InboundMessage("u:1", Address("tg", "77"), text, provider_id="m:77:1")
    with store.reading() as tx:
        now = tx.now
    case = short_ways.opened(store, Arrival("tg", [message], RawRequest("POST", body=b"{}"), now))
    with store.transaction() as tx:
        triage.take(tx, triage.TriageJob(case.id, text, 1), UNSURE)
    asked = short_ways.count(store, tables.outbox, tables.outbox.c.key == "ask.place")
    assert asked == is_asked
    assert ("lokasi" in short_ways.only(store, tables.complaint).missing) == is_asked
