"""The bridge by hand, open tasks, the record of deeds: what people settle, and that it stays settled."""

import pytest
from sqlalchemy import select

from gateway.complaints.complaint import Role
from gateway.queries import bridge
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_channels import audited
from tests.dashboard.test_complaint import assigned, row_of


def forward(desk: Desk, number: str, state: str = "manual", **values: object) -> str:
    """The row of a complaint that goes to the system of record, in this state; its id as addresses show it."""
    table = tables.forward
    with desk.served.tx() as tx:
        row = tx.one(select(table).where(table.c.marker == number, table.c.kind == "create"))
        assert row is not None
        tx.execute(table.update().where(table.c.id == row.id).values(state=state, **values))
    return id_text(row.id)


def state_of(desk: Desk, identity: str) -> tuple[str, str | None]:
    with desk.served.tx() as tx:
        row = tx.one(select(tables.forward).where(tables.forward.c.id == bridge.id_of(identity)))
    assert row is not None
    return row.state, row.remote_id


def open_tasks(desk: Desk) -> list[str]:
    with desk.served.tx() as tx:
        return sorted(row.kind for row in tx.all(select(tables.task).where(tables.task.c.done_at.is_(None))))


async def test_the_sheet_shows_the_words_that_leave_one_field_each(desk: Desk) -> None:
    number = assigned(desk, "Lampu jalan di Jl. Melati RT 4 padam sejak tiga malam. Hubungi 081234567890.")
    identity = forward(desk, number)
    assert number in await desk.words("/admin/sp4n/jembatan")
    page = await desk.page(f"/admin/sp4n/jembatan/{identity}")
    shown = words(page)
    assert page.count("readonly") >= 6
    assert "Judul" in shown
    assert f"[Ref: {number}]" in shown
    assert "[telepon disamarkan]" in shown
    assert "081234567890" not in page
    assert "ANONIM TIDAK RAHASIA TIDAK" in shown


async def test_typing_in_leads_to_waiting_for_the_number_and_then_to_done(desk: Desk) -> None:
    number = assigned(desk)
    identity = forward(desk, number)
    path = f"/admin/sp4n/jembatan/{identity}"
    done = await desk.done(f"{path}/sudah-diinput", path)
    assert "Isi nomornya bila sudah muncul" in done
    assert state_of(desk, identity)[0] == "awaiting_number"
    assert number in await desk.words("/admin/sp4n/jembatan?tab=menunggu_nomor")
    await desk.done(f"{path}/nomor", path, number=" #8123456 ")
    assert state_of(desk, identity) == ("sent", "8123456")
    assert row_of(desk, number).sp4n_id == "8123456"
    assert "8123456" in await desk.words("/admin/sp4n/jembatan?tab=selesai")
    assert open_tasks(desk) == []


@pytest.mark.parametrize("typed", ["", "12345", "81234567", "delapan", "KBR-260000013"])
async def test_what_is_no_number_of_theirs_is_refused_and_kept(desk: Desk, typed: str) -> None:
    identity = forward(desk, assigned(desk))
    path = f"/admin/sp4n/jembatan/{identity}"
    answer = await desk.press(f"{path}/nomor", path, number=typed)
    text = await answer.text()
    assert answer.status == 422
    assert "terdiri dari 7 angka" in text
    assert f'value="{typed}"' in text
    assert state_of(desk, identity)[0] == "manual"


async def test_a_number_belongs_to_one_complaint_only(desk: Desk) -> None:
    first = assigned(desk)
    await desk.done(f"/admin/sp4n/jembatan/{forward(desk, first)}/nomor", "/admin/sp4n/jembatan", number="8123456")
    second = forward(desk, assigned(desk, "Sampah di pasar Indra Sari tidak diangkut", "DLH", "78"))
    answer = await desk.press(f"/admin/sp4n/jembatan/{second}/nomor", "/admin/sp4n/jembatan", number="8123456")
    assert f"sudah dipakai aduan {first}" in await answer.text()


async def test_a_doubt_ends_with_its_number_with_another_try_or_as_failed(desk: Desk) -> None:
    number = assigned(desk)
    identity = forward(desk, number, "manual_check")
    with desk.served.tx() as tx:
        tasks.add(tx, "sp4n_check", str(bridge.id_of(identity)), number, cases.by_number(tx, number).id)
    path = f"/admin/sp4n/jembatan/{identity}"
    page = await desk.words(path)
    for button in ("Sudah ada, nomornya …", "Belum ada, kirim ulang", "Tandai gagal"):
        assert button in page
    await desk.done(f"{path}/kirim-ulang", path, reason="Sudah dicari, tidak ada")
    assert state_of(desk, identity)[0] == "retry"
    assert open_tasks(desk) == []
    assert audited(desk)[-1] == ("bridge_sent_again", "Sudah dicari, tidak ada")


async def test_what_failed_for_good_leaves_the_board(desk: Desk) -> None:
    identity = forward(desk, assigned(desk), "manual_check")
    path = f"/admin/sp4n/jembatan/{identity}"
    await desk.done(f"{path}/gagal", path, reason="LAPOR! menolak tanpa sebab")
    assert state_of(desk, identity)[0] == "failed"
    assert "Tidak ada yang perlu dicek" in await desk.words("/admin/sp4n/jembatan?tab=perlu_dicek")


