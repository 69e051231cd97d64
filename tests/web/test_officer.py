"""/p/<token>: looking never acts, forms count once, another device needs a code, and refusals keep what was typed."""

import asyncio
import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy import func, select

from channels.messages import Address, AttachmentRef, InboundMessage, RawRequest
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role, Status
from gateway.files import attachments
from gateway.files.attachments import FileOutcome
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.officer_links import drafts, links
from gateway.outbound import outbound
from gateway.people import directory
from gateway.record import cases
from gateway.storage import tables
from tests.queries import filling
from tests.web.conftest import OpenSite, Served

NUMBER = "KBR-260000013"
TEXT = "Jalan di depan pasar berlubang besar"
DONE = "Lubang ditambal dengan aspal panas pada 24 November 2026 pukul 08.30."
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
SEEN = "5a0ff0c3963c69a5"
"""What a picture looks like."""
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 64


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    """With one complaint, assigned to PUPR."""
    site = await open_site()
    message = InboundMessage("u:1", Address("tg", "77"), TEXT, provider_id="m:77:1", display_name="Budi Santoso")
    with site.tx() as tx:
        intake.receive(tx, [Arrival("tg", [message], RawRequest("POST", body=b"{}"), site.moment.now)])
        tx.execute(tables.outbox.delete())
    step(site, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    return site


@pytest.fixture
def issue(site: Served) -> Callable[[Role], str]:
    def made(role: Role) -> str:
        with site.tx() as tx:
            [member, *_] = directory.team(tx, "PUPR", (role,), site.moment.now.date())
            case = cases.by_number(tx, NUMBER)
            assert case is not None
            return f"/p/{links.issue_page(tx, case.id, member.id).rpartition('/')[2]}"

    return made


@pytest.fixture
def at(issue: Callable[[Role], str]) -> str:
    """The address of the officer's page."""
    return issue(Role.PENGHUBUNG)


def step(site: Served, action: Action, **inputs: str) -> None:
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, COORDINATOR, inputs)


def status(site: Served) -> Status:
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        return case.status


def count(site: Served, table: str) -> int:
    with site.tx() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
        return int(row[0]) if row else -1


def sent_texts(site: Served) -> list[str]:
    with site.tx() as tx:
        return [parcel.message.text for parcel in outbound.claim(tx, 10, 60)]


async def page(site: Served, at: str) -> str:
    return await (await site.client.get(at)).text()


def form_of(text: str, address: str) -> dict[str, str]:
    """The fields that a form brings along."""
    [form] = re.findall(rf'action="{re.escape(address)}".*?</form>', text, re.DOTALL)
    fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    fields += re.findall(r'<textarea name="(\w+)" hidden>([^<]*)</textarea>', form)
    return {name: unescape(value) for name, value in fields}


async def act(site: Served, at: str, word: str, **fields: str) -> ClientResponse:
    return await site.client.post(f"{at}/{word}", data=form_of(await page(site, at), f"{at}/{word}") | fields)


async def test_the_page_is_small_private_and_without_script(site: Served, at: str) -> None:
    answer = await site.client.get(at)
    text = await answer.text()
    assert answer.status == 200
    for words in (NUMBER, TEXT, "B*** S***", "Terima paling lambat", "Jawab paling lambat", "Rincian hitungan"):
        assert words in text
    assert len(text) < 40 * 1024
    assert "<script" not in text
    assert not re.findall(r'(?:href|src|action)="https?:', text), "nothing leads away"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.cookies["satupintu-petugas"]["httponly"]
    assert at.rpartition("/")[2] not in text.partition("<footer")[2]


async def test_c13_a_thousand_looks_change_nothing(site: Served, at: str) -> None:
    before = [count(site, table) for table in ("complaint_event", "audit", "outbox", "notice")]
    for number in range(1_000):
        method = site.client.head if number % 2 else site.client.get
        assert (await method(at)).status == 200
    for word in ("terima", "kirim", "selesai", "urungkan", "baru"):
        assert (await site.client.get(f"{at}/{word}")).status in {404, 405}
    assert [count(site, table) for table in ("complaint_event", "audit", "outbox", "notice")] == before


async def test_c13_accepting_is_recorded_once_and_binds_this_device(site: Served, at: str) -> None:
    events = count(site, "complaint_event")
    fields = form_of(await page(site, at), f"{at}/terima")
    for _ in range(3):
        answer = await site.client.post(f"{at}/terima", data=fields)
        assert "Anda tercatat menangani tugas ini." in await answer.text()
    assert count(site, "complaint_event") == events + 1
    assert status(site) is Status.IN_PROGRESS
    site.client.session.cookie_jar.clear()
    stranger = await site.client.get(at)
    text = await stranger.text()
    assert stranger.status == 403
    assert "Perangkat ini belum dikenal" in text
    assert TEXT not in text
    assert NUMBER not in text


