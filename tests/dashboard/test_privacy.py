"""HAPUS DATA from the first word to the last message, and the desk of the privacy officer."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from channels.messages import DeliveryStatus
from gateway.complaints.complaint import Action, Actor, Role
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome
from gateway.retention import anonymising, legal_holds, privacy_requests
from gateway.storage import tables
from tests.dashboard.conftest import Desk
from tests.dashboard.test_complaint import LAMP, apply, assigned, row_of
from tests.gateway.short_ways import said

DP, WHY = Role.PRIVACY_OFFICER, "Tidak ada kewajiban menyimpan"
SCREEN = "/admin/privasi"


def asked(desk: Desk) -> Any:
    with desk.served.tx() as tx:
        return tx.one(select(tables.privacy_request))


def ask(desk: Desk) -> str:
    """The report of somebody who then wants to be forgotten; its number. It is over."""
    number = desk.report(LAMP)
    desk.report("HAPUS DATA")
    apply(desk, number, Action.ARCHIVE, archive_reason="permintaan_hapus_data", reason="Pelapor minta datanya dihapus")
    return number


def address_of(page: str) -> str:
    found = re.search(rf'action="({SCREEN}/permintaan/\w+)/hapus"', page)
    assert found
    return found[1]


def send_all(desk: Desk) -> None:
    with desk.served.tx() as tx:
        while parcels := outbound.claim(tx, 50, 60.0):
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT, "p:1") for one in parcels])


async def test_who_asks_is_told_at_once_and_forgotten_when_it_was_decided(desk: Desk) -> None:
    number = ask(desk)
    assert "3x24 jam" in said(desk.served.gateway.store, "pv.erase")[0]
    row = asked(desk)
    assert (row.due_at - row.asked_at).total_seconds() == 72 * 3600
    await desk.become(DP)
    assert "Permintaan hapus data menunggu Anda" in await desk.words("/admin/beranda")
    page = await desk.page(SCREEN)
    assert number in page
    here = address_of(page)
    refused = await desk.press(f"{here}/hapus", SCREEN, reason="ya")
    assert (refused.status, "terlalu pendek" in await refused.text()) == (422, True)
    assert "Peminta diberi tahu" in await desk.done(f"{here}/hapus", SCREEN, reason=WHY)
    (last,) = said(desk.served.gateway.store, "pv.erased")
    assert last.startswith("Data Anda pada kami sudah dihapus.")
    assert last.endswith(WHY)
    case: Any = row_of(desk, number)
    assert (case.text_masked, case.title, case.contact_id, case.number) == ("", "", None, number)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 0, "its last message is on its way"
    send_all(desk)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 1
        assert tx.one(select(tables.contact.c.id).where(tables.contact.c.staff.is_(False))) is None
        assert tx.one(select(tables.task.c.id).where(tables.task.c.done_at.is_(None))) is None
    assert (asked(desk).state, asked(desk).complaints, asked(desk).contact_id) == ("done", 1, None)
    assert "Selesai" in await desk.words(SCREEN)
    assert "Isi dan identitas dihapus" in await desk.words(f"/admin/aduan/{number}")
    assert desk.report(LAMP) != number, "the same person may write again"


async def test_a_refusal_says_why_and_takes_nothing(desk: Desk) -> None:
    number = ask(desk)
    await desk.become(DP)
    await desk.done(f"{address_of(await desk.page(SCREEN))}/tolak", SCREEN, reason="Perkara di pengadilan berjalan")
    assert said(desk.served.gateway.store, "pv.not_erased") == [
        "Data Anda belum dapat dihapus: Perkara di pengadilan berjalan Keberatan? Hubungi pejabat pelindungan data."
    ]
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    desk.report("HAPUS DATA")
    with desk.served.tx() as tx:
        assert privacy_requests.waiting(tx) == 1


@pytest.mark.parametrize("bar", ["open", "held"])
async def test_what_is_open_or_must_be_kept_is_not_erased(desk: Desk, bar: str) -> None:
    number = ask(desk)
    if bar == "open":
        assigned(desk, "Sampah menumpuk di Jalan Kenanga dua minggu")
    else:
        with desk.served.tx() as tx:
            legal_holds.place(tx, number, "Perkara di pengadilan berjalan", Actor(DP, "7"))
    await desk.become(DP)
    answer = await desk.press(f"{address_of(await desk.page(SCREEN))}/hapus", SCREEN, reason=WHY)
    assert answer.status == 422
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    assert (asked(desk).state, said(desk.served.gateway.store, "pv.erased")) == ("asked", [])


async def test_asking_twice_is_one_request_and_only_its_officer_sees_it(desk: Desk) -> None:
    ask(desk)
    desk.report("HAPUS DATA")
    with desk.served.tx() as tx:
        assert privacy_requests.waiting(tx) == 1
    await desk.become(DP)
    here = address_of(await desk.page(SCREEN))
    desk.served.moment.pass_(hours=73)
    await desk.become(DP)
    assert "Lewat 3 x 24 jam" in await desk.words(SCREEN)
    await desk.become(Role.SYSTEM_ADMIN)
    page = await desk.page(SCREEN)
    assert "/permintaan/" not in page
    assert "/tahan" not in page
    answer = await desk.press(f"{here}/hapus", "/admin/beranda", reason=WHY)
    assert (answer.status, asked(desk).state) == (403, "asked")


async def test_a_contact_that_is_needed_again_stays_and_is_told_so(desk: Desk) -> None:
    ask(desk)
    await desk.become(DP)
    await desk.done(f"{address_of(await desk.page(SCREEN))}/hapus", SCREEN, reason=WHY)
    send_all(desk)
    assigned(desk, "Sampah menumpuk di Jalan Kenanga dua minggu")
    send_all(desk)
    desk.served.moment.pass_(days=3, seconds=1)
    with desk.served.tx() as tx:
        assert privacy_requests.finish(tx) == 1
    assert asked(desk).state == "kept"


async def test_the_desk_holds_lets_go_and_tells_what_time_took(desk: Desk) -> None:
    number = ask(desk)
    desk.served.moment.pass_(days=1900)
    await desk.become(DP)
    assert (await desk.press(f"{SCREEN}/tahan", SCREEN, number="KBR-1", reason=WHY)).status == 422
    assert "ditahan dari penghapusan" in await desk.done(f"{SCREEN}/tahan", SCREEN, number=number, reason=WHY)
    anonymising.empty(desk.served.gateway.store)
    assert row_of(desk, number).text_masked  # type: ignore[attr-defined]
    assert (await desk.press(f"{SCREEN}/lepas", SCREEN, number=number, reason="ya")).status == 422
    words = await desk.done(f"{SCREEN}/lepas", SCREEN, number=number, reason="Perkara sudah selesai")
    assert "tidak ditahan lagi" in words
    assert row_of(desk, number).text_masked == ""  # type: ignore[attr-defined]
    assert "Putaran terakhir" in words
    assert number in words.partition("Putaran terakhir")[2]
