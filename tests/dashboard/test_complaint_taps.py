"""Beside a suggestion one tap puts right place, kind, danger, secrecy and language; what may not be lowered is only noted."""

from sqlalchemy import select

from gateway.complaints.complaint import Action, Role, Sensitive, Urgency
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.dashboard.test_channels import audited
from tests.dashboard.test_complaint import LAMP, apply, hidden, officer, row_of, suggested

RAJA, KUMAI_HULU, KUMAI_HILIR = "62.01.02.1007", "62.01.01.1012", "62.01.01.1011"


def told(desk: Desk) -> list[tuple[str, str, str]]:
    table = tables.ruling
    with desk.served.tx() as tx:
        rows = tx.all(select(table).where(table.c.action == "proposal_corrected").order_by(table.c.event_id))
    return [(row.what, row.proposed, row.decided) for row in rows]


async def tapped(desk: Desk, number: str, what: str, code: str) -> str:
    address = f"/admin/aduan/{number}"
    part = (await desk.page(address)).partition(f'action="{address}/perbaiki/{what}"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key")}
    return await desk.done(f"{address}/perbaiki/{what}", address, code=code, **fields)


async def test_what_was_suggested_wrongly_is_put_right_and_kept_beside_the_suggestion(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, place="Kumai Hulu", place_code=KUMAI_HULU, other_places=(RAJA,), language="id+jv")
    page = words(await desk.page(f"/admin/aduan/{number}"))
    for line in ("Lokasi: Kelurahan Kumai Hulu", "Jenis: Pengaduan", "Kedaruratan: Biasa", "Bahasa: Indonesia + Jawa"):
        assert line in page
    assert "Bukan di sini Kelurahan Raja Kecamatan Kumai Kelurahan Kumai Hilir" in page
    assert "Dicatat." in await tapped(desk, number, "lokasi", RAJA)
    assert (row_of(desk, number).place, row_of(desk, number).place_name) == (RAJA, "Raja")
    await tapped(desk, number, "lokasi", "none")
    await tapped(desk, number, "bahasa", "id")
    await tapped(desk, number, "darurat", "darurat")
    row = row_of(desk, number)
    assert (row.place, row.language, row.urgency) == ("", "id", Urgency.DARURAT)
    await tapped(desk, number, "darurat", "normal")
    assert row_of(desk, number).urgency == Urgency.NORMAL
    assert told(desk) == [
        ("place", KUMAI_HULU, RAJA),
        ("place", KUMAI_HULU, "none"),
        ("language", "id+jv", "id"),
        ("emergency", "normal", "darurat"),
        ("emergency", "normal", "normal"),
    ]
    with desk.served.tx() as tx:
        notices = [row.key for row in tx.all(select(tables.notice.c.key))]
    assert notices.count("duty.new") == 1
    assert [did for did, _ in audited(desk)].count("proposal_corrected") == 5
    assert "Kelurahan Kumai Hulu → Kelurahan Raja" in await desk.words(f"/admin/aduan/{number}")
    screen = "/admin/mutu/pengklasifikasi?tugas="
    assert "0 dari 1 saran benar" in await desk.words(f"{screen}place")
    assert "Kelurahan Kumai Hulu → tidak diketahui 1" in await desk.words(f"{screen}place")
    assert "1 dari 1 saran benar" in await desk.words(f"{screen}emergency")
    assert "Belum ada saran" in await desk.words(f"{screen}sensitive"), "one alone would tell of somebody"


async def test_the_way_that_a_complaint_would_go_follows_the_place_that_a_person_set(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, place="Kumai Hulu", place_code=KUMAI_HULU)

    def way() -> str:
        (reason,) = row_of(desk, number).suggestion["route"]
        return str(reason)

    assert way() == f"Topik pekerjaan-umum di wilayah {KUMAI_HULU}: PUPR"
    await tapped(desk, number, "lokasi", RAJA)
    row = row_of(desk, number)
    assert (row.suggestion["place_code"], row.place, row.suggestion_state) == (KUMAI_HULU, RAJA, "done")
    assert way() == f"Topik pekerjaan-umum di wilayah {RAJA}: PUPR"
    await tapped(desk, number, "lokasi", "none")
    assert way() == "Topik pekerjaan-umum (tempat belum diketahui): PUPR"
    apply(desk, number, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    await tapped(desk, number, "lokasi", RAJA)
    assert (row_of(desk, number).place, way()) == (RAJA, "Topik pekerjaan-umum (tempat belum diketahui): PUPR")


async def test_what_people_decided_stands_when_more_words_come(desk: Desk) -> None:
    number = desk.report(LAMP)
    fire = {"place": "Raja", "place_code": RAJA, "emergency": True, "hazard": "kebakaran", "language": "jv"}
    suggested(desk, number, **fire)
    for what, code in (("lokasi", "none"), ("darurat", "normal"), ("bahasa", "id")):
        await tapped(desk, number, what, code)
    with desk.served.tx() as tx:
        tx.execute(tables.complaint.update().values(suggestion_state="queued"))
    suggested(desk, number, **fire)
    row = row_of(desk, number)
    assert (row.place, row.urgency, row.language) == ("", Urgency.NORMAL, "id")
    assert row.suggestion["place_code"] == RAJA
    with desk.served.tx() as tx:
        assert tx.one(select(tables.proposal.c.emergency)).emergency, "what was proposed stays what it was"


async def test_a_wrong_kind_is_verified_as_what_it_is_and_corrected_later(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, kind="permintaan_informasi")
    address = f"/admin/aduan/{number}"
    page = await desk.page(address)
    assert "archive_reason=bukan_laporan" in page
    part = page.partition('<div class="taps')[2].partition(f'action="{address}/aksi/verify"')[2]
    fields = {name: hidden(part, name) for name in ("version", "key", "topic")}
    await desk.done(f"{address}/aksi/verify", address, kind="aspirasi", **fields)
    assert row_of(desk, number).kind == "aspirasi"
    await tapped(desk, number, "jenis", "pengaduan")
    assert row_of(desk, number).kind == "pengaduan"
    assert told(desk) == [("kind", "permintaan_informasi", "pengaduan")]
    form = await desk.page(f"{address}?aksi=archive&archive_reason=bukan_laporan")
    assert '<option value="bukan_laporan" selected' in form


async def test_a_tap_makes_confidential_and_never_opens(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, sensitive=Sensitive.KORUPSI)
    before = row_of(desk, number)
    assert (before.sensitive, before.confidential) == ("korupsi", True)
    assert "hanya pelapornya yang dapat membukanya" in await tapped(desk, number, "rahasia", "none")
    after = row_of(desk, number)
    assert (after.sensitive, after.confidential) == ("korupsi", True)
    assert "Keliru: tidak peka" not in await desk.words(f"/admin/aduan/{number}")
    other = desk.report("Jembatan kayu di dusun tiga lapuk", "78")
    suggested(desk, other)
    await tapped(desk, other, "rahasia", "kesehatan")
    assert (row_of(desk, other).sensitive, row_of(desk, other).confidential) == ("kesehatan", True)
    assert told(desk) == [("sensitive", "korupsi", "none"), ("sensitive", "none", "kesehatan")]


async def test_an_officer_corrects_what_is_in_hand_but_calls_nobody_off(desk: Desk) -> None:
    number = desk.report(LAMP)
    suggested(desk, number, emergency=True, hazard="kebakaran", place="Raja", place_code=RAJA)
    apply(desk, number, Action.ASSIGN, agency="PUPR", kind="pengaduan", topic="pekerjaan-umum")
    await desk.become(Role.PENGHUBUNG, "PUPR")
    address = f"/admin/aduan/{number}"
    page = await desk.words(address)
    assert "Bukan di sini" in page
    assert "Bukan darurat" not in page
    assert "jadikan rahasia" not in page
    for what, code, status in (
        ("darurat", "normal", 422),
        ("rahasia", "korupsi", 422),
        ("lokasi", "62.99", 422),
        ("cuaca", "hujan", 404),
    ):
        assert (await desk.press(f"{address}/perbaiki/{what}", address, code=code)).status == status
    stale = str(row_of(desk, number).version)
    apply(desk, number, Action.START, officer(desk))
    late = await desk.press(f"{address}/perbaiki/lokasi", address, code="none", version=stale)
    assert late.status == 409
    assert row_of(desk, number).place == RAJA
    assert told(desk) == []