async def test_c13_another_device_comes_in_with_the_code_that_was_sent(site: Served, at: str) -> None:
    await act(site, at, "terima")
    site.client.session.cookie_jar.clear()
    asked = await site.client.post(f"{at}/kode", data=form_of(await page(site, at), f"{at}/kode"))
    text = await asked.text()
    assert asked.url.path == f"{at}/kode"
    [said] = [said for said in sent_texts(site) if "Kode" in said]
    code = re.findall(r"\b\d{6}\b", said)[0]
    fields = form_of(text, f"{at}/perangkat")
    wrong = await site.client.post(f"{at}/perangkat", data=fields | {"kode": "000000" if code != "000000" else "1"})
    assert (wrong.status, "Kode tidak cocok" in await wrong.text()) == (422, True)
    right = await site.client.post(f"{at}/perangkat", data=fields | {"kode": code})
    assert right.url.path == at
    assert TEXT in await right.text()


async def test_what_another_device_typed_can_be_copied(site: Served, at: str) -> None:
    fields = form_of(await page(site, at), f"{at}/tanya")
    await act(site, at, "terima")
    site.client.session.cookie_jar.clear()
    answer = await site.client.post(f"{at}/tanya", data=fields | {"question": "Di sisi jalan yang mana?"})
    assert answer.status == 403
    assert "Di sisi jalan yang mana?</textarea>" in await answer.text()
    assert status(site) is Status.IN_PROGRESS


async def test_an_answer_is_looked_over_sent_and_taken_back(site: Served, at: str) -> None:
    await act(site, at, "terima")
    form = FormData(form_of(await page(site, at), f"{at}/selesai"), default_to_multipart=True)
    form.add_field("explanation", f"{DONE} Telepon 081200000001")
    form.add_field("no_personal_data", "1")
    form.add_field("berkas", JPEG, filename="bukti.jpg", content_type="image/jpeg")
    preview = await (await site.client.post(f"{at}/selesai", data=form)).text()
    for words in ("Periksa sebelum dikirim", "[telepon disamarkan]", "1 berkas bukti", "10 menit"):
        assert words in preview
    assert status(site) is Status.IN_PROGRESS
    sent = await site.client.post(f"{at}/kirim", data=form_of(preview, f"{at}/kirim"))
    text = await sent.text()
    assert status(site) is Status.AWAITING_REPORTER
    assert "Dapat diurungkan sampai pukul 08.10 WIB." in text
    undone = await site.client.post(f"{at}/urungkan", data=form_of(text, f"{at}/urungkan"))
    text = await undone.text()
    assert "sudah diurungkan" in text
    assert status(site) is Status.IN_PROGRESS
    for words in (f"{DONE} Telepon 081200000001</textarea>", "1 berkas sudah tersimpan dan ikut terkirim"):
        assert words in text, "what was written, and the photo, stand in the form again"
    typed = {"explanation": DONE, "no_personal_data": "1"}
    again = await site.client.post(f"{at}/selesai", data=form_of(text, f"{at}/selesai") | typed)
    await site.client.post(f"{at}/kirim", data=form_of(await again.text(), f"{at}/kirim"))
    assert status(site) is Status.AWAITING_REPORTER
    with site.tx() as tx:
        origins = [row.origin for row in tx.all(select(tables.attachment.c.origin))]
    assert origins == ["agency"], "sent once more with the same photo"


def cleaned(site: Served, *, prints: tuple[str, ...] = (), taken: str = "") -> None:
    """The worker has looked at the newest file."""
    with site.tx() as tx:
        (job,) = attachments.claim(tx, 5)
        kept = {"media_type": "image/jpeg", "size": 3, "stored_as": f"aa/{job.id}", "sha256": f"{job.id:064x}"}
        attachments.settle(tx, [FileOutcome(job.id, job.fence, "stored", prints=prints, taken=taken, **kept)])


def another(site: Served, agency: str) -> str:
    """A complaint of this agency that was proven with the picture SEEN; its number."""
    with site.tx() as tx:
        identity = filling.complaint(tx, 7, number="KBR-260000070", agency=agency, status="assigned")
        attachments.add(tx, identity, None, "tg", [AttachmentRef("", "image/jpeg", 3, content=b"abc")], origin="agency")
    cleaned(site, prints=(SEEN,))
    return "KBR-260000070"


