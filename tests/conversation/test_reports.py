"""A message becomes a complaint (CASEWORK 4.1 rules 5, 11, 12; 4.2; 9.7)."""

from datetime import date

import pytest

from channels.messages import Address, AttachmentRef, FormReport, Location, MessageKind
from gateway.complaints.complaint import Hold, Point, Sensitive, Urgency
from gateway.conversation.dialogue import Facts
from gateway.conversation.questions import may_ask
from gateway.conversation.turn import Skip
from tests.conversation.town import texts, town

REPORT = "Lampu jalan di gang kami mati sudah tiga malam"
LAMP = "KBR-260001235"
# fmt: off
AGENCY_CODES = [
    # text                                                agency   text of the complaint
    ("PUPR saluran air tersumbat di depan puskesmas",     "PUPR",  "saluran air tersumbat di depan puskesmas"),
    ("PUPR: saluran air tersumbat",                       "PUPR",  "saluran air tersumbat"),
    ("PUPR saluran tersumbat",                            "",      "PUPR saluran tersumbat"),           # two words only
    ("pupr saluran air tersumbat di depan puskesmas",     "",      "pupr saluran air tersumbat di depan puskesmas"),
    ("TIDAKADA saluran air tersumbat di depan",           "",      "TIDAKADA saluran air tersumbat di depan"),
    ("LAPOR PUPR saluran air tersumbat parah",            "PUPR",  "saluran air tersumbat parah"),
]
HOLDS = [
    ("dasar pemalas semua! jalan poros Contoh Hulu km 5 putus dari bulan lalu",      Hold.NONE),
    ("dasar goblok pemalas semua kalian",                                             Hold.ABUSE),
    ("pinjaman cepat cair klik http://contoh.invalid/a http://contoh.invalid/b",      Hold.SPAM),
    ("https://maps.app.goo.gl/contoh",                                                Hold.NONE),
    ("ada yang jual miras, lokasi https://maps.app.goo.gl/contoh",                    Hold.NONE),
    ("http://contoh.invalid/hadiah",                                                  Hold.SPAM),
    ("pasang slot gacor maxwin malam ini",                                            Hold.SPAM),
    ("jalan rusak, fotonya di https://contoh.invalid/foto tolong diperbaiki",         Hold.NONE),
    ("kami ditipu pinjaman lewat petugas desa, tolong diperiksa",                     Hold.NONE),
    (REPORT,                                                                          Hold.NONE),
]
# fmt: on


@pytest.mark.parametrize(("text", "agency", "body"), AGENCY_CODES)
def test_an_agency_code_is_taken_off_the_text(text: str, agency: str, body: str) -> None:
    street = town("sms")
    street.write(text)
    draft = street.turns[-1].draft
    assert draft is not None
    assert (draft.agency_named, draft.text) == (agency, body)


@pytest.mark.parametrize(("text", "hold"), HOLDS)
def test_a_person_looks_first_where_nothing_is_reported(text: str, hold: Hold) -> None:
    street = town()
    (said,) = street.write(text)
    draft = street.turns[-1].draft
    assert draft is not None
    assert draft.hold is hold
    assert said.startswith("Laporan diterima." if hold is Hold.NONE else "Pesan Anda kami simpan dgn No KBR-260001235")
    assert draft.text == text, "nothing is taken out of what was written"


def test_too_many_different_reports_in_ten_minutes_are_held() -> None:
    street = town(flood_texts=5)
    for place in range(5):
        street.later(seconds=30).write(f"LAPOR jalan nomor {place} di kampung kami rusak")
        assert street.turns[-1].draft is not None
        assert street.turns[-1].draft.hold is Hold.NONE
    street.write("LAPOR jalan nomor 6 di kampung kami rusak")
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.hold is Hold.FLOOD
    street.later(minutes=10).write("LAPOR jalan nomor 7 di kampung kami rusak")
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.hold is Hold.NONE