async def test_no_state_is_asked_for_where_a_report_is_known_by_another_s_number(desk: Desk) -> None:
    number = assigned(desk)
    path = f"/admin/sp4n/jembatan/{forward(desk, number, 'sent')}"
    page = await desk.page(path)
    assert ("/ganti-nomor" in page, "/keadaan" in page) == (True, False)
    forward(desk, number, "sent", remote_id="8123456")
    assert "/keadaan" in await desk.page(path)


async def test_a_wrong_number_is_corrected_with_a_reason(desk: Desk) -> None:
    number = assigned(desk)
    identity = forward(desk, number)
    path = f"/admin/sp4n/jembatan/{identity}"
    await desk.done(f"{path}/nomor", path, number="8123456")
    refused = await desk.press(f"{path}/ganti-nomor", path, number="8123457", reason="")
    assert refused.status == 422
    await desk.done(f"{path}/ganti-nomor", path, number="8123457", reason="Salah ketik satu angka")
    assert row_of(desk, number).sp4n_id == "8123457"


async def test_two_people_at_one_row_do_not_undo_each_other(desk: Desk) -> None:
    identity = forward(desk, assigned(desk))
    path = f"/admin/sp4n/jembatan/{identity}"
    await desk.done(f"{path}/nomor", path, number="8123456")
    answer = await desk.press(f"{path}/sudah-diinput", path)
    assert answer.status == 422
    assert "sudah ditangani orang lain" in await answer.text()


async def test_who_may_know_the_number_only_copies_nothing(desk: Desk) -> None:
    number = assigned(desk, "Ada kekerasan terhadap anak di rumah tetangga, tolong dilihat")
    identity = forward(desk, number)
    with desk.served.tx() as tx:
        cases.amend(tx, cases.by_number(tx, number).id, sensitive="anak")
    await desk.become(Role.CHANNEL_ADMIN)
    page = await desk.page(f"/admin/sp4n/jembatan/{identity}")
    assert "rumah tetangga" not in page
    assert "hanya melihat nomor" in page


async def test_an_unknown_row_is_not_there(desk: Desk) -> None:
    for path in ("0000000000000", "ngawur", "1"):
        await desk.page(f"/admin/sp4n/jembatan/{path}", 404)


async def test_tasks_stand_there_with_what_to_do_and_are_ticked_off(desk: Desk) -> None:
    number = assigned(desk)
    with desk.served.tx() as tx:
        tasks.add(tx, "third_reopen", number, "lubangnya terbuka lagi", cases.by_number(tx, number).id)
        tasks.add(tx, "sp4n_unknown_status", "Ditunda Sementara", number)
    page = await desk.page("/admin/tugas")
    shown = words(page)
    assert "Semua 2" in shown
    assert "Ingin dibuka ketiga kali" in shown
    assert "Ombudsman" in shown
    identity = page.partition('name="id" value="')[2].partition('"')[0]
    done = await desk.done("/admin/tugas", "/admin/tugas", id=identity)
    assert "Tugas selesai" in done
    assert len(open_tasks(desk)) == 1


async def test_a_task_about_a_complaint_that_one_may_not_read_keeps_its_words_back(desk: Desk) -> None:
    number = assigned(desk, "Ada kekerasan terhadap anak di rumah tetangga, tolong dilihat")
    with desk.served.tx() as tx:
        case = cases.by_number(tx, number)
        cases.amend(tx, case.id, sensitive="anak")
        tasks.add(tx, "third_reopen", number, "tetangga saya memukul lagi", case.id)
    await desk.become(Role.CHANNEL_ADMIN)
    page = await desk.page("/admin/tugas")
    assert number in page
    assert "memukul" not in page


async def test_a_coordinator_reads_their_own_deeds_only(desk: Desk) -> None:
    await desk.done("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    await desk.become(Role.COORDINATOR)
    page = await desk.words("/admin/audit")
    assert "Saldo penyedia habis" not in page
    assert "Periksa keutuhan" not in page
    answer = await desk.press("/admin/audit")
    assert answer.status == 403


async def test_the_privacy_officer_reads_all_and_checks_the_chain(desk: Desk) -> None:
    await desk.done("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    await desk.become(Role.PRIVACY_OFFICER)
    assert "Kanal dijeda channel_paused Kanal sms" in await desk.words("/admin/audit?aksi=channel_paused")
    answer = await desk.press("/admin/audit")
    assert "Rantai utuh" in await answer.text()


async def test_a_broken_chain_names_its_first_bad_line(desk: Desk) -> None:
    await desk.done("/admin/kanal/sms/jeda", reason="Saldo penyedia habis")
    with desk.served.tx() as tx:
        tx.execute(tables.audit_head.update().values(seq=tables.audit_head.c.seq + 5))
    await desk.become(Role.SYSTEM_ADMIN)
    answer = await desk.press("/admin/audit")
    text = words(await answer.text())
    assert "Hubungi pejabat pelindungan data" in text