@pytest.mark.parametrize(("agency", "is_named"), [("PUPR", True), ("DLH", False)])
async def test_an_officer_is_warned_of_a_picture_used_before_or_too_old_and_may_send_it(
    site: Served, at: str, agency: str, *, is_named: bool
) -> None:
    other = another(site, agency)
    await act(site, at, "terima")
    form = FormData(form_of(await page(site, at), f"{at}/selesai"), default_to_multipart=True)
    for name, value in (("explanation", DONE), ("no_personal_data", "1")):
        form.add_field(name, value)
    form.add_field("berkas", JPEG, filename="bukti.jpg", content_type="image/jpeg")
    preview = await (await site.client.post(f"{at}/selesai", data=form)).text()
    assert "1 berkas masih diperiksa." in preview
    cleaned(site, prints=(SEEN,), taken="2026-11-20T09:00:00")
    again = form_of(preview, f"{at}/selesai?periksa=lagi")
    preview = await (await site.client.post(f"{at}/selesai", data=again)).text()
    alike, before = f"mirip foto aduan {other}", "diambil Jum 20 Nov 2026 09.00 WIB, sebelum laporan ini masuk"
    assert "masih diperiksa" not in preview
    assert ((alike in preview), (before in preview)) == (is_named, True)
    changed = await (await site.client.post(f"{at}/selesai", data=form_of(preview, f"{at}/selesai"))).text()
    assert ((alike in changed), (before in changed)) == (is_named, True)
    sent = await site.client.post(f"{at}/kirim", data=form_of(preview, f"{at}/kirim"))
    assert status(site) is Status.AWAITING_REPORTER, "a warning, never a refusal"
    text = await sent.text()
    assert ((alike in text), (before in text)) == (is_named, True)
    assert "Diambil" in text


async def test_a_draft_is_kept_for_the_officer_wherever_they_come_back(
    site: Served, at: str, issue: Callable[[Role], str]
) -> None:
    form = FormData(form_of(await page(site, at), f"{at}/selesai"), default_to_multipart=True)
    form.add_field("explanation", "Belum selesai saya tulis")
    form.add_field("berkas", JPEG, filename="bukti.jpg", content_type="image/jpeg")
    form.add_field("draf", "selesai")
    kept = await site.client.post(f"{at}/draf", data=form)
    assert kept.url.path == at
    await site.client.post(
        f"{at}/draf", data=form_of(await kept.text(), f"{at}/tanya") | {"question": "Sejak kapan?", "draf": "tanya"}
    )
    fresh = issue(Role.PENGHUBUNG)
    site.client.session.cookie_jar.clear()
    text = await page(site, fresh)
    for words in ("Belum selesai saya tulis</textarea>", "Sejak kapan?</textarea>", "1 berkas sudah tersimpan"):
        assert words in text
    assert text.count("Draf tersimpan, belum dikirim") == 2
    assert "Belum selesai" not in await page(site, issue(Role.KEPALA)), "another officer's page is another desk"
    assert status(site) is Status.ASSIGNED
    with site.tx() as tx:
        assert b"Belum selesai" not in b"".join(row[0] for row in tx.all(select(tables.officer_draft.c.typed_sealed)))
        assert drafts.forget_old(tx) == 0
    site.moment.pass_(days=15)
    with site.tx() as tx:
        assert drafts.forget_old(tx) == 2


async def test_the_preview_leads_back_with_words_and_files(site: Served, at: str) -> None:
    form = FormData(form_of(await page(site, at), f"{at}/selesai"), default_to_multipart=True)
    form.add_field("explanation", DONE)
    form.add_field("no_personal_data", "1")
    form.add_field("berkas", JPEG, filename="bukti.jpg", content_type="image/jpeg")
    preview = await (await site.client.post(f"{at}/selesai", data=form)).text()
    again = await (await site.client.post(f"{at}/selesai", data=form_of(preview, f"{at}/selesai"))).text()
    assert f"{DONE}</textarea>" in again
    assert "1 berkas sudah tersimpan" in again
    fields = form_of(again, f"{at}/selesai") | {"explanation": DONE, "no_personal_data": "1"}
    assert "1 berkas bukti" in await (await site.client.post(f"{at}/selesai", data=fields)).text()
    without = fields | {"tanpa_berkas": "1", "no_evidence_reason": "Foto buram"}
    assert "Tanpa bukti: Foto buram" in await (await site.client.post(f"{at}/selesai", data=without)).text()


