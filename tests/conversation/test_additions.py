"""What joins a complaint that is there: bursts, albums, late photos, repetitions, edits (CASEWORK 4.1, 6-8; 7.1)."""

from channels.messages import AttachmentRef, MessageKind
from gateway.complaints.complaint import Action, Status
from gateway.conversation.dialogue import Facts
from gateway.conversation.turn import Revision, Skip
from tests.conversation.town import Town, town

REPORT = "Lampu jalan di gang kami mati sudah tiga malam"
LAMP = "KBR-260001235"
PHOTO = (AttachmentRef("file"),)


def reported(channel: str = "telegram", **changes: object) -> Town:
    street = town(channel, **changes)
    street.write(REPORT)
    return street


def waiting(street: Town) -> list[str]:
    return [sent.text for sent in street.outbox if sent.at > street.now]


def test_a_burst_is_one_complaint_and_one_confirmation_when_it_is_quiet() -> None:
    street = reported()
    for _ in range(3):
        assert street.later(seconds=80).write("dan gelap sekali kalau malam") == []
    assert waiting(street) == ["Tambahan Anda masuk ke KBR-260001235. Kirim BARU jika ini laporan lain."]
    assert max(sent.at for sent in street.outbox) == street.later(seconds=90).now
    assert street.complaints[LAMP].texts == [REPORT, *["dan gelap sekali kalau malam"] * 3]
    assert [addition.action for turn in street.turns[1:] for addition in turn.additions] == [None] * 3


def test_a_burst_ends_a_quarter_of_an_hour_after_the_report() -> None:
    street = reported()
    for _ in range(11):
        street.later(seconds=80).write("dan sampah menumpuk juga di pasar")
    assert list(street.complaints) == [LAMP]
    street.later(seconds=80).write("dan sampah menumpuk juga di pasar sebelah")
    assert len(street.complaints) == 2


def test_on_sms_people_are_slower() -> None:
    street = reported("sms")
    street.later(seconds=179).write("dan sampah menumpuk di pasar")
    assert list(street.complaints) == [LAMP]


def test_a_burst_on_a_report_that_somebody_reads_already_is_a_reply() -> None:
    street = reported()
    street.change(LAMP, status=Status.ASSIGNED)
    street.later(seconds=5).write("dan gelap sekali kalau malam")
    assert street.turns[-1].additions[0].action is Action.REPLY


def test_f09_an_album_is_one_complaint_however_late_its_photos_come() -> None:
    street = town()
    street.write(REPORT, attachments=PHOTO, album="A")
    street.write(attachments=PHOTO, album="A")
    street.later(minutes=20)
    assert street.write(attachments=PHOTO, album="A") == []
    assert street.turns[-1].skip is Skip.DIGEST
    assert street.complaints[LAMP].attachments == 3
    assert [sent.key for sent in street.outbox] == ["rx.receipt"]


def test_the_caption_of_a_later_photo_answers_what_it_is_about() -> None:
    street = town()
    street.write(attachments=PHOTO, album="A")
    assert [sent.key for sent in street.outbox] == ["rx.receipt", "ask.caption"]
    street.later(seconds=1).write("lampu jalan mati", attachments=PHOTO, album="A")
    assert [sent.key for sent in street.outbox] == ["rx.receipt"], "the question is not sent any more"


def test_a_photo_alone_is_asked_for_a_caption_unless_words_follow() -> None:
    street = town()
    assert street.write(attachments=PHOTO)[0].startswith("Laporan diterima. No KBR-260001235")
    assert street.complaints[LAMP].draft.text == "(tanpa teks)"
    assert waiting(street) == ["KBR-260001235: apa masalahnya? Tulis keterangan singkat. Boleh dilewati."]
    street.later(seconds=30).write("jembatan kayu di dusun tiga putus")
    assert waiting(street) == []
    assert street.complaints[LAMP].texts == ["(tanpa teks)", "jembatan kayu di dusun tiga putus"]
    assert list(street.complaints) == [LAMP]


def test_a_late_photo_joins_the_only_open_complaint() -> None:
    street = reported().later(hours=70)
    assert street.write(attachments=PHOTO) == [
        "Tambahan Anda masuk ke KBR-260001235. Kirim BARU jika ini laporan lain."
    ]
    assert street.complaints[LAMP].attachments == 1


def test_a_reply_goes_to_the_complaint_it_replies_to() -> None:
    street = reported()
    street.later(hours=1).write("LAPOR sampah menumpuk di pasar")
    street.later(hours=1).write("jalan juga rusak di situ", facts=Facts(replied_number=LAMP))
    assert street.turns[-1].additions[0].number == LAMP


