"""The desk of the privacy officer when data came into wrong hands: noted, counted, told, listed; and nobody else sees it."""

import csv
import io
import re
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.dashboard.menu import SCREENS
from gateway.storage import tables
from gateway.upkeep import UPKEEP
from gateway.upkeep import run as run_duty
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import LAMP
from tests.dashboard.test_privacy import opened as unsealed
from tests.gateway.short_ways import said

DP, SCREEN = Role.PRIVACY_OFFICER, "/admin/privasi/pelanggaran"
CANARY = "kanaribocor"
NOTED = {
    "what": f"Berkas cadangan {CANARY} terbaca dari luar selama dua jam.",
    "data_address": "1",
    "data_text": "1",
    "noticed_at": "2026-11-23T07:30",
    "happened_on": "2026-11-22",
    "channel": "tg",
    "measures": f"Kunci cadangan diganti oleh {CANARY} pagi ini.",
}
TOLD = {"said_how": "Berkas cadangan dapat dibuka dari luar.", "said_done": "Berkas dihapus, kuncinya diganti."}
OTHERS = (Role.COORDINATOR, Role.SYSTEM_ADMIN, Role.CHANNEL_ADMIN, Role.PENGHUBUNG, DP)
"""Who sees most; that nobody else enters stands in the table of test_roles."""
KEPT_THERE = {"breach", "breach_step"}


async def noted(desk: Desk, **changed: str) -> str:
    """The address of a breach that was noted at the desk."""
    answer = await desk.press(SCREEN, **{**NOTED, **changed})
    assert answer.status == 303, words(await answer.text())[:800]
    return answer.headers["Location"].partition("?")[0]


async def test_c33_a_breach_goes_its_way_at_the_desk(desk: Desk) -> None:
    number = desk.report(LAMP)
    await desk.become(DP)
    counted = await desk.press(SCREEN, hitung="1", **NOTED)
    page = await counted.text()
    assert (counted.status, "Sekarang 1 orang dari 1 aduan" in words(page), CANARY in page) == (200, True, True)
    assert 'value="2026-11-22"' in page
    assert "Belum ada pelanggaran" in await desk.words(SCREEN)
    refused = await desk.press(SCREEN, **{**NOTED, "data_address": "", "data_text": "", "channel": ""})
    assert (refused.status, "Pilih sedikitnya satu" in await refused.text()) == (422, True)
    for wrong in (
        {"noticed_at": "kemarin"},
        {"since": "senin"},
        {"numbers": "KBR-1"},
        {"noticed_at": "2026-11-24T07:30"},
        {"noticed_at": "0001-01-01T00:00"},
        {"noticed_at": "2026-11-23T07:30-05:00"},
        {"until": "9999-12-31"},
    ):
        assert (await desk.press(SCREEN, **{**NOTED, **wrong})).status == 422, wrong
    here = await noted(desk)
    assert "Pelanggaran data belum diberitahukan" in await desk.words("/admin/beranda")
    page = await desk.words(here)
    assert "Batas pemberitahuan: Kam 26 Nov 2026 07.30 WIB" in page
    assert "1 orang dari 1 aduan, menurut keadaan sekarang" in page
    assert "Beri tahu lembaga dan orang yang terkena" in page
    assert "0 orang dari 0 aduan" in await desk.done(f"{here}/lingkup", here, channel="sms")
    assert (await desk.press(f"{here}/lingkup", here, numbers="KBR-1")).status == 422
    await desk.done(f"{here}/lingkup", here, channel="tg")
    short = await desk.press(f"{here}/periksa", here, **{**TOLD, "said_how": "Bocor"})
    assert (short.status, "Terlalu pendek" in await short.text()) == (422, True)
    looked = words(await (await desk.press(f"{here}/periksa", here, **TOLD)).text())
    assert "1 orang lewat tg" in looked
    assert "terjadi 22 Nov 2026. Berkas cadangan dapat dibuka" in looked
    assert said(desk.served.gateway.store, "pv.breach") == []
    assert "Pesan sedang ditulis, 1 orang lagi" in await desk.done(f"{here}/kirim", here, **TOLD)
    run_duty(desk.served.gateway.store, next(duty for duty in UPKEEP if duty.name == "breaches_told"))
    (sent,) = said(desk.served.gateway.store, "pv.breach")
    assert number in sent
    assert not {word for word in LAMP.split() if len(word) > 4} & set(sent.split())
    assert "Semua orang yang terkena sudah diproses" in await desk.words(here)
    await desk.done(f"{here}/lembaga", here, how="Surat nomor 12 tanggal 23 November")
    page = await desk.done(f"{here}/orang", here, how="Pesan lewat kanal masing-masing")
    assert "Sudah diberitahukan" in page
    assert f"{here}/lembaga" not in await desk.page(here)
    await desk.done(f"{here}/tindakan", here, words="Akses cadangan dibatasi untuk dua orang")
    assert (await desk.press(f"{here}/lain", here)).status == 404


