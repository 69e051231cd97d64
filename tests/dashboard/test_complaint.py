"""One complaint on the screen: only what may be done now is offered, nothing typed is lost, nobody is told by mistake."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.casework import casework
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Action, Actor, Hold, Role, Sensitive, Status
from gateway.intake import triage
from gateway.notices import notices
from gateway.people import contacts
from gateway.record import cases
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_channels import audited

LAMP = "Lampu jalan di Jalan Melati RT 4 padam sejak tiga malam. Hubungi saya 081234567890."
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
GOOD_ANSWER = "Lampu di Jalan Melati sudah diganti pada 24 November 2026 dan menyala kembali."


def row_of(desk: Desk, number: str) -> object:
    with desk.served.tx() as tx:
        return tx.one(select(tables.complaint).where(tables.complaint.c.number == number))


def apply(desk: Desk, number: str, action: Action, actor: Actor = COORDINATOR, **inputs: str) -> None:
    with desk.served.tx() as tx:
        case = cases.by_number(tx, number)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def assigned(desk: Desk, text: str = LAMP, agency: str = "PUPR", sender: str = "77", channel: str = "tg") -> str:
    number = desk.report(text, sender, channel)
    apply(desk, number, Action.ASSIGN, agency=agency, kind="pengaduan", topic="pekerjaan-umum")
    return number


def officer(desk: Desk, agency: str = "PUPR") -> Actor:
    return Actor(Role.PENGHUBUNG, "99", agency, "Petugas Contoh")


def suggested(desk: Desk, number: str, **values: object) -> None:
    """The classifier is not sure enough to go on by itself."""
    suggestion = Suggestion(
        topics=(Ranked("pekerjaan-umum", 0.44),),
        agencies=(Ranked("PUPR", 0.51),),
        confidence=0.44,
        reasons=("Topik: “lampu”.",),
    )
    suggestion = replace(suggestion, **values)
    with desk.served.tx() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.number == number))
        (job,) = [job for job in triage.claim(tx, 100) if job.complaint_id == row.id]
        triage.take(tx, [(job, suggestion)])


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


async def form(desk: Desk, number: str, action: str, **fields: str) -> object:
    """Press the button of an action's own form, with everything that the form carries."""
    page = await desk.page(f"/admin/aduan/{number}?aksi={action}")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/{action}"')[2]
    given = {"version": hidden(part, "version"), "key": hidden(part, "key"), **fields}
    return await desk.press(f"/admin/aduan/{number}/aksi/{action}", f"/admin/aduan/{number}", **given)


async def preview(desk: Desk, number: str, action: str, **fields: str) -> str:
    answer = await form(desk, number, action, **fields)
    text = await answer.text()
    assert answer.status == 200, words(text)[:900]
    return text


async def sent(desk: Desk, number: str, action: str, text: str, **more: str) -> str:
    """Press *Kirim* on the page that shows what will be read."""
    fields = dict(re.findall(r'type="hidden" name="(?!_csrf)([^"]+)" value="([^"]*)"', text))
    return await desk.done(
        f"/admin/aduan/{number}/aksi/{action}", f"/admin/aduan/{number}", **{**fields, "tahap": "kirim", **more}
    )


async def test_the_page_shows_where_it_stands_and_explains_the_deadline(desk: Desk) -> None:
    number = desk.report(LAMP)
    page = await desk.words(f"/admin/aduan/{number}")
    assert "Diterima" in page
    assert "Verifikasi: Sisa 3 hari kerja" in page
    assert "Verifikasi: 3 hari kerja sejak laporan diterima (Senin 23 Nov 2026 pukul 08.00 WIB)." in page
    assert "[telepon disamarkan]" in page
    assert "081234567890" not in page


