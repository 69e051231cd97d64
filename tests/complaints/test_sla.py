"""Clocks: which one, until when, and the sentence that explains it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Reference
from gateway.complaints.calendar import Calendar, Pause
from gateway.complaints.complaint import Kind
from gateway.complaints.sla import (
    CLOCKS,
    NAMES,
    Clock,
    ClockRule,
    Running,
    Unit,
    days_left,
    due_at,
    explain,
    is_overdue,
    rule_for,
    span_of,
)

TABLE = Reference.load().holidays
WIB = Calendar.of(TABLE.holidays, "Asia/Jakarta", "62.01", TABLE.years)


def at(text: str) -> datetime:
    """`11-26T05:00` of 2026, in UTC."""
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


def running(clock: Clock, started: str, kind: Kind = Kind.PENGADUAN, *pauses: Pause, stopped: str = "") -> Running:
    return Running(rule_for(clock, kind), at(started), WIB, pauses, at(stopped) if stopped else None)


PAUSED = Pause(at("11-24T03:00"), at("11-26T02:00"))

# fmt: off
EXPLANATIONS = [
    # golden 1: over the turn of the year, provisional
    (running(Clock.RESOLUTION, "12-23T02:15", Kind.PERMINTAAN_INFORMASI), "12-23T02:15",
     ("Penyelesaian: 5 hari kerja sejak verifikasi (Rabu 23 Des 2026 pukul 09.15 WIB). Batas Senin 4 Jan 2027 pukul 23.59 WIB. "
     "Dilewati: 4 hari akhir pekan, 3 libur: 24 Des Cuti Bersama Hari Raya Natal; 25 Des Hari Raya Natal; "
     "1 Jan Tahun Baru Masehi. Sisa 5 hari kerja. (sementara)")),
    # golden 2: nothing but weekends
    (running(Clock.RESOLUTION, "11-20T03:40"), "11-20T03:40",
     ("Penyelesaian: 14 hari kerja sejak verifikasi (Jumat 20 Nov 2026 pukul 10.40 WIB). Batas Kamis 10 Des 2026 pukul 23.59 WIB. "
     "Dilewati: 6 hari akhir pekan. Sisa 14 hari kerja.")),
    # golden 3: paused
    (running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, PAUSED), "11-26T05:00",
     ("Tindak lanjut: 5 hari kerja sejak disposisi (Senin 23 Nov 2026 pukul 10.00 WIB). Batas Rabu 2 Des 2026 pukul 23.59 WIB. "
     "Dilewati: 2 hari akhir pekan, jeda 2 hari kerja. Sisa 4 hari kerja.")),
    # the due day itself, its last second, and the days after
    (running(Clock.VERIFICATION, "11-23T03:00"), "11-26T16:59",
     ("Verifikasi: 3 hari kerja sejak laporan diterima (Senin 23 Nov 2026 pukul 10.00 WIB). Batas Kamis 26 Nov 2026 pukul 23.59 WIB. "
     "Dilewati: 0 hari akhir pekan. Jatuh tempo hari ini.")),
    (running(Clock.VERIFICATION, "11-23T03:00"), "11-30T03:00",
     ("Verifikasi: 3 hari kerja sejak laporan diterima (Senin 23 Nov 2026 pukul 10.00 WIB). Batas Kamis 26 Nov 2026 pukul 23.59 WIB. "
     "Dilewati: 0 hari akhir pekan. Lewat 2 hari kerja.")),
    # stopped
    (running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, PAUSED, stopped="11-27T01:00"), "12-20T00:00",
     ("Tindak lanjut: 5 hari kerja sejak disposisi (Senin 23 Nov 2026 pukul 10.00 WIB). Batas Rabu 2 Des 2026 pukul 23.59 WIB. "
     "Dilewati: 2 hari akhir pekan, jeda 2 hari kerja. Berhenti 27 Nov 2026, 2 hari kerja terpakai.")),
    # calendar days skip nothing
    (running(Clock.COMPLETION, "11-24T02:00"), "11-30T02:00",
     ("Kelengkapan: 10 hari sejak pertanyaan dikirim (Selasa 24 Nov 2026 pukul 09.00 WIB). Batas Jumat 4 Des 2026 pukul 23.59 WIB. "
     "Sisa 4 hari.")),
]
# fmt: on


@pytest.mark.parametrize(("clock", "now", "sentence"), EXPLANATIONS)
def test_a_deadline_explains_itself(clock: Running, now: str, sentence: str) -> None:
    assert explain(clock, at(now)) == sentence


# fmt: off
DAYS = [
    # clock               kind                        minor  days  public
    (Clock.VERIFICATION,  Kind.ASPIRASI,              False,  3,   True),
    (Clock.ASSIGNMENT,    Kind.PENGADUAN,             False,  1,   False),
    (Clock.ACCEPTANCE,    Kind.PENGADUAN,             False,  1,   False),
    (Clock.FOLLOW_UP,     Kind.PENGADUAN,             False,  5,   True),
    (Clock.RESOLUTION,    Kind.PERMINTAAN_INFORMASI,  False,  5,   True),
    (Clock.RESOLUTION,    Kind.ASPIRASI,              False,  5,   True),
    (Clock.RESOLUTION,    Kind.PENGADUAN,             False, 14,   True),
    (Clock.RESOLUTION,    Kind.PENGADUAN,             True,   2,   True),
    (Clock.RESOLUTION,    Kind.ASPIRASI,              True,   5,   True),    # only a pengaduan can be minor
    (Clock.RESOLUTION,    Kind.PENGADUAN_PENGAWASAN,  False, 60,   True),
    (Clock.SECOND_ANSWER, Kind.PENGADUAN,             False,  3,   True),
    (Clock.AUTO_CLOSE,    Kind.PENGADUAN,             False, 10,   True),
    (Clock.COMPLETION,    Kind.PENGADUAN,             False, 10,   True),
    (Clock.HELD_AGE,      Kind.PENGADUAN,             False,  2,   False),
]
# fmt: on


@pytest.mark.parametrize(("clock", "kind", "minor", "days", "public"), DAYS)
def test_how_long_a_clock_runs(clock: Clock, kind: Kind, minor: bool, days: int, public: bool) -> None:
    rule = rule_for(clock, kind, minor=minor)
    assert (rule.n, rule.public) == (days, public)


def test_every_clock_has_a_rule_for_every_kind_and_a_name() -> None:
    for clock in Clock:
        assert NAMES[clock]
        for kind in Kind:
            assert rule_for(clock, kind).basis
    assert {rule.clock for rule in CLOCKS} == set(Clock)


def test_a_changed_rule_holds_from_its_first_day() -> None:
    changed = (*CLOCKS, ClockRule(Clock.VERIFICATION, 2, "laporan diterima", valid_from=date(2027, 1, 1)))
    assert rule_for(Clock.VERIFICATION, Kind.PENGADUAN, on=date(2026, 12, 31), rules=changed).n == 3
    assert rule_for(Clock.VERIFICATION, Kind.PENGADUAN, on=date(2027, 1, 1), rules=changed).n == 2
    with pytest.raises(LookupError):
        rule_for(Clock.VERIFICATION, Kind.PENGADUAN, rules=())


def test_an_open_pause_moves_the_deadline_while_it_lasts() -> None:
    clock = running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, Pause(at("11-24T03:00")))
    assert clock.is_paused
    assert due_at(clock, at("11-24T04:00")) == at("11-30T16:59") + timedelta(seconds=59)
    assert due_at(clock, at("11-26T02:00")) == at("12-02T16:59") + timedelta(seconds=59)
    assert days_left(clock, at("11-24T04:00")) == 4
    assert not running(Clock.FOLLOW_UP, "11-23T03:00", Kind.PENGADUAN, PAUSED).is_paused


def test_a_third_question_no_longer_stops_the_clock() -> None:
    pauses = [Pause(at(f"11-{day}T03:00"), at(f"11-{day + 1}T02:00")) for day in (23, 25, 27)]
    clock = running(Clock.FOLLOW_UP, "11-20T03:00", Kind.PENGADUAN, *pauses)
    assert span_of(clock, at("12-15T00:00")).paused_days == 2


def test_ten_working_days_are_all_that_questions_may_take() -> None:
    clock = running(Clock.RESOLUTION, "11-02T03:00", Kind.PENGADUAN, Pause(at("11-02T03:00")))
    assert span_of(clock, at("12-20T00:00")).paused_days == 10


def test_overdue_begins_with_the_day_after() -> None:
    clock = running(Clock.VERIFICATION, "11-23T03:00")
    deadline = due_at(clock, at("11-23T03:00"))
    assert not is_overdue(clock, deadline)
    assert is_overdue(clock, deadline + timedelta(seconds=1))
    in_time = running(Clock.VERIFICATION, "11-23T03:00", stopped="11-24T03:00")
    assert not is_overdue(in_time, deadline + timedelta(days=30))


@given(
    st.sampled_from([rule for rule in CLOCKS if rule.unit is Unit.WORKING_DAYS]),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 3, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(min_value=0, max_value=2000),
)
def test_days_left_agree_with_the_deadline(rule: ClockRule, started: datetime, hours: int) -> None:
    clock = Running(rule, started, WIB)
    now = started + timedelta(hours=hours)
    left = days_left(clock, now)
    assert days_left(clock, started) == rule.n
    assert left <= 0 or not is_overdue(clock, now)
    assert left >= 0 or is_overdue(clock, now)
    assert explain(clock, now).startswith(f"{NAMES[rule.clock]}: {rule.n} hari kerja sejak {rule.event} (")