@pytest.mark.parametrize(("senders", "limit", "hold"), [(20, 20, Hold.NONE), (21, 20, Hold.FLOOD), (500, 0, Hold.NONE)])
def test_one_text_of_very_many_senders_is_held(senders: int, limit: int, hold: Hold) -> None:
    street = town(flood_senders=limit)
    street.write(REPORT, facts=Facts(same_text_senders=senders))
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.hold is hold


def test_what_was_proven_spam_before_is_held_again() -> None:
    street = town()
    street.write(REPORT, facts=Facts(known_spam=True))
    assert street.turns[-1].draft is not None
    assert street.turns[-1].draft.hold is Hold.SPAM


def test_danger_is_warned_of_before_the_receipt_and_is_never_held() -> None:
    street = town(flood_senders=1)
    said = street.write("kebakaran sekarang di pasar, goblok!", facts=Facts(same_text_senders=99))
    assert [sent.key for sent in street.outbox] == ["em.notice", "rx.receipt"]
    assert said[0].startswith(
        "Bila ada bahaya SEKARANG telepon 112. Ini bukan layanan darurat. Laporan tetap dicatat No KBR-"
    )
    draft = street.turns[-1].draft
    assert draft is not None
    assert (draft.urgency, draft.hold) == (Urgency.DARURAT, Hold.NONE)
    assert not may_ask(street._dialogue("warga", Facts(), ""), "place", LAMP, street.now), "nothing is asked in danger"


def test_danger_is_heard_behind_a_command_too() -> None:
    street = town()
    assert "telepon 112" in street.write("LAPOR kebakaran sekarang di pasar Contoh Timur")[0]


def test_violence_is_confidential_and_names_where_victims_are_helped() -> None:
    street = town()
    said = street.write("istri tetangga dipukuli suaminya sekarang tolong")
    assert "UPTD PPA 129" in said[0]
    draft = street.turns[-1].draft
    assert draft is not None
    assert (draft.confidential, draft.sensitive, draft.urgency) == (True, Sensitive.KEKERASAN_SEKSUAL, Urgency.DARURAT)


def test_a_location_comes_with_the_report() -> None:
    street = town()
    street.write(REPORT, location=Location(-2.68, 111.62, 20, "Pasar"))
    draft = street.turns[-1].draft
    assert draft is not None
    assert (draft.point, draft.location_text) == (Point(-2.68, 111.62, 20), "Pasar")


def test_f55_a_gap_in_a_long_sms_is_asked_for() -> None:
    street = town("sms")
    said = street.write("saluran air [bagian 2/3 hilang] depan puskesmas", flags=frozenset({"incomplete", "bad_udh"}))
    assert said[-1].startswith("KBR-260001235: sebagian pesan Anda tidak sampai.")
    draft = street.turns[-1].draft
    assert draft is not None
    assert draft.flags == {"incomplete"}


def test_a_text_is_never_longer_than_ten_thousand_characters() -> None:
    street = town()
    street.write("jalan rusak " * 2000)
    draft = street.turns[-1].draft
    assert draft is not None
    assert (len(draft.text), draft.flags) == (10_000, {"maybe_truncated"})


def test_a_public_comment_gets_no_number_in_public() -> None:
    street = town()
    street.write("jalan di depan pasar rusak parah min", kind=MessageKind.COMMENT)
    public, private = street.turns[-1].replies
    assert (public.key, public.public) == ("pub.reply", True)
    assert (private.key, private.public) == ("hold.invite", False)
    draft = street.turns[-1].draft
    assert draft is not None
    assert draft.hold is Hold.PUBLIC_COMMENT


