"""Which clock runs for how long, when it is due, and why: in a sentence that an officer and a citizen both understand.

Source: CASEWORK 5.2-5.4. The days of the law are defaults here; rows of `sla_rule` replace them, and a complaint keeps
the rule that was valid when its clock started.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.complaints.calendar import (
    Calendar,
    Pause,
    Span,
    count_days,
    day_text,
    long_day_text,
    moment_text,
    short_day_text,
    working_days_between,
)
from gateway.complaints.complaint import Kind


class Clock(StrEnum):
    VERIFICATION = "verification"
    ASSIGNMENT = "assignment"
    ACCEPTANCE = "acceptance"
    FOLLOW_UP = "follow_up"
    RESOLUTION = "resolution"
    SECOND_ANSWER = "second_answer"
    AUTO_CLOSE = "auto_close"
    COMPLETION = "completion"
    HELD_AGE = "held_age"


class Unit(StrEnum):
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


NATIONAL = "PermenPANRB 62/2018"
LOCAL = "ketetapan pemerintah daerah"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """How long a clock runs. `kind` None holds for all kinds; `event` names its start in the explanation.

    `public`: the citizen sees it. `once`: starts with its first event only. At most `max_pauses` pauses and
    `max_paused_days` working days in all stand still, None without limit.
    """

    clock: Clock
    n: int
    event: str
    kind: Kind | None = None
    minor: bool = False
    unit: Unit = Unit.WORKING_DAYS
    public: bool = False
    once: bool = False
    basis: str = LOCAL
    max_pauses: int | None = None
    max_paused_days: int | None = None
    valid_from: date = date.min
    valid_to: date = date.max


def _resolution(days: int, kind: Kind, *, minor: bool = False, basis: str = NATIONAL) -> ClockRule:
    return ClockRule(
        Clock.RESOLUTION, days, "verifikasi", kind, minor, public=True, once=True, basis=basis, max_pauses=2, max_paused_days=10
    )  # fmt: skip


# fmt: off
CLOCKS: tuple[ClockRule, ...] = (
    ClockRule(Clock.VERIFICATION,   3, "laporan diterima", public=True, basis=NATIONAL),
    ClockRule(Clock.ASSIGNMENT,     1, "verifikasi"),
    ClockRule(Clock.ACCEPTANCE,     1, "disposisi"),
    ClockRule(Clock.FOLLOW_UP,      5, "disposisi", public=True, once=True, max_pauses=2, max_paused_days=10),
    _resolution( 5, Kind.PERMINTAAN_INFORMASI),
    _resolution( 5, Kind.ASPIRASI),
    _resolution(14, Kind.PENGADUAN),
    _resolution( 2, Kind.PENGADUAN, minor=True, basis=LOCAL),
    _resolution(60, Kind.PENGADUAN_PENGAWASAN),
    ClockRule(Clock.SECOND_ANSWER,  3, "tanggapan pelapor", public=True),
    ClockRule(Clock.AUTO_CLOSE,    10, "jawaban dikirim", public=True),
    ClockRule(Clock.COMPLETION,    10, "pertanyaan dikirim", unit=Unit.CALENDAR_DAYS, public=True),
    ClockRule(Clock.HELD_AGE,       2, "ditahan"),
)
NAMES = {
    Clock.VERIFICATION: "Verifikasi",
    Clock.ASSIGNMENT: "Disposisi",
    Clock.ACCEPTANCE: "Penerimaan",
    Clock.FOLLOW_UP: "Tindak lanjut",
    Clock.RESOLUTION: "Penyelesaian",
    Clock.SECOND_ANSWER: "Tanggapan ulang",
    Clock.AUTO_CLOSE: "Tutup otomatis",
    Clock.COMPLETION: "Kelengkapan",
    Clock.HELD_AGE: "Penahanan",
}
# fmt: on


def rule_for(
    clock: Clock, kind: Kind, *, minor: bool = False, on: date = date.min, rules: Sequence[ClockRule] = CLOCKS
) -> ClockRule:
    """The rule of a clock for a complaint of this kind that starts it on the local day `on`.

    A rule made for the kind beats a general one, the newest beats the older. LookupError when none is valid.
    """
    fitting = [
        rule
        for rule in rules
        if rule.clock is clock
        and rule.kind in {None, kind}
        and rule.minor in {False, minor}
        and rule.valid_from <= on <= rule.valid_to
    ]
    if not fitting:
        raise LookupError(f"no rule for the clock {clock} of {kind} on {on}")
    return max(fitting, key=lambda rule: (rule.kind is not None, rule.minor, rule.valid_from))


@dataclass(frozen=True, slots=True)
class Running:
    """One clock of one complaint. `pauses` in order; the last may still be open. `stopped_at` None while it runs."""

    rule: ClockRule
    started_at: datetime
    calendar: Calendar
    pauses: tuple[Pause, ...] = ()
    stopped_at: datetime | None = None

    @property
    def is_paused(self) -> bool:
        return self.stopped_at is None and any(pause.until is None for pause in self.pauses)


def span_of(running: Running, now: datetime) -> Span:
    """The days from start to deadline. A pause that is still open counts up to `now`."""
    started_on = running.calendar.today(running.started_at)
    rule = running.rule
    if rule.unit is Unit.CALENDAR_DAYS:
        return Span(started_on, started_on + timedelta(days=rule.n))
    return count_days(started_on, rule.n, running.calendar, _counted_pauses(running, now), rule.max_paused_days)


def due_at(running: Running, now: datetime) -> datetime:
    """The deadline in UTC, as it is known at `now`; while a pause lasts it still moves."""
    return running.calendar.closing(span_of(running, now).due_on)


def is_overdue(running: Running, now: datetime) -> bool:
    return (running.stopped_at or now) > due_at(running, now)


def days_left(running: Running, now: datetime) -> int:
    """Counted days after today up to the deadline: 0 is due today, negative is overdue."""
    return _signed_days(running, span_of(running, now).due_on, now)


def explain(running: Running, now: datetime) -> str:
    """The whole reckoning in the fixed words of CASEWORK 5.4."""
    span = span_of(running, now)
    rule, calendar = running.rule, running.calendar
    unit = "hari kerja" if rule.unit is Unit.WORKING_DAYS else "hari"
    closing = calendar.closing(span.due_on)
    sentences = [
        f"{NAMES[rule.clock]}: {rule.n} {unit} sejak {rule.event} ({moment_text(running.started_at, calendar)}).",
        f"Batas {long_day_text(span.due_on)} pukul 23.59 {calendar.zone_label(closing)}.",
    ]
    if rule.unit is Unit.WORKING_DAYS:
        sentences.append(_skipped(span))
    sentences.append(_standing(running, span, unit, now))
    if span.provisional:
        sentences.append("(sementara)")
    return " ".join(sentences)


def explain_moved(running: Running, before: datetime, now: datetime) -> str:
    """Why a deadline is another one than it was: the day `before`, then the whole reckoning as it is now."""
    return f"Batas semula {long_day_text(running.calendar.today(before))}. {explain(running, now)}"


def _skipped(span: Span) -> str:
    parts = [f"{span.weekend_days} hari akhir pekan"]
    if span.holidays:
        named = "; ".join(f"{short_day_text(holiday.date)} {holiday.name}" for holiday in span.holidays)
        parts.append(f"{len(span.holidays)} libur: {named}")
    if span.paused_days:
        parts.append(f"jeda {span.paused_days} hari kerja")
    return f"Dilewati: {', '.join(parts)}."


def _standing(running: Running, span: Span, unit: str, now: datetime) -> str:
    if running.stopped_at is not None:
        stopped_on = running.calendar.today(running.stopped_at)
        used = _days_between(running, span.start_on, stopped_on, now)
        return f"Berhenti {day_text(stopped_on)}, {used} {unit} terpakai."
    left = _signed_days(running, span.due_on, now)
    if now > running.calendar.closing(span.due_on):
        return f"Lewat {-left} {unit}."
    return f"Sisa {left} {unit}." if left else "Jatuh tempo hari ini."


def _signed_days(running: Running, due_on: date, now: datetime) -> int:
    today = running.calendar.today(now)
    if today <= due_on:
        # From the start, because only there it is known how much of the allowed pause has been used.
        start = running.calendar.today(running.started_at)
        return _days_between(running, start, due_on, now) - _days_between(running, start, today, now)
    return -_days_between(replace(running, pauses=()), due_on, today, now)


def _days_between(running: Running, after: date, through: date, now: datetime) -> int:
    rule = running.rule
    if rule.unit is Unit.CALENDAR_DAYS:
        return max(0, (through - after).days)
    return working_days_between(after, through, running.calendar, _counted_pauses(running, now), rule.max_paused_days)


def _counted_pauses(running: Running, now: datetime) -> tuple[Pause, ...]:
    """The pauses that the rule allows, an open one closed at the stop or now."""
    end = running.stopped_at or now
    return tuple(
        replace(pause, until=max(pause.since, end)) if pause.until is None else pause
        for pause in running.pauses[: running.rule.max_pauses]
    )
