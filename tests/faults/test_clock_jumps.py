"""The machine's clock goes back by hours, or a sender's never was right: nothing waits for it, and order stays."""

from collections.abc import Callable

import pytest

from gateway import upkeep
from gateway.dashboard.menu import SCREENS
from gateway.intake.arrival import Arrival
from gateway.operations import clock_jumps, leases
from gateway.outbound import outbound
from gateway.storage import tables
from gateway.storage.store import Store
from tests.dashboard.conftest import Desk
from tests.faults.citizens import REPORT, SECRET, sms, update
from tests.faults.looking import rows
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import receive
from tests.web.conftest import OpenSite, open_site

__all__ = ["open_site"]

Sends = Callable[..., Arrival]
BACK = {"hours": -2}
LEASE_S = 90


def deadlines(store: Store) -> list[object]:
    return [(row.complaint_id, row.name, row.due_at) for row in rows(store, tables.clock)]


def test_f80_after_the_clock_went_back_order_and_deadlines_stand_and_receipts_leave(
    store: Store, moment: Moment, telegram: Sends
) -> None:
    receive(store, telegram(f"{REPORT} satu", "71"))
    before = deadlines(store)
    moment.pass_(**BACK)
    receive(store, telegram(f"{REPORT} dua", "72"))
    for duty in upkeep.UPKEEP:
        upkeep.run(store, duty)
    assert deadlines(store)[: len(before)] == before
    assert [row.external_id for row in rows(store, tables.message)] == ["u:901", "u:902"]
    with store.transaction() as tx:
        sent = [parcel.message.address.reveal() for parcel in outbound.claim(tx, 10, LEASE_S)]
    assert sorted(sent) == ["tg:71", "tg:72"]  # nobody waits for the hours that come twice


def test_f80_a_lead_of_a_dead_process_is_over_by_its_age(store: Store, moment: Moment) -> None:
    def acquire(owner: str) -> int | None:
        with store.transaction() as tx:
            return leases.acquire(tx, "clock", owner, 20)

    assert acquire("a") == 1
    moment.pass_(seconds=-5)
    assert acquire("b") is None  # no more than two machines' clocks may differ
    moment.pass_(**BACK)
    assert acquire("b") == 2
    assert acquire("a") is None


def test_f80_what_a_dead_worker_held_is_free_again_in_minutes(store: Store, moment: Moment, telegram: Sends) -> None:
    receive(store, telegram(REPORT))
    with store.transaction() as tx:
        assert outbound.claim(tx, 10, LEASE_S)
        assert clock_jumps.mend(tx) == 0
    moment.pass_(**BACK)
    with store.transaction() as tx:
        clock_jumps.mend(tx)
        assert outbound.sweep(tx)["unknown"] == 0  # whoever lives has the time of a lease
    moment.pass_(minutes=6)
    with store.transaction() as tx:
        assert outbound.sweep(tx)["unknown"] == 1


async def test_f80_no_screen_counts_backwards(open_site: OpenSite) -> None:
    site = await open_site(screens=SCREENS)
    await site.client.get(sms("1"))
    site.moment.pass_(**BACK)
    await site.sign_in()
    desk = Desk(site)
    pages = [await desk.words(path) for path in ("/admin/kanal", "/admin/aduan")]
    answer = await site.client.get("/metrics")
    counted = [line for line in (await answer.text()).splitlines() if line.startswith("satupintu_channel_")]
    assert counted
    assert not [line for line in counted if float(line.rpartition(" ")[2]) < 0]
    assert not [word for page in pages for word in page.split() if word.startswith("-") and word[1:2].isdigit()]


ODD = {"1970": 3600, "next year": 1795395600 + 365 * 86_400, "the end of time": 10**11}


@pytest.mark.parametrize("sent_on", ODD.values(), ids=ODD)
async def test_f81_the_moment_of_arrival_counts_whatever_the_sender_says(open_site: OpenSite, sent_on: int) -> None:
    site = await open_site(screens=SCREENS)
    strange = sms("1", sender="+6281200000002").replace("ts=1795395600", f"ts={sent_on}")
    assert (await site.client.get(strange)).status == 200
    assert (await site.client.post("/c/tg", json=update(1, date=sent_on), headers=SECRET)).status == 200
    assert (await site.client.post("/c/tg", json=update(2, citizen=78), headers=SECRET)).status == 200
    store = site.gateway.store
    assert {row.received_at for row in rows(store, tables.message)} == {site.moment.now}
    found = rows(store, tables.complaint)
    assert {row.created_at for row in found} == {site.moment.now}
    assert len({row.due_at for row in found}) == 1  # as for a sender whose clock is right
    await site.sign_in()
    for row in found:
        page = await Desk(site).words(f"/admin/aduan/{row.number}")
        assert not [year for year in ("1970", "2027", "5138") if year in page]
