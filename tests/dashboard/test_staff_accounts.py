"""The screen of accounts: a mandate is tied and taken off, and whoever's mandate ended hears a sentence that helps."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event
from sqlalchemy.engine import Connection

from gateway.complaints.complaint import Role
from gateway.storage import tables
from tests.dashboard.conftest import Desk, words
from tests.gateway.test_mandates import MEMBER
from tests.web.conftest import PASSWORD

SCREEN = "/admin/akun"


@contextmanager
def writes(desk: Desk) -> Iterator[list[Connection]]:
    """The transactions that may write which begin inside."""
    begun: list[Connection] = []
    engine = desk.served.gateway.store.engine

    def note(connection: Connection) -> None:
        if not connection.get_execution_options().get("reading"):
            begun.append(connection)

    event.listen(engine, "begin", note)
    try:
        yield begun
    finally:
        event.remove(engine, "begin", note)


async def bound(desk: Desk) -> str:
    """An officer of PUPR, tied to the liaison's mandate by the coordinator; the address of their account."""
    desk.served.add_user("petugas", Role.PENGHUBUNG, "PUPR")
    await desk.become(Role.COORDINATOR)
    page = await desk.page(SCREEN)
    [address] = re.findall(r'href="(/admin/akun/\w+)">petugas<', page)
    form = await desk.page(address)
    [key] = re.findall(r'<option value="(\w+)"[^>]*>PUPR · Penghubung:', form)
    assert "Akun petugas terikat ke mandat." in await desk.done(f"{address}/ikat", address, mandat=key)
    return str(address)


async def test_a_mandate_is_tied_to_an_account_and_taken_off_again(desk: Desk) -> None:
    address = await bound(desk)
    assert "Penghubung, Dinas Pekerjaan Umum dan Penataan Ruang Contoh Penghubung PUPR" in await desk.words(SCREEN)
    assert "Berlaku" in await desk.words(address)
    refused = await desk.press(f"{address}/ikat", address, mandat="0000000000000")
    assert refused.status == 422
    assert "Pilih mandat dari daftar." in await refused.text()
    assert "Akun petugas dilepas dari mandatnya." in await desk.done(f"{address}/lepas", address)
    record = await desk.words("/admin/audit")
    assert "Akun diikat ke mandat" in record
    assert "Akun dilepas dari mandat" in record


async def test_nobody_ties_their_own_account(desk: Desk) -> None:
    await desk.become(Role.COORDINATOR)
    own = re.findall(r'href="(/admin/akun/\w+)">coordinator-<', await desk.page(SCREEN))[0]
    page = await desk.page(own)
    assert "Akun sendiri tidak dapat Anda ikat" in page
    assert "<select" not in page
    assert (await desk.press(f"{own}/lepas", "/admin/beranda")).status == 422
    assert (await desk.press(f"{SCREEN}/0000000000000/lepas", "/admin/beranda")).status == 404


async def test_c22_whose_mandate_ends_meanwhile_is_told_so_and_can_act_no_more(desk: Desk) -> None:
    await bound(desk)
    client = desk.served.client
    client.session.cookie_jar.clear()
    assert (await desk.served.sign_in("petugas", PASSWORD)).status == 303
    token = await desk.served.token_of("/admin/beranda")
    today = desk.served.moment.now.date()
    with desk.served.tx() as tx:
        ended = MEMBER.c.person == "Contoh Penghubung PUPR"
        tx.execute(MEMBER.update().where(ended).values(valid_to=today - timedelta(days=1)))
    acted = await client.post("/admin/aduan/ekspor", data={"_csrf": token, "reason": "alasan yang cukup"})
    looked = await client.get("/admin/beranda", allow_redirects=False)
    for answer in (acted, looked):
        assert answer.status == 403
        assert "Masa tugas Anda sudah berakhir" in words(await answer.text())
    with writes(desk) as begun:
        assert (await client.get("/admin/beranda", allow_redirects=False)).status == 403
    assert begun == [], "told again, and nobody waits for it"
    again = await desk.served.sign_in("petugas", PASSWORD)
    assert again.status == 422
    assert "berakhir 22 Nov 2026, jadi akun tidak dapat dipakai lagi. Minta koordinator" in await again.text()
    with desk.served.tx() as tx:
        audit = tables.audit
        actions = [row.action for row in tx.all(audit.select().order_by(audit.c.seq))][-2:]
    assert actions == ["sessions_ended", "sign_in_failed"]


async def test_c22_a_mandate_that_was_put_off_says_when_it_begins(desk: Desk) -> None:
    await bound(desk)
    begins = desk.served.moment.now.date() + timedelta(days=1)
    with desk.served.tx() as tx:
        tx.execute(MEMBER.update().where(MEMBER.c.person == "Contoh Penghubung PUPR").values(valid_from=begins))
    desk.served.client.session.cookie_jar.clear()
    refused = await desk.served.sign_in("petugas", PASSWORD)
    assert "baru mulai 24 Nov 2026" in await refused.text()
