"""Units and teams: what a unit lacks is said in words, its ladder shows its holes, leave is entered by those whose it is."""

import re

from gateway.complaints.complaint import Role
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.gateway.test_mandates import MEMBER

LEAVE = tables.member_leave
DAYS = {"dari": "2026-11-23", "sampai": "2026-11-25"}


def key_of(page: str, role: str) -> str:
    """What the form calls the person of this role."""
    [key] = re.findall(rf'<option value="(\w+)"[^>]*>{role}:', page)
    return str(key)


async def test_the_list_says_which_unit_lacks_what(desk: Desk) -> None:
    await desk.become(Role.COORDINATOR)
    page = await desk.page("/admin/opd")
    assert "0 dari 4 unit lengkap" in page
    assert "Deputi kosong" in page
    assert "Dinas Pekerjaan Umum dan Penataan Ruang" in page


async def test_a_hole_is_named_with_what_to_do_and_the_dry_run_says_who_is_told(desk: Desk) -> None:
    with desk.served.tx() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.agency == "PUPR").values(ended_at=tx.now))
    await desk.become(Role.COORDINATOR)
    page = await desk.page("/admin/opd/PUPR")
    assert "Tidak ada seorang pun yang menjabat. Aduan langsung ke koordinator." in page
    assert page.count("Putus: kosong") == 4  # team, deputy, head, and nobody stands for the regional head
    assert re.search(r"Koordinator <span class=\"why\">Contoh Koordinator</span>.*3 dilewati", page, re.DOTALL)
    assert "Tidak seorang pun" in page


async def test_a_head_enters_the_leave_of_the_team_and_takes_it_back(desk: Desk) -> None:
    await desk.become(Role.KEPALA, "PUPR")
    page = await desk.page("/admin/opd/PUPR")
    form = DAYS | {"anggota": key_of(page, "Penghubung")}
    assert "Cuti disimpan" in await desk.done("/admin/opd/PUPR/cuti", "/admin/opd/PUPR", **form)
    page = await desk.page("/admin/opd/PUPR")
    assert "23 Nov 2026 – 25 Nov 2026" in page
    again = await desk.press("/admin/opd/PUPR/cuti", "/admin/opd/PUPR", **form)
    assert again.status == 422
    assert "Sudah ada cuti pada tanggal itu." in await again.text()
    no_day = await desk.press("/admin/opd/PUPR/cuti", "/admin/opd/PUPR", **form | {"sampai": "besok"})
    assert "Tulis kedua tanggal." in await no_day.text()
    [address] = re.findall(r'action="(/admin/opd/PUPR/cuti/\w+/hapus)"', page)
    assert "Cuti dihapus" in await desk.done(address, "/admin/opd/PUPR")


async def test_c7_a_unit_of_others_does_not_exist_and_its_leave_cannot_be_entered(desk: Desk) -> None:
    await desk.become(Role.COORDINATOR)
    theirs = key_of(await desk.page("/admin/opd/DLH"), "Penghubung")
    await desk.become(Role.KEPALA, "PUPR")
    client = desk.served.client
    assert (await client.get("/admin/opd/DLH")).status == 404
    assert "Dinas Lingkungan Hidup" not in await desk.page("/admin/opd?tab=semua")
    assert (await desk.press("/admin/opd/DLH/cuti", "/admin/opd/PUPR", anggota=theirs, **DAYS)).status == 404
    refused = await desk.press("/admin/opd/PUPR/cuti", "/admin/opd/PUPR", anggota=theirs, **DAYS)
    assert "Cuti unit ini bukan wewenang Anda." in await refused.text()
