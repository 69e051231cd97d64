"""Citizens on WhatsApp: two numbers behind one webhook, people without a telephone number, windows, templates, statuses."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels import registry
from channels.errors import PartlyInvalid
from channels.messages import Address, DeliveryReport, DeliveryStatus, RawRequest
from config.settings import ChannelTable, Secret
from gateway.complaints.complaint import SYSTEM
from gateway.complaints.notices import Skip
from gateway.intake.arrival import Arrival
from gateway.intake.reprocessing import StillBroken, reprocess
from gateway.notices import held_back
from gateway.office import Office
from gateway.outbound import delivery_reports, outbound
from gateway.outbound.outbound import Outcome, Parcel, Said
from gateway.people import contacts, further_addresses, readers
from gateway.people.contacts import Contact
from gateway.reporting.own_data import gathered
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.channels.recorded import PAYLOADS, read_request
from tests.gateway.conftest import MONDAY, Moment, Rings, engine_at
from tests.gateway.short_ways import REPORT, count, only, opened, receive, rows, spoken

S = DeliveryStatus
NUMBER, APP_ID = Address("tel", "+6281200000001"), Address("wa", "ID.13491200000000000001")
TABLE = {
    "token": Secret("uji-token-meta"),
    "app_secret": Secret("uji-app-secret-meta-0001"),
    "verify_token": Secret("v"),
}


@pytest.fixture
def store(office: Office, rings: Rings) -> Iterator[Store]:
    """As ever, and two numbers of one app, and one of another app."""
    tables_ = [
        ChannelTable("wa", "whatsapp", {**TABLE, "phone_number_id": "100000000000001"}),
        ChannelTable("wa-dua", "whatsapp", {**TABLE, "phone_number_id": "100000000000002"}),
        ChannelTable(
            "asing", "whatsapp", {**TABLE, "phone_number_id": "100000000000003", "app_secret": Secret("lain")}
        ),
    ]
    more = registry.build(tables_, absent_secret=lambda label: label)
    made = Store(
        engine_at(office.settings.storage.url),
        replace(office, channels={**office.channels, **more}),
        rings.queues.extend,
        rings.told.extend,
    )
    yield made
    made.close()


def recorded(name: str) -> RawRequest:
    return read_request(PAYLOADS / "whatsapp" / f"{name}.http")


def said(store: Store, request: RawRequest, channel: str = "wa") -> Arrival:
    receiver = store.office.channels[channel].receiver
    assert receiver is not None
    events: Any
    try:
        events = receiver.parse(request)
    except PartlyInvalid as problem:
        events = problem.understood
    return Arrival(channel, events, request, store.office.now())


def call(store: Store, *messages: dict[str, Any], channel: str = "wa", **value: Any) -> Arrival:
    around = {"metadata": {"phone_number_id": "100000000000001", "display_phone_number": "628110000001"}, **value}
    change = {"field": "messages", "value": {**around, "messages": list(messages)}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]}
    return said(store, RawRequest("POST", body=json.dumps(body).encode()), channel)


def text(wamid: str, words: str = REPORT, at: int = 1795396500, **who: str) -> dict[str, Any]:
    """A message of Monday 08.15 WIB."""
    return {"id": wamid, "timestamp": str(at), "type": "text", "text": {"body": words}, **who}


def texts_of(store: Store, channel: str) -> list[str]:
    found = rows(store, tables.message, tables.message.c.channel == channel)
    with store.reading() as tx:
        people = contacts.by_id(tx, [row.contact_id for row in found])
        return [people[row.contact_id].open(bytes(row.text_sealed), f"message:{row.id}:text") for row in found]


# Whose event it is


def test_f04_of_three_entries_for_two_numbers_the_good_ones_reach_their_own_channel(store: Store) -> None:
    receive(store, said(store, recorded("broken-one-of-three")))
    assert (texts_of(store, "wa"), texts_of(store, "wa-dua")) == (["pesan pertama"], ["pesan ketiga"])
    assert not count(store, tables.quarantine)


def test_c14_what_is_about_a_number_of_another_app_or_of_nobody_is_put_aside_whole(store: Store) -> None:
    """Whoever knows the secret of one app says nothing in the name of another."""
    body = recorded("in-batch-two-numbers").body.replace(b"100000000000002", b"100000000000003")
    receive(store, said(store, replace(recorded("in-batch-two-numbers"), body=body)))
    assert (len(texts_of(store, "wa")), texts_of(store, "asing")) == (1, [])
    kept = only(store, tables.quarantine)
    assert (kept.channel, kept.reason) == ("wa", "unknown_number")
    with store.transaction() as tx, pytest.raises(StillBroken, match="unknown_number"):
        reprocess(tx, kept.id, SYSTEM)


def test_while_the_secret_of_an_app_is_changed_its_channels_still_know_each_other(store: Store) -> None:
    channels = store.office.channels
    renewed = replace(channels["wa"], app="baru", former=channels["wa"])
    store.office = replace(store.office, channels={**channels, "wa": renewed})
    receive(store, said(store, recorded("in-batch-two-numbers")))
    assert len(texts_of(store, "wa-dua")) == 1


def test_a_call_that_comes_again_for_days_is_no_news(store: Store, moment: Moment) -> None:
    arrival = said(store, recorded("in-batch-two-numbers"))
    for _ in range(2):
        receive(store, arrival)
        moment.pass_(days=7)
    # The same, brought to the address of the other number.
    receive(store, said(store, recorded("in-batch-two-numbers"), channel="wa-dua"))
    assert count(store, tables.message) == 2


def test_what_meta_says_about_our_number_becomes_a_task_once(store: Store) -> None:
    for _ in range(2):
        receive(store, said(store, recorded("in-account-notices")))
    assert sorted((row.kind, row.subject, row.detail) for row in rows(store, tables.task)) == [
        ("provider_notice", "wa: account", "DISABLED_UPDATE"),
        ("provider_notice", "wa: quality", "DOWNGRADE, TIER_250, 628110000001"),
    ]


# Who somebody is


def person(store: Store, address: Address) -> Contact:
    with store.transaction() as tx:
        return contacts.ensure(tx, [address])[address]


def test_f95_whoever_has_no_number_has_a_whole_conversation(store: Store) -> None:
    case = opened(store, call(store, text("wamid.1", from_user_id=APP_ID.path)))
    assert case.number in spoken(store, APP_ID)[-1].text
    receive(store, call(store, text("wamid.2", f"STATUS {case.number}", from_user_id=APP_ID.path)))
    assert case.number in spoken(store, APP_ID)[-1].text
    assert contacts.masked(APP_ID) == "wa:****"


def test_f93_a_number_is_one_contact_by_sms_and_whatsapp(store: Store, sms: Any) -> None:
    receive(store, sms(REPORT))
    receive(store, call(store, text("wamid.1", "Apa kabar laporan saya?", **{"from": "6281200000001"})))
    assert count(store, tables.contact, tables.contact.c.staff.is_(False)) == 1


def test_an_id_and_a_number_that_come_together_are_one_person(store: Store) -> None:
    receive(store, call(store, text("wamid.1", from_user_id=APP_ID.path)))
    first = person(store, APP_ID)
    both = {"from": "6281200000001", "from_user_id": APP_ID.path}
    receive(store, call(store, text("wamid.2", "Masih berlubang", **both)))
    assert person(store, NUMBER).id == person(store, APP_ID).id == first.id
    with store.reading() as tx:
        assert contacts.reached(tx, [first.id])[first.id][1] == NUMBER
    receive(store, call(store, text("wamid.3", "Tetap berlubang", from_user_id=APP_ID.path)))
    assert {row.contact_id for row in rows(store, tables.message)} == {first.id}


def test_two_that_turn_out_to_be_one_keep_their_reports_and_know_each_other_s_address(store: Store) -> None:
    receive(store, call(store, text("wamid.1", from_user_id=APP_ID.path)))
    receive(store, call(store, text("wamid.2", **{"from": "6281200000001"})))
    by_id, by_number = person(store, APP_ID), person(store, NUMBER)
    receive(store, call(store, text("wamid.3", **{"from": "6281200000001", "from_user_id": APP_ID.path})))
    assert (person(store, APP_ID).id, person(store, NUMBER).id) == (by_id.id, by_number.id)
    with store.reading() as tx:
        assert gathered(tx, by_number)["further_addresses"] == [APP_ID.reveal()]
        assert further_addresses.other(tx, by_id.id, "tel") == NUMBER
        assert further_addresses.other(tx, by_number.id, "wa") == APP_ID


def test_c2_a_destroyed_contact_leaves_no_address_behind(store: Store) -> None:
    both = {"from": "6281200000001", "from_user_id": APP_ID.path}
    receive(store, call(store, text("wamid.1", **both)))
    with store.transaction() as tx:
        contacts.destroy(tx, contacts.ensure(tx, [NUMBER])[NUMBER].id)
    assert count(store, tables.further_address) == count(store, tables.heard) == 0


def test_c1_no_name_of_a_message_holds_a_number(store: Store) -> None:
    wamid = "wamid.HBgNNjI4MTIwMDAwMDAwMRUCABEYEjNBMkI="  # base64 of the number
    receive(store, call(store, text(wamid, **{"from": "6281200000001"})))
    row = only(store, tables.message)
    assert "NjI4MTIw" not in row.external_id + row.provider_id


# What leaves, and in which form


def say(store: Store, address: Address = NUMBER, **about: Any) -> int:
    with store.transaction() as tx:
        who = contacts.ensure(tx, [address])[address]
        return outbound.say(tx, who, "wa", [("Laporan dikerjakan.", ())], Said("st.progress", direct=False, **about))[0]


def claimed(store: Store) -> Parcel:
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 1, 60, ["wa"])
    return parcel


def settle(store: Store, parcel: Parcel, state: DeliveryStatus = S.SENT, **more: Any) -> None:
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, state, **more)])


def report(store: Store, identity: int, status: DeliveryStatus, reason: str = "", **more: Any) -> Any:
    """What became of the row."""
    with store.transaction() as tx:
        delivery_reports.report(tx, "wa", [DeliveryReport(f"ob_{id_text(identity)}", status, reason, **more)])
    return only(store, tables.outbox, tables.outbox.c.id == identity)


def heard(store: Store) -> datetime:
    moment: datetime = only(store, tables.heard).at
    return moment


def test_f41_a_message_knows_when_its_receiver_wrote_last_and_what_it_is_about(store: Store, moment: Moment) -> None:
    case = opened(store, call(store, text("wamid.1", **{"from": "6281200000001"})))
    with store.transaction() as tx:  # the receipt is on its way
        receipts = outbound.claim(tx, 9, 60, ["wa"])
    assert [(one.message.heard_ago_s, one.message.as_template) for one in receipts] == [(0.0, False)]
    for one in receipts:
        settle(store, one)
    say(store, complaint_id=case.id)
    message = claimed(store).message
    assert (message.meaning, message.number) == ("st.progress", case.number)


def test_a_message_that_comes_days_late_opens_no_window_of_today(store: Store, moment: Moment) -> None:
    sent = int(MONDAY.timestamp())
    moment.pass_(days=3)
    receive(store, call(store, text("wamid.1", at=sent, **{"from": "6281200000001"})))
    assert heard(store) == MONDAY
    moment.pass_(hours=1)
    receive(store, call(store, text("wamid.2", at=sent + 3 * 86400, **{"from": "6281200000001"})))
    receive(store, call(store, text("wamid.0", at=sent - 60, **{"from": "6281200000001"})))
    assert heard(store) == MONDAY + timedelta(days=3)


def test_f41_a_window_that_was_closed_after_all_brings_a_template_once_and_then_a_task(store: Store) -> None:
    case = opened(store, call(store, text("wamid.1", **{"from": "6281200000001"})))
    with store.transaction() as tx:
        for one in outbound.claim(tx, 9, 60, ["wa"]):
            outbound.settle(tx, [Outcome(one.id, one.fence, S.SENT)])
    identity = say(store, complaint_id=case.id)
    settle(store, claimed(store), provider_id="pertama")
    assert report(store, identity, S.FAILED, "window_closed", provider_id="pertama").state == "queued"
    parcel = claimed(store)
    assert parcel.message.as_template
    # Meta repeats what it said of the first one, for days.
    assert report(store, identity, S.FAILED, "window_closed", provider_id="pertama").state == "sending"
    settle(store, parcel, provider_id="kedua")
    assert report(store, identity, S.FAILED, "window_closed", provider_id="pertama").state == "sent"
    assert report(store, identity, S.FAILED, "window_closed", provider_id="kedua").state == "failed"
    with store.transaction() as tx:
        assert (held_back.ask(tx), held_back.ask(tx)) == (1, 0)
    task = only(store, tables.task)
    assert (task.kind, task.subject, task.detail) == ("not_told", case.number, "window_closed")


def test_f41_the_answer_that_the_window_is_closed_brings_a_template_too(store: Store) -> None:
    identity = say(store)
    settle(store, claimed(store), S.QUEUED, reason="window_closed", counted=False, as_template=True)
    row = only(store, tables.outbox, tables.outbox.c.id == identity)
    assert (row.state, row.attempts, claimed(store).message.as_template) == ("queued", 0, True)


def test_where_the_id_will_not_do_the_number_is_taken_if_there_is_one(store: Store) -> None:
    say(store, APP_ID)
    settle(store, claimed(store), S.QUEUED, reason="no_such_address", other_scheme="tel")
    assert only(store, tables.outbox).state == "failed"
    with store.transaction() as tx:
        further_addresses._keep(tx, contacts.ensure(tx, [APP_ID])[APP_ID], NUMBER)
    say(store, APP_ID)
    settle(store, claimed(store), S.QUEUED, reason="no_such_address", other_scheme="tel")
    assert claimed(store).message.address == NUMBER


def test_f44_a_status_may_stop_the_channel_and_passing_trouble_is_tried_again(store: Store, moment: Moment) -> None:
    identity = say(store)
    settle(store, claimed(store), provider_id="satu")
    assert report(store, identity, S.FAILED, "server_error", again_s=60.0, provider_id="satu").state == "queued"
    moment.pass_(minutes=2)
    settle(store, claimed(store), provider_id="dua")
    assert report(store, identity, S.FAILED, "payment", stops_channel=True, provider_id="dua").state == "queued"
    assert only(store, tables.channel_state).stopped_reason == "payment"
    moment.pass_(minutes=6)
    settle(store, claimed(store), provider_id="tiga")
    assert only(store, tables.channel_state).stopped_reason == "payment", "Meta takes it, as it took the last one"
    assert report(store, identity, S.FAILED, "server_error", again_s=60.0, provider_id="tiga").state == "failed"
    other = say(store, APP_ID)
    settle(store, claimed(store), provider_id="empat")
    assert report(store, other, S.DELIVERED, provider_id="empat").state == "delivered"
    assert not only(store, tables.channel_state).stopped_reason


def test_f44_failures_that_come_before_their_answers_use_attempts_up_too(store: Store, moment: Moment) -> None:
    identity, states = say(store), []
    for name in ("satu", "dua", "tiga", "empat"):
        parcel = claimed(store)
        states.append(report(store, identity, S.FAILED, "server_error", again_s=60.0, provider_id=name).state)
        settle(store, parcel, provider_id=name)
        moment.pass_(minutes=2)
        if states[-1] == "failed":
            break
    assert states == ["queued", "queued", "queued", "failed"]


def test_f38_f46_a_status_settles_what_was_in_doubt_and_may_come_before_the_answer(store: Store) -> None:
    doubted, early = say(store), say(store, APP_ID)
    with store.transaction() as tx:
        first, second = outbound.claim(tx, 2, 60, ["wa"])
    settle(store, first, S.UNKNOWN, reason="answer_lost")
    assert report(store, doubted, S.SENT, provider_id="satu").state == "sent"
    assert report(store, early, S.DELIVERED, provider_id="dua").state == "delivered"
    settle(store, second, provider_id="dua")
    assert report(store, early, S.SENT, provider_id="dua").state == "delivered"


def test_f46_an_early_failure_under_meta_s_name_alone_loses_nothing_of_what_it_asks_for(store: Store) -> None:
    """The status overtakes the answer and does not repeat our id."""
    for name, asked, state, stopped in (
        ("satu", {"reason": "server_error", "again_s": 60.0}, "queued", ""),
        ("dua", {"reason": "payment", "stops_channel": True}, "queued", "payment"),
        ("tiga", {"reason": "not_allowed"}, "failed", "payment"),
    ):
        person = Address("wa", f"ID.{name}")
        identity = say(store, person)
        with store.transaction() as tx:
            (parcel,) = [one for one in outbound.claim(tx, 9, 60, ["wa"]) if one.id == identity]
            delivery_reports.report(tx, "wa", [DeliveryReport(name, S.FAILED, by_provider_id=True, **asked)])
            outbound.settle(tx, [Outcome(identity, parcel.fence, S.SENT, provider_id=name)])
        row = only(store, tables.outbox, tables.outbox.c.id == identity)
        kept = rows(store, tables.channel_state)
        assert (row.state, kept[0].stopped_reason if kept else "") == (state, stopped)


PIECES = ("p1", "p2", "p3")


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize(
    ("ends", "state", "reason"),
    [
        ({"p1": S.DELIVERED, "p2": S.DELIVERED}, "sent", ""),
        ({"p3": S.DELIVERED, "p1": S.READ, "p2": S.DELIVERED}, "delivered", ""),
        ({"p1": S.FAILED, "p2": S.DELIVERED, "p3": S.DELIVERED}, "failed", "parts_failed"),
        ({"p1": S.FAILED, "p2": S.FAILED, "p3": S.FAILED}, "failed", "unreachable"),
    ],
)
def test_f52_a_text_in_pieces_is_delivered_when_all_are_and_failed_when_any_is(
    store: Store, ends: dict[str, DeliveryStatus], state: str, reason: str, early: bool
) -> None:
    identity = say(store)
    parcel = claimed(store)
    answer = Outcome(parcel.id, parcel.fence, S.SENT, provider_id="p3", parts=PIECES)
    with store.transaction() as tx:
        if not early:
            outbound.settle(tx, [answer])
        for name, status in ends.items():
            told = DeliveryReport(f"ob_{id_text(identity)}", status, provider_id=name, part=int(name[1:]))
            failed = replace(told, reason="unreachable") if status is S.FAILED else told
            delivery_reports.report(tx, "wa", [replace(failed, is_last=name == "p3")])
        if early:
            outbound.settle(tx, [answer])
    row = only(store, tables.outbox, tables.outbox.c.id == identity)
    assert (row.state, row.reason) == (state, reason)


def test_f38_the_last_piece_speaks_for_all_where_the_answers_were_lost(store: Store) -> None:
    identity = say(store)
    settle(store, claimed(store), S.UNKNOWN, reason="answer_lost")
    assert report(store, identity, S.DELIVERED, provider_id="p1", part=1).state == "unknown"
    assert report(store, identity, S.SENT, provider_id="p2", part=2, is_last=True).state == "sent"
    assert report(store, identity, S.DELIVERED, provider_id="p2", part=2, is_last=True).state == "delivered"


@pytest.mark.parametrize("late", [True, False])
def test_f36_a_number_that_is_not_on_whatsapp_is_not_written_to_there_and_is_still_reached_by_sms(
    store: Store, sms: Any, late: bool
) -> None:
    case = opened(store, call(store, text("wamid.1", **{"from": "6281200000001"})))
    with store.transaction() as tx:
        (receipt,) = outbound.claim(tx, 9, 60, ["wa"])
        state = S.SENT if late else S.FAILED
        outbound.settle(tx, [Outcome(receipt.id, receipt.fence, state, reason="" if late else "unreachable")])
    if late:
        report(store, receipt.id, S.FAILED, "unreachable", provider_id="x")

    def ways() -> tuple[Any, ...]:
        with store.reading() as tx:
            row = tx.one(tables.complaint.select().where(tables.complaint.c.id == case.id))
            route, person = readers.reporter(tx, row), contacts.by_id(tx, [case.contact_id or 0])[case.contact_id or 0]
            return route.channel, route.skip, person.is_there("wa"), person.is_there("sms")

    assert ways() == ("wa", Skip.NO_ROUTE, False, True)
    receive(store, call(store, text("wamid.2", "Masih berlubang", **{"from": "6281200000001"})))
    assert ways() == ("wa", None, True, True)


def test_f36_whoever_has_no_address_but_that_of_whatsapp_is_not_reachable_at_all(store: Store) -> None:
    say(store, APP_ID)
    settle(store, claimed(store), S.FAILED, reason="unreachable")
    row = only(store, tables.contact, tables.contact.c.id == person(store, APP_ID).id)
    assert (row.reachable, row.unreachable_reason, row.unreachable_by) == (False, "unreachable", "")


@pytest.mark.parametrize(
    ("state", "reason", "ends"),
    [(S.SENT, "", "read"), (S.UNKNOWN, "answer_lost", "unknown"), (S.FAILED, "x", "failed")],
)
def test_f46_a_moment_of_reading_that_overtakes_our_answer_is_kept(
    store: Store, moment: Moment, state: DeliveryStatus, reason: str, ends: str
) -> None:
    """Messenger names no message: everything until then was read. What is in doubt or failed is not settled by it."""
    identity, until = say(store), moment.now
    parcel = claimed(store)
    with store.transaction() as tx:
        delivery_reports.report(tx, "wa", [DeliveryReport("", S.READ, at=until, up_to=NUMBER)])
    moment.pass_(seconds=20)
    settle(store, parcel, state, reason=reason)
    assert only(store, tables.outbox, tables.outbox.c.id == identity).state == ends
