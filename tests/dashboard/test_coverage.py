"""Cek cakupan: each unit's marks and rungs as the ladder climbs them, each gap with the way to mend it, and the file."""

import re
from datetime import timedelta

from gateway.complaints.complaint import Role
from gateway.queries import coverage, coverage_grid
from gateway.queries.coverage_grid import Check, Tone
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.gateway.test_mandates import MEMBER

SCREEN = "/admin/mutu/cakupan"
LIAISON = MEMBER.c.person == "Contoh Penghubung PUPR"


def marks(desk: Desk, code: str) -> dict[Check, tuple[Tone, str]]:
    with desk.served.tx() as tx:
        [row] = coverage_grid.rows(tx, [code])
    return {mark.check: (mark.tone, mark.word) for mark in row.marks}


async def test_the_rungs_of_the_picture_are_those_that_the_ladder_climbs(desk: Desk) -> None:
    with desk.served.tx() as tx:
        away = tx.one(MEMBER.select().where(LIAISON))
        assert away is not None
        days = {"day_from": tx.today, "day_to": tx.today, "entered_by": "1", "entered_at": tx.now}
        tx.insert(tables.member_leave, id=tx.new_id(), member_id=away.id, **days)
        tx.execute(tables.contact.update().where(tables.contact.c.staff.is_(True)).values(reachable=False))
    for _ in range(2):
        with desk.served.tx() as tx:
            for row in coverage_grid.rows(tx):
                climbed = [(step.audience, step.state) for step in coverage.steps(tx, row.unit.code)]
                assert [(rung.audience, rung.state) for rung in row.rungs] == climbed
            tx.execute(tables.contact.update().values(reachable=True))


async def test_each_check_says_what_is_the_matter(desk: Desk) -> None:
    today = desk.served.moment.now.date()
    assert marks(desk, "PUPR") == {
        Check.LIAISON: (Tone.GOOD, "held"),
        Check.DEPUTY: (Tone.BAD, "empty"),
        Check.HEAD: (Tone.GOOD, "held"),
        Check.CHANNEL: (Tone.GOOD, "fine"),
        Check.DECREE: (Tone.GOOD, "fine"),
        Check.LADDER: (Tone.BAD, "holes"),
    }
    with desk.served.tx() as tx:
        tx.execute(MEMBER.update().where(LIAISON).values(valid_to=today + timedelta(days=30)))
        tx.insert(tables.channel_state, channel="sms", paused_at=tx.now, updated_at=tx.now)
    found = marks(desk, "PUPR")
    assert found[Check.DECREE] == (Tone.WAIT, "soon")
    assert found[Check.HEAD] == (Tone.BAD, "unreachable")  # they are reached by SMS alone
    with desk.served.tx() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.agency == "PUPR").values(ended_at=tx.now))
    found = marks(desk, "PUPR")
    assert {found[check] for check in (Check.LIAISON, Check.DEPUTY, Check.HEAD)} == {(Tone.BAD, "empty")}
    assert (found[Check.CHANNEL], found[Check.DECREE]) == ((Tone.BAD, "none"), (Tone.BAD, "none"))


async def test_the_worst_unit_stands_first_and_every_gap_leads_to_where_it_is_mended(desk: Desk) -> None:
    with desk.served.tx() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.agency == "DLH").values(ended_at=tx.now))
    page = await desk.page(SCREEN)
    table = page.partition("<tbody>")[2]
    assert table.find("Dinas Lingkungan Hidup") < table.find("Inspektorat")
    assert '<a class="tile bad" href="/admin/opd/DLH#tim">Kosong</a>' in table
    assert 'href="/admin/opd/DLH#tangga"' in table
    assert '<a class="tile bad" href="/admin/kanal">Tidak ada</a>' in table
    assert "Tim: Putus: kosong; Deputi: Putus: kosong; Kepala: Putus: kosong; Koordinator: Ada" in table
    for address in sorted(set(re.findall(r'href="(/admin[^"#]*)', table))):
        assert (await desk.served.client.get(address)).status == 200, address
    only = await desk.words(f"{SCREEN}?celah=penghubung")
    assert "Hanya unit yang belum baik pada: Penghubung." in only
    assert "Inspektorat" not in only
    assert "Dinas Lingkungan Hidup" in only
    assert "Inspektorat" in await desk.words(f"{SCREEN}?celah=apa")


async def test_the_file_says_the_same_without_a_name(desk: Desk) -> None:
    answer = await desk.served.client.get(f"{SCREEN}/ekspor")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cakupan_20261123-0800.csv"'
    lines = (await answer.text()).splitlines()
    assert lines[0] == "\ufeffkode;unit;penghubung;deputi;kepala;kanal;sk;tangga;nilai;dari"
    assert "PUPR;Dinas Pekerjaan Umum dan Penataan Ruang;Ada;Kosong;Ada;tg, sms;Berlaku;2 putus;4;6" in lines
    assert "Contoh Penghubung" not in "".join(lines)


async def test_c7_an_officer_sees_their_own_unit_and_a_reader_no_way_to_mend(desk: Desk) -> None:
    await desk.become(Role.KEPALA, "PUPR")
    page = await desk.page(SCREEN)
    assert "Dinas Lingkungan Hidup" not in page
    assert 'href="/admin/kanal"' not in page
    assert "Tidak ada unit dengan celah ini. Bagus." in await desk.words(f"{SCREEN}?celah=sk")
    await desk.become(Role.REGIONAL_HEAD)
    page = await desk.page(SCREEN)
    assert "Dinas Lingkungan Hidup" in words(page)
    assert "/admin/opd" not in page
