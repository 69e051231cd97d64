"""COMMANDS (CASEWORK 4.3): what each word does, and where it is only a word."""

import pytest

from gateway.complaints.complaint import Action, Status
from gateway.conversation.commands import COMMANDS, find, read_call
from gateway.conversation.turn import NewCode, TermProposal, Wish
from tests.conversation.town import MONDAY, Town, texts, town

REPORT = "Lampu jalan di gang kami mati sudah tiga malam"
LAMP = "KBR-260001235"
WASTE = "KBR-260001243"


def reported(channel: str = "telegram") -> Town:
    """A street whose lamp was reported an hour ago."""
    street = town(channel)
    street.write(REPORT)
    return street.later(hours=1)


def with_two() -> Town:
    street = reported()
    street.write("LAPOR sampah menumpuk di pasar")
    return street.later(hours=1)


# fmt: off
WORDS = [
    # message                    command     rest
    ("BANTUAN",                  "BANTUAN",  ""),
    ("help",                     "BANTUAN",  ""),
    ("/bantuan@aduan_bot",       "BANTUAN",  ""),
    ("/start",                   "START",    ""),
    ("/start DISHUB",            "START",    "DISHUB"),
    ("cek",                      "STATUS",   ""),
    ("Status: 260001284",        "STATUS",   "260001284"),
    ("STATUS KBR-260001284 4821-9037", "STATUS", "KBR-260001284 4821-9037"),
    ("batal",                    "BATAL",    ""),
    ("Batal 260001300.",         "BATAL",    "260001300."),
    ("/istilah disposisi",       "ISTILAH",  "disposisi"),
    ("hapus data",               "HAPUS",    "data"),
    ("ＹＡ",                      "YA",       ""),
]
SENTENCES = [
    "batal bangun jembatan dusun 2 kenapa?? warga menunggu kejelasan dari dinas",
    "status tanah kami tidak jelas sudah bertahun-tahun",
    "info lowongan di dinas kabupaten tidak transparan",
    "kode etik pegawai kecamatan dilanggar terus",
    "nilai ganti rugi tanah tidak adil bagi warga",
    "buka jalan yang ditutup di dusun kami",
    "rahasia umum kalau di kantor itu ada pungli",
    "layanan puskesmas Contoh Timur buruk sekali",
    "bahasa petugas loket kasar kepada orang tua",
    "hapus coretan di dinding balai desa dong pak",
    "usul pembangunan jembatan di dusun 3 supaya anak sekolah aman",
    "belum ada petugas datang ke rumah kami sejak kemarin",
    "start jalan sehat di alun-alun bikin macet total",
    "ya ampun sampah di pasar sudah seminggu tidak diangkut",
]
# fmt: on


@pytest.mark.parametrize(("text", "word", "rest"), WORDS)
def test_a_command_is_the_first_word(text: str, word: str, rest: str) -> None:
    call = read_call(text)
    assert call is not None
    found = find(call)
    assert found is not None
    assert (found.word, call.rest) == (word, rest)


@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_that_begins_like_a_command_is_a_report(text: str) -> None:
    street = town()
    street.write(text)
    draft = street.turns[-1].draft
    assert draft is not None
    assert draft.text == text


def test_every_command_has_its_own_words_and_a_text_that_explains_it() -> None:
    words = [word for row in COMMANDS for word in (row.word, *row.synonyms)]
    assert len(words) == len(set(words))
    assert all(texts().has(row.help) for row in COMMANDS)


def test_help_names_the_commands_that_people_need() -> None:
    said = texts()("help.main", "id")
    assert all(
        word in said for word in ("STATUS", "BATAL", "ANONIM", "RAHASIA", "PRIVASI", "ISTILAH", "BERHENTI", "112")
    )


def test_start_greets_once_and_then_helps() -> None:
    street = town()
    assert street.write("/start") == [texts()("greet.short", "id")]
    assert street.write("/start") == [texts()("help.main", "id")]


def test_a_deep_link_gives_its_unit_to_the_next_report_only() -> None:
    street = town()
    street.write("/start", unit="DISHUB")
    street.write(REPORT)
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.unit == "DISHUB"
    street.write("LAPOR sampah menumpuk di pasar")
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.unit == ""


def test_an_unknown_slash_word_is_said_to_be_unknown() -> None:
    assert town().write("/apaini") == [texts()("help.short", "id")]


