"""Officers work in their chat in two steps: a button asks, words or a photo answer, a yes carries it out, once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from channels.messages import Address, AttachmentRef, MessageKind
from gateway.complaints.complaint import Action, Case, Status
from gateway.intake.arrival import Arrival
from gateway.officer_links import drafts, links
from gateway.queries import complaint_detail
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment, engine_at
from tests.gateway.short_ways import (
    ANSWER,
    REPORT,
    act,
    assigned,
    count,
    member,
    receive,
    rows,
    spoken,
    status,
)

Sends = Callable[..., Arrival]
OFFICER = "900001"
ELSEWHERE = "77"
PHOTO = AttachmentRef("foto-1", "image/jpeg", 60_000)
VOICE = AttachmentRef("suara-1", "audio/ogg", 6_000)
DONE = "Lubang ditambal pada 24 November pukul 09.00 dan jalan dapat dilalui lagi."
NEWS = "Alat berat sudah dipesan dan datang hari Rabu."
NUMBER = "KBR-260000013"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One is enough here: the whole talk of transcript 04 is also held on PostgreSQL."""
    return sqlite_url


@dataclass
class Chat:
    """PUPR's liaison officer at their phone."""

    store: Store
    telegram: Sends
    shown: dict[str, str] = field(default_factory=dict)
    """Label -> what the newest button of that name sends."""
    last: int = 0

    def hear(self) -> list[str]:
        lines = spoken(self.store, Address("tg", OFFICER), self.last)
        for line in lines:
            self.shown |= line.buttons
            self.last = line.id
        return [line.text for line in lines if not line.pressed or line.text]

    def say(self, text: str = "", sender: str = OFFICER, **more: object) -> list[str]:
        receive(self.store, self.telegram(text, sender=sender, **more))
        return self.hear()

    def press(self, label: str, data: str = "", sender: str = OFFICER) -> list[str]:
        button = data or self.shown[label]
        return self.say(sender=sender, kind=MessageKind.BUTTON, button=button, callback_id="q1")

    def photo(self, caption: str = "") -> list[str]:
        return self.say(caption, attachments=(PHOTO,))


@pytest.fixture
def chat(store: Store, telegram: Sends) -> Chat:
    return Chat(store, telegram)


@pytest.fixture
def case(store: Store, telegram: Sends, chat: Chat) -> Case:
    """Accepted: its officer may do everything."""
    case = assigned(store, telegram(REPORT))
    take(chat, case)
    return case


def take(chat: Chat, case: Case) -> None:
    with chat.store.transaction() as tx:
        chat.shown["Terima & kerjakan"] = links.issue_button(tx, case.id, member(chat.store).id, Action.START)
        chat.shown["Bukan kewenangan"] = links.issue_button(
            tx, case.id, member(chat.store).id, Action.DISPUTE_AUTHORITY
        )
    chat.press("Terima & kerjakan")


def drafted(store: Store, case: Case) -> dict[str, dict[str, str]]:
    with store.reading() as tx:
        kept = drafts.read(tx, drafts.Desk(case.id, member(store).id))
    return {word: dict(draft.values) for word, draft in kept.items()}


