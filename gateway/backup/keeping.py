"""The key of backups, and how long backups are kept: what a citizen had deleted is gone only when the last backup with it is."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from gateway.backup.sealed import BackupRefused, read_header

SUFFIX = ".backup"
DRAFT = ".part"
LEAST_KEY = 32
DAYS = re.compile(r"(\d{1,4})d?")
LEFT_BEHIND = timedelta(days=1)


def read_key(file: str, identity_key: str) -> bytes:
    """The key in `file`: at least 32 characters, readable by its owner only, and not the identity key."""
    if not file:
        raise BackupRefused("backup.key_path is not set; make a key with: openssl rand -hex 48")
    path = Path(file)
    try:
        key = path.read_text(encoding="utf-8").strip()
        mode = path.stat().st_mode & 0o777
    except (OSError, UnicodeDecodeError) as problem:
        raise BackupRefused(f"backup.key_path: cannot read {file} ({type(problem).__name__})") from problem
    if mode & 0o077:
        raise BackupRefused(f"backup.key_path: {file} has mode {mode:04o}; only its owner may read it (chmod 600)")
    if len(key) < LEAST_KEY or len(set(key)) < LEAST_KEY // 4:
        raise BackupRefused(f"backup.key_path: {file} must hold at least {LEAST_KEY} random characters")
    if key == identity_key:
        raise BackupRefused("backup.key_path holds storage.identity_key; whoever has one key must not have both")
    return key.encode()


def read_days(text: str) -> int:
    """`35d` or `35`. ValueError for anything else."""
    found = DAYS.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError(f"{text!r} is no number of days; write 35d")
    return int(found[1])


def name_at(moment: datetime) -> str:
    return f"satupintu-{moment:%Y%m%dT%H%M%SZ}{SUFFIX}"


def forget_old(folder: Path, keep_days: int, now: datetime) -> list[Path]:
    """Delete the backups in `folder` that are older, and what broken-off ones left; the paths that are gone."""
    before = now - timedelta(days=keep_days)
    old = [path for path, made_at in backups(folder) if made_at < before]
    broken_off = (now - LEFT_BEHIND).timestamp()
    old += [path for path in folder.glob(f"*{SUFFIX}{DRAFT}") if path.stat().st_mtime < broken_off]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def backups(folder: Path) -> Iterator[tuple[Path, datetime]]:
    """Every backup in `folder` with the moment it was begun, as it says itself; other files are not looked at."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                made_at = datetime.fromisoformat(str(read_header(file)["made_at"]))
        except (BackupRefused, ValueError, OSError):
            continue
        yield path, made_at
