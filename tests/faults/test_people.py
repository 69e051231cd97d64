"""One person over several spellings and numbers, and what they want: found once, answered where they wrote, left alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from channels.messages import Address, RawRequest
from gateway.complaints.complaint import Action
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.storage import tables
from gateway.storage.store import Store
from tests.faults.lives import sms as call
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    COORDINATOR,
    REPORT,
    act,
    assigned,
    contact,
    count,
    expand,
    only,
    receive,
    rows,
    said,
)

Sends = Callable[..., Arrival]
SPELLINGS = ("081200000001", "6281200000001", "+6281200000001", "0062 812-0000-0001")
CITIZENS = tables.contact.c.staff.is_(False)
LEAVING = "Anda tidak akan menerima pesan lagi."


def take(store: Store, request: RawRequest, channel: str = "sms") -> None:
    receiver = store.office.channels[channel].receiver
    assert receiver is not None
    receive(store, Arrival(channel, receiver.parse(request), request, store.office.now()))


def dialled(text: str, phone: str) -> RawRequest:
    body = f"sessionId=S1&serviceCode=*708%23&phoneNumber={phone.replace('+', '%2B')}&text={text}".encode()
    return RawRequest("POST", raw_query=b"token=test-ussd-token-0123456789", body=body)


def tell_due(store: Store, moment: Moment) -> None:
    moment.pass_(minutes=20)
    expand(store)


# consent


def test_f91_a_stop_while_three_messages_wait_is_confirmed_once_and_none_of_them_leaves(
    store: Store, sms: Sends, moment: Moment
) -> None:
    person = contact(store, "+6281200000001", "tel")
    with store.transaction() as tx:
        news = [(f"kabar {number}", ()) for number in range(3)]
        outbound.say(tx, person, "sms", news, Said("st.note", direct=False), tx.now + timedelta(hours=1))
    for _ in range(2):
        receive(store, sms("BERHENTI"))
    moment.pass_(hours=2)
    with store.transaction() as tx:
        left = [parcel.message.text for parcel in outbound.claim(tx, 10, 60)]
    assert len(left) == 1
    assert left[0].startswith(LEAVING)
    waited = rows(store, tables.outbox, tables.outbox.c.key == "st.note")
    assert [(row.state, row.reason) for row in waited] == [("failed", "opt_out")] * 3


@pytest.mark.parametrize(
    "words", ["Tolong berhentikan pungli ini", "Tolong stop pungutan di sekolah itu sekarang juga"]
)
def test_f92_a_plea_to_stop_something_is_a_complaint_and_no_farewell(store: Store, sms: Sends, words: str) -> None:
    receive(store, sms(words))
    assert only(store, tables.complaint).text_masked == words
    assert count(store, tables.dialogue, tables.dialogue.c.opted_out_at.is_not(None)) == 0
    assert not any(text.startswith(LEAVING) for text in said(store, "rx.receipt"))


def test_f94_a_stop_on_sms_leaves_the_same_person_s_other_channels_as_they_are(
    store: Store, sms: Sends, telegram: Sends, moment: Moment
) -> None:
    by_sms, by_chat = assigned(store, sms(REPORT)), assigned(store, telegram(f"{REPORT}, tolong"))
    receive(store, sms("BERHENTI"))
    for case in (by_sms, by_chat):
        act(store, case, Action.REASSIGN, COORDINATOR, agency="DLH", reason="Ini urusan kebersihan.")
    tell_due(store, moment)
    moved = rows(store, tables.outbox, tables.outbox.c.key == "st.moved")
    assert [(row.channel, row.state) for row in moved] == [("tg", "queued")]
    skipped = tables.dispatch_log.c.skip == "OPTED_OUT"
    assert {row.complaint_id for row in rows(store, tables.dispatch_log, skipped)} == {by_sms.id}


# one person


@pytest.mark.parametrize("first", SPELLINGS)
def test_f93_every_spelling_of_a_number_on_every_channel_is_one_contact(store: Store, first: str) -> None:
    for number, spelling in enumerate([first, *SPELLINGS]):
        take(store, call(f"{REPORT} nomor {number}", number, spelling))
    take(store, dialled("", "081200000001"), "ussd")
    assert count(store, tables.contact, CITIZENS) == 1


def with_second_number(store: Store) -> Store:
    """Another SMS channel of ours, by another operator."""
    other = replace(store.office.channels["sms"], name="sms2")
    return Store(store.engine, replace(store.office, channels={**store.office.channels, "sms2": other}))


# fmt: off
WAYS = [
    # where they write about it again     from which channel and number the news leaves
    (None,                                ("sms", "1708")),
    (("sms", "1709"),                     ("sms", "1709")),
    (("sms2", "1909"),                    ("sms2", "1909")),
]
# fmt: on


@pytest.mark.parametrize(("again", "leaves"), WAYS)
def test_f93_news_leaves_by_the_channel_and_number_that_were_used_last_for_the_complaint(
    store: Store, sms: Sends, moment: Moment, again: tuple[str, str] | None, leaves: tuple[str, str]
) -> None:
    store = with_second_number(store)
    case = assigned(store, sms(REPORT))
    moment.pass_(hours=1)
    receive(store, sms("LAPOR Air PDAM di rumah kami keruh dan berbau sejak kemarin sore", destination="1710"))
    assert count(store, tables.complaint) == 2
    if again:
        channel, number = again
        later = sms(f"{case.number} lubangnya makin lebar sejak hujan", destination=number)
        receive(store, replace(later, channel=channel))
    act(store, case, Action.REASSIGN, COORDINATOR, agency="DLH", reason="Ini urusan kebersihan.")
    tell_due(store, moment)
    (row,) = rows(store, tables.outbox, tables.outbox.c.key == "st.moved")
    assert (row.channel, row.sent_from) == leaves
    assert row.contact_id == contact(store, Address("tel", "+6281200000001").path, "tel").id
