"""What an earlier version could not read: understood after an update, at its own time, once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from channels.messages import Address, Answer, Inbound, InboundMessage, MessageKind, RawRequest, RawResponse
from gateway.intake import rereading
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import count, only, receive, rows

Sends = Callable[..., Arrival]
WORDS = "Jembatan gantung di dusun tiga talinya putus satu"


class NextYear:
    """A Receiver of a version that knows one kind more."""

    def verify(self, request: RawRequest) -> None:
        """Everything is proven."""

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        update = json.loads(request.body)
        words = update.get("hologram", "")
        kind = MessageKind.MESSAGE if words else MessageKind.UNSUPPORTED
        return [InboundMessage(f"u:{update['update_id']}", Address("tg", "77"), words, kind=kind)]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        return RawResponse()


def unread(telegram: Sends, **update: object) -> Arrival:
    """A call of a kind that this version does not know."""
    arrival = telegram(kind=MessageKind.UNSUPPORTED)
    (event,) = arrival.events
    assert isinstance(event, InboundMessage)
    body = json.dumps({"update_id": int(event.external_id.removeprefix("u:")), **update}).encode()
    return replace(arrival, request=RawRequest("POST", body=body))


@pytest.fixture
def updated(store: Store) -> Store:
    """The same database after an update."""
    channel = replace(store.office.channels["tg"], receiver=NextYear())
    return Store(store.engine, replace(store.office, channels={**store.office.channels, "tg": channel}))


def test_f99_after_an_update_what_was_unknown_becomes_a_complaint_of_its_own_time_once(
    store: Store, updated: Store, telegram: Sends, moment: Moment
) -> None:
    written_at = moment.now
    known, still_unknown = unread(telegram, hologram=WORDS), unread(telegram, dance=True)
    receive(store, known, still_unknown)
    assert count(store, tables.complaint) == 0
    moment.pass_(days=9)
    assert [rereading.reread(updated) for _ in range(2)] == [1, 0]
    complaint = only(store, tables.complaint)
    assert (complaint.text_masked, complaint.created_at) == (WORDS, written_at)
    receive(updated, replace(known, events=NextYear().parse(known.request)))  # the provider comes once more
    assert count(store, tables.complaint) == 1
    assert [row.kind for row in rows(store, tables.message)].count("unsupported") == 2


def test_f99_what_is_still_unknown_or_too_old_stays_as_it_is(
    store: Store, updated: Store, telegram: Sends, moment: Moment
) -> None:
    receive(store, unread(telegram, hologram=WORDS))
    assert rereading.reread(store) == 0, "this version knows no more than before"
    moment.pass_(days=31)
    assert rereading.reread(updated) == 0
    assert count(store, tables.complaint) == 0
