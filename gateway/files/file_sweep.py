"""Files that no row names: their commit never came, or their row went with a draft. They go after a day.

A sixteenth of the store in each turn, so that neither memory nor database has to hold all names at once. A file is put
before its row says so, and put again when the same comes a second time: whatever is named, or young, stays.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

from config.logging import get_logger
from gateway.storage.store import Store

log = get_logger(__name__)
KEPT_FOR = timedelta(days=1)
TURN_S = 3600
HEXADECIMAL = "0123456789abcdef"
AT_ONCE = 500
NAMED = "SELECT stored_as FROM attachment WHERE stored_as IN {ids}"


def sweep(store: Store) -> int:
    """One turn; how many files went."""
    first = HEXADECIMAL[int(store.office.now().timestamp() // TURN_S) % len(HEXADECIMAL)]
    many = sum(_sweep(store, f"{first}{second}") for second in HEXADECIMAL)
    if many:
        log.info("files_swept", many=many)
    return many


def _sweep(store: Store, folder: str) -> int:
    files, before = store.office.files, store.office.now() - KEPT_FOR
    many = 0
    for name in _unnamed(store, sorted(files.names(folder))):
        # Looked at last of all: who puts the same file right now makes it young.
        with suppress(FileNotFoundError):
            if files.written_at(name) < before:
                files.delete(name)
                many += 1
    return many


def _unnamed(store: Store, names: list[str]) -> Iterator[str]:
    for start in range(0, len(names), AT_ONCE):
        piece = names[start : start + AT_ONCE]
        with store.reading() as tx:
            named = {row.stored_as for row in tx.in_ids(NAMED, piece, "text")}
        yield from (name for name in piece if name not in named)
