"""Citizens' mails become complaints and turns of their conversation, like messages of any channel."""

import pytest

from channels.email.boxes import Boxes
from channels.messages import Address
from config.settings import Secret
from gateway.office import Office
from gateway.outbound.delivery_reports import ID_PREFIX
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.storage.types import id_text
from tests.gateway.conftest import Moment
from tests.gateway.letters import NAME, SERVER, SETTINGS, Letters, with_mail
from tests.gateway.short_ways import REPORT, contact, count, only, receive, rows, spoken

WRITER = "warga1@contoh.example"
BOXES = Boxes(SETTINGS["from_address"], "reply", "bounce", Secret(SETTINGS["reply_key"]))
JPEG = b"\xff\xd8\xff\xe0" + b"\x08" * 6000


@pytest.fixture
def office(office: Office) -> Office:
    return with_mail(office)


@pytest.fixture
def letters(office: Office, moment: Moment) -> Letters:
    return Letters(office, moment)


def said(store: Store, sender: str = WRITER) -> list[str]:
    return [line.text for line in spoken(store, Address("mailto", sender))]


def our_id(store: Store, sender: str = WRITER) -> str:
    """The id of what we said to them last."""
    return ID_PREFIX + id_text(spoken(store, Address("mailto", sender))[-1].id)


def test_a_mail_becomes_a_complaint_with_its_subject_as_title_and_its_files(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT, Subject="Jalan rusak parah", to="aduan+pupr@pemkab.example", photo=JPEG))
    complaint = only(store, tables.complaint)
    assert (complaint.channel, complaint.title, complaint.unit) == (NAME, "Jalan rusak parah", "PUPR")
    assert count(store, tables.attachment) == 1
    [receipt] = said(store)
    assert complaint.number in receipt
    answer = only(store, tables.outbox)
    assert (answer.reply_to, answer.channel) == ("<surat-1@contoh.example>", NAME)


def test_f01_the_same_mail_twice_is_one(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT, name="<sama@contoh.example>"))
    receive(store, letters(REPORT, name="<sama@contoh.example>"), letters(REPORT, name="<sama@contoh.example>"))
    assert (count(store, tables.complaint), count(store, tables.outbox)) == (1, 1)


def test_danger_in_the_subject_alone_is_danger(store: Store, letters: Letters) -> None:
    receive(
        store, letters("Mohon segera, alamat Gang Melati nomor 5.", Subject="Kebakaran sekarang di pasar, api besar")
    )
    assert only(store, tables.complaint).urgency == "darurat"


@pytest.mark.parametrize("how", ["address", "thread", "subject"])
def test_a_reply_joins_the_complaint_that_it_answers(store: Store, letters: Letters, moment: Moment, how: str) -> None:
    receive(store, letters(REPORT))
    number = only(store, tables.complaint).number
    ours = our_id(store)
    moment.pass_(hours=30)
    words = "Tiangnya nomor tujuh belas, di depan toko buku, sudah miring dan kabelnya putus sejak kemarin pagi sekali."
    headers = {
        "address": {"to": BOXES.reply_address(ours)},
        "thread": {"References": f"<lain@contoh.example> <{ours}@pemkab.example>"},
        "subject": {"Subject": f"Bls: [{number}] Laporan Anda"},
    }[how]
    receive(store, letters(words, **headers))
    assert count(store, tables.complaint) == 1
    assert number in said(store)[-1]


def test_f69_c11_a_number_or_thread_of_somebody_else_opens_a_report_of_ones_own(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT))
    number, ours = only(store, tables.complaint).number, our_id(store)
    other = "lain@contoh.example"
    receive(store, letters("Lampu di pasar baru padam semua sejak Senin lalu", other, Subject=f"Re: {number}"))
    receive(
        store,
        letters("Sampah di terminal menumpuk sejak Senin lalu", "ketiga@contoh.example", to=BOXES.reply_address(ours)),
    )
    assert count(store, tables.complaint) == 3
    assert all(number not in line for sender in (other, "ketiga@contoh.example") for line in said(store, sender))


def test_c14_an_unproven_sender_reports_and_touches_nothing_known(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT))
    number = only(store, tables.complaint).number
    for words in (f"BATAL {number}", "YA", "STATUS"):
        receive(store, letters(words, proven=False))
    assert only(store, tables.complaint).status == "received"
    assert all(REPORT not in line for line in said(store)[1:])
    receive(store, letters("Lampu jalan di Gang Mawar padam sejak Senin lalu", proven=False))
    assert count(store, tables.complaint) == 2


