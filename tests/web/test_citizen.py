"""The pages for citizens: the overview, the form with everything that can go wrong, number and code, privacy."""

import os
import re
import sqlite3
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData
from sqlalchemy import func, select

from gateway.record import known_incidents
from gateway.storage import tables
from tests.gateway.conftest import SETTINGS
from tests.gateway.short_ways import COORDINATOR
from tests.web.conftest import OpenSite, Served
from tests.web.test_webhooks import until

REPORT = "Listrik di Desa Contoh Hulu padam tiap malam, tolong PLN"
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 64


async def fields_of(site: Served, path: str = "/lapor") -> dict[str, str]:
    """The hidden fields of a form that was looked at for a while."""
    page = await (await site.client.get(path)).text()
    site.moment.pass_(seconds=30)
    return hidden(page)


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


async def post(site: Served, fields: dict[str, str], **more: Any) -> ClientResponse:
    return await site.client.post("/lapor", data=fields, allow_redirects=False, **more)


def rows(site: Served, table: str) -> int:
    with site.tx() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
        return int(row[0]) if row else -1


def complaint(site: Served) -> Any:
    with site.tx() as tx:
        return tx.one(select(tables.complaint).order_by(tables.complaint.c.id.desc()).limit(1))


async def test_the_overview_names_every_way_to_report(site: Served) -> None:
    page = await (await site.client.get("/")).text()
    for words in ("Tulis laporan", "Lacak aduan", "SMS ke 1708", "Tekan *708#", "Telegram", "Telepon 112"):
        assert words in page
    assert 'href="sms:1708"' in page
    assert 'href="tel:*708%23"' in page


async def test_without_a_form_the_page_says_how_else_to_report(open_site: OpenSite) -> None:
    settings = SETTINGS.replace('[channels.web]\nkind = "web_form"\n', "")
    site = await open_site(settings_text=settings)
    page = await (await site.client.get("/lapor")).text()
    assert "Formulir web belum tersedia" in page
    assert "SMS ke 1708" in page
    assert 'href="/lapor">' not in (await (await site.client.get("/")).text()).partition("<main")[2]
    assert (await site.client.get("/terima/abcdefghijklmnopqrst")).status == 404


async def test_a_report_gives_number_and_code_once_for_a_quarter_of_an_hour(site: Served) -> None:
    fields = await fields_of(site) | {"isi": REPORT, "lokasi": "Desa Contoh Hulu", "anonim": "1"}
    sent = await post(site, fields)
    assert sent.status == 303
    address = sent.headers["Location"]
    assert address.startswith("/terima/")
    page = await (await site.client.get(address)).text()
    for words in ("Laporan diterima", "KBR-260000013", "4821-9037", "Kode hanya ditampilkan sekali", "26 Nov 2026"):
        assert words in page
    assert "Anda tidak memberi kontak" in page
    assert await (await site.client.get(address)).text() == page, "reloading is safe"
    site.moment.pass_(minutes=16)
    later = await (await site.client.get(address)).text()
    assert "4821-9037" not in later
    assert "KBR-260000013" in later
    assert "Kode sudah ditampilkan" in later
    assert (complaint(site).anonymous, complaint(site).location_text) == (True, "Desa Contoh Hulu")


async def test_the_receipt_tells_of_an_incident_that_is_known(site: Served) -> None:
    line = "Padam listrik di Desa Contoh Hulu sudah diketahui, diperbaiki PLN."
    with site.tx() as tx:
        known_incidents.begin(tx, line, "listrik", "6", COORDINATOR)
    address = (await post(site, await fields_of(site) | {"isi": REPORT})).headers["Location"]
    assert line in await (await site.client.get(address)).text()
    other = (await post(site, await fields_of(site) | {"isi": "Jembatan di desa kami rusak"})).headers["Location"]
    assert line not in await (await site.client.get(other)).text()
    site.moment.pass_(minutes=16)
    assert line not in await (await site.client.get(address)).text(), "the page of later says nothing of the report"


async def test_pressing_twice_is_one_report_and_one_page(site: Served) -> None:
    fields = await fields_of(site) | {"isi": REPORT}
    addresses = {(await post(site, fields)).headers["Location"] for _ in range(3)}
    assert len(addresses) == 1
    assert rows(site, "complaint") == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"isi": ""}, "Tuliskan isi laporan Anda."),
        ({"isi": "pendek"}, "Isi laporan terlalu pendek."),
        ({"isi": REPORT, "kontak": "0812"}, "Nomor HP tidak dikenali."),
        ({"isi": REPORT, "kontak": "081200000001"}, "Beri tanda setuju"),
        ({"isi": REPORT, "tanggal": "2030-01-01"}, "Tanggal kejadian belum terjadi."),
    ],
)
async def test_what_is_wrong_is_said_and_everything_typed_is_kept(
    site: Served, typed: dict[str, str], sentence: str
) -> None:
    fields = await fields_of(site) | {"lokasi": "Jl Melati <RT 4>", "nama": "Warga", **typed}
    answer = await post(site, fields)
    page = await answer.text()
    assert answer.status == 422
    assert sentence in page
    assert 'role="alert"' in page
    assert 'value="Jl Melati &lt;RT 4&gt;"' in page
    assert 'value="Warga"' in page
    assert typed["isi"] in page
    assert rows(site, "message") == 0
    again = await post(site, hidden(page) | {"isi": REPORT})
    assert again.status == 303


