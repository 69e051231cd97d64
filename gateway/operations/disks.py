"""The folders of this machine that fill up, and what is left in them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings

SQLITE = "sqlite:///"
ELSEWHERE = "://"
"""Attachments in an object store are on no disk of this machine."""


@dataclass(frozen=True, slots=True)
class Disk:
    """`bytes` in all; `free_bytes` for us, not for root; `free_share` 0 to 1."""

    bytes: int
    free_bytes: int
    free_share: float


def places(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name and folder: spool, attachments, database; only what is on this machine."""
    yield "spool", Path(settings.storage.spool_dir)
    if ELSEWHERE not in settings.storage.attachments_dir:
        yield "attachments", Path(settings.storage.attachments_dir)
    if settings.storage.url.startswith(SQLITE):
        yield "database", Path(settings.storage.url.removeprefix(SQLITE)).parent


def disk_of(folder: Path) -> Disk | None:
    """None where the folder is not there."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Disk(
        found.f_blocks * found.f_frsize,
        found.f_bavail * found.f_frsize,
        round(found.f_bavail / max(found.f_blocks, 1), 4),
    )
