"""One deed for many complaints: what would become of each is said first, each is done by itself, and only once."""

from gateway.complaints.complaint import Action, Role
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import apply, row_of, suggested


def three(desk: Desk) -> list[str]:
    """One with a suggestion, one without, one that is held."""
    numbers = [desk.report(f"Lampu jalan di Jl. Melati {n} mati", str(80 + n)) for n in range(3)]
    suggested(desk, numbers[0])
    with desk.served.tx() as tx:
        tx.execute(tables.complaint.update().where(tables.complaint.c.number == numbers[2]).values(hold="spam"))
    return numbers


async def looked_over(desk: Desk, deed: str, numbers: list[str], **more: str) -> str:
    answer = await desk.press("/admin/aduan/bersama", "/admin/aduan?tab=semua", deed=deed, id=numbers, **more)
    assert answer.status == 200
    return await answer.text()


async def test_the_page_says_what_becomes_of_each_before_anything_is_done(desk: Desk) -> None:
    numbers = three(desk)
    page = words(await looked_over(desk, "assign", numbers))
    assert "Disposisi 1 aduan?" in page
    assert "Tidak ikut: 2" in page
    for reason in ("Belum ada saran kantor. Pilih kantornya.", "Sedang ditahan. Lepas dulu."):
        assert reason in page
    assert {row_of(desk, number).status for number in numbers} == {"received"}
    chosen = words(await looked_over(desk, "assign", numbers, agency="DLH"))
    assert "Disposisi 2 aduan?" in chosen


async def test_each_is_done_by_itself_and_once(desk: Desk) -> None:
    numbers = three(desk)
    version = {number: row_of(desk, number).version for number in numbers}
    fields = {
        "deed": "verify",
        "id": [f"{n}@{version[n]}" for n in numbers],
        "yes": "1",
        "key": "abc",
        "kembali": "tab=semua",
    }
    page = await desk.done("/admin/aduan/bersama", "/admin/aduan?tab=semua", **fields)
    assert "2 aduan diverifikasi, 1 tidak ikut." in page
    assert [row_of(desk, number).status for number in numbers] == ["verified", "verified", "received"]
    again = await desk.done("/admin/aduan/bersama", "/admin/aduan?tab=semua", **fields)
    assert "0 aduan diverifikasi, 3 tidak ikut." in again


async def test_what_moved_since_it_was_looked_at_is_left_out(desk: Desk) -> None:
    number = desk.report("Lampu jalan di Jl. Melati mati")
    seen = row_of(desk, number).version
    apply(desk, number, Action.NOTE, note="Sudah ditelepon")
    with desk.served.tx() as tx:
        tx.execute(tables.complaint.update().values(version=seen + 1))
    page = words(await looked_over(desk, "verify", [f"{number}@{seen}"]))
    assert "Baru saja berubah. Lihat dulu aduannya." in page


async def test_nothing_ticked_is_said_and_others_cannot(desk: Desk) -> None:
    desk.report("Lampu jalan di Jl. Melati mati")
    page = await desk.done("/admin/aduan/bersama", "/admin/aduan?tab=semua", deed="verify")
    assert "Centang dulu aduan yang dimaksud." in page
    await desk.become(Role.PENGHUBUNG, "PUPR")
    answer = await desk.press("/admin/aduan/bersama", "/admin/aduan", deed="verify", id="KBR-260000013")
    assert answer.status == 403