async def test_files_survive_a_mistake_elsewhere(site: Served) -> None:
    form = FormData(await fields_of(site) | {"isi": "pendek"}, default_to_multipart=True)
    form.add_field("lampiran", JPEG, filename="foto.jpg", content_type="image/jpeg")
    page = await (await site.client.post("/lapor", data=form)).text()
    assert "1 berkas dari kiriman tadi masih tersimpan" in page
    sent = await post(site, hidden(page) | {"isi": REPORT})
    assert sent.status == 303
    assert rows(site, "attachment") == 1


async def test_kept_files_can_be_left_out(site: Served) -> None:
    form = FormData(await fields_of(site) | {"isi": "pendek"}, default_to_multipart=True)
    form.add_field("lampiran", JPEG, filename="foto.jpg", content_type="image/jpeg")
    page = await (await site.client.post("/lapor", data=form)).text()
    assert (await post(site, hidden(page) | {"isi": REPORT, "_tanpa_berkas": "1"})).status == 303
    assert (rows(site, "complaint"), rows(site, "attachment")) == (1, 0)


async def test_a_file_that_is_not_taken_never_costs_the_text(site: Served) -> None:
    form = FormData(await fields_of(site) | {"isi": REPORT}, default_to_multipart=True)
    form.add_field("lampiran", b"MZ program", filename="foto.jpg", content_type="image/jpeg")
    page = await (await site.client.post("/lapor", data=form)).text()
    assert "Laporan diterima" in page
    assert "jenisnya belum dapat kami terima" in page


async def test_an_upload_that_is_too_large_keeps_the_words(site: Served) -> None:
    form = FormData(await fields_of(site) | {"isi": REPORT}, default_to_multipart=True)
    form.add_field("lampiran", BytesIO(bytes(26 * 1024 * 1024)), filename="video.mp4", content_type="video/mp4")
    answer = await site.client.post("/lapor", data=form)
    page = await answer.text()
    assert answer.status == 413
    assert "Lampiran terlalu besar" in page
    assert REPORT in page
    assert rows(site, "message") == 0


async def test_c17_too_many_reports_from_one_address_are_asked_to_wait_with_the_text_kept(open_site: OpenSite) -> None:
    site = await open_site("[limits]\nweb_reports_per_hour = 2")
    last = {}
    for number in range(2):
        last = await fields_of(site) | {"isi": f"{REPORT} nomor {number}"}
        assert (await post(site, last)).status == 303
    refused = await post(site, await fields_of(site) | {"isi": f"{REPORT} lagi"})
    page = await refused.text()
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 3000
    assert f"{REPORT} lagi" in page
    assert "SMS ke 1708" in page
    assert "Coba kirim lagi setelah pukul 09.00 WIB" in page
    assert (await post(site, last)).status == 303, "the same form again is no further report"
    site.moment.pass_(hours=1)
    assert (await post(site, hidden(page) | {"isi": f"{REPORT} lagi"})).status == 303


async def test_a_form_left_open_over_night_is_shown_again_with_the_text(site: Served) -> None:
    fields = await fields_of(site) | {"isi": REPORT}
    site.moment.pass_(hours=13)
    answer = await post(site, fields)
    page = await answer.text()
    assert answer.status == 422
    assert "terbuka terlalu lama" in page
    assert (await post(site, hidden(page) | {"isi": REPORT})).status == 303
    assert complaint(site).hold == "none", "sending at once is no sign of a machine here"


@pytest.mark.parametrize("token", ["", "1.x.y", "1763859600.aaaaaaaaaaaaaaaaaaaaaaaa." + "A" * 43])
async def test_c17_a_form_that_is_not_ours_comes_back_with_the_text(site: Served, token: str) -> None:
    answer = await post(site, {"isi": REPORT, "_token": token})
    assert answer.status == 403
    assert REPORT in await answer.text()
    assert rows(site, "message") == 0


