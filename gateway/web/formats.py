"""How times, numbers and ages are written on every screen (SCREENS § 1.5): absolute first, in the government's zone."""

from datetime import date, datetime

from markupsafe import Markup

from gateway.complaints.calendar import WEEKDAYS, Calendar, day_text

WEEKDAY_LETTERS = 3
UNITS = ((86_400, "hr"), (3_600, "j"), (60, "m"), (1, "dtk"))
"""Seconds and Indonesian letter: hari, jam, menit, detik."""


def moment_short(moment: datetime, calendar: Calendar) -> str:
    """`Sen 23 Nov 2026 10.42 WIB`."""
    local = calendar.local(moment)
    return f"{_weekday(local)} {day_text(local.date())} {local:%H.%M} {calendar.zone_label(moment)}"


def moment_markup(moment: datetime | None, calendar: Calendar) -> Markup:
    """The same, inside `<time datetime>`; a dash where there is no moment."""
    if moment is None:
        return Markup("–")
    machine = moment.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(machine, moment_short(moment, calendar))


def exact_markup(moment: datetime, calendar: Calendar) -> Markup:
    """`Sen 23 Nov 2026 10.42.30 WIB` inside `<time datetime>`: an end that may be seconds away."""
    local = calendar.local(moment)
    words = f"{_weekday(local)} {day_text(local.date())} {clock_text(moment, calendar)}"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(timespec="seconds"), words)


def day_markup(moment: date | datetime | None, calendar: Calendar) -> Markup:
    """`Sen 23 Nov 2026` inside `<time>`."""
    if moment is None:
        return Markup("–")
    day = calendar.local(moment).date() if isinstance(moment, datetime) else moment
    return Markup('<time datetime="{}">{} {}</time>').format(day.isoformat(), _weekday(day), day_text(day))


def clock_text(moment: datetime, calendar: Calendar) -> str:
    """`10.42.05 WIB`: when a page was made."""
    return f"{calendar.local(moment):%H.%M.%S} {calendar.zone_label(moment)}"


def number_text(value: float | None, decimals: int = 0) -> str:
    """`1.234,5`; a dash for no value."""
    if value is None:
        return "–"
    english = f"{value:,.{decimals}f}"
    return english.translate(str.maketrans(",.", ".,"))


def age_text(seconds: float | None) -> str:
    """`12 m`, `3 j`, `2 hr`: only ever beside an absolute time or a count."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    size, letter = next((unit for unit in UNITS if whole >= unit[0]), UNITS[-1])
    return f"{whole // size} {letter}"


def _weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()][:WEEKDAY_LETTERS]