@pytest.mark.parametrize("words", ["BERHENTI", "HAPUS DATA", "SALINAN DATA", "RALAT DATA SAYA nama saya salah tulis"])
def test_c14_an_unproven_sender_neither_silences_an_address_nor_asks_for_its_data(
    store: Store, letters: Letters, words: str
) -> None:
    receive(store, letters(REPORT))
    receive(store, letters(words, proven=False))
    assert only(store, tables.dialogue).opted_out_at is None
    assert count(store, tables.privacy_request) == count(store, tables.task) == 0
    assert [row.state for row in rows(store, tables.outbox)] == ["queued"] * 2, "the receipt, and how to write to us"


def test_c14_an_unproven_sender_does_not_undo_a_stop(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT))
    receive(store, letters("BERHENTI"))
    receive(store, letters("MULAI", proven=False))
    assert only(store, tables.dialogue).opted_out_at is not None


def test_an_unproven_sender_who_writes_to_our_address_is_known(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT))
    address = BOXES.reply_address(our_id(store))
    receive(store, letters("Tiangnya nomor 17", to=address, proven=False))
    assert count(store, tables.complaint) == 1


def test_stop_as_the_first_line_ends_our_mails(store: Store, letters: Letters) -> None:
    receive(store, letters("BERHENTI\n\nSalam,\nWarga Contoh"))
    assert only(store, tables.dialogue).opted_out_at is not None


@pytest.mark.parametrize("named", [WRITER, "orang.lain@contoh.example"])
def test_whoever_calls_our_mail_abuse_gets_no_more_whoever_they_say_they_are(
    store: Store, letters: Letters, named: str
) -> None:
    other = contact(store, "orang.lain@contoh.example", "mailto")
    receive(store, letters(REPORT))
    ours = BOXES.reply_address(our_id(store))
    report = (
        "From: abuse@penyedia.example\r\nTo: aduan@pemkab.example\r\nMessage-ID: <arf-1@penyedia.example>\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nTo: {named}\r\nReply-To: {ours}\r\n\r\nIsi\r\n--b--\r\n"
    )
    receive(store, letters.arrival(report.encode()))
    left = only(store, tables.dialogue, tables.dialogue.c.opted_out_at.is_not(None))
    assert left.contact_id == only(store, tables.complaint).contact_id != other.id


def test_a_mail_that_came_back_is_shown_as_failed(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT))
    row = only(store, tables.outbox)
    with store.transaction() as tx:
        tx.execute(tables.outbox.update().values(state="sent"))
    report = (
        f"Return-Path: <>\r\nFrom: MAILER-DAEMON@contoh.example\r\nTo: {BOXES.bounce_address(ID_PREFIX + id_text(row.id))}\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    receive(store, letters.arrival(report.encode()))
    row = only(store, tables.outbox)
    assert (row.state, row.reason) == ("failed", "mailbox")
    assert count(store, tables.complaint) == 1


def test_an_automatic_answer_that_does_not_say_so_does_not_go_round_in_circles(
    store: Store, letters: Letters, moment: Moment
) -> None:
    for _ in range(14):
        receive(store, letters("Terima kasih, surat Anda sudah kami terima dan segera dibalas oleh petugas kami."))
        moment.pass_(minutes=5)
    assert 1 <= len(said(store)) <= 10


def test_a_machine_is_not_answered_and_reports_nothing(store: Store, letters: Letters) -> None:
    receive(store, letters("Saya sedang cuti.", Auto_Submitted="auto-replied"))
    assert (count(store, tables.complaint), count(store, tables.outbox)) == (0, 0)
    assert rows(store, tables.message)[0].flags == "ignored_auto"


def test_c1_a_message_id_that_holds_the_address_is_not_kept(store: Store, letters: Letters) -> None:
    receive(store, letters(REPORT, name=f"<1.{WRITER}>"))
    assert only(store, tables.outbox).reply_to == ""
    assert WRITER not in only(store, tables.message).provider_id
    assert contact(store, WRITER, "mailto").id == only(store, tables.complaint).contact_id
    assert SERVER not in only(store, tables.message).destination
