"""A USSD session (docs/channels/ussd_http.md): pages, repetitions, broken sessions, and that every page fits the phone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels import gsm
from channels.messages import Address, InboundMessage, SessionEvent
from gateway.complaints.complaint import Action, Draft, Status, Urgency
from gateway.conversation.dialogue import Dialogue, Facts, KnownCase, UssdSession
from gateway.conversation.menu import MENU, Talk, show
from gateway.conversation.moment import Moment
from gateway.conversation.render import render_page
from gateway.conversation.step import step
from gateway.conversation.turn import Page, Skip
from tests.conversation.town import MONDAY, Complaint, Town, setting_for, texts, town, town_lexicon

REPORT = "jembatan kayu dusun 3 lapuk, anak sekolah lewat"
LAMP = "KBR-260001235"
PHONE = Address("tel", "+6281200000001")


def dialled(*inputs: str, phone: Town | None = None, session: str = "A") -> tuple[Town, str]:
    """A session with these inputs; the last page."""
    phone = phone or town("ussd")
    page = phone.dial(session, "")
    for place in range(1, len(inputs) + 1):
        page = phone.later(seconds=5).dial(session, "*".join(inputs[:place]))
    return phone, page


def test_a_report_goes_through_five_pages() -> None:
    phone, page = dialled("1", REPORT, "2", "1", "1")
    assert page.startswith("END Laporan diterima. No KBR-260001235 kode 4821-0123.")
    draft = phone.complaints[LAMP].draft
    assert (draft.text, draft.place, draft.location_text, draft.anonymous) == (REPORT, "02", "Contoh Hulu", True)
    assert [sent.key for sent in phone.outbox] == ["rx.receipt"]
    assert (phone.turns[-1].receipt_to, phone.turns[-1].receipt_channel) == (PHONE, "sms")


def test_without_an_sms_channel_the_page_asks_to_note_the_code() -> None:
    phone = Town(replace(setting_for("ussd"), sms_channel=""), iter([(LAMP, "4821-9037")]))
    for history in ("", "1", f"1*{REPORT}", f"1*{REPORT}*4", f"1*{REPORT}*4*2", f"1*{REPORT}*4*2*1"):
        event = SessionEvent("A", history)
        phone.take(InboundMessage(history, PHONE, history, session=event), "warga", Facts(), "A")
    assert phone.sessions["A"].answer.endswith("Catat nomor dan kode ini.")
    assert phone.outbox == []


def test_f60_the_same_step_again_shows_the_same_page_and_does_nothing() -> None:
    phone, page = dialled("1", REPORT, "2", "1", "1")
    history = f"1*{REPORT}*2*1*1"
    assert phone.dial("A", history) == page
    assert list(phone.complaints) == [LAMP]
    assert len(phone.outbox) == 1


def test_f60_an_earlier_step_again_shows_its_page_and_changes_nothing() -> None:
    phone, page = dialled("1", REPORT)
    before = phone.sessions["A"]
    assert phone.dial("A", "1") == "CON Tulis masalahnya. Contoh: lampu jalan mati di Jl Melati RT 4"
    assert phone.sessions["A"] == before
    assert phone.dial("A", f"1*{REPORT}") == page


def test_f61_a_star_in_the_text_is_kept() -> None:
    phone, _ = dialled("1", "parit lebar 2*3 meter tersumbat", "1", "2", "1")
    assert phone.complaints[LAMP].draft.text == "parit lebar 2*3 meter tersumbat"


def test_a_history_that_we_do_not_know_is_read_from_the_beginning() -> None:
    phone = town("ussd")
    assert phone.dial("A", f"1*{REPORT}*2").startswith("CON Sembunyikan identitas Anda dari petugas?")
    assert phone.sessions["A"].entry("text") == REPORT


def test_another_history_of_a_session_that_ended_opens_nothing_again() -> None:
    phone, page = dialled("1", REPORT, "2", "1", "1")
    assert phone.dial("A", f"1*{REPORT} sekali*2*1*1") == page
    assert list(phone.complaints) == [LAMP]


def test_a_session_id_is_somebody_elses_after_a_day() -> None:
    phone, _ = dialled("1", REPORT, "2", "1", "1")
    assert phone.later(hours=25).dial("A", "").startswith("CON Aduan Kab. Contoh.")


def test_where_only_the_last_input_comes_a_quick_repetition_is_the_same_step() -> None:
    phone = town("ussd")

    def enter(text: str, begins: bool = False) -> str:
        event = SessionEvent("A", text, whole_history=False, begins=begins, sms_channel="sms")
        dialogue = phone._dialogue("warga", Facts(), "A")
        phone._carry_out(
            step(dialogue, InboundMessage(text, PHONE, text, session=event), phone.now, phone.setting), "warga", "A"
        )
        return phone.page

    enter("*123*17#", begins=True)
    first = enter("1")
    phone.later(seconds=3)
    assert enter("1") == first
    phone.later(seconds=10)
    assert enter("1").startswith("Tulis lebih jelas"), "typed on purpose"


def test_a_text_too_short_is_asked_for_again() -> None:
    phone, page = dialled("1", "rusak")
    assert page.startswith("CON Tulis lebih jelas, misalnya apa dan di mana.\nTulis masalahnya.")
    assert phone.sessions["A"].entry("text") == ""


def test_a_text_cut_by_the_network_may_be_continued() -> None:
    start = ("jembatan kayu lapuk " * 8).strip().ljust(160, "x")
    phone, page = dialled("1", start)
    assert page == "CON Terpotong? Tulis lanjutannya.\n1. Sudah selesai"
    phone, page = dialled("1", start, "dan anak sekolah lewat")
    assert page.startswith("CON Di kecamatan mana?")
    assert phone.sessions["A"].entry("text") == f"{start} dan anak sekolah lewat"


def test_danger_opens_the_report_at_once() -> None:
    phone, page = dialled("1", "kebakaran sekarang di pasar")
    assert page == (
        "END Bila ada bahaya SEKARANG telepon 112. Ini bukan layanan darurat. Laporan tetap dicatat No KBR-260001235."
    )
    assert phone.complaints[LAMP].draft.urgency is Urgency.DARURAT


def test_spam_is_held_and_told_so() -> None:
    _, page = dialled("1", "slot gacor maxwin malam ini", "4", "2", "1")
    assert page == "END Pesan Anda kami simpan dgn No KBR-260001235 dan sedang diperiksa petugas."


def test_the_same_text_again_is_answered_with_its_number() -> None:
    phone, _ = dialled("1", REPORT, "2", "1", "1")
    _, page = dialled("1", REPORT, "2", "1", "1", phone=phone, session="B")
    assert page.startswith("END Laporan yang sama sudah tercatat dgn No KBR-260001235.")
    assert list(phone.complaints) == [LAMP]


def test_zero_below_the_summary_gives_the_text_up() -> None:
    phone, page = dialled("1", REPORT, "2", "1", "0")
    assert page == "END Laporan tidak dikirim. Terima kasih."
    assert phone.later(hours=1).hang_up("A").skip is Skip.SERVICE
    assert phone.complaints == {}


def test_zero_before_the_summary_loses_nothing() -> None:
    phone, page = dialled("1", REPORT, "0")
    assert page.startswith("END Laporan diterima.")
    assert phone.complaints[LAMP].draft.text == REPORT


def test_zero_on_the_menu_says_goodbye() -> None:
    assert dialled("0")[1] == "END Terima kasih."


def test_double_zero_goes_back_page_by_page() -> None:
    _, page = dialled("1", REPORT, "2", "00")
    assert page.startswith("CON Di kecamatan mana?")
    _, page = dialled("1", REPORT, "2", "00", "00")
    assert page.startswith("CON Tulis masalahnya.")
    _, page = dialled("1", REPORT, "2", "00", "00", "00")
    assert page.startswith("CON Aduan Kab. Contoh.")
    _, page = dialled("00")
    assert page.startswith("CON Aduan Kab. Contoh.")


@pytest.mark.parametrize("nonsense", ["7", "x", "11"])
def test_an_unknown_choice_shows_the_page_again(nonsense: str) -> None:
    assert dialled(nonsense)[1].startswith("CON Pilihan tidak ada.\nAduan Kab. Contoh.")


def test_f62_a_broken_session_with_a_text_becomes_a_report_five_minutes_later() -> None:
    phone, _ = dialled("1", REPORT, "2")
    assert phone.later(seconds=299).hang_up("A").draft is None
    turn = phone.later(seconds=1).hang_up("A")
    assert turn.draft is not None
    assert (turn.draft.text, turn.draft.place, turn.draft.anonymous) == (REPORT, "02", False)
    assert [sent.key for sent in phone.outbox] == ["rx.receipt"]


def test_a_broken_session_without_a_text_leaves_nothing() -> None:
    phone, _ = dialled("1")
    assert phone.later(hours=1).hang_up("A").draft is None


def test_a_new_call_offers_to_go_on_with_the_report() -> None:
    phone, _ = dialled("1", REPORT, "2")
    phone.later(minutes=9)
    assert phone.dial("B", "") == (f"CON Lanjutkan laporan?\n{REPORT}\n1. Lanjutkan\n2. Menu utama\n0. Keluar")
    assert phone.dial("B", "1").startswith("CON Sembunyikan identitas Anda dari petugas?")
    assert phone.turns[-1].ends_session == "A"
    assert phone.dial("B", "1*2").startswith("CON Kirim laporan ini?")
    assert phone.dial("B", "1*2*1").startswith("END Laporan diterima.")
    assert phone.complaints[LAMP].draft.place == "02"
    assert phone.later(hours=1).hang_up("A").draft is None, "the report was made already"


def test_after_ten_minutes_a_new_call_begins_anew() -> None:
    phone, _ = dialled("1", REPORT, "2")
    assert phone.later(minutes=11).dial("B", "").startswith("CON Aduan Kab. Contoh.")


def tracked(**changes: object) -> Town:
    phone, _ = dialled("1", REPORT, "2", "2", "1")
    phone.change(LAMP, **changes)
    return phone


def test_an_own_report_is_shown_and_can_be_added_to() -> None:
    phone = tracked()
    _, page = dialled("2", "260001235", phone=phone, session="B")
    assert page == (
        "CON KBR-260001235\nDiterima 23 Nov 2026\nDiperiksa paling lambat 26 Nov 2026\n"
        "1. Tambah keterangan\n2. Batalkan\n0. Keluar"
    )
    _, page = dialled("2", "260001235", "1", "kayunya sudah patah dua", phone=phone, session="C")
    assert page == "END Tambahan Anda masuk ke KBR-260001235. Terima kasih."
    assert phone.complaints[LAMP].texts[-1] == "kayunya sudah patah dua"


def test_an_own_report_is_cancelled_after_a_yes() -> None:
    phone = tracked()
    _, page = dialled("2", "260001235", "2", phone=phone, session="B")
    assert page == "CON Batalkan KBR-260001235?\n1. Ya\n2. Tidak"
    _, page = dialled("2", "260001235", "2", "2", phone=phone, session="C")
    assert page == "END Baik, KBR-260001235 tetap diproses."
    _, page = dialled("2", "260001235", "2", "1", phone=phone, session="D")
    assert page == "END KBR-260001235 dibatalkan atas permintaan Anda."
    assert phone.turns[-1].actions[0].action is Action.CANCEL


def test_what_is_being_worked_on_offers_no_cancelling() -> None:
    phone = tracked(status=Status.IN_PROGRESS, due_on=None)
    _, page = dialled("2", "260001235", phone=phone, session="B")
    assert page == "CON KBR-260001235\nSedang dikerjakan 23 Nov 2026\n1. Tambah keterangan\n0. Keluar"


def test_a_secret_report_needs_its_code_and_can_then_be_added_to() -> None:
    phone = tracked(anonymous=True)
    _, page = dialled("2", "260001235", phone=phone, session="B")
    assert page == "CON Masukkan 8 angka kode rahasia"
    _, page = dialled("2", "260001235", "48210123", phone=phone, session="C")
    assert page.startswith("CON KBR-260001235\nDiterima")
    _, page = dialled("2", "260001235", "48210123", "1", "ada satu lagi", phone=phone, session="D")
    assert page.startswith("END Tambahan Anda masuk")
    assert phone.turns[-1].additions[0].action is Action.REPLY


def test_a_wrong_code_counts_down_and_may_be_tried_again() -> None:
    phone = tracked(anonymous=True)
    _, page = dialled("2", "260001235", "11112222", phone=phone, session="B")
    assert page.startswith("CON Nomor atau kode tidak cocok. Periksa lagi. Sisa percobaan 4.\n1. Coba lagi")
    _, page = dialled("2", "260001235", "11112222", "1", phone=phone, session="C")
    assert page == "CON Masukkan 9 angka nomor laporan"


def test_an_input_that_means_nothing_below_a_report_shown_by_code_shows_it_again() -> None:
    phone = town("ussd")
    number = "KBR-260042171"
    known = KnownCase(number, Status.RECEIVED, MONDAY, MONDAY, MONDAY, anonymous=True)
    phone.complaints |= {number: Complaint(known, "lain", "48219037", Draft(""), [])}
    _, shown = dialled("2", "260042171", "48219037", phone=phone, session="B")
    _, again = dialled("2", "260042171", "48219037", "9", phone=phone, session="C")
    assert again == shown


@pytest.mark.parametrize(
    ("typed", "page"), [("260001236", "CON Nomor salah ketik?"), ("123", "CON Nomor salah ketik?")]
)
def test_a_mistyped_number_may_be_typed_again(typed: str, page: str) -> None:
    assert dialled("2", typed)[1].startswith(page)
    assert dialled("2", typed, "1")[1] == "CON Masukkan 9 angka nomor laporan"


def test_the_national_number_finds_own_reports_only() -> None:
    phone = tracked(sp4n_id="8123456")
    assert dialled("2", "8123456", phone=phone, session="B")[1].startswith("CON KBR-260001235")
    assert dialled("2", "8123457", phone=phone, session="C")[1].startswith("END Nomor laporan ada 9 angka.")


def test_a_term_is_explained_over_several_pages() -> None:
    long = replace(town_lexicon(), glossary=(("disposisi", "penerusan laporan oleh koordinator " * 6, ()),))
    phone, page = dialled("3", "disposis", phone=town("ussd", lexicon=long))
    assert page.startswith("CON Disposisi: penerusan laporan")
    assert page.endswith("98 Lanjut")
    _, page = dialled("3", "disposis", "98", phone=phone, session="B")
    assert page.endswith("1. Cari lagi\n0. Keluar")
    _, same = dialled("3", "disposis", "#", phone=phone, session="C")
    assert same == page


def test_sms_can_be_stopped_and_started_from_the_menu() -> None:
    phone, page = dialled("4")
    assert page == "CON SMS kabar laporan: aktif\n1. Hentikan SMS\n0. Keluar"
    phone, page = dialled("4", "1")
    assert page.startswith("END SMS dihentikan.")
    assert phone.turns[-1].opt_out is True
    _, page = dialled("4", "1", phone=phone, session="B")
    assert page == "END SMS aktif kembali. Tulis laporan kapan saja."
    assert phone.turns[-1].opt_out is False


def test_the_end_notice_of_the_aggregator_changes_nothing() -> None:
    phone, _ = dialled("1", REPORT)
    event = SessionEvent("A", f"1*{REPORT}", ended=True)
    turn = step(
        phone._dialogue("warga", Facts(), "A"), InboundMessage("e", PHONE, "", session=event), MONDAY, phone.setting
    )
    assert (turn.skip, turn.page) == (Skip.SERVICE, None)
    assert turn.dialogue.ussd == phone.sessions["A"]


LONG_NAMES = tuple((str(place), f"Kecamatan Contoh Nomor {place}") for place in range(1, 21))
STATES = [
    {
        "text": "jalan rusak " * 40,
        "number": LAMP,
        "status": status,
        "attempts_left": "4",
        "term": term,
        "anonymous": anonymous,
        "district": "7",
    }
    for status in ("received", "awaiting_reporter")
    for term in ("disposisi", "x" * 150)
    for anonymous in ("", "yes")
]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("budget", [180, 160])
@pytest.mark.parametrize("name", list(MENU))
def test_f64_every_part_of_every_page_fits_the_phone(name: str, budget: int, language: str) -> None:
    setting = replace(setting_for("ussd"), lexicon=replace(town_lexicon(), districts=LONG_NAMES))
    for entries in STATES:
        case = KnownCase(
            LAMP,
            Status(entries["status"]),
            MONDAY,
            MONDAY,
            MONDAY,
            answer="kata " * 60,
            due_on=(MONDAY + timedelta(3)).date(),
        )
        session = UssdSession("A", entries=tuple(entries.items()))
        dialogue = Dialogue(cases=(case,), unfinished=session, language=language)
        moment = Moment.of(dialogue, InboundMessage("1", PHONE), MONDAY, setting)
        seen = []
        for part in range(12):
            page = show(Talk(moment, session), name, note="ussd.wrong_choice", part=part).page
            assert page is not None
            text = render_page(page, language, budget, texts())
            assert gsm.septets(text) <= budget
            seen.append(text)
        assert seen[-1] == seen[-2], "the last part stays"
        shown = "\n".join(dict.fromkeys(seen))
        assert all(f"{option[0]}. " in shown for option in page.options), "every option can be read somewhere"


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    "key", sorted(key for key in texts().keys("id") if key.startswith("ussd.") and ".option" not in key)
)
def test_f64_every_last_page_fits_the_phone(key: str, language: str) -> None:
    values = {
        "tiket": LAMP, "nomor": "260001235", "kode": "4821-9037", "tgl": MONDAY.date(), "sejak": MONDAY.date(), "dijawab": MONDAY.date(),
        "pemda": "Kab. Kotawaringin Barat", "teks": "x", "wilayah": "Arut Selatan", "status": "Tanggapan Anda diterima", "kutipan": "x", "n": "4",
    }  # fmt: skip
    assert gsm.septets(render_page(Page(key, values, ends=True), language, 10_000, texts())) <= 160
