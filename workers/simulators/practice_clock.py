"""How the practice page tells and moves the time: local dates in words, one hour on, one working day on."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.texts import Texts

SATURDAY = 5
ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def one_workday_on(moment: datetime, zone: str, days_off: Collection[str]) -> datetime:
    """The same local time on the next working day; `days_off` as `2026-12-25`."""
    day = moment.astimezone(ZoneInfo(zone)) + timedelta(days=1)
    while day.weekday() >= SATURDAY or day.date().isoformat() in days_off:
        day += timedelta(days=1)
    return day


def day_in_words(moment: datetime, zone: str, texts: Texts, language: str) -> str:
    """`Sen 23 Nov 2026`."""
    day = moment.astimezone(ZoneInfo(zone))
    weekday = texts.words("practice.dates.days", language)[day.weekday()]
    month = texts.words("practice.dates.months", language)[day.month - 1]
    return f"{weekday} {day.day} {month} {day.year}"


def hour_in_words(moment: datetime, zone: str) -> str:
    """`08.00`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H.%M}"


def zone_name(zone: str) -> str:
    """What people call the zone; empty when it is none of Indonesia's three."""
    return ZONES.get(zone, "")