def test_lapor_opens_a_report_whatever_is_open() -> None:
    street = reported()
    assert "No KBR-260001243" in street.write("LAPOR masih mati juga lampunya")[0]


def test_lapor_alone_takes_the_next_text() -> None:
    street = reported()
    assert street.write("LAPOR") == [texts()("ask.whatsup", "id")]
    assert "No KBR-260001243" in street.write("masih mati juga lampunya")[0]


def test_baru_alone_moves_the_message_that_was_appended_last() -> None:
    street = reported()
    street.write("kami tidak bisa tidur nyenyak")
    street.later(minutes=14)
    assert "No KBR-260001243" in street.write("BARU")[0]
    turn = street.turns[-1]
    assert turn.draft is not None
    assert (turn.draft.text, turn.moved_from, turn.moved_message) == ("kami tidak bisa tidur nyenyak", LAMP, "m:2")


def test_baru_alone_after_a_quarter_of_an_hour_asks_what_there_is() -> None:
    street = reported()
    street.write("kami tidak bisa tidur nyenyak")
    street.later(minutes=16)
    assert street.write("BARU") == [texts()("ask.whatsup", "id")]


def test_baru_takes_back_the_confirmation_of_what_it_moved() -> None:
    street = town()
    street.write(REPORT)
    street.later(seconds=20).write("sampah juga menumpuk di pasar")
    assert any(sent.at > street.now for sent in street.outbox)
    street.write("BARU")
    assert not any(sent.at > street.now for sent in street.outbox)


def test_baru_in_small_letters_within_a_burst_is_an_ordinary_word() -> None:
    street = town()
    street.write(REPORT)
    street.later(seconds=20).write("baru tadi pagi mati lagi")
    assert street.complaints[LAMP].texts == [REPORT, "baru tadi pagi mati lagi"]


def test_baru_in_small_letters_later_opens_a_report_and_keeps_the_word() -> None:
    street = reported()
    street.write("baru diaspal seminggu sudah rusak lagi")
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.text == "baru diaspal seminggu sudah rusak lagi"


def test_status_without_any_report_says_so() -> None:
    assert town().write("STATUS") == [texts()("st.none", "id")]


def test_status_lists_five_at_most_the_newest_first() -> None:
    street = town()
    for place in range(7):
        street.later(hours=1).write(f"LAPOR laporan nomor {place} tentang jalan rusak")
    (listed,) = street.write("cek")
    assert listed.splitlines()[0] == "Laporan Anda yang masih berjalan:"
    assert [line.split(".")[0] for line in listed.splitlines()[1:]] == ["1", "2", "3", "4", "5"]
    assert list(street.complaints)[-1] in listed.splitlines()[1]


STANDINGS = [
    (Status.RECEIVED, "KBR-260001235 Diterima, diperiksa paling lambat 26 Nov 2026"),
    (Status.INCOMPLETE, "KBR-260001235 Menunggu kelengkapan dari Anda sejak 23 Nov 2026"),
    (Status.VERIFIED, "KBR-260001235 Terverifikasi sejak 23 Nov 2026"),
    (Status.IN_PROGRESS, "KBR-260001235 Sedang dikerjakan Dinas Contoh sejak 23 Nov 2026"),
    (Status.AWAITING_REPORTER, "KBR-260001235 sudah dijawab 23 Nov 2026: Lampu diganti."),
    (Status.RESOLVED, "KBR-260001235 Selesai 23 Nov 2026"),
    (Status.ARCHIVED, "KBR-260001235 Diarsipkan 23 Nov 2026"),
]


@pytest.mark.parametrize(("status", "line"), STANDINGS)
def test_status_tells_where_an_own_report_stands(status: Status, line: str) -> None:
    street = reported()
    street.change(LAMP, status=status, agency_name="Dinas Contoh", answer="Lampu diganti.", answered_at=street.now)
    assert street.write("STATUS 260001235") == [line]


def test_somebody_elses_report_needs_its_code_and_an_unknown_one_sounds_the_same() -> None:
    street = reported()
    asks = "Untuk melihat laporan ini kirim STATUS {} spasi 8 angka kode rahasia."
    assert street.write("STATUS 260001235", "tetangga") == [asks.format("260001235")]
    assert street.write("STATUS 260042171", "tetangga") == [asks.format("260042171")]
    wrong = "Nomor atau kode tidak cocok. Periksa lagi. Sisa percobaan 4."
    assert street.write("STATUS 260001235 11112222", "tetangga") == [wrong]
    assert street.write("STATUS 260042171 11112222", "tetangga") == [wrong]
    assert "KBR-260001235 Diterima" in street.write("STATUS 260001235 4821-0123", "tetangga")[0]