def test_the_form_becomes_a_draft_with_all_its_fields() -> None:
    street = town()
    contact = Address("tel", "+6281200000001")
    form = FormReport(
        "n1", title="Lampu mati", place="Gang Melati", incident_on="2026-11-20", topic="perhubungan", unit="DISHUB",
        name="Warga Contoh", contact=contact, anonymous=True, consent=True,
    )  # fmt: skip
    street.write("Lampu jalan mati", form=form, attachments=(AttachmentRef("file"),))
    turn = street.turns[-1]
    assert turn.draft is not None
    assert (turn.draft.title, turn.draft.location_text, turn.draft.unit) == ("Lampu mati", "Gang Melati", "DISHUB")
    assert (turn.draft.incident_on, turn.draft.anonymous, turn.draft.reporter_name) == (
        date(2026, 11, 20),
        True,
        "Warga Contoh",
    )
    assert (turn.receipt_to, len(turn.attachments)) == (contact, 1)
    assert [reply.key for reply in turn.replies] == ["rx.receipt"]


def test_a_form_filled_by_a_machine_is_held_not_refused() -> None:
    street = town()
    street.write(REPORT, form=FormReport("n1", suspicion="honeypot"))
    draft = street.turns[-1].draft
    assert draft is not None
    assert draft.hold is Hold.SPAM


def test_a_greeting_is_answered_once_in_twelve_hours() -> None:
    street = town()
    assert street.write("pagi") == [texts()("greet.short", "id")]
    assert street.later(hours=11).write("siang pak") == []
    assert street.turns[-1].skip == "RATE_LIMIT"
    assert street.later(hours=2).write("malam") == [texts()("greet.short", "id")]


def test_words_too_short_are_answered_twice_and_then_ignored_for_an_hour() -> None:
    street = town()
    assert street.write("lapor pak")[0] != ""
    street = town()
    assert [street.write("mau lapor") for _ in range(3)] == [[texts()("ask.whatsup", "id")]] * 2 + [[]]
    assert street.later(minutes=59).write("mau lapor") == []
    assert "No KBR-" in street.write(REPORT)[0], "a report is never ignored"
    assert street.later(hours=5).write("   ") == [texts()("help.main", "id")]


def test_in_a_group_the_bot_says_once_where_to_go_on() -> None:
    street = town()
    assert street.write("lampu pos ronda mati", in_group=True) == ["Demi privasi, lanjutkan di pesan pribadi."]
    assert street.outbox[-1].labels == ("Buka pesan pribadi",)
    assert street.write("lampu pos ronda mati", in_group=True) == []
    assert street.complaints == {}


def test_f99_what_nobody_can_read_is_answered_with_what_can_be_sent() -> None:
    street = town()
    assert street.write(kind=MessageKind.UNSUPPORTED) == [texts()("err.unsupported", "id")]
    assert street.complaints == {}


def test_a_comment_is_a_report_or_nothing_and_never_a_command() -> None:
    street = town()
    for text in ("STATUS KBR-260001235", "BERHENTI", "mantap min", "👍"):
        street.write(text, kind=MessageKind.COMMENT)
        turn = street.turns[-1]
        assert (turn.opt_out, turn.lookups) == (None, ())
        assert not [reply for reply in turn.replies if reply.key not in {"pub.reply", "hold.invite"}]
    assert street.turns[-1].skip is Skip.COMMENT


def test_a_second_comment_joins_in_silence() -> None:
    street = town()
    street.write("jalan di depan pasar rusak parah min", kind=MessageKind.COMMENT)
    street.write("sudah tiga bulan begini terus", kind=MessageKind.COMMENT)
    turn = street.turns[-1]
    assert (turn.draft, turn.replies, len(turn.additions)) == (None, (), 1)


def test_danger_in_a_comment_is_answered_with_the_warning_alone() -> None:
    street = town()
    street.write("tolong kebakaran di pasar contoh baru, ada orang terjebak", kind=MessageKind.COMMENT)
    turn = street.turns[-1]
    assert turn.draft is not None
    assert turn.draft.hold is Hold.NONE
    assert len(turn.replies) == 1
    assert not turn.replies[0].key.startswith("rx.")
