"""How a message becomes a complaint: once, in one transaction, with its receipt."""

from collections.abc import Callable

from sqlalchemy import func, select

from channels.messages import TextPart
from channels.phone import phone_address
from gateway import upkeep
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import only, opened, receive, rows

Sends = Callable[..., Arrival]


def count(tx: Transaction, table: object) -> int:
    row = tx.one(select(func.count()).select_from(table))  # type: ignore[arg-type]
    return int(row[0]) if row else 0


def said(tx: Transaction) -> list[str]:
    """Every text in the outbox, in the order in which it was written."""
    rows = tx.all(select(tables.outbox).order_by(tables.outbox.c.planned_at, tables.outbox.c.id))
    people = contacts.by_id(tx, [row.contact_id for row in rows])
    return [people[row.contact_id].open(bytes(row.text_sealed), f"outbox:{row.id}") for row in rows]


def test_the_first_message_is_a_report_with_number_code_and_date(store: Store, telegram: Sends) -> None:
    with store.transaction() as tx:
        intake.receive(tx, [telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan tidak diperbaiki")])
    with store.reading() as tx:
        receipt, *_ = said(tx)
        assert receipt.startswith(
            "Laporan diterima. No KBR-260000013 kode 4821-9037. Diperiksa paling lambat 26 Nov 2026."
        )
        row = tx.one(select(tables.complaint))
        assert row is not None
        assert (row.number, row.status, row.channel) == ("KBR-260000013", "received", "tg")
        assert row.text_masked.startswith("Jalan di depan pasar")


def test_the_same_update_five_times_is_one_complaint_and_one_receipt(store: Store, telegram: Sends) -> None:
    arrival = telegram("Sampah di pasar menumpuk sudah seminggu, baunya sampai ke sekolah")
    for _ in range(4):
        with store.transaction() as tx:
            intake.receive(tx, [arrival])
    with store.transaction() as tx:
        intake.receive(tx, [arrival, arrival])
    with store.reading() as tx:
        assert count(tx, tables.message) == 1
        assert count(tx, tables.complaint) == 1
        assert sum(text.startswith("Laporan diterima") for text in said(tx)) == 1


def test_a_burst_stays_one_complaint_when_its_end_waited_on_the_disk(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    opened(store, telegram("Sampah di simpang tiga tidak diangkut lima hari dan baunya menyengat"))
    moment.pass_(days=4)
    first, last = (
        telegram(f"Lampu jalan di gang kami mati sejak minggu lalu, warga takut lewat {word}") for word in "ab"
    )
    opened(store, first)
    moment.pass_(minutes=20)
    with store.transaction() as tx:
        intake.receive(tx, [last])
    with store.reading() as tx:
        assert count(tx, tables.complaint) == 2


def test_what_is_said_in_passing_after_a_reply_is_a_reply_and_stands_in_order(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    words = ["Lampu jalan di gang kami mati sejak minggu lalu, warga takut lewat", "Tiang di ujung gang"]
    opened(store, telegram(words[0]))
    receive(store, telegram(words[1]))  # a burst: more of the text
    moment.pass_(minutes=3)
    later = ["Dekat gerbang sekolah", "Sebelah kanan", "Warna hijau"]
    receive(store, telegram(later[0]), telegram(later[1]))
    moment.pass_(seconds=5)
    receive(store, telegram(later[2]))
    replies = tables.complaint_event.c.action == "reply"
    assert only(store, tables.complaint).text_masked == "\n".join(words)
    assert [row.text_masked for row in rows(store, tables.complaint_event, replies)] == later


def test_three_spellings_of_a_number_are_one_contact(store: Store, sms: Sends, moment: Moment) -> None:
    for spelling in ("0812 0000 0001", "6281200000001", "+6281200000001"):
        address, _ = phone_address(spelling)
        with store.transaction() as tx:
            intake.receive(
                tx, [sms("Lampu jalan di gang kami mati sudah tiga malam berturut-turut", sender=address.path)]
            )
        moment.pass_(days=1)
    with store.reading() as tx:
        staff = tables.contact.c.staff.is_(False)
        row = tx.one(select(func.count()).select_from(tables.contact).where(staff))
        assert row is not None
        assert row[0] == 1


def test_an_address_is_nowhere_in_clear(store: Store, sms: Sends) -> None:
    with store.transaction() as tx:
        intake.receive(tx, [sms("Jembatan di dusun dua lapuk dan berbahaya untuk anak sekolah")])
    with store.reading() as tx:
        for table in tables.metadata.sorted_tables:
            for row in tx.all(select(table)):
                assert "81200000001" not in repr(tuple(row))


def test_a_claimed_receipt_is_sent_once_and_settled(store: Store, telegram: Sends) -> None:
    with store.transaction() as tx:
        intake.receive(tx, [telegram("Saluran air di depan puskesmas tersumbat dan meluap setiap hujan")])
    with store.transaction() as tx:
        (parcel,) = outbound.claim(tx, 10, 60)
    with store.transaction() as tx:
        assert outbound.claim(tx, 10, 60) == []
    assert parcel.message.address.reveal() == "tg:77"
    with store.transaction() as tx:
        outbound.settle(tx, [outbound.Outcome(parcel.id, parcel.fence, outbound.DeliveryStatus.SENT, "m:77:5")])
    with store.reading() as tx:
        row = tx.one(select(tables.outbox).where(tables.outbox.c.id == parcel.id))
        assert row is not None
        assert (row.state, row.provider_id) == ("sent", "m:77:5")


def part(sequence: int, text: str, reference: int = 42) -> dict[str, object]:
    return {"text": text, "part": TextPart(reference, 3, sequence)}


def test_a_part_that_comes_too_late_completes_the_same_complaint(store: Store, sms: Sends, moment: Moment) -> None:
    texts = ["Saluran air tersumbat ", "di depan puskesmas sudah dua bulan, ", "kursi roda tidak bisa lewat"]
    with store.transaction() as tx:
        intake.receive(tx, [sms(**part(1, texts[0])), sms(**part(3, texts[2]))])
    moment.pass_(seconds=901)
    with store.transaction() as tx:
        assert upkeep.take_overdue_parts(tx) == 1
    with store.reading() as tx:
        row = tx.one(select(tables.complaint))
        assert row is not None
        assert "[bagian 2/3 hilang]" in row.text_masked
    with store.transaction() as tx:
        intake.receive(tx, [sms(**part(2, texts[1]))])
    with store.reading() as tx:
        (row,) = tx.all(select(tables.complaint))
        assert row.text_masked == "".join(texts)
