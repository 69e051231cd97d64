"""Clocks as rows: begun once, stopped once, going on as if they had never stopped, paused while the reporter is asked."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.complaints.complaint import Action, Kind
from gateway.complaints.sla import Clock, span_of
from gateway.intake.arrival import Arrival
from gateway.storage import tables
from gateway.storage.store import Store
from gateway.timing import clocks
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import (
    ANSWER,
    REPORT,
    act,
    answered,
    assigned,
    count,
    expand,
    member,
    now,
    only,
    opened,
    reporter,
    rows,
)

A, C = Action, Clock
Sends = Callable[..., Arrival]
QUESTION = "Di sebelah mana persisnya lubang itu berada?"


def row(store: Store, name: Clock) -> Any:
    """The newest clock of this name."""
    return rows(store, tables.clock, tables.clock.c.name == name.value)[-1]


def running(store: Store) -> set[str]:
    return {one.name for one in rows(store, tables.clock, tables.clock.c.stopped_at.is_(None))}


def due_on(store: Store, name: Clock) -> date:
    zone = store.office.settings.government.zone
    due: date = row(store, name).due_at.astimezone(zone).date()
    return due


def test_a_report_is_looked_at_within_three_working_days(store: Store, telegram: Sends) -> None:
    opened(store, telegram(REPORT))
    clock = row(store, C.VERIFICATION)
    assert (clock.days, clock.unit, clock.public, due_on(store, C.VERIFICATION)) == (
        3,
        "working_days",
        True,
        date(2026, 11, 26),
    )
    assert clock.due_at == only(store, tables.complaint).due_at


def test_an_assignment_stops_what_led_to_it_and_starts_the_agency_s(store: Store, telegram: Sends) -> None:
    assigned(store, telegram(REPORT))
    assert running(store) == {"acceptance", "follow_up", "resolution"}
    assert row(store, C.VERIFICATION).stopped_by == "verify"
    assert (row(store, C.RESOLUTION).days, due_on(store, C.FOLLOW_UP)) == (14, date(2026, 11, 30))


# fmt: off
KINDS = [
    (Kind.PENGADUAN, "", 14), (Kind.PENGADUAN, "1", 2), (Kind.PERMINTAAN_INFORMASI, "", 5), (Kind.ASPIRASI, "", 5),
    (Kind.PENGADUAN_PENGAWASAN, "", 60),
]
# fmt: on


@pytest.mark.parametrize(("kind", "minor", "days"), KINDS)
def test_how_long_it_may_take_depends_on_the_kind(
    store: Store, telegram: Sends, kind: Kind, minor: str, days: int
) -> None:
    case = opened(store, telegram(REPORT))
    act(store, case, A.VERIFY, kind=kind.value, topic="pekerjaan-umum", minor=minor)
    assert row(store, C.RESOLUTION).days == days


def test_a_hollow_answer_resets_nothing(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    begun = row(store, C.RESOLUTION)
    assert begun.stopped_at == moment.now
    moment.pass_(days=1)
    act(store, case, A.CONTEST, reporter(case))
    after = row(store, C.RESOLUTION)
    assert (after.id, after.started_at, after.due_at, after.stopped_at) == (
        begun.id,
        begun.started_at,
        begun.due_at,
        None,
    )
    assert "second_answer" in running(store)
    assert count(store, tables.clock, tables.clock.c.name == "resolution") == 1


def test_moving_to_another_agency_does_not_begin_the_deadline_again(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    before = row(store, C.FOLLOW_UP)
    moment.pass_(days=2)
    act(store, case, A.REASSIGN, agency="DLH", reason="Ini urusan kebersihan.")
    assert row(store, C.FOLLOW_UP) == before
    assert row(store, C.ACCEPTANCE).started_at == moment.now


def test_asking_the_reporter_pauses_and_their_answer_resumes(store: Store, telegram: Sends, moment: Moment) -> None:
    case = assigned(store, telegram(REPORT))
    moment.pass_(days=1)
    act(store, case, A.ASK_REPORTER, member(store).actor, question=QUESTION)
    assert row(store, C.RESOLUTION).paused_at == moment.now
    assert "follow_up" not in running(store)
    moment.pass_(days=2)
    act(store, case, A.COMPLETE, reporter(case), text="Di sisi timur, dekat warung.")
    resumed = row(store, C.RESOLUTION)
    segment = only(store, tables.clock_segment)
    assert (resumed.paused_at, segment.to_at - segment.from_at) == (None, timedelta(days=2))
    with store.reading() as tx:
        kept = next(one for one in clocks.read(tx, case.id) if one.running.rule.clock is C.RESOLUTION)
    assert span_of(kept.running, moment.now).paused_days == 2
    # 14 working days after 23 November are 11 December; two were not counted.
    assert due_on(store, C.RESOLUTION) == date(2026, 12, 15)


def test_nothing_runs_for_a_closed_complaint(store: Store, telegram: Sends, moment: Moment) -> None:
    case = answered(store, telegram(REPORT))
    moment.pass_(minutes=10)
    expand(store)
    assert running(store) == {"auto_close"}
    act(store, case, A.CONFIRM, reporter(case))
    assert running(store) == set()
    assert (now(store, case).status, only(store, tables.complaint).due_at) == ("resolved", None)


def test_a_clock_of_a_message_begins_once_however_often_it_is_told(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = answered(store, telegram(REPORT))
    for _ in "ab":
        moment.pass_(hours=1)
        with store.transaction() as tx:
            clocks.start(tx, case.id, C.AUTO_CLOSE, Kind.PENGADUAN, tx.now)
    assert count(store, tables.clock, tables.clock.c.name == "auto_close") == 1
    assert due_on(store, C.AUTO_CLOSE) == date(2026, 12, 7)


def test_an_old_deadline_keeps_the_rule_it_began_with(store: Store, telegram: Sends) -> None:
    case = assigned(store, telegram(REPORT))
    with store.transaction() as tx:
        mine = tables.clock.c.name == "resolution"
        tx.execute(tables.clock.update().where(mine).values(days=7, basis="Peraturan lama"))
    with store.reading() as tx:
        kept = next(one for one in clocks.read(tx, case.id) if one.running.rule.clock is C.RESOLUTION)
    assert (kept.running.rule.n, kept.running.rule.basis) == (7, "Peraturan lama")


def test_an_agency_in_another_zone_has_the_evening_of_its_own(store: Store) -> None:
    with store.reading() as tx:
        ours, east = clocks.calendar_of(tx), clocks.calendar_of(tx, "Asia/Makassar")
    assert ours.closing(date(2026, 11, 24)) - east.closing(date(2026, 11, 24)) == timedelta(hours=1)


EAST, WEST = "Asia/Makassar", "Asia/Jakarta"


def in_zone(store: Store, agency: str, zone: str) -> None:
    with store.transaction() as tx:
        tx.execute(tables.agency.update().where(tables.agency.c.code == agency).values(zone=zone))


def test_f83_each_deadline_ends_at_the_local_closing_time_of_its_unit(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    in_zone(store, "PUPR", WEST)
    in_zone(store, "DLH", EAST)
    west = assigned(store, telegram(REPORT), "PUPR")
    east = assigned(store, telegram("Sampah di pasar menumpuk tiga hari dan berbau", sender="78"), "DLH")
    ends = {
        (case.id, one.name): one.due_at
        for case in (west, east)
        for one in rows(
            store, tables.clock, tables.clock.c.complaint_id == case.id, tables.clock.c.stopped_at.is_(None)
        )
    }
    assert len(ends) == 6
    for name in ("acceptance", "follow_up", "resolution"):
        assert ends[west.id, name] - ends[east.id, name] == timedelta(hours=1)
        for case, zone in ((west, WEST), (east, EAST)):
            assert f"{ends[case.id, name].astimezone(ZoneInfo(zone)):%H:%M:%S}" == "23:59:59"


def test_f83_a_unit_that_takes_a_complaint_over_has_the_evenings_of_its_own_place(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    """Begun at 23.30 in the west, half past midnight of the next day in the east."""
    in_zone(store, "PUPR", WEST)
    in_zone(store, "DLH", EAST)
    moment.pass_(hours=15.5)
    case = assigned(store, telegram(REPORT), "PUPR")
    before = row(store, C.FOLLOW_UP)
    act(store, case, A.REASSIGN, agency="DLH", reason="Ini urusan kebersihan.")
    after = row(store, C.FOLLOW_UP)
    assert (after.id, after.started_at, after.zone) == (before.id, before.started_at, EAST)
    assert (before.due_at.astimezone(ZoneInfo(WEST)).date(), after.due_at.astimezone(ZoneInfo(EAST)).date()) == (
        date(2026, 11, 30),
        date(2026, 12, 1),
    )


def test_the_deadline_shown_is_the_nearest_that_the_reporter_may_know(
    store: Store, telegram: Sends, moment: Moment
) -> None:
    case = assigned(store, telegram(REPORT))
    assert only(store, tables.complaint).due_at == row(store, C.FOLLOW_UP).due_at
    act(store, case, A.ANSWER, member(store).actor, **ANSWER)
    assert only(store, tables.complaint).due_at is None
    moment.pass_(minutes=10)
    expand(store)
    assert only(store, tables.complaint).due_at == row(store, C.AUTO_CLOSE).due_at