def test_a_reply_to_a_complaint_of_somebody_else_is_not_let_in() -> None:
    street = reported()
    street.write("jalan juga rusak di situ pak", "tetangga", Facts(replied_number=LAMP))
    assert street.turns[-1].additions == ()


def test_a_reply_to_a_resolved_complaint_is_a_new_one() -> None:
    street = reported()
    street.change(LAMP, status=Status.RESOLVED, closed_at=street.now)
    street.later(hours=1).write("lampu di gang sebelah mati juga", facts=Facts(replied_number=LAMP))
    assert len(street.complaints) == 2


def test_an_objection_brings_an_archived_complaint_back() -> None:
    street = reported()
    street.change(LAMP, status=Status.ARCHIVED, closed_at=street.now, archive_reason="bukan_laporan")
    assert street.later(hours=1).write("saya keberatan, itu benar terjadi")[0].startswith("Tambahan Anda masuk")
    assert street.turns[-1].additions[0].action is Action.RESTORE
    assert street.complaints[LAMP].known.status is Status.RECEIVED


def test_who_cancelled_a_report_does_not_bring_it_back_by_writing_again() -> None:
    street = reported()
    street.write("BATAL")
    street.write("YA")
    street.later(hours=1).write("keadaan di gang kami makin parah")
    assert street.turns[-1].draft is not None


def test_the_same_text_again_is_noted_under_the_old_number() -> None:
    street = reported()
    said = street.later(hours=23).write("lampu jalan, di gang kami mati sudah tiga malam!!")
    assert said == ["Laporan yang sama sudah tercatat dgn No KBR-260001235. Tidak perlu dikirim ulang."]
    assert street.turns[-1].additions[0].repeated
    assert list(street.complaints) == [LAMP]
    assert street.complaints[LAMP].texts == [REPORT]


def test_the_same_text_after_a_day_is_a_new_report() -> None:
    street = reported().later(hours=25)
    street.write(f"LAPOR {REPORT}")
    assert len(street.complaints) == 2


def test_a_cry_for_help_repeated_is_warned_again_with_the_old_number() -> None:
    street = town()
    street.write("kebakaran sekarang di pasar Contoh Timur")
    said = street.later(minutes=1).write("kebakaran sekarang di pasar Contoh Timur")
    assert said[0].startswith("Bila ada bahaya SEKARANG telepon 112.")
    assert list(street.complaints) == [LAMP]


def test_more_words_about_the_same_danger_join_its_complaint() -> None:
    street = town()
    street.write("kebakaran sekarang di pasar Contoh Timur")
    street.later(seconds=20).write("api besar tolong cepat ke sini")
    assert list(street.complaints) == [LAMP]


def test_an_edit_is_carried_out_in_silence() -> None:
    street = reported()
    said = street.write("Lampu mati EMPAT malam", facts=Facts(target_number=LAMP), kind=MessageKind.EDIT, target="m:1")
    assert said == []
    assert street.turns[-1].revisions == (Revision("m:1", "Lampu mati EMPAT malam"),)


def test_an_edited_message_that_became_no_complaint_is_read_anew() -> None:
    street = town()
    street.write("mau lapor")
    edited = "mau lapor lampu jalan mati di gang kami"
    street.write(edited, facts=Facts(target_number=""), kind=MessageKind.EDIT, target="m:1")
    assert street.turns[-1].draft is not None


def test_a_deletion_is_carried_out_in_silence() -> None:
    street = reported()
    street.write(kind=MessageKind.DELETE, target="m:1")
    assert street.turns[-1].revisions == (Revision("m:1", deleted=True),)


def test_privacy_is_told_once_with_the_first_words_that_are_no_warning() -> None:
    street = town()
    street.write("kebakaran sekarang di pasar Contoh Timur")
    assert [reply.append_key for reply in street.turns[-1].replies] == ["", ""]
    street.later(hours=1).write("api sudah kecil sekarang pak terima kasih")
    assert [reply.append_key for reply in street.turns[-1].replies] == ["pv.first"]
    street.write("LAPOR lampu jalan di gang kami mati")
    assert [reply.append_key for reply in street.turns[-1].replies] == [""]


def test_a_report_that_was_cancelled_can_be_sent_again_at_once() -> None:
    street = reported()
    street.write("BATAL")
    street.write("YA")
    assert "No KBR-260001243" in street.later(seconds=20).write(REPORT)[0]


def test_a_number_before_the_words_says_which_report_they_belong_to() -> None:
    street = reported()
    street.later(hours=1).write("LAPOR sampah menumpuk di pasar")
    assert (
        street.later(hours=1)
        .write("260001235 masih mati sampai sekarang")[0]
        .startswith("Tambahan Anda masuk ke KBR-260001235.")
    )
    assert street.write("KBR 260001235")[0].startswith("KBR-260001235 Diterima")
