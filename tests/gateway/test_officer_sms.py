"""Officers work by SMS with one-time codes: every refusal is a sentence that helps, nothing they write is lost."""

import re
from collections.abc import Callable

import pytest

from channels.messages import Address, AttachmentRef, TextPart
from gateway import upkeep
from gateway.complaints.complaint import Action, Actor, Case, Role, Status
from gateway.intake.arrival import Arrival
from gateway.officers.sms import MOST_CODES, MOST_STRANGERS, Order, read
from gateway.people import directory
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, count, expand, opened, receive, rows, spoken, status

PHONE, STRANGER = "+628110000002", "+6281200000099"
FIXED = "Lubang ditambal dengan aspal panas pada 24 November pukul 09.00."
Text = Callable[..., str]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The same SQL as everywhere; transcript 11 runs on both databases."""
    return sqlite_url


@pytest.fixture
def case(store: Store, telegram: Callable[..., Arrival]) -> Case:
    """The liaison officer of PUPR is told of it by SMS."""
    with store.transaction() as tx:
        (member,) = directory.team(tx, "PUPR", [Role.PENGHUBUNG], tx.today)
        (head,) = directory.team(tx, "PUPR", [Role.KEPALA], tx.today)
        table = tables.agency_member
        phone = tx.one(table.select().where(table.c.id == head.id))
        assert phone is not None
        values = {"phone_id": phone.phone_id, "notify": ["sms"], "telegram_id": None}
        tx.execute(table.update().where(table.c.id == member.id).values(**values))
        tx.execute(table.update().where(table.c.id == head.id).values(phone_id=None))
    return act(store, opened(store, telegram(REPORT)), Action.ASSIGN, agency="PUPR")


@pytest.fixture
def text(store: Store, sms: Callable[..., Arrival]) -> Text:
    """Write from a phone; what is answered."""

    def said(words: str, sender: str = PHONE, **more: object) -> str:
        before = max((line.id for line in spoken(store, Address("tel", sender))), default=0)
        receive(store, sms(words, sender, **more))
        return " | ".join(line.text for line in spoken(store, Address("tel", sender), before))

    return said


@pytest.fixture
def code(store: Store, case: Case) -> str:
    """The one in the notice."""
    expand(store)
    (notice,) = [line.text for line in spoken(store, Address("tel", PHONE)) if line.text.startswith("Tugas")]
    found = re.search(rf"\(1 pelapor\): http\S+ atau balas TL {digits(case)} (\d{{4}}) TERIMA", notice)
    assert found, notice
    return found[1]


def digits(case: Case) -> str:
    return case.number.removeprefix("KBR-")


def tasks(store: Store) -> list[str]:
    return [row.detail for row in rows(store, tables.task, tables.task.c.kind == "officer_reply")]


def test_each_code_does_one_deed_and_the_answer_brings_the_next(
    store: Store, case: Case, code: str, text: Text, moment: Moment
) -> None:
    first = text(f"tl {digits(case)} {code} terima")
    assert re.fullmatch(rf"{case.number} Anda terima pukul 08\.00\. Kode berikut \d{{4}}\.", first)
    assert status(store, case) is Status.IN_PROGRESS
    assert text(f"TL {digits(case)} {code} TERIMA") == "Kode sudah dipakai. Gunakan kode pada pesan terakhir."
    second = text(f"TL {case.number} {first[-5:-1]} KABAR Bahan datang besok pagi, dikerjakan siang.")
    assert second.startswith(f"{case.number}: kabar dikirim ke pelapor. Kode berikut ")
    third = text(f"TL {digits(case)} {second[-5:-1]} SELESAI {FIXED}")
    assert third == "Jawaban dikirim pukul 08.10 tanpa bukti. Balas URUNG dalam 10 menit."
    assert status(store, case) is Status.AWAITING_REPORTER
    event = tables.complaint_event
    (answer,) = rows(store, event, event.c.action == Action.ANSWER.value)
    assert answer.inputs["no_evidence_reason"] == "dijawab lewat SMS tanpa bukti"
    back = text("URUNG")
    assert back.startswith(f"Dibatalkan. {case.number} kembali ke Sedang dikerjakan. Kode berikut ")
    assert text(f"TL {digits(case)} {back[-5:-1]} SELESAI {FIXED}").startswith("Jawaban dikirim")


# fmt: off
NOT_YET = [
    # what is written behind the code          what is answered
    ("",                                       "Tulis: TL {nomor} kode TERIMA, atau TL {nomor} kode KABAR isi"),
    ("SIAP",                                   "Tulis: TL {nomor} kode TERIMA, atau TL {nomor} kode KABAR isi"),
    ("SELESAI",                                "Penjelasan belum diisi. Kirim lagi dengan kode yang sama."),
    ("SELESAI sudah",                          "Penjelasan terlalu pendek. Paling sedikit 20 huruf. Kirim lagi"),
    ("SELESAI sudah ditindaklanjuti terima kasih", "Jelaskan apa yang dilakukan, kapan, dan hasilnya. Kirim lagi"),
    ("SELESAI Pompa diganti, hubungi 081234567890 bila mati lagi nanti", "Ada nomor telepon atau data pribadi"),
    ("KABAR Bahan datang besok pagi dari Surabaya.", "Aduan ini sudah didisposisikan. Aksi Kabar ke pelapor tidak"),
]
# fmt: on


def test_what_does_not_do_is_explained_and_the_code_stays_good(store: Store, case: Case, code: str, text: Text) -> None:
    for words, answered in NOT_YET:
        said = text(f"TL {digits(case)} {code} {words}")
        assert said.startswith(answered.format(nomor=digits(case))), words
    assert status(store, case) is Status.ASSIGNED
    assert "Anda terima" in text(f"TL {digits(case)} {code} TERIMA")


def test_c13_three_wrong_codes_revoke_the_right_one_and_a_person_hears_of_it(
    store: Store, case: Case, code: str, text: Text
) -> None:
    wrong = [f"{(int(code) + step) % 10_000:04}" for step in (1, 2, 3)]
    for guess in wrong[:2]:
        assert text(f"TL {digits(case)} {guess} TERIMA").startswith("Kode salah.")
    assert text(f"TL {digits(case)} {wrong[2]} SELESAI {FIXED}").startswith(f"Kode {case.number} tidak berlaku lagi")
    assert text(f"TL {digits(case)} {code} TERIMA").startswith(f"Kode {case.number} tidak berlaku lagi")
    assert status(store, case) is Status.ASSIGNED
    assert any(FIXED in detail and wrong[2] not in detail for detail in tasks(store))
    fresh = text(f"TL {digits(case)} KODE")
    assert "Anda terima" in text(f"TL {digits(case)} {fresh.split()[2][:4]} TERIMA")


def test_c13_new_codes_are_given_to_the_officer_only_and_not_without_end(
    store: Store, case: Case, code: str, text: Text
) -> None:
    assert code not in repr(rows(store, tables.officer_code))
    for _ in range(MOST_CODES):
        assert text(f"TL {digits(case)} kode").startswith(f"Kode {case.number}: ")
    assert text(f"TL {digits(case)} KODE").startswith("Terlalu sering")
    assert text(f"TL {digits(case)} {code} TERIMA").startswith("Kode salah.")


def test_c13_a_code_dies_with_the_task(store: Store, case: Case, code: str, text: Text) -> None:
    act(store, case, Action.REASSIGN, agency="DLH", reason="Lebih berwenang di sana")
    said = text(f"TL {digits(case)} {code} SELESAI {FIXED}")
    assert said == f"{case.number} bukan tugas Anda, atau sudah dipindahkan. Pesan Anda diteruskan ke koordinator."
    (passed_on,) = tasks(store)
    assert FIXED in passed_on
    assert code not in passed_on
    assert status(store, case) is Status.ASSIGNED


def test_a_code_is_bound_to_the_number_that_it_was_sent_to(store: Store, case: Case, code: str, text: Text) -> None:
    before = count(store, tables.complaint)
    answers = [text(f"TL {digits(case)} {code} SELESAI {FIXED}", STRANGER) for _ in range(MOST_STRANGERS + 1)]
    assert answers[0].startswith("Nomor ini tidak terdaftar sebagai petugas.")
    assert answers[-1] == ""
    assert count(store, tables.complaint) == before
    assert len(tasks(store)) == len(answers)
    assert status(store, case) is Status.ASSIGNED


def test_what_looks_like_an_order_is_a_citizen_s_report_elsewhere_and_with_a_photo(
    store: Store, case: Case, code: str, telegram: Callable[..., Arrival], sms: Callable[..., Arrival]
) -> None:
    words, before = f"TL {digits(case)} {code} SELESAI {FIXED}", count(store, tables.complaint)
    photo = AttachmentRef("foto", "image/jpeg", 3)
    receive(store, telegram(words, sender="78"))
    receive(store, sms(words, STRANGER, attachments=(photo,)))
    assert count(store, tables.complaint) == before + 2
    assert tasks(store) == []


def test_a_mistyped_number_is_asked_for_again(store: Store, case: Case, code: str, text: Text) -> None:
    wrong = digits(case)[:-1] + str((int(digits(case)[-1]) + 1) % 10)
    assert text(f"TL {wrong} {code} TERIMA").startswith("Nomor aduan salah ketik?")
    assert status(store, case) is Status.ASSIGNED


def test_a_long_answer_may_come_in_parts(store: Store, case: Case, code: str, text: Text) -> None:
    words = f"TL {digits(case)} {code} SELESAI {FIXED} " + "Bahu jalan dirapikan dan rambu dipasang lagi. " * 3
    parts = [words[:150], words[150:]]
    said = [
        text(part, part=TextPart(reference=7, total=2, sequence=place)) for place, part in enumerate(parts, start=1)
    ]
    assert said[0] == ""
    assert said[1].startswith("Jawaban dikirim")
    assert count(store, tables.complaint) == 1


def test_an_answer_that_arrived_in_pieces_only_is_not_sent_and_no_report(
    store: Store, case: Case, code: str, text: Text, moment: Moment
) -> None:
    assert text(f"TL {digits(case)} {code} SELESAI {FIXED}", part=TextPart(reference=7, total=2, sequence=1)) == ""
    before = spoken(store, Address("tel", PHONE))[-1].id
    moment.pass_(hours=1)
    with store.transaction() as tx:
        assert upkeep.take_overdue_parts(tx) == 1
    (said,) = [line.text for line in spoken(store, Address("tel", PHONE), before)]
    assert said == "Sebagian SMS Anda tidak sampai. Kirim lagi seluruhnya dengan kode yang sama."
    assert (count(store, tables.complaint), status(store, case)) == (1, Status.ASSIGNED)
    assert any(FIXED in detail for detail in tasks(store))


def test_whoever_was_slower_reads_who_was_first(store: Store, case: Case, code: str, text: Text) -> None:
    act(store, case, Action.START, Actor(Role.DEPUTI, "99", "PUPR", "Wakil"))
    assert text(f"TL {digits(case)} {code} TERIMA") == "Sudah dikerjakan oleh deputi PUPR pukul 08.00."


# fmt: off
WRITTEN = [
    # text                                        number          code    word       rest
    ("TL 260001234 4711 TERIMA",                  "260001234",    "4711", "terima",  ""),
    ("tl kbr-260001234 4711 terima.",             "kbr-260001234", "4711", "terima", ""),
    ("TL 26 0001234, 4711: SELESAI Pompa diganti", "26 0001234",  "4711", "selesai", "Pompa diganti"),
    ("TL 260001234 KODE",                         "260001234",    "",     "kode",    ""),
    ("TL 260001234 4711 KABAR a\nb",              "260001234",    "4711", "kabar",   "a\nb"),
    ("TL 260001234",                              "260001234",    "",     "",        ""),
]
# fmt: on


@pytest.mark.parametrize(("text_", "number", "code_", "word", "rest"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_an_order_is_read_as_it_is_typed(text_: str, number: str, code_: str, word: str, rest: str) -> None:
    assert read(text_) == Order(number, code_, word, rest, text_)


@pytest.mark.parametrize("words", ["TL jalan rusak", "tlg 260001234 cek", "TLP 0532 4711", "selesai", "TL"])
def test_what_only_begins_like_an_order_is_a_report(words: str) -> None:
    assert read(words) is None
