"""Days on which the clocks of complaints stand still, and weekend days on which they do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from config.reference.reading import Source, built, read_document

HolidayKind = Literal["libur", "cuti-bersama", "lokal", "kerja-pengganti"]
Certainty = Literal["final", "sementara"]


@dataclass(frozen=True, slots=True)
class Holiday:
    """One day. `lokal` counts in `area` only; on `kerja-pengganti` people work although it is a weekend."""

    date: date
    name: str
    kind: HolidayKind
    status: Certainty
    estimated: bool = False
    """The lunar calendar may still move it."""
    area: str = ""
    decree: str = ""


@dataclass(frozen=True, slots=True)
class HolidayTable:
    holidays: tuple[Holiday, ...]
    years: Mapping[int, str]
    """Year -> `final` or `sementara`; a year that is missing is provisional."""


def read_holidays(source: Source) -> HolidayTable:
    document = read_document(source)
    entries = document.get("holiday")
    if not isinstance(entries, list) or not entries:
        raise source.refuse("", "has no [[holiday]]")
    holidays = []
    seen: set[tuple[date, str, str]] = set()
    for position, entry in enumerate(entries, start=1):
        holiday = _holiday(source, entry, f"holiday {position}")
        identity = (holiday.date, holiday.kind, holiday.area)
        if identity in seen:
            raise source.refuse(f"holiday {position}", f"{holiday.date} is a {holiday.kind} day twice")
        seen.add(identity)
        holidays.append(holiday)
    return HolidayTable(tuple(sorted(holidays, key=lambda day: day.date)), _years(source, document.get("years", {})))


def _holiday(source: Source, entry: Any, place: str) -> Holiday:
    if not isinstance(entry, dict):
        raise source.refuse(place, "must be a table")
    return built(source, Holiday, entry, f"{place} ({entry.get('date', 'no date')})")


def _years(source: Source, years: Any) -> Mapping[int, str]:
    if not isinstance(years, dict):
        raise source.refuse("years", "must be a table of years")
    for year, status in years.items():
        if not year.isdecimal() or status not in {"final", "sementara"}:
            raise source.refuse(f"years.{year}", f"must be a year with final or sementara, not {status!r}")
    return MappingProxyType({int(year): str(status) for year, status in years.items()})