async def test_evidence_tells_when_it_was_taken_and_whether_that_was_before_the_report(desk: Desk) -> None:
    number = assigned(desk)
    row = row_of(desk, number)
    with desk.served.tx() as tx:
        for place, ago in enumerate((timedelta(days=3), timedelta(hours=-2))):
            tx.insert(
                tables.attachment, id=tx.new_id(), complaint_id=row.id, channel="tg", origin="agency", state="stored",
                media_type="image/jpeg", size=3, stored_as=f"aa/{place}", sha256="0" * 64, created_at=tx.now,
                taken_at=row.created_at - ago, due_at=tx.now,
            )  # fmt: skip
    page = await desk.words(f"/admin/aduan/{number}")
    assert "diambil Jum 20 Nov 2026 08.00 WIB" in page
    assert "diambil Sen 23 Nov 2026 10.00 WIB" in page
    assert page.count("diambil sebelum laporan masuk") == 1


async def test_digits_alone_and_the_national_number_lead_to_the_same_page(desk: Desk) -> None:
    number = desk.report(LAMP)
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, sp4n_id="8123456")
    for typed in (number.removeprefix("KBR-"), "8123456"):
        answer = await desk.served.client.get(f"/admin/aduan/{typed}", allow_redirects=False)
        assert answer.headers["Location"] == f"/admin/aduan/{number}"


async def test_only_what_goes_now_is_offered_with_the_usual_step_open(desk: Desk) -> None:
    number = desk.report(LAMP)
    page = await desk.page(f"/admin/aduan/{number}")
    assert f'action="/admin/aduan/{number}/aksi/verify"' in page
    for offered in ("verify", "assign", "ask_more", "refer_out", "archive", "hold"):
        assert f"?aksi={offered}#aksi" in page
    for not_now in ("start", "answer", "reopen", "restore", "release", "unlink", "undo"):
        assert f"?aksi={not_now}#aksi" not in page


async def test_a_held_complaint_can_be_released_or_archived_only(desk: Desk) -> None:
    number = desk.report(LAMP)
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, hold=Hold.SPAM.value)
    page = await desk.page(f"/admin/aduan/{number}")
    assert f'action="/admin/aduan/{number}/aksi/release"' in page
    assert "?aksi=archive#aksi" in page
    assert "?aksi=assign#aksi" not in page
    answer = await form(desk, number, "release")
    assert answer.status == 303
    assert row_of(desk, number).hold == "none"