# fmt: off
SENT = [
    # button           what they say                                         what they read at last
    ("Kabar",          [NEWS],                                               f"{NUMBER}: kabar dikirim ke pelapor."),
    ("Tanya pelapor",  ["Di sebelah mana lubangnya?"],                       f"{NUMBER}: pertanyaan dikirim ke pelapor."),
    ("Minta waktu",    ["4-12-2026: aspal dari pabrik belum datang"],        f"{NUMBER}: permintaan waktu menunggu keputusan kepala."),
    ("Bukan kewenangan", ["dlh", "Itu taman kota, bukan jalan milik kami"],
     f"{NUMBER} diserahkan ke koordinator pukul 08.10. Balas URUNG dalam 10 menit untuk membatalkan."),
    ("Selesai",        [DONE, "tanpa bukti", "kamera rusak"],
     "Jawaban dikirim pukul 08.10. Balas URUNG dalam 10 menit untuk membatalkan."),
]
# fmt: on
@pytest.mark.parametrize(("label", "words", "told"), SENT)
def test_a_button_asks_words_answer_and_a_yes_sends_it_once(
    chat: Chat, case: Case, label: str, words: list[str], told: str
) -> None:
    assert all(NUMBER in text for text in chat.press(label))  # whoever has many tasks reads which one is meant
    for text in words:
        chat.say(text)
    yes = chat.shown["Ya"]
    events = count(chat.store, tables.complaint_event)
    assert chat.press("Ya", yes) == [told]
    assert chat.press("Ya", yes) == ["Sudah dikerjakan oleh penghubung PUPR pukul 08.00."]
    assert count(chat.store, tables.complaint_event) == events + 1
    assert drafted(chat.store, case) == {}


# fmt: off
NO_PHOTO = "Belum ada foto bukti. Kirim foto, atau pilih tanpa bukti dan sebutkan alasannya."
NO_OFFICE = (
    "Instansi itu tidak ditemukan. Tulis kode atau nama lengkapnya, misalnya: DLH, DISKOMINFO, INSPEKTORAT."
)
REFUSED = [
    # button             step before              what they send                    what they read; the question stays open
    ("Kabar",            [],                      "sabar",                          "Kabar terlalu pendek. Paling sedikit 20 huruf."),
    ("Tanya pelapor",    [],                      "x" * 301,                        "Pertanyaan terlalu panjang. Paling banyak 300 huruf."),
    ("Minta waktu",      [],                      "beri waktu sampai minggu depan", "Tanggal belum diisi."),
    ("Minta waktu",      [],                      "31-11-2026 aspal belum datang",  "Tulis tanggal seperti 2026-12-04."),
    ("Minta waktu",      [],                      "1-11-2026 aspal belum datang dari pabrik",   "Tanggal harus setelah hari ini."),
    ("Minta waktu",      [],                      "4-12-2026",                      "Alasan belum diisi."),
    ("Selesai",          [],                      "sudah ditindaklanjuti",          "Jelaskan apa yang dilakukan, kapan, dan hasilnya."),
    ("Selesai",          [DONE],                  "tidak sempat",                   NO_PHOTO),
    ("Selesai",          [DONE, "tanpa bukti"],   "ya",                             "Alasan tanpa bukti terlalu pendek. Paling sedikit 3 huruf."),
    ("Bukan kewenangan", [],                      "entah",                          NO_OFFICE),
    ("Bukan kewenangan", ["DLH"],                 "bukan kami",                     "Alasan terlalu pendek. Paling sedikit 20 huruf."),
]
# fmt: on
def test_what_does_not_do_is_told_in_a_sentence_and_the_question_stays_open(chat: Chat, case: Case) -> None:
    for label, before, text, told in REFUSED:
        chat.press(label)
        for words in before:
            chat.say(words)
        assert chat.say(text) == [told]
        assert count(chat.store, tables.officer_question) == 1
        chat.say("BATAL")
    assert count(chat.store, tables.complaint) == 1


