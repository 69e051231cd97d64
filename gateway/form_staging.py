"""Files of a form that was refused for something else: kept for a day, so that nobody uploads them twice on a slow line.

They belong to whoever holds the random key in the form, to nothing else, and are never shown.
"""

import os
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from channels.web_form.form import UploadedFile

KEPT_S = 24 * 3600
KEY = re.compile(r"(\d{1,12})-[A-Za-z0-9_-]{22,64}")
KEY_BYTES = 18


def keep(folder: Path, files: Sequence[UploadedFile], now: datetime) -> str:
    """Put the files of one form aside; the key by which they are found again, empty for none."""
    if not files:
        return ""
    _sweep(folder, now)
    key = f"{int(now.timestamp())}-{secrets.token_urlsafe(KEY_BYTES)}"
    place = folder / key
    place.mkdir(parents=True, mode=0o700)
    for number, file in enumerate(files):
        with os.fdopen(os.open(place / f"{number:02}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(file.content)
    return key


def read(folder: Path, key: str) -> tuple[UploadedFile, ...]:
    """The files of a key, in order; none when it was never given or is too old."""
    if not KEY.fullmatch(key):
        return ()
    try:
        paths = sorted((folder / key).iterdir())
        return tuple(UploadedFile(f"lampiran-{path.name}", path.read_bytes()) for path in paths)
    except OSError:
        return ()


def drop(folder: Path, key: str) -> None:
    """They were sent, or are not wanted any more."""
    if KEY.fullmatch(key):
        shutil.rmtree(folder / key, ignore_errors=True)


def _sweep(folder: Path, now: datetime) -> None:
    with suppress(FileNotFoundError):
        for place in folder.iterdir():
            match = KEY.fullmatch(place.name)
            if match and now.timestamp() - int(match[1]) > KEPT_S:
                shutil.rmtree(place, ignore_errors=True)
