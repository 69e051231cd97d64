"""Where LAPOR! says something else: shown on the task and the complaint, decided by the coordinator in one press."""

from gateway.complaints.complaint import Role
from gateway.forwarding import disagreements
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.types import id_text
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_bridge import forward, open_tasks
from tests.dashboard.test_channels import audited
from tests.dashboard.test_complaint import assigned


def parted(desk: Desk) -> tuple[str, str]:
    """The number of a complaint that stands elsewhere at LAPOR!, and the way to its question."""
    number = assigned(desk)
    forward(desk, number, "sent", remote_id="8123456", remote_status="Belum Terverifikasi")
    with desk.served.tx() as tx:
        case = cases.by_number(tx, number)
        assert case is not None
        disagreements.ask(tx, case, number, "assigned / Belum Terverifikasi")
        row = tx.one(tables.task.select())
        assert row is not None
    return number, f"/admin/sp4n/beda/{id_text(row.id)}"


async def test_both_sides_stand_on_the_task_and_the_complaint_with_the_three_ways(desk: Desk) -> None:
    number, _path = parted(desk)
    for page in (await desk.words("/admin/tugas"), await desk.words(f"/admin/aduan/{number}")):
        for shown in ("Belum Terverifikasi", "Didisposisikan", "Ikuti LAPOR!", "Kirim ulang tindak lanjut", "Biarkan"):
            assert shown in page
    await desk.become(Role.CHANNEL_ADMIN)
    assert "Ikuti LAPOR!" not in await desk.words("/admin/tugas")


async def test_leaving_it_without_a_reason_is_asked_back_and_then_kept_in_the_history(desk: Desk) -> None:
    number, path = parted(desk)
    answer = await desk.press(f"{path}/biarkan", path, reason="nanti")
    text = await answer.text()
    assert answer.status == 422
    assert "Tulis mengapa dibiarkan" in words(text)
    assert 'value="nanti"' in text
    done = await desk.done(f"{path}/biarkan", path, reason="Menunggu admin LAPOR! pusat.")
    assert "Perbedaan dibiarkan" in done
    assert "Menunggu admin LAPOR! pusat." in await desk.words(f"/admin/aduan/{number}")
    assert open_tasks(desk) == []
    assert audited(desk)[-1] == ("sp4n_left_as_it_is", "Menunggu admin LAPOR! pusat.")
    await desk.page(path, 404)


async def test_a_way_that_is_none_is_not_there(desk: Desk) -> None:
    _number, path = parted(desk)
    answer = await desk.press(f"{path}/hapus", path)
    assert answer.status == 404