def test_a_mistyped_number_is_not_looked_up() -> None:
    street = reported()
    assert street.write("STATUS 260001236") == [texts()("err.check", "id")]
    assert street.turns[-1].lookups == ()


def test_seven_digits_are_the_national_number_of_own_reports_only() -> None:
    street = reported()
    street.change(LAMP, sp4n_id="8123456")
    assert "KBR-260001235" in street.write("STATUS 8123456")[0]
    assert street.write("STATUS 8123457") == [texts()("err.sp4n", "id")]


def test_cancelling_is_asked_back_and_can_be_declined() -> None:
    street = reported()
    assert street.write("BATAL") == ["Batalkan KBR-260001235? Balas YA untuk membatalkan, TIDAK untuk melanjutkan."]
    assert street.write("TIDAK") == ["Baik, KBR-260001235 tetap diproses."]
    assert street.complaints[LAMP].known.status is Status.RECEIVED
    street.write("BATAL 260001235")
    assert street.write("ya") == ["KBR-260001235 dibatalkan atas permintaan Anda."]
    assert street.complaints[LAMP].known.status is Status.ARCHIVED


def test_what_is_being_worked_on_cannot_be_cancelled_from_here() -> None:
    street = reported()
    street.change(LAMP, status=Status.IN_PROGRESS)
    assert street.write("BATAL") == [texts()("err.cancel", "id")]
    assert street.turns[-1].actions == ()


def test_batal_alone_ends_an_open_question() -> None:
    street = reported()
    street.ask("place", LAMP)
    assert street.write("BATAL") == ["Baik, KBR-260001235 tetap diproses."]
    assert street.dialogues["warga"].awaiting is None


def test_with_several_reports_a_command_asks_for_the_number() -> None:
    street = with_two()
    assert street.write("BATAL") == ["Anda punya 2 laporan. Kirim BATAL spasi 9 angka nomor laporan."]


def test_a_new_code_is_for_own_reports_only() -> None:
    street = reported()
    said = street.write("KODE 260001235")
    assert street.turns[-1].lookups == (NewCode(LAMP),)
    assert said == ["Kode baru KBR-260001235: 1111-2222. Kode lama tidak berlaku lagi. Simpan baik-baik."]
    assert street.write("KODE 260001235", "tetangga") == [texts()("err.not_yours", "id")]


def test_terms_are_proposed_and_explained() -> None:
    street = town()
    street.write("USUL tabayun: mencari kejelasan")
    assert street.turns[-1].lookups == (TermProposal("tabayun: mencari kejelasan"),)
    assert street.write("ISTILAH Disposis")[0].startswith("Disposisi: penerusan laporan")
    assert street.write("ISTILAH") == [texts()("glos.help", "id")]


def test_anonymity_is_set_on_the_last_report_and_taken_back_after_a_yes() -> None:
    street = reported()
    assert street.write("ANONIM") == ["KBR-260001235: ANONIM aktif. Petugas dinas tidak melihat identitas Anda."]
    assert street.complaints[LAMP].known.anonymous
    street.write("ANONIM")
    assert street.turns[-1].actions == (), "it is set already"
    assert "Matikan ANONIM pada KBR-260001235?" in street.write("ANONIM MATI")[0]
    assert street.complaints[LAMP].known.anonymous
    assert street.write("YA") == ["KBR-260001235: ANONIM dimatikan sesuai permintaan Anda."]
    assert not street.complaints[LAMP].known.anonymous


def test_secrecy_is_set_on_the_report_given() -> None:
    street = with_two()
    assert street.write("RAHASIA 260001235")[0].startswith("KBR-260001235: RAHASIA aktif")
    assert street.complaints[LAMP].known.confidential
    assert not street.complaints[WASTE].known.confidential


def resolved(days: float = 1, **changes: object) -> Town:
    street = reported()
    street.change(LAMP, status=Status.RESOLVED, closed_at=street.now, **changes)
    return street.later(days=days)


def test_a_report_is_reopened_within_thirty_days() -> None:
    street = resolved(29)
    assert street.write("BUKA 260001235 lampunya mati lagi") == [
        "KBR-260001235 dibuka kembali dan dikirim ke petugas serta atasannya."
    ]
    assert dict(street.turns[-1].actions[0].inputs) == {"reason": "lampunya mati lagi"}