async def test_the_suggestion_is_shown_with_its_reasons_and_taken_over_by_one_button(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number)
    page = await desk.page(f"/admin/aduan/{number}")
    assert "Terima saran: disposisi ke Dinas Pekerjaan Umum" in words(page)
    assert "Topik: “lampu”." in words(page)
    part = page.partition(f'action="/admin/aduan/{number}/aksi/assign"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key", "agency", "kind", "topic")}
    done = await desk.done(f"/admin/aduan/{number}/aksi/assign", f"/admin/aduan/{number}", **fields)
    assert f"{number}: Disposisi tercatat." in done
    row = row_of(desk, number)
    assert (row.status, row.agency, row.topic) == (Status.ASSIGNED, "PUPR", "pekerjaan-umum")


async def test_the_same_form_sent_twice_acts_once(desk: Desk) -> None:
    number = desk.report(LAMP)
    page = await desk.page(f"/admin/aduan/{number}?aksi=assign")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/assign"')[2]
    fields = {"version": hidden(part, "version"), "key": hidden(part, "key"), "agency": "PUPR"}
    for _ in range(2):
        answer = await desk.press(f"/admin/aduan/{number}/aksi/assign", f"/admin/aduan/{number}", **fields)
        assert answer.status == 303
    with desk.served.tx() as tx:
        events = tx.all(select(tables.complaint_event.c.action).order_by(tables.complaint_event.c.seq))
    assert [event.action for event in events] == ["receive", "verify", "assign"]


async def test_a_form_on_an_old_view_keeps_what_was_typed_and_says_what_happened(desk: Desk) -> None:
    number = assigned(desk)
    page = await desk.page(f"/admin/aduan/{number}?aksi=reassign")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/reassign"')[2]
    fields = {
        "version": hidden(part, "version"),
        "key": hidden(part, "key"),
        "agency": "DLH",
        "reason": "Ternyata urusan kebersihan pasar",
    }
    apply(desk, number, Action.START, officer(desk))
    answer = await desk.press(f"/admin/aduan/{number}/aksi/reassign", f"/admin/aduan/{number}", **fields)
    text = await answer.text()
    assert answer.status == 409
    assert "Aduan ini berubah sementara Anda mengisi Yang terakhir: Terima & kerjakan, oleh Petugas Contoh" in words(
        text
    )
    assert "Ternyata urusan kebersihan pasar" in text
    assert '<option value="DLH" selected>' in text
    assert row_of(desk, number).agency == "PUPR"
    again = {**fields, "version": hidden(text, "version")}
    await desk.done(f"/admin/aduan/{number}/aksi/reassign", f"/admin/aduan/{number}", **again)
    assert row_of(desk, number).agency == "DLH"


async def test_words_for_a_form_that_is_gone_are_given_back(desk: Desk) -> None:
    number = desk.report(LAMP)
    page = await desk.page(f"/admin/aduan/{number}?aksi=ask_more")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/ask_more"')[2]
    fields = {
        "version": hidden(part, "version"),
        "key": hidden(part, "key"),
        "question": "Lampu yang mana, dekat rumah siapa?",
    }
    apply(desk, number, Action.ASSIGN, agency="PUPR")
    answer = await desk.press(f"/admin/aduan/{number}/aksi/ask_more", f"/admin/aduan/{number}", **fields)
    assert answer.status in {409, 422}
    assert "Lampu yang mana, dekat rumah siapa?" in await answer.text()


async def test_two_who_do_the_same_are_both_content(desk: Desk) -> None:
    number = assigned(desk)
    await desk.become(Role.PENGHUBUNG, "PUPR")
    page = await desk.page(f"/admin/aduan/{number}")
    part = page.partition(f'action="/admin/aduan/{number}/aksi/start"')[2]
    fields = {"version": hidden(part, "version"), "key": hidden(part, "key")}
    apply(desk, number, Action.START, officer(desk))
    done = await desk.done(f"/admin/aduan/{number}/aksi/start", f"/admin/aduan/{number}", **fields)
    assert "Sudah dikerjakan oleh Petugas Contoh pukul 08.00." in done


# fmt: off
REFUSALS = [
    # action          what is typed                                            sentence
    ("archive",       {"archive_reason": "spam_terbukti", "reason": "spam"},   "Terlalu singkat. Paling sedikit 20 huruf."),
    ("archive",       {"reason": "Pesan yang sama dikirim ke semua orang"},     "Bagian ini perlu diisi."),
    ("ask_more",      {"question": "apa?"},                                     "Terlalu singkat. Paling sedikit 10 huruf."),
    ("verify",        {"kind": "keluhan", "topic": "lainnya"},                  "Pilihan ini tidak dikenal."),
    ("assign",        {"agency": "TIDAK-ADA"},                                  "Pilihan ini tidak dikenal."),
]
# fmt: on


@pytest.mark.parametrize(("action", "fields", "sentence"), REFUSALS)
async def test_a_refusal_is_a_sentence_beside_what_was_typed(
    desk: Desk, action: str, fields: dict[str, str], sentence: str
) -> None:
    number = desk.report(LAMP)
    answer = await form(desk, number, action, **fields)
    text = await answer.text()
    assert answer.status == 422
    assert sentence in words(text)
    assert 'aria-invalid="true"' in text
    assert all(value in text for name, value in fields.items() if name in {"reason", "question"})
    assert row_of(desk, number).status == Status.RECEIVED


async def test_what_the_reporter_will_read_is_shown_first_and_is_what_is_sent(desk: Desk) -> None:
    number = assigned(desk, sender="+6281200000001", channel="sms")
    apply(desk, number, Action.START, officer(desk))
    await desk.become(Role.PENGHUBUNG, "PUPR")
    text = await preview(desk, number, "answer", explanation=GOOD_ANSWER, no_evidence_reason="Foto menyusul")
    assert row_of(desk, number).status == Status.IN_PROGRESS
    shown = words(text)
    assert f"Jawaban {number}: {GOOD_ANSWER}" in shown
    assert "lewat SMS ke +62 812-****-0001, 1 SMS" in shown, shown
    assert "masih dapat diurungkan" in shown
    done = await sent(desk, number, "answer", text)
    assert "Jawab tercatat." in done
    assert row_of(desk, number).status == Status.AWAITING_REPORTER
    desk.served.moment.pass_(minutes=11)
    with desk.served.tx() as tx:
        due = notices.claim_due(tx)
    for notice in due:
        with desk.served.tx() as tx:
            notices.expand(tx, notice)
    with desk.served.tx() as tx:
        left = tx.all(select(tables.outbox.c.key).where(tables.outbox.c.key == "st.answer"))
    assert len(left) == 1


async def test_a_rehearsal_leaves_no_trace(desk: Desk) -> None:
    number = assigned(desk)
    apply(desk, number, Action.START, officer(desk))
    await desk.become(Role.PENGHUBUNG, "PUPR")
    with desk.served.tx() as tx:
        before = [
            len(tx.all(select(table.c[0])))
            for table in (tables.complaint_event, tables.notice, tables.audit, tables.forward)
        ]
    await preview(desk, number, "report_progress", note="Tukang sudah dijadwalkan besok pagi pukul 08.00.")
    with desk.served.tx() as tx:
        after = [
            len(tx.all(select(table.c[0])))
            for table in (tables.complaint_event, tables.notice, tables.audit, tables.forward)
        ]
    assert after == before


async def test_personal_data_in_an_answer_is_shown_masked_and_must_be_confirmed(desk: Desk) -> None:
    number = assigned(desk)
    apply(desk, number, Action.START, officer(desk))
    await desk.become(Role.PENGHUBUNG, "PUPR")
    answer = f"{GOOD_ANSWER} Hubungi Pak Contoh 081234567890."
    text = await preview(desk, number, "answer", explanation=answer, no_evidence_reason="Foto menyusul")
    assert "[telepon disamarkan]" in words(text)
    fields = dict(re.findall(r'type="hidden" name="(?!_csrf)([^"]+)" value="([^"]*)"', text))
    refused = await desk.press(f"/admin/aduan/{number}/aksi/answer", f"/admin/aduan/{number}", **fields, tahap="kirim")
    assert refused.status == 422
    assert "Centang dulu" in await refused.text()
    await sent(desk, number, "answer", text, no_personal_data="1")
    assert "081234567890" not in row_of(desk, number).public_answer


async def test_an_answer_that_says_nothing_is_refused(desk: Desk) -> None:
    number = assigned(desk)
    apply(desk, number, Action.START, officer(desk))
    await desk.become(Role.PENGHUBUNG, "PUPR")
    answer = await form(
        desk, number, "answer", explanation="Sudah ditindaklanjuti, terima kasih.", no_evidence_reason="tidak ada"
    )
    assert answer.status == 422
    assert "Jelaskan apa yang dilakukan, kapan, dan hasilnya." in await answer.text()


async def test_going_back_from_the_preview_keeps_the_words(desk: Desk) -> None:
    number = desk.report(LAMP)
    text = await preview(desk, number, "ask_more", question="Lampu yang mana, dekat rumah siapa?")
    fields = dict(re.findall(r'type="hidden" name="(?!_csrf)([^"]+)" value="([^"]*)"', text))
    back = await desk.press(f"/admin/aduan/{number}/aksi/ask_more", f"/admin/aduan/{number}", **fields, tahap="ubah")
    assert back.status == 200
    assert "Lampu yang mana, dekat rumah siapa?</textarea>" in await back.text()


async def test_a_deed_can_be_undone_while_nobody_was_told(desk: Desk) -> None:
    number = desk.report(LAMP)
    text = await preview(
        desk, number, "archive", archive_reason="bukan_laporan", reason="Hanya salam pembuka tanpa isi laporan"
    )
    page = await sent(desk, number, "archive", text)
    assert (
        "Arsipkan baru saja dicatat dan belum dikirim ke pelapor. Dapat diurungkan sampai Sen 23 Nov 2026 08.10.00 WIB"
        in page
    )
    assert "Sudah diurungkan" in await desk.done(f"/admin/aduan/{number}/urungkan", f"/admin/aduan/{number}")
    assert row_of(desk, number).status == Status.RECEIVED
    late = await desk.done(f"/admin/aduan/{number}/urungkan", f"/admin/aduan/{number}")
    assert "Tidak dapat diurungkan lagi" in late


async def test_an_internal_note_disturbs_nobody_and_reaches_no_reporter(desk: Desk) -> None:
    number = desk.report(LAMP)
    page = await desk.page(f"/admin/aduan/{number}")
    key = hidden(page.partition("aksi/note")[2], "key")
    apply(desk, number, Action.VERIFY, kind="pengaduan", topic="lainnya")
    done = await desk.done(
        f"/admin/aduan/{number}/aksi/note", f"/admin/aduan/{number}", note="Sudah ditelepon RT-nya", key=key
    )
    assert "Sudah ditelepon RT-nya" in done
    internal = await desk.words(f"/admin/aduan/{number}?riwayat=pelapor")
    assert "Sudah ditelepon" not in internal


async def test_the_original_is_shown_once_with_a_reason_that_is_kept(desk: Desk) -> None:
    number = desk.report(LAMP)
    path = f"/admin/aduan/{number}"
    refused = await desk.press(f"{path}/asli", path, reason="ingin")
    assert refused.status == 422
    answer = await desk.press(f"{path}/asli", path, reason="Pelapor minta dihubungi lewat telepon")
    assert "081234567890" in await answer.text()
    assert audited(desk)[-1] == ("original_viewed", "Pelapor minta dihubungi lewat telepon")
    assert "081234567890" not in await desk.page(path)


async def test_a_report_without_contact_says_so(desk: Desk) -> None:
    number = assigned(desk)
    with desk.served.tx() as tx:
        tx.execute(tables.complaint.update().values(contact_id=None))
    assert "Kontak Tidak ada kontak" in await desk.words(f"/admin/aduan/{number}")


async def test_the_name_of_an_anonymous_reporter_stays_covered_in_the_original(desk: Desk) -> None:
    number = desk.report("Nama saya Warga Contoh. Petugas kelurahan minta uang 50 ribu.")
    with desk.served.tx() as tx:
        row = tx.one(select(tables.complaint).where(tables.complaint.c.number == number))

        contacts.set_name(tx, contacts.by_id(tx, [row.contact_id])[row.contact_id], "Warga Contoh")
        casework.apply(tx, Action.RAISE_ANONYMOUS, cases.case_of(row), COORDINATOR)
    path = f"/admin/aduan/{number}"
    answer = await desk.press(f"{path}/asli", path, reason="Memeriksa isi laporan ini")
    text = words(await answer.text())
    assert "minta uang 50 ribu" in text
    assert "Warga Contoh" not in text
    assert "pelapor anonim" in text


@pytest.mark.parametrize("role", [Role.CHANNEL_ADMIN, Role.PENGHUBUNG, Role.REGIONAL_HEAD])
async def test_others_cannot_open_the_original(desk: Desk, role: Role) -> None:
    number = assigned(desk)
    await desk.become(role, "PUPR" if role is Role.PENGHUBUNG else "")
    path = f"/admin/aduan/{number}"
    assert "Tampilkan asli" not in await desk.words(path)
    answer = await desk.press(f"{path}/asli", path, reason="Ingin tahu siapa pelapornya")
    assert answer.status == 404


async def test_another_agency_sees_nothing_of_it_at_all(desk: Desk) -> None:
    number = assigned(desk)
    await desk.become(Role.PENGHUBUNG, "DLH")
    await desk.page(f"/admin/aduan/{number}", 404)
    answer = await desk.press(f"/admin/aduan/{number}/aksi/start", "/admin/aduan")
    assert answer.status == 404
    assert number not in await desk.page("/admin/aduan?tab=semua")


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.EVALUATOR])
async def test_a_role_without_complaints_is_told_that_there_is_nothing(desk: Desk, role: Role) -> None:
    number = desk.report(LAMP)
    await desk.become(role)
    assert "Halaman tidak ditemukan" in await desk.words(f"/admin/aduan/{number}", 404)


