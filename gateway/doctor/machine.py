"""This machine: folders and their space, load, memory, zones. Nothing here asks the network."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.reference import Reference
from config.settings import Settings
from gateway.doctor.findings import Finding, broken, fine, warning
from gateway.operations.disks import Disk, disk_of, places

# Zones of Indonesia and their distance from UTC in hours: what they say proves that the machine's zone data can be used.
ZONES = {"Asia/Jakarta": 7, "Asia/Pontianak": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9}
LOW_SHARE = 0.1
LOW_BYTES = 256 << 20
GIB = 1 << 30
HIGH_LOAD = 2.0
"""Runnable processes per processor over five minutes."""
LOW_MEMORY = 0.1
MEMORY = Path("/proc/meminfo")


def examine(settings: Settings, reference: Reference, now: datetime) -> Iterator[Finding]:
    yield _zone(settings, now)
    yield _holidays(settings, reference, now)
    for place, folder in places(settings):
        yield _folder(settings, place, folder)
    yield _load()
    yield from _memory()


def _zone(settings: Settings, now: datetime) -> Finding:
    name = settings.government.time_zone
    try:
        wrong = [
            zone
            for zone, hours in ZONES.items()
            if now.astimezone(ZoneInfo(zone)).utcoffset() != timedelta(hours=hours)
        ]
    except ZoneInfoNotFoundError as problem:
        return broken("zone", "missing", zone=str(problem.args[0]) if problem.args else name)
    return broken("zone", "wrong", zone=wrong[0]) if wrong else fine("zone", zone=name)


def _holidays(settings: Settings, reference: Reference, now: datetime) -> Finding:
    year = now.astimezone(settings.government.zone).year
    for asked in (year, year + 1):
        known = reference.holidays.years.get(asked)
        # Next year's are decreed in autumn; until then nobody can enter them.
        if known != "final" and (asked == year or now.month == 12):  # noqa: PLR2004 - December
            return warning("holidays", "provisional" if known else "missing", year=asked)
    return fine("holidays", year=year)


def _folder(settings: Settings, place: str, folder: Path) -> Finding:
    disk = disk_of(folder)
    if disk is None:
        return warning("folder", "missing", place, folder=folder)
    free = f"{disk.free_bytes / GIB:.1f}"
    return next(_troubles(settings, place, folder, disk), fine("folder", about=place, folder=folder, gib=free))


def _troubles(settings: Settings, place: str, folder: Path, disk: Disk) -> Iterator[Finding]:
    """The worst first."""
    free = f"{disk.free_bytes / GIB:.1f}"
    if not os.access(folder, os.W_OK | os.X_OK):
        yield broken("folder", "read_only", place, folder=folder)
    if disk.free_bytes < LOW_BYTES:
        yield broken("folder", "full", place, folder=folder, gib=free)
    if disk.free_share < LOW_SHARE:
        yield warning("folder", "low", place, folder=folder, gib=free)
    if place == "spool" and settings.storage.reserve_mib and not (folder / "reserve").exists():
        yield warning("folder", "no_reserve", place, folder=folder)
    if folder.stat().st_mode & 0o007 and not settings.is_local:
        yield warning("folder", "open", place, folder=folder)


def _load() -> Finding:
    processors = os.cpu_count() or 1
    load = os.getloadavg()[1]
    told: dict[str, Any] = {"load": f"{load:.1f}", "processors": processors}
    return warning("load", "high", **told) if load > HIGH_LOAD * processors else fine("load", **told)


def _memory() -> Iterator[Finding]:
    if not MEMORY.exists():
        return
    lines = (line.split() for line in MEMORY.read_text().splitlines())
    sizes = {words[0].rstrip(":"): int(words[1]) for words in lines}
    share = sizes["MemAvailable"] / sizes["MemTotal"]
    told: dict[str, Any] = {"mib": sizes["MemAvailable"] // 1024, "of": sizes["MemTotal"] // 1024}
    yield warning("memory", "low", **told) if share < LOW_MEMORY else fine("memory", **told)