REFUSED = [
    # word      typed                                                             sentence
    ("tanya", {"question": "Mana?"}, "Pertanyaan terlalu pendek. Paling sedikit 10 huruf."),
    ("waktu", {"date": "2026-12-04", "reason": "Aspal"}, "Alasan terlalu pendek. Paling sedikit 20 huruf."),
    ("waktu", {"date": "2027-12-04", "reason": "Menunggu kiriman aspal panas"}, "Tanggal paling lambat 11 Des 2026."),
    ("waktu", {"date": "besok", "reason": "Menunggu kiriman aspal panas"}, "Tulis tanggal seperti 2026-12-04."),
    ("bukan", {"reason": "Ini jalan provinsi, bukan kabupaten"}, "Tujuan belum diisi."),
    ("selesai", {"explanation": DONE}, "Lampirkan foto bukti, atau tulis alasan tanpa bukti."),
    (
        "selesai",
        {"explanation": "Sudah ditindaklanjuti, terima kasih", "no_evidence_reason": "lupa"},
        "Jelaskan apa yang dilakukan, kapan, dan hasilnya.",
    ),
    (
        "selesai",
        {"explanation": f"{DONE} Telepon 081200000001", "no_evidence_reason": "lupa"},
        "Ada data pribadi dalam penjelasan.",
    ),
]


@pytest.mark.parametrize(("word", "typed", "sentence"), REFUSED)
async def test_a_refusal_is_a_sentence_and_keeps_the_input(
    site: Served, at: str, word: str, typed: dict[str, str], sentence: str
) -> None:
    answer = await act(site, at, word, **typed)
    text = await answer.text()
    assert answer.status == 422
    assert sentence in text
    for value in typed.values():
        assert value in unescape(text)
    assert status(site) is Status.ASSIGNED


async def test_each_form_does_what_it_says(site: Served, at: str) -> None:
    asked = await act(site, at, "waktu", date="2026-12-04", reason="Menunggu kiriman aspal panas")
    assert "menunggu keputusan kepala" in await asked.text()
    await act(site, at, "terima")
    news = await act(site, at, "kabar", note="Aspal dijadwalkan tiba hari Kamis pagi")
    assert "Kabar Anda dicatat" in await news.text()
    question = await act(site, at, "tanya", question="Di sisi jalan yang mana?")
    assert "dijeda sampai dijawab" in await question.text()
    assert status(site) is Status.INCOMPLETE


async def test_not_ours_goes_to_the_coordinator(site: Served, at: str) -> None:
    answer = await act(site, at, "bukan", target="opd:DLH", reason="Ini sampah di tepi jalan, wewenang DLH")
    assert "diserahkan ke koordinator" in await answer.text()
    assert status(site) is Status.VERIFIED
    await act(site, at, "urungkan")
    assert status(site) is Status.ASSIGNED
    outside = await act(site, at, "bukan", target="luar:PLN", reason="Tiang listrik adalah wewenang PLN")
    assert outside.status == 200
    with site.tx() as tx:
        last = tx.one(select(tables.complaint_event).order_by(tables.complaint_event.c.seq.desc()).limit(1))
    assert last is not None
    assert last.inputs["institution"] == "PT PLN (Persero)"


async def test_a_second_officer_with_the_same_deed_is_told_who_was_first(
    site: Served, at: str, issue: Callable[[Role], str]
) -> None:
    head = issue(Role.KEPALA)
    fields = form_of(await page(site, head), f"{head}/terima")
    await act(site, at, "terima")
    answer = await site.client.post(f"{head}/terima", data=fields)
    assert answer.status == 200
    assert "Sudah dikerjakan oleh Penghubung pukul 08.00 WIB." in await answer.text()


async def test_a_form_that_came_too_late_keeps_its_words(site: Served, at: str) -> None:
    fields = form_of(await page(site, at), f"{at}/tanya")
    await act(site, at, "tanya", question="Di sisi jalan yang mana?")
    answer = await site.client.post(f"{at}/tanya", data=fields | {"question": "Sejak tanggal berapa?"})
    text = await answer.text()
    assert answer.status == 409
    assert "Aduan ini sudah menunggu kelengkapan. Aksi Tanya pelapor tidak berlaku." in text


async def test_c13_a_dead_link_says_the_same_as_one_that_never_was(site: Served, at: str) -> None:
    step(site, Action.REASSIGN, agency="DLH", reason="Wewenang DLH, bukan PUPR")
    pages = []
    for address in (at, "/p/abcdefghijklmnop"):
        answer = await site.client.get(address)
        text = await answer.text()
        assert answer.status == 404
        sent = await site.client.post(f"{address}/baru", data=form_of(text, f"{address}/baru"))
        pages.append(_plain(text, address) + _plain(await sent.text(), address))
    assert "Tautan sudah tidak berlaku" in pages[0]
    assert pages[0] == pages[1]
    assert [said for said in sent_texts(site) if "Tautan baru" in said] == []


