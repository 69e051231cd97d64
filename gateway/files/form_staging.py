"""Files of a form that was refused for something else: kept for a day, so that nobody uploads them twice on a slow line.

They belong to whoever holds the random key in the form, to nothing else, and are never shown.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from channels.web_form.form import UploadedFile
from gateway.file_store import FileStore

FOLDER = "forms"
KEPT_S = 24 * 3600
KEY = re.compile(r"(\d{1,12})-[A-Za-z0-9_-]{22,64}")
KEY_BYTES = 18


def keep(store: FileStore, files: Sequence[UploadedFile], now: datetime) -> str:
    """Put the files of one form aside; the key by which they are found again, empty for none."""
    if not files:
        return ""
    _sweep(store, now)
    key = f"{int(now.timestamp())}-{secrets.token_urlsafe(KEY_BYTES)}"
    for number, file in enumerate(files):
        store.put(f"{FOLDER}/{key}.{number:02}", file.content)
    return key


def read(store: FileStore, key: str) -> tuple[UploadedFile, ...]:
    """The files of a key, in order; none when it was never given or is too old."""
    if not KEY.fullmatch(key):
        return ()
    try:
        return tuple(UploadedFile(f"lampiran-{name[-2:]}", store.get(name)) for name in _names(store, key))
    except OSError:
        return ()


def drop(store: FileStore, key: str) -> None:
    """They were sent, or are not wanted any more."""
    if KEY.fullmatch(key):
        for name in _names(store, key):
            store.delete(name)


def _names(store: FileStore, key: str) -> list[str]:
    return sorted(name for name in store.names(FOLDER) if name.startswith(f"{FOLDER}/{key}."))


def _sweep(store: FileStore, now: datetime) -> None:
    for name in store.names(FOLDER):
        match = KEY.match(name.removeprefix(f"{FOLDER}/"))
        if match and now.timestamp() - int(match[1]) > KEPT_S:
            store.delete(name)
