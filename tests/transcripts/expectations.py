"""What each `# expect:` line of the transcripts means in the database: the line as written -> what is checked.

A line that nobody checks fails its transcript; `tests/transcripts/test_transcripts.py` also refuses checks without a line.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.complaints.number import format_number
from gateway.complaints.sla import Clock, span_of
from gateway.intake import triage
from gateway.notices import staff_texts
from gateway.people import contacts, dialogues, directory, readers
from gateway.record import cases, events
from gateway.storage import tables
from gateway.timing import clocks
from tests.transcripts.phones import PHONES
from tests.transcripts.reading import ZONE
from tests.transcripts.replay import Check, Replay
from tests.transcripts.seen import (
    actions,
    clock,
    complaints,
    counted,
    every,
    has,
    is_running,
    local,
    never_said,
    row_of,
    said_once,
    skipped,
    suggested,
)  # fmt: skip

ASK_PLACE = "di mana kejadiannya?"
ASK_CODE = "CON Masukkan 8 angka kode rahasia"
WRONG_CODE = "CON Nomor atau kode tidak cocok. Periksa lagi. Sisa percobaan 4.\\n1. Coba lagi\\n0. Keluar"
UNKNOWN = format_number("KBR", 2026, 999).removeprefix("KBR-")


# 01


def nothing_said_before_the_undo_window_ends(replay: Replay) -> None:
    ends = datetime.combine(date(2026, 11, 25), time(14, 10), ZONE)
    early = [sent for sent in replay.town.sent if not sent.is_staff and ends - timedelta(minutes=10) <= sent.at < ends]
    assert early == []


def the_last_message_is_not_answered(replay: Replay) -> None:
    message = tables.message
    with replay.town.store.reading() as tx:
        last = tx.one(select(message.c.skip).order_by(message.c.id.desc()).limit(1))
        assert last is not None
        assert last.skip == "RATE_LIMIT"


# 02


def two_sentences_a_caption_two_photos_and_a_point(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001243")
        assert row.text_masked.split("\n") == [
            "sampah di pasar Contoh Timur sudah seminggu tidak diangkut",
            "baunya sampai ke sekolah",
            "belatung di mana mana",
        ]
        assert counted(tx, tables.attachment.c.complaint_id == row.id) == 2
        assert (row.latitude, row.longitude) == (-2.68, 111.62)


def the_text_is_replaced_and_the_old_one_kept(replay: Replay) -> None:
    texts = tables.complaint_text
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001243")
        contact = contacts.by_id(tx, [row.contact_id])[row.contact_id]
        kept = tx.all(select(texts).where(texts.c.complaint_id == row.id).order_by(texts.c.id))
        words = [contact.open(bytes(one.text_sealed), f"complaint_text:{one.id}") for one in kept]
        assert row.text_masked.startswith("sampah di pasar Contoh Timur sudah DUA minggu tidak diangkut\n")
        assert words[0] == "sampah di pasar Contoh Timur sudah seminggu tidak diangkut"
        assert (words[-1], kept[-1].kind) == (
            "sampah di pasar Contoh Timur sudah DUA minggu tidak diangkut",
            "revision",
        )


# 03


def the_agency_that_is_complained_about_sees_nothing(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001268")
        assert row.agency == ""
        assert "konflik_kepentingan" in row.flags.split()
    assert [sent for sent in replay.town.sent if sent.is_staff] == []


def the_name_and_the_phone_are_covered(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        masked = row_of(tx, "KBR-260001268").text_masked
    assert masked.endswith("Nama saya [nama pelapor], HP [telepon disamarkan]")


def no_day_was_lost_by_asking(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        kept = clocks.read(tx, row_of(tx, "KBR-260001268").id)
        resolution = next(one.running for one in kept if one.running.rule.clock is Clock.RESOLUTION)
        assert len(resolution.pauses) == 1
        assert span_of(resolution, replay.town.now).paused_days == 0


# 04


def the_second_press_reads_who_was_first(replay: Replay) -> None:
    """That other messages lose their buttons is more than our channels can do: whoever presses one reads the same."""
    toasts = [sent.text for sent in replay.town.sent if sent.callback_id and sent.text]
    assert toasts[1:] == ["Sudah dikerjakan oleh penghubung DLH pukul 10.05."]


def the_follow_up_clock_was_stopped_by_asking(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        kept = clocks.read(tx, row_of(tx, "KBR-260001276").id)
    clock_of = {one.running.rule.clock: one.running for one in kept}
    assert clock_of[Clock.FOLLOW_UP].stopped_at is not None
    assert clock_of[Clock.RESOLUTION].is_paused


def the_citizen_heard_nothing_of_it(replay: Replay) -> None:
    assert not any("Tumpukan" in sent.text for sent in replay.town.sent if not sent.is_staff)


# 05


def the_deputy_is_told(replay: Replay) -> None:
    log = tables.dispatch_log
    with replay.town.store.reading() as tx:
        on = tx.office.calendar.local(tx.now).date()
        (deputy,) = directory.team(tx, "PDAM", [Role.DEPUTI], on)
        rows = tx.all(select(log.c.recipient_id, log.c.outbox_id).where(log.c.key == "dep.replied"))
    assert [row.recipient_id for row in rows] == [deputy.id]
    assert rows[0].outbox_id is not None


# 06


def the_parts_stand_in_order(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        text = row_of(tx, "KBR-260001292").text_masked
    assert text.startswith("saluran air tersumbat di depan puskesmas Contoh Timur sudah dua bulan")
    assert text.endswith("sebelum musim hujan karena kursi roda tidak bisa lewat")


# 07


def the_answer_waits_on_the_tracking_page(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        assert row_of(tx, "KBR-260001318").public_answer.startswith("Api padam 22 November")
    assert not any("tiga kios" in sent.text for sent in replay.town.sent)


def the_answer_was_direct(replay: Replay) -> None:
    outbox, dialogue = tables.outbox, tables.dialogue
    with replay.town.store.reading() as tx:
        last = tx.one(select(outbox).order_by(outbox.c.id.desc()).limit(1))
        assert last is not None
        talk = tx.one(select(dialogue.c.opted_out_at).where(dialogue.c.contact_id == last.contact_id))
    assert last.direct
    assert talk is not None
    assert talk.opted_out_at is not None


# 08, 09


def the_session_holds_the_text(replay: Replay) -> None:
    session, message = tables.ussd_session, tables.message
    with replay.town.store.reading() as tx:
        row = tx.one(select(session).where(session.c.draft_due_at.is_not(None)))
        assert row is not None
        contact = contacts.by_id(tx, [row.contact_id])[row.contact_id]
        (kept,) = dialogues.sessions(tx, [("ussd", contact, row.session_id)]).values()
        assert kept.entry("text") == "jembatan kayu dusun 3 lapuk, anak sekolah lewat"
        steps = [one.external_id for one in tx.all(select(message.c.external_id))]
    assert len(steps) == len(set(steps)) == 3


def one_receipt_by_sms(replay: Replay) -> None:
    outbox = tables.outbox
    with replay.town.store.reading() as tx:
        rows = tx.all(select(outbox.c.channel, outbox.c.key))
    assert [tuple(row) for row in rows] == [("sms", "rx.receipt")]


def dialled(replay: Replay, typed: str) -> str:
    """The page that a session of its own comes to."""
    replay.ussd.history = None
    return replay.dial(typed)


def nobody_was_asked_for_a_code(replay: Replay) -> None:
    assert ASK_CODE not in replay.page


def own_but_anonymous(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        asking, asked = row_of(tx, "KBR-260001284"), row_of(tx, "KBR-260001326")
    assert asked.anonymous
    assert asking.contact_id == asked.contact_id


def nobody_learns_which_numbers_there_are(replay: Replay) -> None:
    assert dialled(replay, f"2*{UNKNOWN}") == dialled(replay, "2*260001292") == ASK_CODE
    assert dialled(replay, f"2*{UNKNOWN}*12345678") == WRONG_CODE


def a_national_number_leads_to_the_own_complaint(replay: Replay) -> None:
    with replay.town.store.transaction() as tx:
        cases.amend(tx, row_of(tx, "KBR-260001284").id, sp4n_id="8123456")
    assert dialled(replay, "2*8123456").startswith("CON KBR-260001284\\n")


# 10


def a_form_without_contact_has_no_way_back(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001342")
        assert readers.reporter(tx, row).skip == "NO_ROUTE"
        assert counted(tx, tables.form_receipt.c.complaint_id == row.id) == 1
        assert counted(tx, tables.message.c.channel == "web") == 1


def the_coordinator_has_it_again(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001342")
        assert row.number in {waiting.number for waiting in triage.waiting(tx)}
        last = events.last(tx, row.id)
        assert (last.action, last.text_masked) == ("restore", "Tiang miring di tanah kabupaten, tolong cek")


# 11


def one_left_the_family(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        left = row_of(tx, "KBR-260001367")
        clock_of = {one.running.rule.clock: one.running for one in clocks.read(tx, left.id)}
    assert (left.parent_id, left.link_kind) == (None, "")
    assert clock_of[Clock.SECOND_ANSWER].stopped_at is None


def nothing_of_one_is_shown_to_the_other(replay: Replay) -> None:
    ours = {"W": ("KBR-260001359", "air pdam mati"), "X": ("KBR-260001367", "sejak subuh")}
    for person, other in (("W", "X"), ("X", "W")):
        said = [sent.text for sent in replay.town.sent if sent.to.path == PHONES[person]]
        assert said
        assert not [text for text in said for words in ours[other] if words in text]


# 12


def the_agency_reads_what_came_after_the_insult(replay: Replay) -> None:
    with replay.town.store.reading() as tx:
        row = row_of(tx, "KBR-260001375")
        (member,) = directory.team(tx, "PUPR", [Role.PENGHUBUNG], date(2026, 11, 23))
        text, _ = staff_texts.compose(tx, "pic.new", row, member, tx.office.channels["telegram"], {})
    assert '"jalan poros Contoh Hulu km 5 putus dari bulan lalu, ambulan tidak bisa lewat"' in text
    assert "pemalas" in row.text_masked


def the_group_is_only_pointed_to_the_private_chat(replay: Replay) -> None:
    message = tables.message
    with replay.town.store.reading() as tx:
        assert counted(tx, tables.complaint.c.number.is_not(None)) == 2
        last = tx.one(select(message.c.complaint_id).order_by(message.c.id.desc()).limit(1))
        assert last is not None
        assert last.complaint_id is None
    (button,) = replay.town.sent[-1].buttons
    assert button.url == "https://t.me/aduancontoh"


EXPECTED: Mapping[str, Check] = {
    # 01
    "status=received missing=[] area=Contoh Baru area_source=gazetteer complaints=1": every(
        has("KBR-260001235", status="received", missing="", place_name="Contoh Baru"),
        suggested("KBR-260001235", place_code="99.01.01.1001"),
        complaints(1),
    ),
    "status=assigned one message only (st.verified batched away: skip SUPERSEDED)": every(
        has("KBR-260001235", status="assigned"), skipped("st.verified", "SUPERSEDED")
    ),
    "no citizen message before 14:10:00": nothing_said_before_the_undo_window_ends,
    "status=resolved closing=pelapor rating=4 clock penyelesaian stopped 2026-11-25": every(
        has("KBR-260001235", status="resolved", closing="pelapor", rating=4),
        clock("KBR-260001235", Clock.RESOLUTION, lambda kept: local(kept.running.stopped_at) == date(2026, 11, 25)),
    ),
    "no new complaint; skip (greet.short at most once per 12 h was used at 08:00)": every(
        complaints(1), the_last_message_is_not_answered
    ),
    # 02
    "complaint KBR-260001243 text has 2 sentences joined by newline + caption, attachments=2, point set;"
    " no ask.place sent": every(two_sentences_a_caption_two_photos_and_a_point, never_said(ASK_PLACE)),
    "exactly one rx.added for the whole burst, sent when 90 s are quiet": said_once(
        "Tambahan Anda masuk ke KBR-260001243"
    ),
    "text replaced (not verified yet), revision kept, no message": the_text_is_replaced_and_the_old_one_kept,
    "two complaints; second missing=[lokasi]; status=received": every(
        complaints(2), has("KBR-260001250", missing="lokasi", status="received")
    ),
    # 03
    "confidential=true set_by=rule; sensitive=korupsi; suggestion agency=INSPEKTORAT (konflik_kepentingan);"
    " DISDUKCAPIL sees nothing": every(
        has("KBR-260001268", confidential=True, confidential_by="rule", sensitive="korupsi"),
        suggested("KBR-260001268", routed_to="INSPEKTORAT"),
        the_agency_that_is_complained_about_sees_nothing,
    ),
    'text_masked = "... Nama saya [nama pelapor], HP [telepon disamarkan]"': the_name_and_the_phone_are_covered,
    "status=assigned agency=INSPEKTORAT kind=pengaduan_pengawasan clock penyelesaian n=60": every(
        has("KBR-260001268", status="assigned", agency="INSPEKTORAT", kind="pengaduan_pengawasan"),
        clock("KBR-260001268", Clock.RESOLUTION, lambda kept: kept.running.rule.n == 60),
    ),
    "status=in_progress (return_status); pause 0 hk (resumed same day)": every(
        has("KBR-260001268", status="in_progress", return_status=None), no_day_was_lost_by_asking
    ),
    "action_refused (batal is not allowed from in_progress)": every(
        has("KBR-260001268", status="in_progress"), actions("KBR-260001268", lambda done: "cancel" not in done)
    ),
    # 04
    'one event kerjakan; second callback answered "Sudah dikerjakan oleh penghubung DLH pukul 10.05."; other team'
    " members' messages lose the buttons": every(
        actions("KBR-260001276", lambda done: done.count("start") == 1), the_second_press_reads_who_was_first
    ),
    "status=incomplete return_status=in_progress; clocks tindak_lanjut stopped (tanya), penyelesaian paused": every(
        has("KBR-260001276", status="incomplete", return_status="in_progress"),
        the_follow_up_clock_was_stopped_by_asking,
    ),
    "no message to the citizen; dispatch_log row skipped UNDONE; status=in_progress": every(
        has("KBR-260001276", status="in_progress", public_answer=""),
        skipped("st.answer", "UNDONE"),
        the_citizen_heard_nothing_of_it,
    ),
    # 05
    "no ask.place (area recognised)": never_said(ASK_PLACE),
    "status=reporter_replied; clock penyelesaian continues (segments), tanggapan_ulang due 2026-11-27;"
    " deputi told": every(
        has("KBR-260001284", status="reporter_replied"),
        clock("KBR-260001284", Clock.RESOLUTION, is_running),
        clock(
            "KBR-260001284",
            Clock.SECOND_ANSWER,
            lambda kept: span_of(kept.running, kept.running.started_at).due_on == date(2026, 11, 27),
        ),
        the_deputy_is_told,
    ),
    "status=resolved closing=otomatis rating=null (never invented)": has(
        "KBR-260001284", status="resolved", closing="otomatis", rating=None
    ),
    "status=reopened reopen_count=1": has("KBR-260001284", status="reopened", reopen_count=1),
    # 06
    'text = parts 1+2+3 without code word; agency_named_by_reporter=PUPR; route trace "Kode instansi PUPR dari'
    ' pelapor"; 1 complaint': every(
        the_parts_stand_in_order,
        has("KBR-260001292", agency_named="PUPR"),
        suggested("KBR-260001292", route=["Kode instansi PUPR dari pelapor"]),
        complaints(1),
    ),
    "not a command (BATAL not alone); new complaint because it comes > 180 s after the last message and names another"
    " topic and place; kind suggestion permintaan_informasi": every(
        complaints(2), suggested("KBR-260001300", kind="permintaan_informasi")
    ),
    "status=archived reason=dibatalkan_pelapor": has(
        "KBR-260001300", status="archived", archive_reason="dibatalkan_pelapor"
    ),
    # 07: that the duty list is told stands in the T lines
    "urgency=darurat; duty list told at 02:14 despite quiet hours and Sunday; no questions asked; pv.first deferred to"
    " the next message of ours": every(
        has("KBR-260001318", urgency="darurat"), never_said("Data Anda dijaga"), never_said(ASK_PLACE)
    ),
    "dispatch_log row st.answer skipped OPTED_OUT; no SMS; answer on tracking page; auto-close runs because the answer"
    " is on the tracking page": every(
        skipped("st.answer", "OPTED_OUT"),
        the_answer_waits_on_the_tracking_page,
        clock("KBR-260001318", Clock.AUTO_CLOSE, is_running),
    ),
    "answers to own commands are allowed while opted out": the_answer_was_direct,
    # 08
    "text stored before this page is answered, idempotent on session id + history": the_session_holds_the_text,
    "one complaint, one SMS; the repeated step gives the identical page (aggregator retry); the code is shown again only"
    " inside the same session": every(complaints(1), one_receipt_by_sms),
    "status=received anonymous=true place=Contoh Hulu; the S line is an SMS": every(
        has("KBR-260001326", status="received", anonymous=True, place="99.01.02"), one_receipt_by_sms
    ),
    # 09
    "same MSISDN as the reporter and not anonymous/confidential: no code asked": nobody_was_asked_for_a_code,
    "anonymous complaint: code asked although the MSISDN is the same": own_but_anonymous,
    "another phone's number, unknown number and wrong code look the same": nobody_learns_which_numbers_there_are,
    "7 digits are resolved only when they are the SP4N number of an own complaint": (
        a_national_number_leads_to_the_own_complaint
    ),
    "5 min after the last page the typed text is a complaint: status=received (text is enough; place found in the text),"
    " anonymous=false, one row": every(
        has("KBR-260001334", status="received", anonymous=False, place_name="Contoh Hulu"), complaints(4)
    ),
    # 10
    "1 complaint; no contact: route NO_ROUTE, news only on the tracking page; form token UNIQUE": every(
        complaints(1), a_form_without_contact_has_no_way_back
    ),
    "status=out_of_authority; dispatch_log st.oota skipped NO_ROUTE": every(
        has("KBR-260001342", status="out_of_authority"), skipped("st.oota", "NO_ROUTE")
    ),
    "action pulihkan, status=received, koordinator queue; old events kept": every(
        has("KBR-260001342", status="received"),
        actions("KBR-260001342", lambda done: list(done) == ["receive", "refer_out", "restore"]),
        the_coordinator_has_it_again,
    ),
    # 11
    "child detached: KBR-260001367 reporter_replied with tanggapan_ulang; KBR-260001359 resolved;"
    " no text of one shown to the other": every(
        has("KBR-260001367", status="reporter_replied"),
        has("KBR-260001359", status="resolved", closing="pelapor"),
        one_left_the_family,
        nothing_of_one_is_shown_to_the_other,
    ),
    # 12
    "hold=none (substance present); notice to agency shows only the part after the insult": every(
        has("KBR-260001375", hold="none"), the_agency_reads_what_came_after_the_insult
    ),
    "hold=spam; visible in queue Ditahan; not dropped": has("KBR-260001383", hold="spam", status="received"),
    "group message not stored as complaint; deep link carries no personal data": (
        the_group_is_only_pointed_to_the_private_chat
    ),
}
