"""A file of statuses in front of the coordinator: looked at, taken over, refused in a sentence; the list as a file."""

from urllib.parse import quote

import pytest
from aiohttp import FormData
from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.record import cases
from gateway.reporting import bridge as reporting
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_bridge import forward
from tests.dashboard.test_channels import audited
from tests.dashboard.test_complaint import assigned, row_of

SCREEN = "/admin/sp4n/impor"


async def upload(desk: Desk, content: bytes, **fields: str) -> tuple[int, str]:
    form = FormData({"_csrf": await desk.served.token_of(SCREEN), **fields})
    form.add_field("files", content, filename="lapor.csv", content_type="text/csv")
    answer = await desk.served.client.post(SCREEN, data=form)
    return answer.status, await answer.text()


async def test_a_file_is_looked_at_then_taken_over_and_once_more_changes_nothing(desk: Desk) -> None:
    number = assigned(desk)
    forward(desk, number, "sent", remote_id="8123456")
    content = b"nomor_sp4n;status\n8123456;Ditindaklanjuti\n8999999;Selesai\nabc;Selesai\n"
    status, page = await upload(desk, content)
    shown = words(page)
    assert status == 200
    for part in (
        "1 pelapor akan menerima satu kabar",
        "Didisposisikan → Sedang dikerjakan",
        "bukan 7 angka",
        "isi nomor_tiket",
    ):
        assert part in shown
    assert row_of(desk, number).status == "assigned"
    key = page.partition('name="berkas" value="')[2].partition('"')[0]
    answer = await desk.press(f"{SCREEN}/terapkan", SCREEN, berkas=key, tahap="terapkan")
    shown = words(await answer.text())
    assert "Selesai: 1 aduan diperbarui" in shown
    assert "Ditolak 1" in shown, "the row that is no row counts as in the preview"
    assert row_of(desk, number).status == "in_progress"
    assert audited(desk)[-1][0] == "statuses_imported"
    gone = await desk.press(f"{SCREEN}/terapkan", SCREEN, berkas=key, tahap="terapkan")
    assert (gone.status, "kedaluwarsa" in await gone.text()) == (422, True)
    _, again = await upload(desk, content)
    assert "sudah pernah diterapkan" in words(again)


async def test_a_file_that_is_no_table_is_refused_in_a_sentence(desk: Desk) -> None:
    status, page = await upload(desk, b"PK\x03\x04 Excel")
    assert (status, "CSV UTF-8" in words(page)) == (422, True)


async def test_the_work_list_is_a_file_that_can_be_filled_in_and_brought_back(desk: Desk) -> None:
    number = assigned(desk, "Lampu jalan di Jl. Melati RT 4 padam. Hubungi 081234567890.")
    forward(desk, number)
    on = "/admin/sp4n/jembatan"
    refused = await desk.press(f"{on}/ekspor", on, tab="perlu_diinput", reason="")
    assert "bridge_no_reason" in refused.headers["Location"]
    taken = await desk.press(f"{on}/ekspor", on, tab="perlu_diinput", reason="Diinput bersama tim LAPOR!")
    text = (await taken.text()).removeprefix("\ufeff")
    assert number in text
    assert "081234567890" not in text
    assert audited(desk)[-1] == ("exported", "Diinput bersama tim LAPOR!")
    filled = text.replace(f"{number};;;", f"{number};8123456;Terdisposisi;", 1)
    _, page = await upload(desk, filled.encode())
    assert "dihubungkan" in words(page)
    await desk.become(Role.CHANNEL_ADMIN)
    answer = await desk.press(f"{on}/ekspor", on, tab="perlu_diinput", reason=quote("Diinput bersama tim"))
    assert answer.status == 403


async def test_a_list_that_was_cut_is_not_recorded_as_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where less stands in the file than was looked at: what few may know of is left out of it."""
    monkeypatch.setattr(reporting, "MOST_ROWS", 2)
    numbers = [assigned(desk, f"Lampu jalan ke-{n} di Jl. Melati padam", sender=str(n)) for n in range(80, 83)]
    for number in numbers:
        forward(desk, number)
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, numbers[0]).id, confidential=True)
    on = "/admin/sp4n/jembatan"
    await desk.press(f"{on}/ekspor", on, tab="perlu_diinput", reason="Diinput bersama tim LAPOR!")
    with desk.served.tx() as tx:
        (row,) = tx.all(select(tables.audit.c.details).where(tables.audit.c.action == "exported"))
    assert (row.details["rows"], row.details["left_out"], row.details["complete"]) == (1, 1, False)


async def test_the_state_over_there_is_entered_on_its_row(desk: Desk) -> None:
    number = assigned(desk)
    identity = forward(desk, number, "sent", remote_id="8123456")
    path = f"/admin/sp4n/jembatan/{identity}"
    assert "Menunggu verifikasi" in await desk.page(path)
    await desk.done(f"{path}/keadaan", path, status="Ditindaklanjuti", note="Petugas ke lokasi besok.")
    assert row_of(desk, number).status == "in_progress"
    answer = await desk.press(f"{path}/keadaan", path, status="Ditindaklanjuti", note="")
    assert (answer.status, "sudah tercatat" in await answer.text()) == (422, True)


async def test_the_lists_of_lapor_are_brought_compared_and_asked_for(desk: Desk) -> None:
    on = "/admin/sp4n/induk"
    assert "belum pernah" in await desk.words(on)
    content = b"id;nama\n990010;Dinas Contoh\n"
    form = FormData({"_csrf": await desk.served.token_of(on), "daftar": "institution"})
    form.add_field("files", content, filename="instansi.csv", content_type="text/csv")
    answer = await desk.served.client.post(on, data=form)
    shown = words(await answer.text())
    assert (answer.status, "Daftar dicatat: 1 baris. Baru 1" in shown) == (200, True)
    assert audited(desk)[-1][0] == "masters_imported"
    empty = FormData({"_csrf": await desk.served.token_of(on), "daftar": "category"})
    empty.add_field("files", b"nomor;judul\n1;2\n", filename="x.csv", content_type="text/csv")
    answer = await desk.served.client.post(on, data=empty)
    assert (answer.status, "Kolom id tidak ada" in await answer.text()) == (422, False)
    assert "Daftar induk segera diambil" in await desk.done(f"{on}/ambil", on)
    await desk.become(Role.PENGHUBUNG, "PUPR")
    assert (await desk.served.client.get(on)).status in {403, 404}