def test_it_is_too_late_after_thirty_days() -> None:
    assert resolved(31).write("BUKA 260001235")[0].startswith("KBR-260001235 ditutup lebih dari 30 hari lalu")


def test_the_third_wish_to_reopen_goes_to_a_person() -> None:
    street = resolved(1, reopen_count=2)
    assert "Ombudsman 137" in street.write("BUKA 260001235 masih mati")[0]
    assert street.turns[-1].lookups == (Wish("third_reopen", LAMP, "masih mati"),)
    assert street.turns[-1].actions == ()


def test_an_open_report_cannot_be_reopened() -> None:
    assert reported().write("BUKA 260001235") == [
        "Aduan KBR-260001235 sudah Diterima. Permintaan Anda tidak berlaku lagi."
    ]


def test_an_archived_report_comes_back_but_not_one_that_was_cancelled() -> None:
    street = reported()
    street.change(LAMP, status=Status.ARCHIVED, closed_at=street.now, archive_reason="bukan_laporan")
    assert street.write("BUKA 260001235") == ["Tambahan Anda masuk ke KBR-260001235. Kirim BARU jika ini laporan lain."]
    assert street.complaints[LAMP].known.status is Status.RECEIVED
    street.change(LAMP, status=Status.ARCHIVED, closed_at=street.now, archive_reason="dibatalkan_pelapor")
    assert "tidak berlaku lagi" in street.write("BUKA 260001235")[0]


def test_a_rating_is_noted_and_a_bad_one_asks_what_was_missing() -> None:
    street = resolved()
    said = street.write("NILAI 2")[0]
    assert said == (
        "Terima kasih. Nilai 2 tercatat untuk KBR-260001235. Apa yang kurang? Bila belum beres, balas BUKA 260001235."
    )
    assert street.turns[-1].actions[0].action is Action.RATE
    assert street.write("petugasnya datang terlambat") == ["Terima kasih. Masukan Anda untuk KBR-260001235 kami catat."]
    assert dict(street.turns[-1].actions[0].inputs) == {"rating": "2", "comment": "petugasnya datang terlambat"}
    assert street.complaints[LAMP].known.status is Status.RESOLVED, "a bad rating reopens nothing by itself"


def test_nobody_rates_twice_nor_what_is_still_open() -> None:
    street = resolved(1, rating=4)
    assert street.write("NILAI 5") == [texts()("none.pending", "id")]
    assert reported().write("NILAI 5") == [texts()("none.pending", "id")]


def test_privacy_and_the_wish_to_erase() -> None:
    street = town()
    assert street.write("PRIVASI") == [texts()("pv.long", "id")]
    assert street.write("HAPUS DATA") == [texts()("pv.erase", "id")]
    assert street.turns[-1].lookups == (Wish("erase_data"),)


def test_a_copy_and_a_correction_of_own_data_can_be_asked_for() -> None:
    street = town()
    assert street.write("salinan data") == [texts()("pv.erase", "id")]
    assert street.turns[-1].lookups == (Wish("copy_data"),)
    assert street.write("RALAT DATA SAYA: nama ditulis Budi,\nseharusnya Budhi") == [texts()("pv.erase", "id")]
    assert street.turns[-1].lookups == (Wish("correct_data", text="nama ditulis Budi,\nseharusnya Budhi"),)


@pytest.mark.parametrize(
    "text",
    ["Ralat data saya di kantor dukcapil tidak pernah selesai", "RALAT DATA SAYA", "Salinan data bansos dipungut"],
)
def test_who_complains_about_data_elsewhere_reports(text: str) -> None:
    street = town()
    street.write(text)
    assert not street.turns[-1].lookups


def test_the_language_can_be_chosen() -> None:
    street = town()
    assert street.write("BAHASA") == [texts()("lang.list", "id")]
    assert street.write("BAHASA EN") == [texts()("lang.set", "en")]
    assert street.write("STATUS") == [texts()("st.none", "en")]
    assert street.write("bahasa indonesia") == [texts()("lang.set", "id")]


def test_services_are_listed() -> None:
    (listed,) = town().write("LAYANAN")
    assert listed.startswith("Layanan yang dapat dilaporkan:\n1. ")


def test_an_answer_to_nothing_is_said_to_be_one() -> None:
    street = town()
    for word in ("YA", "TIDAK", "BELUM"):
        assert street.write(word) == [texts()("none.pending", "id")]
    assert street.now == MONDAY
