"""USSD over HTTP when things go wrong: repeated and simultaneous callbacks, sessions that drop, a store that is too slow."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import func, select

from gateway import upkeep
from gateway.storage import tables
from gateway.storage.store import Transaction
from tests.web.conftest import OpenSite, Served
from tests.web.test_webhooks import until

CALL = "/c/ussd?token=test-ussd-token-0123456789"
REPORT = "jembatan kayu dusun 3 lapuk 2*3 meter, anak sekolah lewat"
HURRIED = "[intake]\nspool_after_s = 0.2"


async def dial(site: Served, text: str, session: str = "A", phone: str = "+6281200000001") -> str:
    """One callback; the page."""
    call = {"sessionId": session, "serviceCode": "*708#", "phoneNumber": phone, "text": text}
    answer = await site.client.post(CALL, data=call)
    assert answer.status == 200
    return await answer.text()


async def typed(site: Served, *inputs: str, session: str = "A") -> str:
    """A session with these inputs; the last page."""
    page = await dial(site, "", session)
    for place in range(1, len(inputs) + 1):
        site.moment.pass_(seconds=5)
        page = await dial(site, "*".join(inputs[:place]), session)
    return page


def count(site: Served, table: str) -> int:
    with site.tx() as tx:
        row = tx.one(select(func.count()).select_from(getattr(tables, table)))
    return int(row[0]) if row else -1


def newest_text(tx: Transaction) -> str:
    row = tx.one(select(tables.complaint.c.text_masked).order_by(tables.complaint.c.id.desc()))
    return str(row.text_masked) if row else ""


@contextmanager
def locked(site: Served) -> Iterator[None]:
    """Somebody else has the database's write lock."""
    path = site.gateway.settings.storage.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def heard_now(site: Served) -> bool:
    """Whether the aggregator's newest call is that of this moment."""
    return site.site.counters.last_in["ussd"] == site.moment.now.timestamp()


async def test_f60_a_callback_that_comes_again_while_the_first_runs_gets_the_same_page_and_is_one_step(
    open_site: OpenSite,
) -> None:
    site = await open_site()
    writer = site.site.writer
    await typed(site, "1")
    with locked(site):
        site.moment.pass_(seconds=1)
        other = asyncio.ensure_future(dial(site, "", "B", "+6281200000002"))
        await until(lambda: heard_now(site) and not writer._waiting)  # it is being committed, which takes its time
        twice = [asyncio.ensure_future(dial(site, f"1*{REPORT}")) for _ in range(2)]
        await until(lambda: len(writer._waiting) == 2)
    first, second = await asyncio.gather(*twice)
    await other
    assert first == second
    assert first.startswith("CON Di kecamatan mana?")
    for history in (f"1*{REPORT}*1", f"1*{REPORT}*1*2"):
        await dial(site, history)
    end = f"1*{REPORT}*1*2*1"
    ends = await asyncio.gather(*(dial(site, end) for _ in range(3)))
    assert len(set(ends)) == 1
    assert ends[0].startswith("END Laporan diterima.")
    assert count(site, "complaint") == 1


async def test_f61_a_star_in_the_text_stays_in_the_complaint(open_site: OpenSite) -> None:
    site = await open_site()
    page = await typed(site, "1", REPORT, "1", "2", "1")
    assert page.startswith("END Laporan diterima.")
    with site.tx() as tx:
        assert newest_text(tx) == REPORT


async def test_f62_a_session_that_drops_after_the_text_becomes_a_report_with_an_sms(open_site: OpenSite) -> None:
    site = await open_site()
    await typed(site, "1", REPORT)
    assert taken_up(site, minutes=4) == 0
    assert taken_up(site, minutes=2) == 1
    assert taken_up(site, minutes=60) == 0
    with site.tx() as tx:
        row = tx.one(select(tables.complaint.c.status, tables.complaint.c.text_masked))
        said = tx.all(select(tables.outbox.c.channel, tables.outbox.c.key))
    assert row is not None
    assert tuple(row) == ("received", REPORT)
    assert {tuple(one) for one in said} == {("sms", "rx.receipt")}
    assert (await dial(site, f"1*{REPORT}*1")).startswith("END Laporan diterima."), "a step that comes after all"
    assert taken_up(site, minutes=60) == 0
    assert count(site, "complaint_event") == 1


def taken_up(site: Served, minutes: float) -> int:
    """How many broken sessions the clock takes up so much later."""
    site.moment.pass_(minutes=minutes)
    with site.tx() as tx:
        return upkeep.take_broken_sessions(tx)


async def test_f63_a_store_that_is_too_slow_is_told_with_another_way_and_the_text_is_kept(open_site: OpenSite) -> None:
    site = await open_site(HURRIED)
    await typed(site, "1")
    with locked(site):
        page = await dial(site, f"1*{REPORT}")
        assert site.site.writer.counts.spooled == 1
    assert page.startswith("END Sistem sedang sibuk. Isian Anda sudah tersimpan.")
    assert page.endswith("SMS ke 1708.")
    await until(lambda: not site.site.writer.behind)
    assert taken_up(site, minutes=6) == 1
    assert count(site, "complaint") == 1
    with site.tx() as tx:
        assert newest_text(tx) == REPORT
