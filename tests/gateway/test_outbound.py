"""Messages towards people: order within a lane, outcomes and receipts that only move forward, nothing twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from channels.messages import Address, DeliveryReport, DeliveryStatus, short_reference
from gateway.complaints.complaint import SYSTEM
from gateway.office import Office
from gateway.outbound import channel_states, delivery_reports, draining, outbound
from gateway.outbound.delivery_reports import ID_PREFIX
from gateway.outbound.outbound import Outcome, Parcel, Said
from gateway.people import contacts
from gateway.people.contacts import Contact
from gateway.storage import tables
from gateway.storage.engine import open_engine
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import contact, count, only, rows

S = DeliveryStatus
LEASE = 60.0


def say(store: Store, to: Contact, *texts: str, channel: str = "tg", delay_s: float = 0, **said: object) -> list[int]:
    """Write messages; their ids."""
    with store.transaction() as tx:
        due_at = tx.now + timedelta(seconds=delay_s) if delay_s else None
        lines = [(text, ()) for text in texts]
        return outbound.say(tx, to, channel, lines, Said("test", **said), due_at)  # type: ignore[arg-type]


def claim(store: Store, limit: int = 10, **only_these: object) -> list[Parcel]:
    with store.transaction() as tx:
        return outbound.claim(tx, limit, LEASE, **only_these)  # type: ignore[arg-type]


def settle(store: Store, parcel: Parcel, state: DeliveryStatus = S.SENT, **more: object) -> None:
    with store.transaction() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, state, **more)])  # type: ignore[arg-type]


def report(store: Store, message_id: str, *statuses: DeliveryStatus, channel: str = "tg", **more: object) -> None:
    for given in statuses:
        with store.transaction() as tx:
            delivery_reports.report(tx, channel, [DeliveryReport(message_id, given, **more)])  # type: ignore[arg-type]


def state(store: Store, identity: int) -> str:
    return str(only(store, tables.outbox, tables.outbox.c.id == identity).state)


def drained(store: Store) -> list[str]:
    """Send everything that can be sent now, in the order in which it leaves."""
    left = []
    while parcels := claim(store):
        for parcel in parcels:
            left.append(parcel.message.text)
            settle(store, parcel)
    return left


# order


def test_messages_to_one_address_leave_in_the_order_they_were_written(store: Store) -> None:
    say(store, contact(store), "satu", "dua")
    say(store, contact(store), "tiga")
    assert [len(claim(store)), len(claim(store))] == [1, 0]
    settle_all(store)
    assert drained(store) == ["dua", "tiga"]


def settle_all(store: Store) -> None:
    """What is under way arrives."""
    for row in rows(store, tables.outbox, tables.outbox.c.state == "sending"):
        with store.transaction() as tx:
            outbound.settle(tx, [Outcome(row.id, row.fence, S.SENT)])


def test_f30_f31_a_retry_holds_back_only_its_own_lane(store: Store, moment: Moment) -> None:
    say(store, contact(store, "77"), "satu", "dua")
    say(store, contact(store, "78"), "lain")
    parcels = claim(store)
    assert [parcel.message.text for parcel in parcels] == ["satu", "lain"]
    settle(store, parcels[0], S.QUEUED, due_at=moment.now + timedelta(minutes=5), reason="busy")
    settle(store, parcels[1])
    assert claim(store) == []
    moment.pass_(minutes=5)
    assert drained(store) == ["satu", "dua"]


def test_a_message_planned_for_later_blocks_nobody(store: Store, moment: Moment) -> None:
    say(store, contact(store), "nanti", delay_s=90)
    say(store, contact(store), "sekarang")
    assert drained(store) == ["sekarang"]
    moment.pass_(seconds=90)
    assert drained(store) == ["nanti"]


def test_a_twin_that_still_waits_is_replaced(store: Store, moment: Moment) -> None:
    for text in ("pertama", "kedua"):
        say(store, contact(store), text, delay_s=90, once="added:KBR-1")
        moment.pass_(seconds=30)
    say(store, contact(store), "lain", delay_s=90, once="added:KBR-2")
    moment.pass_(seconds=90)
    assert drained(store) == ["kedua", "lain"]
    assert only(store, tables.outbox, tables.outbox.c.reason == "superseded").state == "failed"


def test_only_the_channels_that_are_asked_for_are_claimed(store: Store) -> None:
    say(store, contact(store), "chat")
    say(store, contact(store, "+6281200000001", "tel"), "pendek", channel="sms")
    assert [parcel.message.text for parcel in claim(store, channels=["sms"])] == ["pendek"]


def test_f33_answers_to_people_overtake_news(store: Store) -> None:
    say(store, contact(store, "77"), "kabar", direct=False)
    say(store, contact(store, "78"), "tanda terima")
    assert [parcel.message.text for parcel in claim(store, direct=True)] == ["tanda terima"]


@pytest.mark.parametrize("column", ["paused_at", "resume_at"])
def test_a_paused_channel_sends_nothing_until_it_resumes(store: Store, moment: Moment, column: str) -> None:
    say(store, contact(store), "satu")
    until = moment.now + timedelta(minutes=1)
    with store.transaction() as tx:
        tx.insert(tables.channel_state, channel="tg", **{column: until})
    assert claim(store) == []
    if column == "resume_at":
        moment.pass_(minutes=2)
        assert drained(store) == ["satu"]


def test_f45_the_time_of_a_pause_does_not_count_for_anybody_s_message(store: Store, moment: Moment) -> None:
    say(store, contact(store), "sebelum")
    moment.pass_(hours=10)
    with store.transaction() as tx:
        channel_states.pause(tx, "tg", "Kanal diperbaiki", SYSTEM)
    moment.pass_(hours=30)
    say(store, contact(store, "78"), "selama")
    with store.transaction() as tx:
        draining.drain(tx, "tg", "Kanal diganti", SYSTEM)
    moment.pass_(hours=100)
    with store.transaction() as tx:
        assert outbound.sweep(tx)["expired"] == 0
    with store.transaction() as tx:
        channel_states.resume(tx, "tg", "", SYSTEM)
    left = {row.expires_at - moment.now for row in rows(store, tables.outbox)}
    assert left == {timedelta(hours=38), timedelta(hours=48)}
    assert drained(store) == ["sebelum", "selama"]


def test_f44_a_channel_whose_provider_refuses_only_later_raises_one_alarm_until_something_arrives(
    store: Store, moment: Moment
) -> None:
    """WhatsApp without payment takes each message, and reports each as failed."""
    refused = {"reason": "payment", "again_s": 0.0, "stops_channel": True}
    with capture_logs() as lines:
        for number in range(3):
            say(store, contact(store, str(70 + number)), "satu")
            (parcel,) = claim(store)
            settle(store, parcel)
            moment.pass_(seconds=5)
            report(store, parcel.message.id, S.FAILED, **refused)
        say(store, contact(store, "80"), "dua")
        moment.pass_(minutes=10)
        first, *others = claim(store)
        settle(store, first)
        assert only(store, tables.channel_state).stopped_reason == "payment"
        moment.pass_(seconds=5)
        report(store, first.message.id, S.DELIVERED)
        settle(store, others[0])
    told = [line["event"] for line in lines if line["event"].startswith("channel_")]
    assert told == ["channel_stopped", "channel_works_again"]
    assert only(store, tables.channel_state).stopped_at is None


def test_two_claimers_never_get_the_same_message(store: Store) -> None:
    for person in range(100, 140):
        say(store, contact(store, str(person)), "halo")
    stores = [Store(open_engine(store.engine.url.render_as_string(hide_password=False)), store.office) for _ in "ab"]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: [p.id for _ in range(10) for p in claim(one, 5)], stores))
    for one in stores:
        one.close()
    assert len(found[0]) + len(found[1]) == len({*found[0], *found[1]}) == 40


# outcomes


def test_f27_a_late_outcome_under_an_old_fence_changes_nothing(store: Store, moment: Moment) -> None:
    (identity,) = say(store, contact(store), "satu")
    (old,) = claim(store)
    moment.pass_(seconds=LEASE + 1)
    with store.transaction() as tx:
        assert outbound.sweep(tx)["unknown"] == 1
        outbound.resend(tx, [identity])
    (new,) = claim(store)
    assert new.fence > old.fence
    settle(store, old, S.FAILED, reason="blocked")
    assert state(store, identity) == "sending"
    settle(store, new, provider_id="m:77:1")
    assert state(store, identity) == "sent"


def test_an_outcome_after_its_lease_still_tells_more_than_unknown(store: Store, moment: Moment) -> None:
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    moment.pass_(seconds=LEASE + 1)
    with store.transaction() as tx:
        outbound.sweep(tx)
    assert state(store, identity) == "unknown"
    settle(store, parcel, provider_id="m:77:1")
    assert state(store, identity) == "sent"


def test_f38_an_unknown_outcome_is_not_sent_again_by_itself(store: Store, moment: Moment) -> None:
    (identity, after) = say(store, contact(store), "satu", "dua")
    (parcel,) = claim(store)
    settle(store, parcel, S.UNKNOWN, reason="interrupted")
    moment.pass_(hours=1)
    with store.transaction() as tx:
        outbound.sweep(tx)
    assert drained(store) == ["dua"]
    assert [state(store, identity), state(store, after)] == ["unknown", "sent"]


def test_a_person_may_send_an_unknown_one_again(store: Store, rings: object) -> None:
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    settle(store, parcel, S.UNKNOWN)
    with store.transaction() as tx:
        assert outbound.resend(tx, [identity]) == 1
    assert drained(store) == ["satu"]


def test_what_was_sent_is_not_sent_again_by_anybody(store: Store) -> None:
    (identity,) = say(store, contact(store), "satu")
    drained(store)
    with store.transaction() as tx:
        assert outbound.resend(tx, [identity]) == 0
    assert claim(store) == []


def test_f45_an_old_message_expires_instead_of_surprising_somebody(store: Store, moment: Moment) -> None:
    (identity,) = say(store, contact(store), "satu")
    moment.pass_(hours=49)
    assert claim(store) == []
    with store.transaction() as tx:
        assert outbound.sweep(tx)["expired"] == 1
    row = only(store, tables.outbox, tables.outbox.c.id == identity)
    assert (row.state, row.reason) == ("failed", "expired")


def test_attempts_are_counted_only_where_they_count(store: Store, moment: Moment) -> None:
    (identity,) = say(store, contact(store), "satu")
    for counted in (True, False):
        (parcel,) = claim(store)
        settle(store, parcel, S.QUEUED, counted=counted, due_at=moment.now)
    assert only(store, tables.outbox, tables.outbox.c.id == identity).attempts == 1


def test_f36_whoever_blocked_us_is_not_reachable_any_more(store: Store) -> None:
    person = contact(store)
    say(store, person, "satu")
    (parcel,) = claim(store)
    settle(store, parcel, S.FAILED, reason="blocked")
    row = only(store, tables.contact, tables.contact.c.id == person.id)
    assert (row.reachable, row.unreachable_reason) == (False, "blocked")


def test_f37_a_group_that_moved_is_found_at_its_new_address(store: Store) -> None:
    group = contact(store, "-100")
    say(store, group, "satu", "dua")
    (parcel,) = claim(store)
    settle(store, parcel, new_address=Address("tg", "-100200"))
    (parcel,) = claim(store)
    assert parcel.message.address == Address("tg", "-100200")


def test_f35_a_channel_that_was_asked_to_wait_waits_as_a_whole(store: Store, moment: Moment) -> None:
    say(store, contact(store, "77"), "satu")
    say(store, contact(store, "78"), "dua")
    (first, second) = claim(store)
    wait = moment.now + timedelta(seconds=17)
    settle(store, first, S.QUEUED, due_at=wait, pause_channel_until=wait, counted=False)
    soon = moment.now + timedelta(seconds=3)
    settle(store, second, S.QUEUED, due_at=soon, pause_channel_until=soon, counted=False)
    moment.pass_(seconds=5)
    assert claim(store) == [], "the longer wait counts, whichever was told last"
    moment.pass_(seconds=12)
    assert sorted(drained(store)) == ["dua", "satu"]


# receipts

# fmt: off
RECEIPTS = [
    # sent as   receipts in the order of their arrival          ends as
    (S.SENT,    (S.DELIVERED,),                                 "delivered"),
    (S.SENT,    (S.DELIVERED, S.SENT, S.DELIVERED),             "delivered"),
    (S.SENT,    (S.READ, S.DELIVERED),                          "read"),
    (S.SENT,    (S.FAILED,),                                    "failed"),
    (S.SENT,    (S.DELIVERED, S.FAILED),                        "delivered"),
    (S.SENT,    (S.FAILED, S.DELIVERED),                        "delivered"),
    (S.UNKNOWN, (S.SENT,),                                      "sent"),
    (S.UNKNOWN, (S.FAILED,),                                    "failed"),
    (S.UNKNOWN, (S.DELIVERED, S.FAILED),                        "delivered"),
]
# fmt: on


@pytest.mark.parametrize(("sent_as", "receipts", "ends_as"), RECEIPTS)
def test_f47_f48_receipts_only_move_forward(
    store: Store, sent_as: DeliveryStatus, receipts: tuple[DeliveryStatus, ...], ends_as: str
) -> None:
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    settle(store, parcel, sent_as)
    report(store, parcel.message.id, *receipts)
    assert state(store, identity) == ends_as
    assert count(store, tables.delivery_report) == len(set(receipts))


@pytest.mark.parametrize("by_provider", [True, False])
def test_f46_a_receipt_may_overtake_the_provider_s_answer(store: Store, by_provider: bool) -> None:
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    name = "m:77:4711" if by_provider else parcel.message.id
    report(store, name, S.DELIVERED, by_provider_id=by_provider)
    settle(store, parcel, provider_id="m:77:4711")
    row = only(store, tables.outbox, tables.outbox.c.id == identity)
    assert (row.state, row.provider_id) == ("delivered", "m:77:4711")
    assert only(store, tables.delivery_report).outbox_id == identity


def test_an_early_receipt_waits_for_the_message_of_its_own_channel(store: Store) -> None:
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    report(store, "17", S.FAILED, channel="sms", by_provider_id=True)
    settle(store, parcel, provider_id="17")
    assert state(store, identity) == "sent"


def test_an_early_receipt_does_not_wait_for_ever(store: Store, moment: Moment) -> None:
    """Providers use their numbers again."""
    report(store, "17", S.FAILED, by_provider_id=True)
    moment.pass_(days=1)
    (identity,) = say(store, contact(store), "satu")
    (parcel,) = claim(store)
    settle(store, parcel, provider_id="17")
    assert state(store, identity) == "sent"


@pytest.mark.parametrize("message_id", ["ob_" + id_text(4711), "ob_?", "tidak dikenal", ""])
def test_f49_a_receipt_for_nothing_of_ours_is_kept_and_changes_nothing(store: Store, message_id: str) -> None:
    (identity,) = say(store, contact(store), "satu")
    report(store, message_id, S.DELIVERED)
    assert state(store, identity) == "queued"
    assert only(store, tables.delivery_report).outbox_id is None


def test_a_receipt_of_another_channel_is_not_ours(store: Store) -> None:
    (identity,) = say(store, contact(store), "satu")
    drained(store)
    report(store, "ob_" + id_text(identity), S.FAILED, channel="sms")
    assert state(store, identity) == "sent"


def test_a_message_that_was_sent_again_can_fail_again(store: Store) -> None:
    (identity,) = say(store, contact(store), "satu")
    for _ in "ab":
        (parcel,) = claim(store)
        settle(store, parcel)
        report(store, parcel.message.id, S.FAILED, reason="expired")
        assert state(store, identity) == "failed"
        with store.transaction() as tx:
            outbound.resend(tx, [identity])


# consent


def test_f91_whoever_wants_no_more_gets_answers_only(store: Store) -> None:
    person = contact(store)
    say(store, person, "kabar", direct=False)
    say(store, person, "jawaban")
    with store.transaction() as tx:
        assert outbound.suppress(tx, "tg", person.id) == 1
    assert drained(store) == ["jawaban"]


def test_what_is_under_way_cannot_be_called_back(store: Store) -> None:
    person = contact(store)
    say(store, person, "kabar", direct=False)
    (parcel,) = claim(store)
    with store.transaction() as tx:
        assert outbound.suppress(tx, "tg", person.id) == 0
    settle(store, parcel)


def test_nothing_readable_stands_in_the_outbox(store: Store) -> None:
    say(store, contact(store), "rahasia sekali")
    row = only(store, tables.outbox)
    assert b"rahasia" not in bytes(row.text_sealed)
    with store.reading() as tx:
        owner = contacts.by_id(tx, [row.contact_id])[row.contact_id]
    assert owner.open(bytes(row.text_sealed), f"outbox:{row.id}") == "rahasia sekali"


def test_the_bell_rings_for_what_may_leave_now(store: Store, rings: "object") -> None:
    say(store, contact(store), "nanti", delay_s=60)
    assert "deliver" not in rings.queues  # type: ignore[attr-defined]
    say(store, contact(store), "sekarang")
    assert "deliver" in rings.queues  # type: ignore[attr-defined]


# parts of a long SMS, each reported by its provider

NAMES = ("A1", "A2", "A3")
# fmt: off
PARTS = [
    # reports in the order of their arrival                              ends as      because of
    ([("A1", S.SENT), ("A2", S.SENT)],                                   "sent",      ""),
    ([("A1", S.DELIVERED), ("A3", S.DELIVERED)],                         "sent",      ""),
    ([("A3", S.DELIVERED), ("A1", S.DELIVERED), ("A2", S.DELIVERED)],    "delivered", ""),
    ([("A1", S.DELIVERED), ("A2", S.FAILED), ("A3", S.DELIVERED)],       "failed",    "parts_failed"),
    ([("A2", S.FAILED), ("A1", S.DELIVERED), ("A3", S.DELIVERED),
      ("A2", S.DELIVERED)],                                              "delivered", ""),
    ([("A2", S.DELIVERED), ("A2", S.FAILED), ("A1", S.DELIVERED),
      ("A3", S.DELIVERED)],                                              "delivered", ""),
    ([("A1", S.FAILED), ("A2", S.FAILED), ("A3", S.FAILED)],             "failed",    "undelivered"),
]
# fmt: on


@pytest.mark.parametrize("early", [False, True])
def test_f52_a_long_sms_is_delivered_when_all_of_its_parts_are(store: Store, early: bool) -> None:
    for number, (reports, *end) in enumerate(PARTS):
        [identity] = say(store, contact(store, f"8{number}"), "panjang")
        [parcel] = claim(store)
        parts = tuple(f"{name}-{number}" for name in NAMES)
        if not early:
            settle(store, parcel, parts=parts)
        for name, status in reports:
            reason = "undelivered" if status is S.FAILED else ""
            report(store, f"{name}-{number}", status, by_provider_id=True, reason=reason)
        if early:
            settle(store, parcel, parts=parts)
        row = only(store, tables.outbox, tables.outbox.c.id == identity)
        assert [row.state, row.reason] == end, reports


def test_a_message_that_was_interrupted_goes_on_behind_its_parts_and_is_whole_when_a_person_sends_it_again(
    store: Store, office: Office, moment: Moment
) -> None:
    chat = office.channels["tg"]
    smpp = replace(chat, capabilities=replace(chat.capabilities, bound=True))
    store = Store(store.engine, replace(office, channels={"tg": smpp}))
    [identity] = say(store, contact(store), "panjang")
    [parcel] = claim(store)
    report(store, "A1", S.DELIVERED, by_provider_id=True)  # overtakes the answer
    settle(store, parcel, S.QUEUED, parts=NAMES[:2], due_at=moment.now)
    report(store, "A2", S.DELIVERED, by_provider_id=True)
    assert state(store, identity) == "queued"
    [parcel] = claim(store)
    assert parcel.message.sent_parts == NAMES[:2]
    settle(store, parcel, parts=NAMES)
    report(store, "A3", S.SENT, by_provider_id=True)
    assert state(store, identity) == "sent"
    report(store, "A3", S.FAILED, by_provider_id=True, reason="undelivered")
    assert state(store, identity) == "failed"
    with store.transaction() as tx:
        assert outbound.resend(tx, [identity]) == 1
    [parcel] = claim(store)
    assert parcel.message.sent_parts == ()


def test_f50_a_report_finds_its_message_by_another_spelling_or_by_the_only_fitting_end(store: Store) -> None:
    one, two = say(store, contact(store), "satu")[0], say(store, contact(store, "8"), "dua")[0]
    for parcel, name in zip(claim(store), ("628A1B2C3D4", "629A1B2C3D5"), strict=True):
        settle(store, parcel, provider_id=name)
    by_provider = {"by_provider_id": True}
    report(store, "42", S.DELIVERED, others=("66", "628A1B2C3D4"), **by_provider)
    assert (state(store, one), state(store, two)) == ("delivered", "sent")
    report(store, "43", S.DELIVERED, tail="1B2C3D9", **by_provider)
    assert state(store, two) == "sent"
    report(store, "44", S.DELIVERED, tail="1B2C3D5", **by_provider)
    assert state(store, two) == "delivered"


def test_f38_a_report_that_repeats_our_reference_settles_the_only_message_that_is_in_doubt(store: Store) -> None:
    [one], [two] = say(store, contact(store), "satu"), say(store, contact(store, "8"), "dua")
    for parcel in claim(store):
        settle(store, parcel, S.UNKNOWN, reason="answer_lost")
    reference = short_reference(ID_PREFIX + id_text(one))
    report(store, "K1", S.DELIVERED, by_provider_id=True)  # earlier, without it
    for person, number in (("8", reference), ("77", reference ^ 1)):
        report(store, "K9", S.SENT, by_provider_id=True, recipient=Address("tg", person), reference=number)
    assert (state(store, one), state(store, two)) == ("unknown", "unknown")
    report(store, "K1", S.SENT, by_provider_id=True, recipient=Address("tg", "77"), reference=reference)
    assert (state(store, one), state(store, two)) == ("delivered", "unknown")
    assert only(store, tables.outbox, tables.outbox.c.id == one).provider_id == "K1"


def test_f50_an_end_that_fits_two_messages_finds_none(store: Store) -> None:
    say(store, contact(store), "satu")
    say(store, contact(store, "8"), "dua")
    for parcel, name in zip(claim(store), ("1-12345678", "2-12345678"), strict=True):
        settle(store, parcel, provider_id=name)
    report(store, "12345678", S.DELIVERED, tail="12345678", by_provider_id=True)
    assert {row.state for row in rows(store, tables.outbox)} == {"sent"}
