"""Files of a process that the next one goes on with: locked while it lives, taken by whoever finds them without a lock."""

import fcntl
import os
from pathlib import Path
from typing import BinaryIO


def create(folder: Path, name: str) -> BinaryIO:
    """A new file of this process alone, unbuffered, to be read and appended to; locked until it is closed.

    `name` has an ending. OSError: there is no such file then.
    """
    path = folder / name
    draft = path.with_suffix(".new")
    stream = os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0)
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It gets its name when it is locked: without the lock another process takes it for a dead one's.
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        stream.close()
        raise
    return stream


def take(path: Path) -> BinaryIO | None:
    """The file, to be read, ours alone until it is closed; None while its process lives, and when it is gone."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        return None
    return stream
