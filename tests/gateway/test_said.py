"""What is said in one order and delivered in another is read as it was said (F32)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from channels import registry
from channels.messages import RawRequest
from config.settings import ChannelTable, Secret
from gateway.complaints.complaint import Action, Case, Role
from gateway.complaints.forward import ForwardKind, ForwardOutcome, ForwardState
from gateway.forwarding import forwarding
from gateway.intake.arrival import Arrival
from gateway.office import Office
from gateway.queries import complaint_detail, officer_page, tracking
from gateway.queries.scope import scope_of
from gateway.reporting import own_data
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import MONDAY, Moment, Rings, engine_at
from tests.gateway.short_ways import REPORT, act, member, now, only, opened, receive

FIRST, SECOND = "Lubangnya di depan kios nomor tiga", "Tadi malam ada yang jatuh lagi di situ"
WORDS = (FIRST, SECOND)


@pytest.fixture
def store(office: Office, rings: Rings) -> Iterator[Store]:
    values = {name: Secret("rahasia-uji") for name in ("token", "app_secret", "verify_token")}
    table = ChannelTable("wa", "whatsapp", {**values, "phone_number_id": "100000000000001"})
    channels = {**office.channels, **registry.build([table], absent_secret=lambda label: label)}
    made = Store(engine_at(office.settings.storage.url), replace(office, channels=channels), rings.queues.extend)
    yield made
    made.close()


def text(store: Store, words: str, seconds: float, wamid: str = "") -> Arrival:
    """Written so many seconds after Monday morning, and here now."""
    at = str(int(MONDAY.timestamp() + seconds))
    message = {"id": wamid or f"wamid.{words}", "from": "6281200000001", "timestamp": at, "type": "text"}
    value = {"metadata": {"phone_number_id": "100000000000001"}, "messages": [{**message, "text": {"body": words}}]}
    change = {"id": "2", "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [change]}).encode()
    receiver = store.office.channels["wa"].receiver
    assert receiver is not None
    request = RawRequest("POST", body=body)
    return Arrival("wa", receiver.parse(request), request, store.office.now())


def reversed_additions(store: Store, moment: Moment) -> Case:
    """A complaint at its agency, an hour later two more messages: what was written second comes first."""
    case = act(store, opened(store, text(store, REPORT, 0)), Action.ASSIGN, agency="PUPR")
    moment.pass_(hours=1)
    receive(store, text(store, SECOND, 3580))
    moment.pass_(minutes=2)
    receive(store, text(store, FIRST, 3570))
    return now(store, case)


def test_f32_what_comes_reversed_at_the_beginning_is_one_text_in_the_order_of_writing(store: Store) -> None:
    case = opened(store, text(store, REPORT, 0))
    for words, seconds in ((SECOND, 9), (FIRST, 4), ("Mohon segera", 12)):
        receive(store, text(store, words, seconds))
    row = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert row.text_masked.splitlines() == [REPORT, FIRST, SECOND, "Mohon segera"]


def test_f32_every_page_shows_additions_in_the_order_of_writing(store: Store, moment: Moment) -> None:
    case = reversed_additions(store, moment)
    with store.reading() as tx:
        row = tx.one(tables.complaint.select().where(tables.complaint.c.id == case.id))
        detail = complaint_detail.detail(tx, scope_of(tx.office, Role.COORDINATOR, "", "1"), case.number)
        assert detail is not None
        at = {event.text: event.said_at for event in detail.events}
        pages = {
            "staff": [event.text for event in detail.events],
            "officer": [one.text for one in reversed(officer_page.page(tx, row, member(store), ()).history)],
            "lacak": [one.text for one in reversed(tracking.page(tx, row, ()).history)],
            "own data": [one["text"] for one in own_data._history(tx, case.id)],
        }
    assert {name: tuple(words for words in shown if words in WORDS) for name, shown in pages.items()} == dict.fromkeys(
        pages, WORDS
    )
    assert at[FIRST] == MONDAY + timedelta(seconds=3570)


def test_f32_the_system_of_record_is_told_in_the_order_of_writing(store: Store, moment: Moment) -> None:
    reversed_additions(store, moment)
    assert [told(store) for _ in range(3)] == ["", FIRST, SECOND]


def test_f32_what_left_already_is_followed_by_what_was_written_before_with_its_time(
    store: Store, moment: Moment
) -> None:
    act(store, opened(store, text(store, REPORT, 0)), Action.ASSIGN, agency="PUPR")
    moment.pass_(hours=1)
    receive(store, text(store, SECOND, 3580))
    assert [told(store), told(store)] == ["", SECOND]
    receive(store, text(store, FIRST, 3570))
    late = told(store)
    assert (late.endswith(FIRST), "pukul 08.59" in late) == (True, True)


def told(store: Store) -> str:
    """The words that leave next for the system of record."""
    with store.transaction() as tx:
        (job,) = forwarding.claim(tx, "sp4n", 9)
        remote = {"remote_id": "1234567"} if job.kind is ForwardKind.CREATE else {}
        forwarding.settle(tx, [ForwardOutcome(job.id, job.fence, ForwardState.SENT, attempt=1, **remote)])
    return job.followup.text if job.followup else ""


@pytest.mark.parametrize("seconds", [-100_000, 9_000_000])
def test_a_time_far_from_ours_orders_nothing(store: Store, seconds: float) -> None:
    case = opened(store, text(store, REPORT, 0))
    receive(store, text(store, SECOND, 9))
    receive(store, text(store, FIRST, seconds))
    row = only(store, tables.complaint, tables.complaint.c.id == case.id)
    assert row.text_masked.splitlines() == [REPORT, SECOND, FIRST]
