"""/lacak: number and code, the pass in the cookie, and what a reporter does there."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy import func, select

from channels.messages import Address, InboundMessage, RawRequest
from gateway.casework import casework
from gateway.complaints.complaint import Action, Actor, Role, Status
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.record import cases, known_incidents
from gateway.storage import tables
from tests.web.conftest import OpenSite, Served

NUMBER, CODE = "KBR-260000013", "4821-9037"
TEXT = "Lampu jalan di Gang Melati padam tiga malam"
COORDINATOR = Actor(Role.COORDINATOR, "1", "DISKOMINFO", "Koordinator Contoh")
OFFICER = Actor(Role.PENGHUBUNG, "2", "PUPR", "Penghubung Contoh")
DONE = "Lampu sudah diganti petugas pada 24 November pukul 09.00."


@pytest.fixture
async def site(open_site: OpenSite) -> Served:
    """With one complaint, of Telegram."""
    site = await open_site()
    message = InboundMessage("u:1", Address("tg", "77"), TEXT, provider_id="m:77:1")
    with site.tx() as tx:
        intake.receive(tx, [Arrival("tg", [message], RawRequest("POST", body=b"{}"), site.moment.now)])
    return site


def step(site: Served, action: Action, actor: Actor = COORDINATOR, **inputs: str) -> None:
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        casework.apply(tx, action, case, actor, inputs)


def answered(site: Served) -> None:
    step(site, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    step(site, Action.START, OFFICER)
    step(site, Action.ANSWER, OFFICER, explanation=DONE, evidence="1")
    site.moment.pass_(minutes=11)


def status(site: Served) -> Status:
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        return case.status


def count(site: Served, table: str) -> int:
    with site.tx() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
        return int(row[0]) if row else -1


async def track(site: Served, number: str = NUMBER, code: str = CODE, **more: Any) -> ClientResponse:
    fields = {"nomor": number, "kode": code, "_csrf": await site.token_of("/lacak")}
    return await site.client.post("/lacak", data=fields, **more)


def form_of(page: str, word: str) -> dict[str, str]:
    """The hidden fields of one form of the page."""
    [form] = re.findall(rf'action="/lacak/{NUMBER}/{word}".*?</form>', page, re.DOTALL)
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)}


async def act(site: Served, word: str, **fields: str) -> ClientResponse:
    address = f"/lacak/{NUMBER}"
    page = await (await site.client.get(address)).text()
    return await site.client.post(f"{address}/{word}", data=form_of(page, word) | fields)


@pytest.mark.parametrize("number", [NUMBER, "kbr 260000013", "260000013", "260-000-013"])
async def test_number_and_code_show_five_steps(site: Served, number: str) -> None:
    answer = await track(site, number, "48219037")
    page = await answer.text()
    assert answer.url.path == f"/lacak/{NUMBER}"
    for words in ("Diterima", "Diperiksa", "Dikerjakan", "Dijawab", "Selesai", TEXT, "Verifikasi: 3 hari kerja sejak"):
        assert words in page
    assert page.count('<li class="now"') == 1


async def test_the_page_tells_of_the_known_incident_while_it_is_open(site: Served) -> None:
    line = "Lampu padam di Gang Melati sudah diketahui, diperbaiki malam ini."
    with site.tx() as tx:
        known_incidents.begin(tx, line, "lampu", "6", COORDINATOR)
    assert line in await (await track(site)).text()
    step(site, Action.RAISE_CONFIDENTIAL)
    assert line not in await (await site.client.get(f"/lacak/{NUMBER}")).text()
    assert line in await (await act(site, "kode", kode=CODE)).text()
    step(site, Action.ARCHIVE, archive_reason="bukan_laporan", reason="Bukan laporan, sudah dijelaskan")
    assert line not in await (await track(site)).text()


async def test_c11_a_wrong_code_and_an_unknown_number_look_the_same(site: Served) -> None:
    wrong = await track(site, code="00000000")
    unknown = await track(site, number="KBR-260000021", code="00000000")
    pages = []
    for answer, number in ((wrong, NUMBER), (unknown, "KBR-260000021")):
        assert answer.status == 200
        page = await answer.text()
        pages.append(re.sub(r'(value="[0-9a-f]{64}"|X-Request-Id.*)', "", page.replace(number, "N")))
    assert "Nomor atau kode tidak cocok. Periksa lagi. Sisa percobaan 4." in pages[0]
    assert pages[0] == pages[1]


async def test_c11_guessing_ends_with_a_time_and_another_way(site: Served) -> None:
    for _ in range(5):
        page = await (await track(site, code="00000000")).text()
    assert "Coba lagi setelah 08.00 WIB atau kirim STATUS dari nomor pelapor." in page
    locked = await track(site)
    assert "Coba lagi setelah" in await locked.text(), "even the right code does not open a locked ticket"
    site.moment.pass_(hours=25)
    assert (await track(site)).url.path == f"/lacak/{NUMBER}"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [("KBR-260000014", "Nomor salah ketik?"), ("", "Isi nomor laporan"), ("8123456", "Nomor 7 angka dari LAPOR!")],
)
async def test_slips_cost_no_attempt(site: Served, number: str, sentence: str) -> None:
    answer = await track(site, number)
    assert answer.status == 422
    assert sentence in await answer.text()
    assert count(site, "attempt") == 0


async def test_the_pass_is_sealed_bound_to_lacak_and_over_after_half_an_hour(site: Served) -> None:
    answer = await track(site, allow_redirects=False)
    cookie = answer.cookies["satupintu-lacak"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "/lacak",
        True,
        "Strict",
        "1800",
    )
    assert "4821" not in cookie.value
    assert NUMBER not in cookie.value
    site.moment.pass_(minutes=29)
    assert (await site.client.get(f"/lacak/{NUMBER}")).url.path == f"/lacak/{NUMBER}"
    site.moment.pass_(minutes=31)
    assert (await site.client.get(f"/lacak/{NUMBER}")).url.path == "/lacak"


@pytest.mark.parametrize("cookie", ["", "x", "AAAA" * 40, "%00"])
async def test_a_made_up_pass_opens_nothing(site: Served, cookie: str) -> None:
    headers = {"Cookie": f"satupintu-lacak={cookie}"} if cookie else {}
    answer = await site.client.get(f"/lacak/{NUMBER}", headers=headers, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == f"/lacak?nomor={NUMBER}"


async def test_a_pass_is_for_one_complaint(site: Served) -> None:
    await track(site)
    other = await site.client.get("/lacak/KBR-260000021", allow_redirects=False)
    assert other.status == 303
    assert (await site.client.get("/lacak/etc")).status == 404


async def test_words_are_added_once_and_told(site: Served) -> None:
    await track(site)
    page = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    fields = form_of(page, "tambah") | {"text": "Dekat pos ronda <b>"}
    for _ in range(2):
        page = await (await site.client.post(f"/lacak/{NUMBER}/tambah", data=fields)).text()
    assert f"Tambahan Anda masuk ke {NUMBER}." in page
    assert page.count("Dekat pos ronda &lt;b&gt;") == 1
    again = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    assert "Tambahan Anda masuk" not in again, "told once"


async def test_photos_are_added(site: Served) -> None:
    await track(site)
    page = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    form = FormData(form_of(page, "tambah") | {"text": ""}, default_to_multipart=True)
    form.add_field("lampiran", b"\xff\xd8\xff" + b"0" * 64, filename="foto.jpg", content_type="image/jpeg")
    page = await (await site.client.post(f"/lacak/{NUMBER}/tambah", data=form)).text()
    assert "1 lampiran dari Anda tersimpan." in page


async def test_nothing_written_is_refused_in_a_sentence(site: Served) -> None:
    await track(site)
    answer = await act(site, "tambah", text=" ")
    assert answer.status == 422
    assert "Tulis keterangan atau lampirkan berkas." in await answer.text()


async def test_an_answer_is_read_accepted_and_rated(site: Served) -> None:
    answered(site)
    page = await (await track(site)).text()
    assert DONE in page
    assert "Jawaban Dinas Pekerjaan Umum" in page
    page = await (await act(site, "beres")).text()
    assert "Terima kasih" in page
    assert status(site) is Status.RESOLVED
    page = await (await act(site, "nilai", nilai="4", text="Cepat")).text()
    assert "Nilai Anda tercatat" in page
    assert 'action="/lacak/KBR-260000013/nilai"' not in page


async def test_not_solved_goes_back_and_keeps_what_was_typed_when_it_is_too_late(site: Served) -> None:
    answered(site)
    await track(site)
    page = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    form = form_of(page, "belum")
    await act(site, "beres")
    late = await site.client.post(f"/lacak/{NUMBER}/belum", data=form | {"text": "Masih padam"})
    page = await late.text()
    assert late.status == 422
    assert "Laporan ini sudah selesai. Permintaan itu tidak berlaku lagi." in page
    assert (await act(site, "buka-kembali", text="Masih padam")).status == 200
    assert status(site) is Status.REOPENED


async def test_cancelling_asks_first(site: Served) -> None:
    await track(site)
    page = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    assert f'href="/lacak/{NUMBER}/batalkan"' in page
    question = await (await site.client.get(f"/lacak/{NUMBER}/batalkan")).text()
    assert "Ya, batalkan laporan" in question
    assert "Tidak, kembali" in question
    assert status(site) is Status.RECEIVED
    await site.client.post(f"/lacak/{NUMBER}/batalkan", data=form_of(question, "batalkan"))
    assert status(site) is Status.ARCHIVED


async def test_out_of_authority_names_who_and_why_and_can_be_objected_to(site: Served) -> None:
    reason = "Penyaluran listrik adalah kewenangan PLN, sudah kami sampaikan lewat surat."
    step(site, Action.REFER_OUT, institution="PLN", reason=reason)
    site.moment.pass_(minutes=11)
    page = await (await track(site)).text()
    for words in ("Bukan kewenangan", "PLN", reason, "Ajukan keberatan"):
        assert words in page
    page = await (await act(site, "keberatan", text="Tiang miring di tanah kabupaten")).text()
    assert f"Tambahan Anda masuk ke {NUMBER}." in page
    assert status(site) is Status.RECEIVED


async def test_a_confidential_text_takes_the_code_once_more(site: Served) -> None:
    answered(site)
    step(site, Action.RAISE_CONFIDENTIAL)
    page = await (await track(site)).text()
    assert "RAHASIA" in page
    for words in (TEXT, DONE):
        assert words not in page
    address = f"/lacak/{NUMBER}"
    csrf = form_of(page, "kode")
    wrong = await site.client.post(f"{address}/kode", data=csrf | {"kode": "00000000"})
    assert "Kode tidak cocok. Sisa percobaan 4." in await wrong.text()
    opened = await site.client.post(f"{address}/kode", data=csrf | {"kode": "4821 9037"})
    page = await opened.text()
    for words in (TEXT, DONE):
        assert words in page
    site.moment.pass_(minutes=29)
    assert TEXT in await (await site.client.get(address)).text()
    site.moment.pass_(minutes=2)
    assert TEXT not in await (await site.client.get(address)).text()


async def test_hiding_the_identity_is_told(site: Served) -> None:
    await track(site)
    page = await (await act(site, "anonim")).text()
    assert "ANONIM aktif" in page
    assert '<span class="badge">ANONIM</span>' in page
    question = await (await site.client.get(f"/lacak/{NUMBER}/tampilkan-identitas")).text()
    assert "Ya, tampilkan identitas" in question


async def test_the_code_is_forgotten_on_a_shared_phone(site: Served) -> None:
    page = await (await track(site)).text()
    csrf = page.partition('name="_csrf" value="')[2].partition('"')[0]
    left = await site.client.post("/lacak/keluar", data={"_csrf": csrf})
    assert "Kode sudah dihapus dari perangkat ini." in await left.text()
    assert (await site.client.get(f"/lacak/{NUMBER}", allow_redirects=False)).status == 303


async def test_words_written_for_too_long_can_be_copied(site: Served) -> None:
    await track(site)
    page = await (await site.client.get(f"/lacak/{NUMBER}")).text()
    site.moment.pass_(minutes=40)
    answer = await site.client.post(
        f"/lacak/{NUMBER}/tambah", data=form_of(page, "tambah") | {"text": "Ceritanya panjang"}
    )
    page = await answer.text()
    assert answer.status == 401
    assert "Sesi sudah berakhir" in page
    assert "Ceritanya panjang</textarea>" in page


@pytest.mark.parametrize("word", ["tambah", "beres", "kode", "keluar"])
async def test_a_form_without_our_token_does_nothing(site: Served, word: str) -> None:
    await track(site)
    address = "/lacak/keluar" if word == "keluar" else f"/lacak/{NUMBER}/{word}"
    assert (await site.client.post(address, data={"text": "x" * 20, "kode": CODE})).status == 403


async def test_c13_looking_changes_nothing(site: Served) -> None:
    await track(site)
    before = (count(site, "complaint_event"), count(site, "audit"))
    for word in ("", "/batalkan", "/beres", "/tambah", "/kode"):
        await site.client.get(f"/lacak/{NUMBER}{word}")
    assert (count(site, "complaint_event"), count(site, "audit")) == before


async def test_evidence_is_shown_with_the_answer_to_its_reporter_only(site: Served) -> None:
    answered(site)
    with site.tx() as tx:
        case = cases.by_number(tx, NUMBER)
        assert case is not None
        folder = Path(site.gateway.settings.storage.attachments_dir) / "ab"
        folder.mkdir(parents=True)
        (folder / "cd").write_bytes(b"\xff\xd8\xff evidence")
        common = {"complaint_id": case.id, "channel": "tg", "state": "stored", "stored_as": "ab/cd", "due_at": tx.now}
        for number, origin in ((7, "agency"), (8, "reporter"), (9, "draft:0123456789")):
            tx.insert(tables.attachment, id=number, origin=origin, media_type="image/jpeg", created_at=tx.now, **common)
    page = await (await track(site)).text()
    [address] = set(re.findall(rf"/lacak/{NUMBER}/bukti/\w+", page))
    picture = await site.client.get(address)
    assert (picture.status, await picture.read()) == (200, b"\xff\xd8\xff evidence")
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert (await site.client.get(f"{address[:-1]}8")).status == 404
    site.client.session.cookie_jar.clear()
    assert (await site.client.get(address)).status == 404
