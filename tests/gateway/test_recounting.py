"""Open deadlines after the table of holidays changed: counted anew, explained in the case, told to nobody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.casework import recounting
from gateway.casework.recounting import MOVED
from gateway.complaints.calendar import Calendar, Holiday, HolidayKind
from gateway.complaints.complaint import Action, Case
from gateway.complaints.sla import Clock
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, act, assigned, count, member, only, opened, rows

Sends = Callable[..., Arrival]
FRIDAY = Holiday(date(2026, 11, 27), "Hari Jadi Kabupaten", HolidayKind.LOKAL, "62.01", "SK Bupati 100/2026")


def with_holidays(store: Store, *added: Holiday) -> Store:
    """The same database, served by processes that read the table of today."""
    office = store.office
    table = office.reference.holidays
    calendar = Calendar.of([*table.holidays, *added], office.calendar.zone, office.reference.region, table.years)
    return Store(store.engine, replace(office, calendar=calendar))


def due_on(store: Store, case: Case, name: Clock) -> date:
    mine = (tables.clock.c.complaint_id == case.id) & (tables.clock.c.name == name.value)
    zone = store.office.settings.government.zone
    due: date = only(store, tables.clock, mine).due_at.astimezone(zone).date()
    return due


def told(store: Store, case: Case) -> list[str]:
    event = tables.complaint_event
    return [row.text_masked for row in rows(store, event, event.c.action == MOVED, event.c.complaint_id == case.id)]


def test_f82_a_holiday_entered_the_night_before_moves_open_deadlines_and_each_case_says_why(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    waiting = opened(store, telegram(REPORT))
    under_way = assigned(store, telegram("Sampah di pasar menumpuk tiga hari dan berbau", sender="78"), "DLH")
    moment.pass_(days=3, hours=12)  # Thursday evening
    assert due_on(store, under_way, Clock.FOLLOW_UP) == date(2026, 11, 30)
    written = count(store, tables.outbox)
    tomorrow = with_holidays(store, FRIDAY)
    assert recounting.recount(tomorrow) == 2, "verification and acceptance ended before that Friday"
    assert due_on(store, waiting, Clock.VERIFICATION) == date(2026, 11, 26)
    assert due_on(store, under_way, Clock.FOLLOW_UP) == date(2026, 12, 1)
    assert told(store, waiting) == []
    second, first = sorted(told(store, under_way))
    assert first.startswith("Batas semula Senin 30 Nov 2026. Tindak lanjut: 5 hari kerja sejak disposisi")
    assert "Batas Selasa 1 Des 2026 pukul 23.59 WIB." in first
    assert "27 Nov Hari Jadi Kabupaten" in first
    assert second.startswith("Batas semula Jumat 11 Des 2026. Penyelesaian: 14 hari kerja")
    complaint = only(store, tables.complaint, tables.complaint.c.id == under_way.id)
    assert complaint.due_at.date() == date(2026, 12, 1)
    assert count(store, tables.outbox) == written, "nobody gets a message for it"
    assert only(store, tables.audit, tables.audit.c.action == "deadlines_recounted").details == {"moved": 2}


def test_f82_counting_again_changes_nothing_and_a_holiday_that_is_taken_back_moves_them_back(
    store: Store, telegram: Sends
) -> None:
    case = assigned(store, telegram(REPORT))
    changed = with_holidays(store, FRIDAY)
    assert recounting.recount(changed) == 2
    assert recounting.recount(changed) == 0
    assert recounting.recount(store) == 2
    assert due_on(store, case, Clock.FOLLOW_UP) == date(2026, 11, 30)
    assert len(told(store, case)) == 4


def test_f82_a_paused_deadline_is_counted_when_it_goes_on_and_a_stopped_one_never(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    act(store, case, Action.ASK_REPORTER, member(store).actor, question="Di sebelah mana persisnya lubang itu berada?")
    assert recounting.recount(with_holidays(store, FRIDAY)) == 0
    assert told(store, case) == []


@pytest.mark.parametrize("batch", [1, 2])
def test_f82_every_complaint_is_counted_however_many_there_are(
    store: Store, telegram: Sends, moment: Moment, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(recounting, "BATCH", batch)
    for number in range(3):
        assigned(store, telegram(f"{REPORT} nomor {number}", sender=str(100 + number)))
        moment.now += timedelta(seconds=1)
    assert recounting.recount(with_holidays(store, FRIDAY)) == 6
    assert count(store, tables.complaint_event, tables.complaint_event.c.action == MOVED) == 6
