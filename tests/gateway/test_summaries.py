"""The summary of each working morning: one message, nothing without news, nobody's silence above a broken rung."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from channels.messages import Address
from gateway.casework import deadlines
from gateway.complaints.complaint import Action
from gateway.intake.arrival import Arrival
from gateway.notices import summaries
from gateway.people import directory
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    act,
    answered,
    assigned,
    contact,
    count,
    member,
    now,
    only,
    opened,
    rows,
    said,
    spoken,
)
from tests.plans import watched

Sends = Callable[..., Arrival]
WASTE = "Sampah di depan pasar tidak diangkut sudah lima hari dan baunya sampai ke rumah"
LOG, NOTICE, OUTBOX = tables.dispatch_log, tables.notice, tables.outbox


def morning(store: Store, moment: Moment, days: int) -> None:
    """Let mornings come, half past seven at the place; what is due until then is acted upon."""
    for _ in range(days):
        local = store.office.calendar.local(moment.now)
        half_past_seven = local.replace(hour=7, minute=30, second=0, microsecond=0)
        moment.now += (half_past_seven if half_past_seven > local else half_past_seven + timedelta(days=1)) - local
        summaries.tell(store)
        moment.pass_(minutes=30)
        deadlines.reach(store)


def late(store: Store, arrival: Arrival) -> str:
    """A complaint that was taken up and then left; its number."""
    case = assigned(store, arrival, "DLH")
    act(store, case, Action.START, member(store, "DLH").actor)
    return case.number


def test_a_head_reads_one_summary_and_no_single_words(store: Store, telegram: Sends, moment: Moment) -> None:
    number = late(store, telegram(WASTE))
    morning(store, moment, 9)
    words = [text for text in said(store, "sup.digest") if "lewat 1 hari kerja" in text]
    assert words
    assert words[0].startswith("Ringkasan 2 Des 2026: masuk 0, terbuka 1, jatuh tempo hari ini 0, lewat 1.")
    assert f"Terlama: {number}." in words[0]
    assert f"- {number} lewat 1 hari kerja di Dinas Lingkungan Hidup." in words[0]
    row = only(store, NOTICE, NOTICE.c.key == "sup.overdue", NOTICE.c.agency == "DLH")
    assert row.state == "done"
    assert [entry.skip for entry in rows(store, LOG, LOG.c.notice_id == row.id)] == ["DIGEST"]


def test_reports_of_one_incident_are_told_as_reports_and_as_one_case(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    parent = late(store, telegram(WASTE))
    act(store, opened(store, telegram("Sampah pasar menumpuk dan berbau", "78")), Action.LINK, parent=parent)
    opened(store, telegram("Lampu jalan di Gang Melati padam", "79"))
    morning(store, moment, 9)
    told = [text for text in said(store, "sup.digest") if "Yang terbuka" in text]
    assert "terbuka 2," in told[0]
    assert "Yang terbuka: 2 laporan tentang 1 kejadian." in told[0]
    assert any("Yang terbuka: 3 laporan tentang 2 kejadian." in text for text in told)


def add_head(store: Store, chat: str) -> None:
    """A head of the coordinators' office."""
    member, address = tables.agency_member, contact(store, chat)
    with store.transaction() as tx:
        office = directory.coordinator_agency(tx)
        like = tx.all(select(member).where(member.c.agency == office, member.c.ended_at.is_(None)))[0]
        new = {"id": tx.new_id(), "role": "kepala", "person": "Contoh Kepala", "telegram_id": address.id}
        tx.insert(member, **{**like._asdict(), **new, "source": "person"})


