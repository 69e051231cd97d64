"""Working days: which day counts, when n of them have passed, and what to call them.

Source: CASEWORK 5.1; vectors in tests/vectors/workdays.json. A day counts when it is Monday to Friday and no holiday, or
when it is declared a working day; the count begins on the day after the start and ends at 23:59:59 local.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

SATURDAY = 5
LAST_MOMENT = time(23, 59, 59)
FINAL = "final"
"""Status of a year whose holidays are decreed; the other is `sementara`."""
ONE_DAY = timedelta(days=1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
WEEKDAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
ZONE_LABELS = {7: "WIB", 8: "WITA", 9: "WIT"}
NO_YEARS: Mapping[int, str] = MappingProxyType({})


Day = date


class HolidayKind(StrEnum):
    KERJA_PENGGANTI = "kerja-pengganti"
    """A working day by decree, whatever else the day is."""
    LIBUR = "libur"
    CUTI_BERSAMA = "cuti-bersama"
    LOKAL = "lokal"


PRECEDENCE = tuple(HolidayKind)


class HolidayRow(Protocol):
    """A row of the holiday table, wherever it is kept."""

    @property
    def date(self) -> Day: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def area(self) -> str: ...
    @property
    def decree(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day that does not count, or counts by decree. `area`: region code, empty for everywhere."""

    date: Day
    name: str
    kind: HolidayKind
    area: str = ""
    decree: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a clock stands still; `until` None while it lasts."""

    since: datetime
    until: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class Span:
    """The days from a start to a deadline, as they can be explained: what was skipped, and why."""

    start_on: date
    due_on: date
    weekend_days: int = 0
    holidays: tuple[Holiday, ...] = ()
    """Those that fell on Monday to Friday, in order."""
    paused_days: int = 0
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of one place. Make it with `Calendar.of`."""

    zone: str
    years: Mapping[int, str]
    """Years that the table knows -> `final` or `sementara`."""
    _by_day: Mapping[date, Holiday] = field(repr=False)
    _with_joint_leave: frozenset[int] = field(repr=False)

    @classmethod
    def of(
        cls,
        holidays: Iterable[HolidayRow],
        zone: str = "Asia/Jakarta",
        area: str = "",
        years: Mapping[int, str] = NO_YEARS,
    ) -> "Calendar":
        """The calendar of `area` (a region code such as `62.01`) from all rows of the table, in any order."""
        rows = [Holiday(row.date, row.name, HolidayKind(row.kind), row.area, row.decree) for row in holidays]
        here = [row for row in rows if _holds_in(row.area, area)]
        # What decides a day comes last and stays: a working day by decree wins, then the most general holiday.
        here.sort(key=lambda row: (PRECEDENCE.index(row.kind), row.name, row.area, row.decree), reverse=True)
        by_day = {row.date: row for row in here}
        leave = frozenset(row.date.year for row in here if row.kind is HolidayKind.CUTI_BERSAMA)
        return cls(zone, MappingProxyType(dict(years)), MappingProxyType(by_day), leave)

    def is_working(self, day: date) -> bool:
        holiday = self._by_day.get(day)
        if holiday is not None:
            return holiday.kind is HolidayKind.KERJA_PENGGANTI
        return day.weekday() < SATURDAY

    def holiday(self, day: date) -> Holiday | None:
        """Why a day is off; None for working days and plain weekends."""
        holiday = self._by_day.get(day)
        return None if holiday is None or holiday.kind is HolidayKind.KERJA_PENGGANTI else holiday

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone))

    def today(self, now: datetime) -> date:
        return self.local(now).date()

    def closing(self, day: date) -> datetime:
        """The last second of a local day, in UTC."""
        return datetime.combine(day, LAST_MOMENT, ZoneInfo(self.zone)).astimezone(UTC)

    def zone_label(self, moment: datetime) -> str:
        """WIB, WITA or WIT; elsewhere the offset."""
        offset = self.local(moment).utcoffset() or timedelta()
        hours = offset.total_seconds() / 3600
        return ZONE_LABELS.get(int(hours), f"UTC{hours:+g}")

    def is_provisional(self, first: date, last: date) -> bool:
        """Whether a year from `first` to `last` may still get holidays: announced as such, unknown, or without joint leave."""
        span = range(first.year, last.year + 1)
        return any(self.years.get(year) != FINAL or year not in self._with_joint_leave for year in span)