async def test_who_may_know_the_number_only_gets_no_words_and_no_forms(desk: Desk) -> None:
    number = desk.report("Ada kekerasan terhadap anak di rumah tetangga, tolong segera dilihat")
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, sensitive=Sensitive.ANAK.value)
    await desk.become(Role.CHANNEL_ADMIN)
    page = await desk.page(f"/admin/aduan/{number}")
    assert "Peran Anda hanya melihat nomor dan keadaan" in words(page)
    assert "kekerasan" not in page
    assert "/aksi/" not in page
    answer = await desk.press(f"/admin/aduan/{number}/aksi/hold", f"/admin/aduan/{number}", hold="spam")
    assert answer.status == 422
    assert row_of(desk, number).hold == "none"


async def test_messages_about_it_are_listed_with_the_reason_of_those_not_sent(desk: Desk) -> None:
    number = assigned(desk)
    with desk.served.tx() as tx:
        due = notices.claim_due(tx)
    for notice in due:
        with desk.served.tx() as tx:
            notices.expand(tx, notice)
    page = await desk.words(f"/admin/aduan/{number}")
    assert "Tanda terima" in page
    assert "Tugas baru ke petugas" in page
    assert "Tidak dikirim Diganti kabar yang lebih baru" in page


async def test_a_request_for_more_time_is_granted_or_denied_by_its_head(desk: Desk) -> None:
    number = assigned(desk)
    await desk.become(Role.KEPALA, "PUPR")
    assert "Setujui tambahan waktu" not in await desk.words(f"/admin/aduan/{number}")
    apply(
        desk, number, Action.REQUEST_TIME, officer(desk), date="2026-12-01", reason="Menunggu suku cadang dari penyedia"
    )
    page = await desk.page(f"/admin/aduan/{number}?aksi=grant_time")
    assert 'value="2026-12-01"' in page