async def test_another_site_cannot_post_here(site: Served) -> None:
    fields = await fields_of(site) | {"isi": REPORT}
    answer = await post(site, fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert REPORT not in await answer.text()


@pytest.mark.parametrize(("field", "value"), [("website", "http://spam.example"), ("", "")])
async def test_c17_a_machine_sees_success_and_a_person_looks_at_it(site: Served, field: str, value: str) -> None:
    fields = hidden(await (await site.client.get("/lapor")).text()) | {"isi": REPORT, field: value}
    if field:
        site.moment.pass_(seconds=30)
    answer = await post(site, fields)
    assert answer.status == 303
    assert "Laporan diterima" in await (await site.client.get(answer.headers["Location"])).text()
    assert complaint(site).hold == "spam"


async def test_a_contact_with_consent_gets_the_news(site: Served) -> None:
    fields = await fields_of(site) | {"isi": REPORT, "kontak": "0812-0000-0001", "setuju": "1", "nama": "Warga"}
    answer = await post(site, fields)
    page = await (await site.client.get(answer.headers["Location"])).text()
    assert "Kabar kami kirim ke kontak" in page
    assert rows(site, "outbox") > 0


async def test_the_link_of_a_unit_opens_its_form(site: Served) -> None:
    page = await (await site.client.get("/lapor/DLH")).text()
    assert "Tulis laporan untuk Dinas Lingkungan Hidup" in page
    sent = await post(site, await fields_of(site, "/lapor?unit=DLH") | {"isi": REPORT})
    assert sent.status == 303
    assert complaint(site).unit == "DLH"
    assert (await site.client.get("/lapor/entah-apa")).status == 200


@pytest.mark.parametrize("nonce", ["x", "a" * 24, "..%2f..%2fetc"])
async def test_a_receipt_that_never_was_says_nothing(site: Served, nonce: str) -> None:
    answer = await site.client.get(f"/terima/{nonce}")
    assert answer.status in {200, 404}
    assert "KBR" not in await answer.text()


async def test_receipts_are_kept_by_nobody(site: Served) -> None:
    sent = await post(site, await fields_of(site) | {"isi": REPORT})
    page = await site.client.get(sent.headers["Location"])
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"


async def test_privacy_says_what_is_kept_and_for_how_long(open_site: OpenSite) -> None:
    site = await open_site('[government]\ncontact = "dp@contoh.go.id"')
    page = await (await site.client.get("/privasi")).text()
    for words in ("2 tahun setelah laporan selesai", "HAPUS DATA", "dp@contoh.go.id", "3 x 24 jam"):
        assert words in page


@pytest.mark.parametrize("path", ["/", "/lapor", "/lacak", "/masuk", "/terima/aaaaaaaaaaaaaaaaaaaaaaaa", "/tidak-ada"])
async def test_every_page_of_citizens_leads_to_privacy(site: Served, path: str) -> None:
    page = await (await site.client.get(path)).text()
    assert page.count('<a href="/privasi">Privasi</a>') == 1


async def test_browsers_find_our_sign_where_they_look_for_it(site: Served) -> None:
    answer = await site.client.get("/favicon.ico")
    assert (answer.status, answer.content_type) == (200, "image/svg+xml")


async def test_c17_no_page_needs_a_script(site: Served) -> None:
    for path in ("/", "/lapor", "/lacak", "/privasi"):
        page = await (await site.client.get(path)).text()
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|javascript:|\sstyle=", page), path
        assert len(page) < 100 * 1024


async def test_staged_files_are_gone_after_a_day(site: Served) -> None:
    async def stage() -> str:
        form = FormData(await fields_of(site) | {"isi": "pendek"}, default_to_multipart=True)
        form.add_field("lampiran", JPEG, filename="foto.jpg", content_type="image/jpeg")
        return hidden(await (await site.client.post("/lapor", data=form)).text())["_berkas"]

    folder = site.gateway.settings.storage.attachments_dir + "/forms"
    first = await stage()
    site.moment.now += timedelta(hours=25)
    second = await stage()

    assert os.listdir(folder) == [f"{second}.00"]  # noqa: PTH208 - a name is all that is asked for
    assert first != second


async def test_a_full_gateway_keeps_the_text_and_names_other_ways(open_site: OpenSite) -> None:
    site = await open_site("[intake]\nmax_waiting = 0")
    answer = await post(site, await fields_of(site) | {"isi": REPORT})
    page = await answer.text()
    assert answer.status == 503
    assert "Retry-After" in answer.headers
    for words in (REPORT, "Laporan belum dapat disimpan", "SMS ke 1708"):
        assert words in page


async def test_while_the_database_is_held_a_report_waits_on_the_disk_for_its_number(open_site: OpenSite) -> None:
    site = await open_site("[intake]\nspool_after_s = 0.2")
    fields = await fields_of(site) | {"isi": REPORT}
    holder = sqlite3.connect(site.gateway.settings.storage.url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    sent = await post(site, fields)
    address = sent.headers["Location"]
    assert "nomornya segera muncul di sini" in await (await site.client.get(address)).text()
    holder.execute("ROLLBACK")
    holder.close()
    await until(lambda: not site.site.writer.behind)
    assert "KBR-260000013" in await (await site.client.get(address)).text()
    assert rows(site, "complaint") == 1
