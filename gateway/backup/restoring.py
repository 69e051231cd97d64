"""Put a backup back: the whole file is read and proven first, and only then is anything touched.

Attachments, spool and learned models come before the database, so that a restore that breaks off leaves no database that would be
believed. What the gateway finds in the spool afterwards it takes as after any restart; what it knows, it knows.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from config.settings import Settings
from gateway.app import prepare
from gateway.backup import databases
from gateway.backup.entries import Progress, read_entries, unheard
from gateway.backup.making import ATTACHMENTS, DATABASE, MODELS, SPOOL, SPOOLED, is_elsewhere
from gateway.backup.sealed import BackupRefused, SealedReader, damaged
from gateway.storage.engine import revisions


@dataclass(frozen=True, slots=True)
class Proven:
    """A backup of which every byte was read and found as it was written."""

    made_at: datetime
    version: str
    schema: str
    database: str
    entries: int
    bytes: int
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Restored:
    proven: Proven
    attachments: int
    spooled: int
    models: int
    removed: int
    """Attachments that were there and are not in the backup."""
    upgraded: bool


def prove(path: Path, key: bytes, told: Progress = unheard) -> Proven:
    """Read all of it. BackupRefused in one line for another key, a damaged file, a newer version."""
    with _opened(path) as file:
        sealed = SealedReader(file, key)
        files, size = set(), 0
        for name, pieces in read_entries(sealed):
            _check_name(name)
            files.add(name)
            for piece in pieces:
                size += len(piece)
                told("verify", len(piece))
    if DATABASE not in files:
        raise damaged("there is no database in it")
    header = {name: str(value) for name, value in sealed.header.items()}
    try:
        made_at = datetime.fromisoformat(header["made_at"])
    except ValueError as problem:
        raise damaged("its date cannot be read") from problem
    schema = header["schema"]
    if schema not in {"", *revisions()}:
        raise BackupRefused(
            f"the backup has schema {schema}, which is newer than this version; take version {header.get('version')}"
        )
    return Proven(
        made_at, header.get("version", ""), schema, header.get("database", ""), len(files), size, frozenset(files)
    )


def restore(settings: Settings, path: Path, key: bytes, *, overwrite: bool, told: Progress = unheard) -> Restored:
    """Prove the backup, refuse a target that is in use or holds something, then put everything back."""
    proven = prove(path, key, told)
    url = settings.storage.url
    if proven.database != databases.kind_of(url):
        raise BackupRefused(f"the backup is of {proven.database}, storage.url names {databases.kind_of(url)}")
    databases.needs_programs(url)
    if not overwrite and (full := _what_is_there(settings)):
        raise BackupRefused(f"{full}; restore into an empty installation, or say --overwrite")
    databases.refuse_while_used(url)
    attachments, spooled, models = 0, 0, 0
    with databases.work_folder(settings) as folder, _opened(path) as file:
        for name, pieces in read_entries(SealedReader(file, key)):
            place = _place(settings, name, folder)
            told("restore", _write(place, pieces) if place else _skip(pieces))
            attachments += name.startswith(ATTACHMENTS) and place is not None
            spooled += name.startswith(SPOOL)
            models += name.startswith(MODELS)
        removed = _remove_others(settings, proven.files) if overwrite else 0
        databases.put_back(url, folder / DATABASE, lambda _size: told("restore", 0))
    return Restored(proven, attachments, spooled, models, removed, _bring_up_to_date(settings))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as problem:
        raise BackupRefused(f"cannot read {path}: {problem.strerror}") from problem


def _check_name(name: str) -> None:
    if name != DATABASE and (not name.startswith((SPOOL, ATTACHMENTS, MODELS)) or ".." in PurePosixPath(name).parts):
        raise damaged(f"it names a file where none belongs ({name!r})")


def _what_is_there(settings: Settings) -> str:
    """What a restore would take away; empty where nothing is."""
    if databases.holds_something(settings.storage.url):
        return "the database holds messages already"
    if not is_elsewhere(settings) and any(_attachments(settings)):
        return f"{settings.storage.attachments_dir} holds files already"
    if any(Path(settings.storage.spool_dir).glob(SPOOLED)):
        return f"{settings.storage.spool_dir} holds calls that are in no database yet"
    return ""


def _attachments(settings: Settings) -> Iterable[Path]:
    return (path for path in Path(settings.storage.attachments_dir).rglob("*") if path.is_file())


def _place(settings: Settings, name: str, folder: Path) -> Path | None:
    if name == DATABASE:
        return folder / DATABASE
    if name.startswith(SPOOL):
        return Path(settings.storage.spool_dir) / name.removeprefix(SPOOL)
    if name.startswith(MODELS):
        # What else stands there stays: a version has its own name, and the database knows which one serves.
        return Path(settings.storage.models_dir) / name.removeprefix(MODELS)
    if is_elsewhere(settings):
        return None
    return Path(settings.storage.attachments_dir) / name.removeprefix(ATTACHMENTS)


def _write(place: Path, pieces: Iterable[bytes]) -> int:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft, size = place.with_name(place.name + ".new"), 0
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for piece in pieces:
            size += file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place)
    return size


def _skip(pieces: Iterable[bytes]) -> int:
    return sum(map(len, pieces))


def _remove_others(settings: Settings, known: frozenset[str]) -> int:
    """Files of the target that the backup does not have: what was deleted there stays deleted here.

    Calls in the spool stay: they were acknowledged, and are in no database.
    """
    if is_elsewhere(settings):
        return 0
    root, removed = Path(settings.storage.attachments_dir), 0
    for path in list(_attachments(settings)):
        if f"{ATTACHMENTS}{path.relative_to(root).as_posix()}" not in known:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _bring_up_to_date(settings: Settings) -> bool:
    before = databases.revision_of(settings.storage.url)
    prepare(settings)
    return databases.revision_of(settings.storage.url) != before
