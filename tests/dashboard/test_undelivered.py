"""What an officer reads in a case about messages that did not arrive, or not all of them."""

from datetime import timedelta

import pytest

from channels.messages import DeliveryReport, DeliveryStatus
from gateway.outbound import delivery_reports, outbound
from gateway.outbound.outbound import Outcome, Parcel, Said
from gateway.people import dialogues
from gateway.queries import channel_watch
from gateway.record import cases
from tests.dashboard.conftest import Desk
from tests.gateway.short_ways import contact

S = DeliveryStatus
PHONE = "+6281200000009"


def receipt(desk: Desk) -> tuple[str, Parcel]:
    """Somebody's report, and the receipt that is on its way to them."""
    number = desk.report("Lampu jalan mati di gang kami sudah tiga malam", PHONE, "sms")
    with desk.served.tx() as tx:
        (parcel,) = outbound.claim(tx, 1, 60)
    return number, parcel


# fmt: off
ENDS = [
    # what became of it                     what the officer reads
    (S.FAILED,  "blocked",                  "Diblokir penerima"),
    (S.FAILED,  "expired",                  "Kedaluwarsa sebelum terkirim"),
    (S.UNKNOWN, "answer_lost",              "Jawaban penyedia terputus"),
    (S.FAILED,  "rejected",                 "Ditolak operator"),
]
# fmt: on


@pytest.mark.parametrize(("state", "reason", "words"), ENDS)
async def test_f36_f45_an_officer_reads_in_the_case_why_a_message_did_not_arrive(
    desk: Desk, state: DeliveryStatus, reason: str, words: str
) -> None:
    number, parcel = receipt(desk)
    with desk.served.tx() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, state, reason=reason)])
    assert words in await desk.words(f"/admin/aduan/{number}")


async def test_f45_a_message_that_expired_is_counted_for_its_channel(desk: Desk) -> None:
    _, parcel = receipt(desk)
    with desk.served.tx() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, S.FAILED, reason="expired")])
    desk.served.moment.pass_(seconds=1)
    with desk.served.tx() as tx:
        sms = next(one for one in channel_watch.watch(tx) if one.name == "sms")
    assert sms.outbound.failed_permanently == 1


async def test_f52_where_only_the_first_part_is_reported_the_case_says_so(desk: Desk) -> None:
    number, parcel = receipt(desk)
    with desk.served.tx() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, S.SENT)])
        delivery_reports.report(tx, "sms", [DeliveryReport(parcel.message.id, S.DELIVERED, "first_part")])
    assert "Bagian pertama sampai, bagian lain tidak dilaporkan" in await desk.words(f"/admin/aduan/{number}")


async def test_f91_an_officer_sees_that_the_reporter_wants_no_more(desk: Desk) -> None:
    number, parcel = receipt(desk)
    with desk.served.tx() as tx:
        outbound.settle(tx, [Outcome(parcel.id, parcel.fence, S.SENT)])
    person = contact(desk.served.gateway.store, PHONE, "tel")
    with desk.served.tx() as tx:
        case = cases.by_number(tx, number)
        assert case is not None
        about = Said("st.note", complaint_id=case.id, direct=False)
        outbound.say(tx, person, "sms", [("kabar", ()), ("kabar lagi", ())], about, tx.now + timedelta(hours=1))
        dialogues.opt(tx, "sms", person, True)
        assert outbound.suppress(tx, "sms", person.id) == 2
    assert (await desk.words(f"/admin/aduan/{number}")).count("Penerima tidak mau pesan lagi") == 2