async def test_c33_letters_are_filled_in_both_languages(desk: Desk) -> None:
    desk.report(LAMP)
    await desk.become(DP)
    here = await noted(desk)
    authority = await desk.words(f"{here}/surat?untuk=lembaga&bahasa=id")
    for part in (
        "UU 27 Tahun 2022 pasal 46",
        CANARY,
        "Kejadian: 22 Nov 2026",
        "kontak, isi laporan",
        "1 orang dari 1 laporan",
    ):
        assert part in authority
    assert "Kunci cadangan diganti" in authority
    assert "SALINAN INTERNAL" not in authority
    person = await desk.words(f"{here}/surat?untuk=orang&bahasa=en")
    assert "contact, words of the report" in person
    assert f"terbaca {CANARY}" not in person
    assert "(to be filled in)" in person
    for address in (f"{here}/surat?untuk=koran", f"{here}/surat?bahasa=fr", f"{SCREEN}/0000000000000/surat"):
        await desk.page(address, 404)


async def test_c33_what_is_late_stands_on_top_and_is_marked(desk: Desk) -> None:
    await desk.become(DP)
    first = await noted(desk, what="Surat berisi nomor telepon dikirim ke alamat yang salah.")
    over = await noted(
        desk, what="Layar dengan daftar pelapor terlihat dari ruang tunggu.", noticed_at="2026-11-22T08:00"
    )
    for whom in ("lembaga", "orang"):
        await desk.done(f"{over}/{whom}", over, how="Surat nomor 12 tanggal 23 November")
    desk.served.moment.pass_(hours=71)
    await desk.become(DP)
    second = await noted(desk, noticed_at="2026-11-26T06:00")
    desk.served.moment.pass_(hours=1, minutes=31)
    await desk.become(DP)
    page = await desk.page(SCREEN)
    assert re.findall(rf'href="({SCREEN}/\w+)"', page) == [first, second, over]
    assert re.findall(r'class="state (\w+)"', page) == ["bad", "plain", "good"]
    assert "Lewat batas" in await desk.words(first)


async def test_c33_c10_the_list_leaves_with_a_reason_and_its_password_stays_here(desk: Desk) -> None:
    desk.report(LAMP, sender="7299000417")
    await desk.become(DP)
    here = await noted(desk)
    assert (await desk.press(f"{here}/daftar", here, reason="surat")).status == 422
    taken = await desk.press(f"{here}/daftar", here, reason="Memberi tahu dengan surat pos")
    content = await taken.read()
    assert (taken.status, taken.content_type, taken.headers["Cache-Control"]) == (200, "application/zip", "no-store")
    found = re.search(r"Sandi berkas: (\S+)", await desk.words(here))
    assert found
    table = unsealed(content, found[1])["daftar.csv"].decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(table), delimiter=";"))["alamat"] == "7299000417"


async def test_c33_c24_no_other_screen_record_or_row_tells_of_it(desk: Desk) -> None:
    desk.report(LAMP)
    await desk.become(DP)
    here = await noted(desk)
    screens = [route.path for route in SCREENS if route.method == "GET" and "{" not in route.path]
    for role in OTHERS:
        await desk.become(role, "PUPR")
        for path in (*screens, here, f"{here}/surat"):
            answer = await desk.served.client.get(path)
            seen = answer.status == 200 and CANARY in await answer.text()
            assert seen == (role is DP and path.startswith(SCREEN)), (role, path)
        if role is not DP:
            refused = await desk.press(f"{here}/daftar", "/admin/beranda", reason="Ingin tahu siapa saja mereka")
            assert refused.status == 403, role
    with desk.served.tx() as tx:
        holds = {name for name, table in tables.metadata.tables.items() if CANARY in str(rows_of(tx, table))}
        kinds = {row.kind for row in tx.all(select(tables.task.c.kind))}
    assert holds == KEPT_THERE
    assert "breach_noted" in kinds
    await desk.become(Role.COORDINATOR)
    assert "breach" not in await desk.page("/admin/tugas")


def rows_of(tx: Any, table: Any) -> list[Any]:
    return [row._asdict() for row in tx.all(select(table))]
