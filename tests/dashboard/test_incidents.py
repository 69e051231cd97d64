"""Linking on the screen of a complaint, and what it shows of the others."""

from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import LAMP, assigned, form, row_of


async def test_a_complaint_is_linked_by_number_and_shown_below_its_parent(desk: Desk) -> None:
    parent, child = assigned(desk), desk.report(f"{LAMP} Gelap sekali.", "78")
    answer = await form(desk, child, "link", parent=parent.removeprefix("KBR-"))
    assert answer.status == 303
    assert row_of(desk, child).parent_id == row_of(desk, parent).id
    shown = await desk.words(f"/admin/aduan/{parent}")
    assert "1 tertaut" in shown
    assert "1 kejadian, 2 laporan" in shown
    assert child in shown
    page = await desk.words(f"/admin/aduan/{child}")
    assert f"bagian dari {parent}" in page
    assert f"mengikuti {parent}" in page
    assert "Lepas tautan" in page
    for through_the_parent in ("assign", "reassign", "refer_out"):
        assert f"?aksi={through_the_parent}#aksi" not in await desk.page(f"/admin/aduan/{child}")


async def test_a_number_that_does_not_go_is_explained_beside_the_field(desk: Desk) -> None:
    child = desk.report(LAMP)
    answer = await form(desk, child, "link", parent="260009999")
    assert answer.status == 422
    assert "Nomor itu tidak ditemukan, atau bukan milik perangkat daerah Anda." in words(await answer.text())
    answer = await form(desk, child, "link", parent=child)
    assert "Aduan tidak dapat menjadi induk bagi dirinya sendiri." in words(await answer.text())