async def test_who_presses_another_agency_says_nothing_of_the_topic(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, agencies=(Ranked("PUPR", 0.51), Ranked("DLH", 0.3)))
    address = f"/admin/aduan/{number}"
    form = (await desk.page(address)).partition('aksi/assign" class="no-print one-tap">')[2].partition("</form>")[0]
    assert 'name="topic"' not in form
    fields = {name: hidden(form, name) for name in ("version", "key", "kind")}
    await desk.done(f"{address}/aksi/assign", address, agency="DLH", **fields)
    row = row_of(desk, number)
    assert (row.agency, row.topic) == ("DLH", "pekerjaan-umum")
    with desk.served.tx() as tx:
        ruled = tx.all(select(tables.ruling.c.what, tables.ruling.c.decided))
    assert {tuple(one) for one in ruled} == {("agency", "DLH"), ("kind", "pengaduan")}


async def test_one_tap_beside_the_suggestion_puts_it_right_and_goes_on(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, topics=(Ranked("pekerjaan-umum", 0.44), Ranked("perhubungan", 0.3)))
    address = f"/admin/aduan/{number}"
    page = await desk.page(address)
    assert "ragu" in words(page)
    part = page.partition("one-tap")[2]
    fields = {name: hidden(part, name) for name in ("version", "key", "kind")}
    await desk.done(f"{address}/aksi/verify", address, topic="perhubungan", **fields)
    assert (row_of(desk, number).status, row_of(desk, number).topic) == (Status.VERIFIED, "perhubungan")
    page = await desk.page(address)
    assert 'value="perhubungan"' not in page.partition(f'action="{address}/topik"')[2].partition("</form>")[0]
    for _ in range(2):
        done = await desk.done(f"{address}/topik", address, topic="pekerjaan-umum", key="sekali")
        assert "Topik diperbaiki." in done
    assert row_of(desk, number).topic == "pekerjaan-umum"
    assert [action for action, _ in audited(desk)].count("topic_corrected") == 1
    with desk.served.tx() as tx:
        ruled = tx.all(select(tables.ruling.c.proposed, tables.ruling.c.decided).where(tables.ruling.c.what == "topic"))
    assert [tuple(row) for row in ruled] == [("pekerjaan-umum", "perhubungan"), ("pekerjaan-umum", "pekerjaan-umum")]
    refused = await desk.press(f"{address}/topik", address, topic="tidak-ada")
    assert refused.status == 422