def test_that_nobody_reads_a_report_is_told_to_the_head_of_the_coordinators(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = opened(store, telegram(WASTE))
    add_head(store, "900777")
    morning(store, moment, 8)
    notice = tables.notice
    waited = rows(store, notice, notice.c.key == "head.overdue", notice.c.audience == "head")
    assert {(row.agency, row.state) for row in waited} == {("", "done")}
    told = [one.text for one in spoken(store, Address("tg", "900777"))]
    with store.reading() as tx:
        office = directory.agency_names(tx)[directory.coordinator_agency(tx)]
    assert any(f"- {case.number} lewat 1 hari kerja di {office}. " in text for text in told)


def test_what_is_open_alone_is_no_news(store: Store, telegram: Sends, moment: Moment) -> None:
    late(store, telegram(WASTE))
    morning(store, moment, 2)
    first = count(store, OUTBOX, OUTBOX.c.key == "sup.digest")
    assert first
    morning(store, moment, 1)
    assert count(store, OUTBOX, OUTBOX.c.key == "sup.digest") == first


def test_two_clocks_write_it_once(store: Store, telegram: Sends, moment: Moment) -> None:
    late(store, telegram(WASTE))
    morning(store, moment, 1)
    before = said(store, "sup.digest")
    with store.transaction() as tx:  # as one that began at the same moment saw it
        tx.execute(tables.summary.delete().where(tables.summary.c.audience == summaries.WHOLE))
    assert summaries.tell(store) == 0
    assert said(store, "sup.digest") == before


@pytest.mark.parametrize(
    "at",
    ["2026-11-28T07:30:00+07:00", "2026-11-24T07:29:00+07:00", "2026-11-24T11:30:00+07:00"],
    ids=["saturday", "earlier", "later"],
)
def test_nobody_is_woken_for_it(store: Store, telegram: Sends, moment: Moment, at: str) -> None:
    late(store, telegram(WASTE))
    moment.now = datetime.fromisoformat(at)
    assert summaries.tell(store) == 0
    assert said(store, "sup.digest") == []


def test_where_no_head_can_be_told_those_above_read_it(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(WASTE), "DLH")
    act(store, case, Action.START, member(store, "DLH").actor)
    team = tables.agency_member
    with store.transaction() as tx:
        tx.execute(team.update().where(team.c.agency == "DLH", team.c.role == "kepala").values(ended_at=moment.now))
    morning(store, moment, 9)
    entries = rows(store, LOG, LOG.c.key == "sup.overdue")
    assert [entry.skip for entry in entries[:2]] == ["NO_HOLDER", "DIGEST"]
    assert "tangga_terputus" in now(store, case).flags
    assert any("Tangga terputus: Dinas Lingkungan Hidup." in text for text in said(store, "sup.digest"))


def test_what_was_answered_meanwhile_is_told_nobody(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram("Jalan di depan pasar berlubang dalam sekali, sudah dua bulan"))
    late(store, telegram(WASTE, sender="78"))
    with store.transaction() as tx:
        row = only(store, NOTICE, NOTICE.c.key == "st.assigned", NOTICE.c.complaint_id == case.id)
        tx.execute(
            NOTICE.update().where(NOTICE.c.id == row.id).values(key="sup.overdue", audience="head", state="digest")
        )
        tx.execute(tables.complaint.update().where(tables.complaint.c.id == case.id).values(closed_at=moment.now))
    morning(store, moment, 1)
    assert not any(case.number in text for text in said(store, "sup.digest"))
    assert [entry.skip for entry in rows(store, LOG, LOG.c.notice_id == row.id)] == ["SUPERSEDED"]


def test_a_long_summary_says_how_much_it_leaves_out(
    store: Store, telegram: Sends, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "MOST_LINES", 1)
    late(store, telegram(WASTE))
    late(store, telegram(f"{WASTE} di gang sebelah", sender="78"))
    morning(store, moment, 9)
    assert any("dan 1 lainnya: " in text and "/admin/aduan?tab=lewat" in text for text in said(store, "sup.digest"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_table_is_read_whole_for_it(store: Store, telegram: Sends, moment: Moment) -> None:
    late(store, telegram(WASTE))
    with watched() as asked:
        morning(store, moment, 3)
        assert not asked.whole()
    assert said(store, "sup.digest")