def test_photos_are_evidence_for_an_answer_and_nothing_else(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    assert chat.photo() == [f"{NUMBER}: foto hanya dapat dikirim untuk Selesai. Jawab dengan kata-kata."]
    chat.press("Selesai")
    assert chat.say(attachments=(VOICE,)) == [f"{NUMBER}: kirim bukti sebagai foto."]
    assert chat.photo(DONE) == [f'Kirim ke pelapor: "{DONE}" + 1 foto?']
    assert chat.photo() == [f'Kirim ke pelapor: "{DONE}" + 2 foto?']
    kept = rows(chat.store, tables.attachment)
    assert {row.channel for row in kept} == {"tg"}  # whose bot the file is to be fetched from
    chat.press("Ya")
    assert {row.origin for row in rows(chat.store, tables.attachment)} == {"agency"}
    assert status(chat.store, case) is Status.AWAITING_REPORTER


def test_what_is_changed_or_dropped_is_never_sent_by_an_older_button(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    chat.say(NEWS)
    old = chat.shown["Ya"]
    assert "Tulis kabar" in chat.press("Ubah")[0]
    chat.say("Alat berat baru datang hari Jumat depan.")
    assert chat.press("Ya", old) == ["Tugas sudah dipindahkan, atau tombol ini tidak berlaku lagi untuk Anda."]
    assert chat.press("Batal") == [f"Dibatalkan. Tidak ada yang dikirim untuk {NUMBER}."]
    assert drafted(chat.store, case) == {}
    assert count(chat.store, tables.officer_question) == 0


def test_personal_data_is_covered_before_the_yes_and_a_confidential_report_never_quoted(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    said = chat.say("Hubungi mandor di 081234567890 bila ada pertanyaan.")
    assert said == [
        'Kirim ke pelapor: "Hubungi mandor di [telepon disamarkan] bila ada pertanyaan." Data pribadi disamarkan.'
    ]
    act(chat.store, case, Action.RAISE_CONFIDENTIAL)
    assert chat.say(NEWS) == ['Kirim ke pelapor: "aduan rahasia, isi tidak ditampilkan"']


def test_two_tasks_at_once_are_told_apart_by_the_reply_or_by_the_newest_question(
    chat: Chat, case: Case, telegram: Sends
) -> None:
    other = assigned(chat.store, telegram("Jembatan kayu di ujung desa kami lapuk dan berbahaya", sender="78"))
    chat.press("Kabar")
    named(chat.store, chat.last, "m:900001:7001")
    take(chat, other)
    chat.press("Kabar")
    chat.say(NEWS, reply_to="m:900001:7001")
    assert list(drafted(chat.store, case)) == ["kabar"]
    assert drafted(chat.store, other) == {}
    chat.press("Batal")
    chat.say(NEWS)
    assert list(drafted(chat.store, other)) == ["kabar"]


def named(store: Store, message: int, number: str) -> None:
    """Telegram took this message of ours and gave it a number."""
    outbox = tables.outbox
    with store.transaction() as tx:
        kept = tx.office.keys.unnamed(Address("tg", OFFICER), number)
        tx.execute(outbox.update().where(outbox.c.id == message).values(provider_id=kept))


def test_a_task_that_moved_away_takes_its_question_and_its_buttons_along(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    chat.say(NEWS)
    act(chat.store, case, Action.REASSIGN, agency="DLH", reason="Ini taman kota milik DLH")
    gone = ["Tugas sudah dipindahkan, atau tombol ini tidak berlaku lagi untuk Anda."]
    assert [chat.press(label) for label in ("Ya", "Kabar", "Terima & kerjakan")] == [gone] * 3
    assert chat.say("ya") == [f"Tugas {NUMBER} sudah dipindahkan. Tidak ada yang dikirim."]
    assert count(chat.store, tables.officer_question) == 0
    assert count(chat.store, tables.complaint) == 1


def test_a_question_that_the_task_no_longer_allows_is_dropped(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    act(chat.store, case, Action.ANSWER, member(chat.store).actor, **ANSWER)
    refused = "Aduan ini sudah menunggu tanggapan pelapor. Aksi Kabar ke pelapor tidak berlaku."
    assert chat.say(NEWS) == [refused]
    assert chat.press("Kabar") == [refused]
    assert count(chat.store, tables.officer_question) == 0


def test_somebody_else_s_button_does_nothing(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    chat.say(NEWS)
    for sender in (ELSEWHERE, "900004"):
        chat.press("Ya", sender=sender)
    assert chat.hear() == []
    assert list(drafted(chat.store, case)) == ["kabar"]


def test_a_question_outlives_a_restart_and_ends_after_a_day(
    chat: Chat, case: Case, moment: Moment, telegram: Sends
) -> None:
    chat.press("Selesai")
    chat.photo()
    moment.pass_(minutes=1)
    again = Store(engine_at(chat.store.office.settings.storage.url), chat.store.office)
    later = Chat(again, telegram, chat.shown, chat.last)
    assert later.say(DONE) == [f'Kirim ke pelapor: "{DONE}" + 1 foto?']
    chat.last = later.last
    moment.pass_(hours=24)
    assert chat.press("Ya", later.shown["Ya"]) == [f"{NUMBER}: tombol ini tidak berlaku lagi."]
    chat.say("Lampu jalan di depan rumah saya di Jalan Melati mati sejak kemarin")
    assert count(chat.store, tables.complaint) == 2  # they are a citizen too
    with chat.store.transaction() as tx:
        drafts.forget_old(tx)
    assert count(chat.store, tables.officer_question) == 0
    assert list(drafted(chat.store, case)) == ["selesai"]  # their page still has it


def test_urung_takes_back_the_newest_deed_within_the_window_and_only_that(
    chat: Chat, case: Case, moment: Moment
) -> None:
    nothing = ["Tidak ada yang dapat dibatalkan."]
    assert chat.say("URUNG") == nothing
    chat.press("Selesai")
    chat.photo(DONE)
    chat.press("Ya")
    assert chat.say("urung.") == [f"Dibatalkan. {NUMBER} kembali ke Sedang dikerjakan."]
    assert chat.say("URUNG") == nothing
    chat.press("Selesai")
    assert chat.say(DONE) == [f'Kirim ke pelapor: "{DONE}" + 1 foto?']  # the photo came back too
    chat.press("Ya")
    moment.pass_(minutes=10)
    assert chat.say("URUNG") == nothing
    assert status(chat.store, case) is Status.AWAITING_REPORTER


def test_an_answer_that_is_edited_is_read_again_and_never_becomes_a_report(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    chat.say("Alat berat sudah dipesan dan datang hari Rabo.", provider_id="m:900001:8001")
    edit = {"kind": MessageKind.EDIT, "target": "m:900001:8001", "provider_id": "m:900001:8001"}
    assert chat.say(NEWS, **edit) == [f'Kirim ke pelapor: "{NEWS}"']
    chat.press("Ya")
    assert chat.say("Alat berat datang hari Rabu atau hari Kamis.", **edit) == []
    assert count(chat.store, tables.complaint) == 1


def test_a_reply_to_something_else_is_no_answer(chat: Chat, case: Case, telegram: Sends) -> None:
    """Officers report too; what they add to their own report does not go to somebody else's reporter."""
    chat.say("Lampu jalan di depan rumah saya di Jalan Melati mati sejak kemarin")
    named(chat.store, chat.last, "m:900001:7002")
    chat.press("Kabar")
    chat.say("Tiangnya juga miring ke arah jalan raya.", reply_to="m:900001:7002")
    assert drafted(chat.store, case) == {}
    assert count(chat.store, tables.officer_question) == 1


def test_what_was_said_to_an_officer_counts_as_said_to_staff(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    with chat.store.reading() as tx:
        told = {one.key: one.recipient for one in complaint_detail.deliveries(tx, case.id)}
    assert told["officer.ask.kabar"] == told["officer.done"] == "staff"
    assert told["rx.receipt"] == "reporter"


def test_words_of_an_officer_without_a_question_mean_what_they_mean_for_everybody(chat: Chat, case: Case) -> None:
    assert "Tidak ada" not in "".join(chat.say("BATAL"))
    chat.say("Lampu jalan di depan rumah saya di Jalan Melati mati sejak kemarin")
    assert count(chat.store, tables.complaint) == 2


def test_c13_no_word_of_an_officer_stands_in_the_row_of_their_question(chat: Chat, case: Case) -> None:
    chat.press("Kabar")
    chat.say(NEWS)
    kept = [*rows(chat.store, tables.officer_question), *rows(chat.store, tables.officer_draft)]
    assert "Alat berat" not in repr(kept)