def count_days(
    start_on: date, number: int, calendar: Calendar, pauses: Sequence[Pause] = (), most_paused: int | None = None
) -> Span:
    """Count `number` working days from the day after `start_on`.

    A day on whose last second the clock stood still does not count; after `most_paused` such days it does again.
    ValueError when a pause is still open: nobody can tell the deadline then.
    """
    if any(pause.until is None for pause in pauses):
        raise ValueError("an open pause has no end to count to")
    weekend_days = paused = 0
    holidays: list[Holiday] = []
    left = number
    day = start_on
    while left > 0:
        day += ONE_DAY
        if not calendar.is_working(day):
            holiday = calendar.holiday(day) if day.weekday() < SATURDAY else None
            weekend_days += holiday is None
            holidays += [holiday] if holiday else []
        elif paused != most_paused and _is_paused(day, calendar, pauses):
            paused += 1
        else:
            left -= 1
    provisional = calendar.is_provisional(min(start_on + ONE_DAY, day), day)
    return Span(start_on, day, weekend_days, tuple(holidays), paused, provisional)


def due(start: datetime, number: int, calendar: Calendar, pauses: Sequence[Pause] = ()) -> datetime:
    """The moment in UTC at which `number` working days after `start` have passed."""
    return calendar.closing(count_days(calendar.today(start), number, calendar, pauses).due_on)


def add_working_days(day: date, number: int, calendar: Calendar) -> date:
    """The `number`-th working day after `day`."""
    return count_days(day, number, calendar).due_on


def working_days_between(
    after: date, through: date, calendar: Calendar, pauses: Sequence[Pause] = (), most_paused: int | None = None
) -> int:
    """Working days later than `after`, up to and including `through`; 0 when there are none."""
    counted = paused = 0
    for day in _days(after + ONE_DAY, through):
        if not calendar.is_working(day):
            continue
        if paused != most_paused and _is_paused(day, calendar, pauses):
            paused += 1
        else:
            counted += 1
    return counted


def working_days_left(due_on: date, now: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()) -> int:
    """Counted days after today up to the due day: 0 is due today, a negative number is working days overdue."""
    today = calendar.today(now)
    if today <= due_on:
        return working_days_between(today, due_on, calendar, pauses)
    return -working_days_between(due_on, today, calendar, pauses)


def day_text(day: date) -> str:
    """`26 Nov 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def short_day_text(day: date) -> str:
    """`26 Nov`."""
    return f"{day.day} {MONTHS[day.month - 1]}"


def long_day_text(day: date) -> str:
    """`Kamis 26 Nov 2026`."""
    return f"{WEEKDAYS[day.weekday()]} {day_text(day)}"


def moment_text(moment: datetime, calendar: Calendar) -> str:
    """`Rabu 23 Des 2026 pukul 09.15 WIB`."""
    local = calendar.local(moment)
    return f"{long_day_text(local.date())} pukul {local:%H.%M} {calendar.zone_label(moment)}"


def _holds_in(holiday_area: str, area: str) -> bool:
    return not holiday_area or area == holiday_area or area.startswith(f"{holiday_area}.")


def _is_paused(day: date, calendar: Calendar, pauses: Sequence[Pause]) -> bool:
    if not pauses:
        return False
    closing = calendar.closing(day)
    return any(pause.covers(closing) for pause in pauses)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + ONE_DAY * step for step in range((last - first).days + 1))