def _plain(text: str, address: str) -> str:
    return re.sub(r'value="[0-9a-f]{64}"', "", text.replace(address, "/p/x"))


async def test_an_old_link_is_replaced_on_the_officer_s_channel(site: Served, at: str) -> None:
    site.moment.pass_(days=15)
    text = await page(site, at)
    assert TEXT not in text
    await site.client.post(f"{at}/baru", data=form_of(text, f"{at}/baru"))
    [said] = [said for said in sent_texts(site) if "Tautan baru" in said]
    fresh = said.rpartition("http://127.0.0.1:8080")[2]
    assert TEXT in await page(site, fresh)


@pytest.mark.parametrize(
    "word", ["terima", "kabar", "tanya", "waktu", "bukan", "selesai", "kirim", "draf", "urungkan", "baru"]
)
async def test_c22_a_form_without_the_page_s_token_does_nothing(site: Served, at: str, word: str) -> None:
    before = count(site, "complaint_event")
    answer = await site.client.post(f"{at}/{word}", data={"aksi": "x", "explanation": DONE})
    assert answer.status == 403
    assert count(site, "complaint_event") == before


async def test_c22_a_token_of_another_page_does_not_fit(site: Served, at: str, issue: Callable[[Role], str]) -> None:
    other = issue(Role.KEPALA)
    fields = form_of(await page(site, other), f"{other}/terima")
    assert (await site.client.post(f"{at}/terima", data=fields)).status == 403


async def test_an_upload_that_is_too_large_keeps_the_words(open_site: OpenSite, site: Served, at: str) -> None:
    form = FormData(form_of(await page(site, at), f"{at}/selesai"), default_to_multipart=True)
    form.add_field("explanation", DONE)
    form.add_field("berkas", BytesIO(bytes(26 * 1024 * 1024)), filename="video.mp4", content_type="video/mp4")
    answer = await site.client.post(f"{at}/selesai", data=form)
    text = await answer.text()
    assert answer.status == 413
    assert "Berkas terlalu besar" in text
    assert f"{DONE}</textarea>" in text


async def test_a_held_complaint_waits(site: Served, at: str) -> None:
    with site.tx() as tx:
        tx.execute(tables.complaint.update().values(hold="personal_data"))
    text = await page(site, at)
    assert "sedang ditahan" in text
    assert f'action="{at}/' not in text


@pytest.mark.parametrize("photos", ["shown", "anonymous"])
async def test_c35_photos_of_reporters_are_served_only_where_they_betray_nobody(
    site: Served, at: str, photos: str
) -> None:
    folder = Path(site.gateway.settings.storage.attachments_dir) / "ab"
    folder.mkdir(parents=True)
    (folder / "cd").write_bytes(JPEG)
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        values: dict[str, Any] = {"media_type": "image/jpeg", "state": "stored", "stored_as": "ab/cd"}
        times = {"created_at": tx.now, "due_at": tx.now}
        tx.insert(tables.attachment, id=7, complaint_id=case.id, channel="tg", origin="reporter", **values, **times)
    [address] = set(re.findall(rf"{at}/berkas/\w+", await page(site, at)))
    if photos == "anonymous":
        step(site, Action.RAISE_ANONYMOUS)
        text = await page(site, at)
        assert address not in text
        assert "tidak ditampilkan untuk melindungi pelapor" in text
    assert (await site.client.get(address)).status == (200 if photos == "shown" else 404)


async def test_c13_pressing_twice_at_the_same_moment_is_one_deed(site: Served, at: str) -> None:
    events = count(site, "complaint_event")
    fields = form_of(await page(site, at), f"{at}/terima")
    answers = await asyncio.gather(*(site.client.post(f"{at}/terima", data=fields) for _ in range(5)))
    assert [answer.status for answer in answers] == [200] * 5
    assert count(site, "complaint_event") == events + 1


async def test_a_short_time_to_take_back_is_told_to_the_second(open_site: OpenSite, at: str) -> None:
    site = await open_site("[casework]\nundo_s = 30")
    preview = await (await act(site, at, "selesai", explanation=DONE, no_evidence_reason="Malam, gelap")).text()
    assert "Anda punya waktu 30 detik" in preview
    sent = await site.client.post(f"{at}/kirim", data=form_of(preview, f"{at}/kirim"))
    assert "Dapat diurungkan sampai pukul 08.00.30 WIB." in await sent.text()
