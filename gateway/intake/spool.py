"""An append-only file for the hours without a database: sealed lines, fsynced before anybody is told, replayed in order.

One file per process, locked while it lives; the files of dead processes are replayed by whoever starts next. A torn
last line was never acknowledged: it is cut off and counted (F13).
"""

import base64
import errno
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag

from channels.messages import RawRequest
from config.logging import get_logger
from gateway.intake.arrival import Arrival, freeze, thaw
from gateway.operations import locked_files
from gateway.operations.disks import disk_of

log = get_logger(__name__)
SUFFIX = ".spool"
Line = tuple[str, RawRequest, datetime]


class SpoolFull(Exception):
    """Neither database nor disk can take it: answered 503, the provider sends it again."""


class Spool:
    """The spool of this process. Methods block (fsync): call them in a thread."""

    def __init__(self, folder: Path, key: bytes, reserve_mib: int, nearly_full: float = 0.95) -> None:
        """`nearly_full`: share of the disk in use from which the reserve is given up."""
        self._folder = folder
        self._key = key
        self._reserve = folder / "reserve"
        self._reserve_bytes = reserve_mib * 1024 * 1024
        self._nearly_full = nearly_full
        self._file: BinaryIO | None = None
        self._waiting = 0
        self._given: dict[Path, tuple[int, int]] = {}
        """File -> where what `lines` gave last ends, and how many lines that were."""
        self._done: dict[Path, int] = {}
        """File -> where what is in the database ends: a file that still grows is not read from its beginning."""

    @property
    def waiting(self) -> int:
        """Lines of this process that are not yet in the database."""
        return self._waiting

    def prepare(self) -> bool:
        """Make the folder and set space aside for the moment the disk is full; whether it nearly is (`keep_room`)."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.keep_room()

    def keep_room(self) -> bool:
        """Give the reserve up while the disk is nearly full, set it aside when there is room (F86).

        Whether people should make room: the disk is nearly full, or has no room for the reserve again.
        """
        disk = disk_of(self._folder)
        if disk is None:
            return False
        if 1 - disk.free_share >= self._nearly_full:
            self._give_up_reserve()
            return True
        after = self._reserve_bytes / max(disk.bytes, 1)
        if not self._reserve.exists() and 1 - disk.free_share + after < self._nearly_full:
            self._set_aside()
        return bool(self._reserve_bytes) and not self._reserve.exists()

    def _set_aside(self) -> None:
        if not self._reserve_bytes:
            return
        try:
            with self._reserve.open("wb") as reserve:
                os.posix_fallocate(reserve.fileno(), 0, self._reserve_bytes)
        except OSError as problem:
            self._reserve.unlink(missing_ok=True)
            log.warning("spool_reserve_missing", problem=type(problem).__name__)

    def _give_up_reserve(self) -> None:
        if self._reserve.exists():
            self._reserve.unlink(missing_ok=True)
            log.warning("spool_reserve_released")

    def writable(self) -> bool:
        return os.access(self._folder, os.W_OK)

    def append(self, arrivals: Sequence[Arrival]) -> None:
        """Keep these calls; returns when they are on the disk. SpoolFull when they cannot be."""
        lines = b"".join(
            base64.b64encode(freeze(self._key, a.channel, a.request, a.received_at)) + b"\n" for a in arrivals
        )
        try:
            self._write(lines)
        except OSError:
            if not self._reserve.exists():
                raise SpoolFull from None
            # The space was set aside for exactly this moment.
            self._give_up_reserve()
            try:
                self._write(lines)
            except OSError as problem:
                raise SpoolFull from problem
        self._waiting += len(arrivals)

    def _write(self, lines: bytes) -> None:
        file = self._opened()
        start = file.seek(0, os.SEEK_END)
        try:
            _write_whole(file, lines)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(start)
            raise

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = locked_files.create(self._folder, f"{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}")
        return self._file

    def lines(self) -> Iterator[tuple[Path, list[Line]]]:
        """The kept calls that are not `done`, file by file: those of dead processes first, then our own."""
        for path in self._files():
            with path.open("rb") as file:
                start = file.seek(self._done.get(path, 0))
                content = file.read()
            lines = list(self._read(content))
            self._given[path] = start + len(content), len(lines)
            yield path, lines

    def has_more(self) -> bool:
        """Whether something is there that is not `done`."""
        return any(path.stat().st_size > self._done.get(path, 0) for path in self._files())

    def _files(self) -> Iterator[Path]:
        for path in sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime):
            if self._is_ours(path) or self._is_left_behind(path):
                yield path

    def _is_ours(self, path: Path) -> bool:
        return self._file is not None and path.samefile(f"/proc/self/fd/{self._file.fileno()}")

    def _is_left_behind(self, path: Path) -> bool:
        file = locked_files.take(path)
        if file is not None:
            file.close()
        return file is not None

    def _read(self, content: bytes) -> Iterator[Line]:
        for number, line in enumerate(content.split(b"\n"), 1):
            if not line:
                continue
            try:
                yield thaw(self._key, base64.b64decode(line))
            except (ValueError, InvalidTag):
                log.warning("spool_line_torn", line=number)

    def done(self, path: Path) -> None:
        """What `lines` gave of this file is in the database; the file is forgotten when nothing was added meanwhile."""
        end, many = self._given.pop(path)
        if not path.exists():  # another process carried it over as well
            return
        is_ours = self._is_ours(path)
        if is_ours:
            self._waiting -= many
        if path.stat().st_size > end:
            self._done[path] = end
            return
        self._done.pop(path, None)
        if is_ours and self._file is not None:
            self._file.truncate(0)
        else:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            empty = self._waiting == 0
            name = Path(f"/proc/self/fd/{self._file.fileno()}").readlink()
            self._file.close()
            self._file = None
            if empty:
                name.unlink(missing_ok=True)


def _write_whole(file: BinaryIO, content: bytes) -> None:
    """A disk that fills up takes the beginning of a write and says so only by its length."""
    if file.write(content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
