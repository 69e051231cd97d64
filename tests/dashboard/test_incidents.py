"""Linking on the screen of a complaint, and what it shows of the others."""

from gateway.complaints.complaint import Role
from gateway.complaints.number import format_number
from gateway.record import cases
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_complaint import LAMP, assigned, form, hidden, row_of


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


def surge(desk: Desk, many: int = 5) -> list[str]:
    """Many reports of one topic from one place within minutes."""
    numbers = [desk.report(f"{LAMP} Nomor rumah {place}.", f"8{place}") for place in range(many)]
    with desk.served.tx() as tx:
        for number in numbers:
            case = cases.by_number(tx, number)
            assert case is not None
            cases.amend(tx, case.id, topic="pekerjaan-umum", place="62.01.02", place_name="Kumai")
    return numbers


async def test_from_five_alike_within_an_hour_it_may_be_one_incident(desk: Desk) -> None:
    numbers = surge(desk)
    assert "Kemungkinan insiden massal" in await desk.words("/admin/aduan")
    page = await desk.words("/admin/insiden")
    assert "5 laporan dalam 60 menit" in page
    assert all(number in page for number in numbers)
    answer = await desk.press("/admin/insiden", "/admin/insiden", parent=numbers[0], id=numbers, agency="PUPR")
    assert answer.headers["Location"].startswith("/admin/insiden?selesai=incident_gathered&n=4&sisa=0")
    assert {row_of(desk, number).agency for number in numbers} == {"PUPR"}
    assert {row_of(desk, number).parent_id for number in numbers[1:]} == {row_of(desk, numbers[0]).id}
    page = await desk.words("/admin/insiden")
    assert "Belum ada" in page
    assert "1 kejadian, 5 laporan" in page
    assert "Kemungkinan insiden massal" not in await desk.words("/admin/aduan")


async def test_what_is_taken_out_counts_reports_and_cases(desk: Desk) -> None:
    numbers = [*surge(desk, 3), desk.report("Sampah pasar menumpuk", "99")]
    await desk.press("/admin/insiden", "/admin/insiden", parent=numbers[0], id=numbers[:3])
    path = "/admin/aduan/ekspor?tab=semua"
    assert "4 aduan (2 kejadian: laporan yang tertaut dihitung satu)." in await desk.words(path)
    answer = await desk.press(path, path, reason="Bahan rapat koordinasi")
    lines = (await answer.text()).splitlines()
    assert "Jumlah aduan;4" in lines
    assert "Jumlah kejadian (laporan yang tertaut dihitung satu);2" in lines


async def test_four_are_no_mass(desk: Desk) -> None:
    surge(desk, 4)
    assert "Kemungkinan insiden massal" not in await desk.words("/admin/aduan")


def copies(desk: Desk, number: str, numbers: range, **values: object) -> list[str]:
    """More reports like this one, with these places in the count of the year."""
    like, found = row_of(desk, number)._asdict(), [format_number("KBR", 2026, place) for place in numbers]
    with desk.served.tx() as tx:
        for one in found:
            tx.insert(tables.complaint, **(like | {"id": tx.new_id(), "number": one} | values))
    return found


async def test_of_more_than_one_parent_can_hold_a_form_shows_what_it_can_gather(desk: Desk) -> None:
    number, other = surge(desk, 2)
    linked = copies(desk, number, range(1_000, 1_010), parent_id=row_of(desk, number).id)
    more = copies(desk, other, range(2_000, 2_310))
    page = await desk.page("/admin/insiden")
    assert "322 laporan dalam 60 menit, 11 sudah tertaut" in words(page)
    assert "Di bawah ini 201 di antaranya" in words(page)
    assert page.count('name="id"') == 201
    assert not any(one in page for one in linked)
    assert "(322 laporan dalam 60 menit)" in await desk.words("/admin/aduan")
    posted = await desk.press("/admin/insiden", "/admin/insiden", parent=number, id=[number, *more[:1]])
    assert "selesai=incident_gathered&n=1&sisa=0" in posted.headers["Location"]


async def test_who_has_no_place_behind_the_parent_is_counted_and_told_of(desk: Desk) -> None:
    number = surge(desk, 1)[0]
    children = copies(desk, number, range(1_000, 1_200), parent_id=row_of(desk, number).id)
    one_more = desk.report(f"{LAMP} Nomor rumah 7.", "87")
    chosen = [number, *children, one_more]
    answer = await desk.press("/admin/insiden", "/admin/insiden", parent=number, id=chosen)
    assert answer.headers["Location"].startswith("/admin/insiden?selesai=incident_full&n=200&sisa=1")
    assert "200 aduan ditautkan, 1 tidak ikut. Induk itu sudah penuh." in await desk.words(answer.headers["Location"])
    assert row_of(desk, one_more).parent_id is None


async def test_a_line_for_receipts_is_begun_and_ended_on_the_screen(desk: Desk) -> None:
    wrong = await desk.press("/admin/insiden/kabar", "/admin/insiden", line="singkat", words="air", hours="6")
    assert wrong.status == 422
    assert "Paling sedikit 10 huruf." in words(await wrong.text())
    line = "Gangguan air PDAM di Kec. Contoh sudah diketahui."
    begun = await desk.press("/admin/insiden/kabar", "/admin/insiden", line=line, words="air pdam", hours="6")
    assert begun.status == 303
    page = await desk.page("/admin/insiden")
    assert line in page
    assert "kata: air, pdam" in words(page)
    identity = hidden(page.partition("/admin/insiden/kabar/akhiri")[2], "id")
    await desk.press("/admin/insiden/kabar/akhiri", "/admin/insiden", id=identity)
    assert line not in await desk.page("/admin/insiden")


async def test_a_similar_report_is_shown_with_what_speaks_for_it_and_linked_by_its_button(desk: Desk) -> None:
    first, second = surge(desk, 2)
    page = await desk.page(f"/admin/aduan/{second}")
    panel = page.partition('id="serupa"')[2].partition("</section>")[0]
    assert f"{first}" in panel
    assert "sangat mungkin sama" in words(panel)
    assert "kata sama:" in words(panel)
    assert "kecamatan yang sama · dalam sejam" in words(panel)
    assert f"Tautkan ke {first}" in words(panel)
    given = {name: hidden(panel, name) for name in ("version", "key", "parent")}
    answer = await desk.press(f"/admin/aduan/{second}/aksi/link", f"/admin/aduan/{second}", **given)
    assert answer.status == 303
    assert row_of(desk, second).parent_id == row_of(desk, first).id
    assert "Mungkin kejadian yang sama" not in await desk.words(f"/admin/aduan/{second}")


async def test_who_may_not_link_is_told_of_similar_reports_without_a_button(desk: Desk) -> None:
    first, second = surge(desk, 2)
    await desk.become(Role.PRIVACY_OFFICER)
    page = await desk.words(f"/admin/aduan/{second}")
    assert "Mungkin kejadian yang sama" in page
    assert first in page
    assert "Tautkan ke" not in page
