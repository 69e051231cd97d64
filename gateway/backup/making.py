"""Make a backup while everything runs: spool, staged files, database, attachments, learned models, in this order.

The order is what keeps the promise that nothing acknowledged before the backup began is missing from it. A call that
waits in the spool is copied there, or is in the database by the time that is copied; a staged file likewise. A file
is on the disk before its row says so, so attachments and models come last.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from config.settings import Settings
from gateway.backup import databases
from gateway.backup.entries import EntryWriter, Progress, unheard
from gateway.backup.keeping import DRAFT
from gateway.backup.sealed import BackupRefused, SealedWriter

SPOOL, STAGED, DATABASE, ATTACHMENTS, MODELS = "spool/", "attachments/staged/", "database", "attachments/", "models/"
SPOOLED = "*.spool"
ON_ITS_WAY = ".new"
ELSEWHERE = "://"
"""Attachments in an object store are that store's to keep; a folder has no such address."""


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    bytes: int
    entries: int
    content_bytes: int
    schema: str
    sha256: str
    """Of the sealed file."""
    has_attachments: bool
    """False where they are kept in an object store, which needs a backup of its own."""


def make(settings: Settings, key: bytes, to: Path, now: datetime, told: Progress = unheard) -> Made:
    """Write the backup to `to`, which must not be there. BackupRefused or OSError leave nothing behind."""
    if to.exists():
        raise BackupRefused(f"{to} is there already; a backup is never written over")
    databases.needs_programs(settings.storage.url)
    schema = databases.revision_of(settings.storage.url)
    header = {
        "made_at": now.isoformat(timespec="seconds"),
        "version": version("satupintu"),
        "schema": schema,
        "database": databases.kind_of(settings.storage.url),
    }
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f"{to.name}{DRAFT}")
    try:
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            sealed = EntryWriter(SealedWriter(file, key, header), told)
            _fill(settings, sealed, told)
            totals = sealed.finish()
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        draft.rename(to)
        _keep_name(to.parent)
    except FileExistsError as problem:
        raise BackupRefused(f"{draft} is there: another backup is under way, or one broke off; remove it") from problem
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    kept = not is_elsewhere(settings)
    return Made(to, to.stat().st_size, totals.entries, totals.bytes, schema, digest, kept)


def is_elsewhere(settings: Settings) -> bool:
    return ELSEWHERE in settings.storage.attachments_dir


def _fill(settings: Settings, sealed: EntryWriter, told: Progress) -> None:
    spool = Path(settings.storage.spool_dir)
    _put_all(sealed, SPOOL, spool, sorted(spool.glob(SPOOLED)))
    attachments = Path(settings.storage.attachments_dir)
    staged = attachments / "staged"
    if not is_elsewhere(settings):
        _put_all(sealed, STAGED, staged, _files(staged))
    with databases.work_folder(settings) as folder:
        copied = folder / DATABASE
        databases.copy(settings.storage.url, copied, _counting(told, "copy"))
        with copied.open("rb") as file:
            sealed.put(DATABASE, file)
    if not is_elsewhere(settings):
        _put_all(sealed, ATTACHMENTS, attachments, (path for path in _files(attachments) if staged not in path.parents))
    models = Path(settings.storage.models_dir)
    _put_all(sealed, MODELS, models, _files(models))


def _counting(told: Progress, name: str) -> databases.Told:
    """Progress by what was added since the last time, of a copy that says how large it is."""
    seen = 0

    def counted(size: int) -> None:
        nonlocal seen
        told(name, max(0, size - seen))
        seen = max(seen, size)

    return counted


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ON_ITS_WAY)


def _put_all(sealed: EntryWriter, prefix: str, folder: Path, paths: "list[Path] | Iterator[Path]") -> None:
    for path in paths:
        try:
            file: BinaryIO = path.open("rb")
        except FileNotFoundError:
            continue  # settled, replayed or deleted meanwhile: what it held is in the database, or is to be gone
        with file:
            sealed.put(f"{prefix}{path.relative_to(folder)}", file)


def _keep_name(folder: Path) -> None:
    """A name is on the disk only when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
