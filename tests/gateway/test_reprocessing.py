"""A call out of quarantine, taken once more: one complaint, as old as its message, each deadline counted from then."""

import msgspec

from channels.messages import RawRequest
from gateway.intake import quarantine, reprocessing
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment
from tests.gateway.short_ways import COORDINATOR, REPORT, only, rows

UPDATE = {
    "update_id": 901,
    "message": {
        "message_id": 7,
        "date": 1_790_000_000,
        "chat": {"id": 77, "type": "private", "first_name": "Budi"},
        "from": {"id": 77, "is_bot": False, "first_name": "Budi"},
        "text": REPORT,
    },
}


def test_f74_a_call_that_was_put_aside_becomes_one_complaint_at_its_own_time(store: Store, moment: Moment) -> None:
    request = RawRequest("POST", path="/c/tg", body=msgspec.json.encode(UPDATE))
    with store.transaction() as tx:
        quarantine.put(tx, "tg", request, MONDAY, "parse_failed", "ValueError")
    moment.pass_(days=2)
    with store.transaction() as tx:
        done = reprocessing.reprocess(tx, only(store, tables.quarantine).id, COORDINATOR)
    report, clock = only(store, tables.complaint), only(store, tables.clock)
    assert (done.messages, done.numbers) == (1, (report.number,))
    assert (report.created_at, clock.started_at, report.due_at) == (MONDAY, MONDAY, clock.due_at)
    received, remark = rows(store, tables.complaint_event)
    assert (received.at, remark.action, remark.at) == (MONDAY, reprocessing.REMARK, moment.now)
