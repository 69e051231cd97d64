"""smsd's four folders: what arrived in them, what waits, what is done with. Plain calls that touch the disk.

Nothing is removed before it is committed: what was taken moves to `.satupintu-done` beside it and stays `keep_days`.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from channels.sms.gammu.grouping import Part, messages, part_of
from channels.sms.gammu.names import OwnName, read_own
from channels.sms.gammu.settings import GammuSettings

DONE = ".satupintu-done"
QUIET_S = 5.0
"""A message is whole when none of its files has changed for so long."""
MOST_AT_ONCE = 200
LARGEST = 64 * 1024
"""Octets of a file that are read: more than 255 parts of an SMS hold."""
AGAIN_AFTER = timedelta(minutes=10)
BYTE_ORDER = b"\xff\xfe"
ATTEMPTS = 3
"""Of the modem for one message, before a person is asked."""


@dataclass(frozen=True, slots=True)
class Received:
    """All files of one message, by name; `key` is the name of its first."""

    key: str
    files: dict[str, bytes]


@dataclass(slots=True)
class _Seen:
    """How the files of a message looked, and since when (monotonic seconds)."""

    looked: tuple[tuple[str, int, int], ...]
    since: float


class Folders:
    """`now` is the machine's time, with which files are dated; `monotonic` measures silence."""

    def __init__(self, settings: GammuSettings, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self.inbox, self.outbox = Path(settings.inbox_path), Path(settings.outbox_path)
        self.sent, self.error = Path(settings.sent_path), Path(settings.error_path)
        self._hung_after = timedelta(minutes=settings.hung_after_minutes)
        self._keep = timedelta(days=settings.keep_days)
        self._now, self._monotonic = now, monotonic
        self._seen: dict[str, _Seen] = {}

    def received(self) -> list[Received]:
        """Messages that are whole, oldest first; OSError where they may not be read."""
        groups = messages(filter(None, map(part_of, self.inbox.iterdir())))
        if any(group[0].sequence for group in groups):
            groups = self._with_beginnings(groups)
        there = set(map(_key, groups))
        self._seen = {key: seen for key, seen in self._seen.items() if key in there}
        whole = [group for group in groups if self._is_quiet(group)]
        return [_read(group) for group in whole[:MOST_AT_ONCE]]

    def taken(self, message: Received) -> None:
        """It is committed: out of the inbox, in order, so that what is left always has its beginning beside it."""
        for name in sorted(message.files):
            _move(self.inbox / name, self.inbox / DONE)
        self._seen.pop(message.key, None)

    def finished(self) -> list[Path]:
        """Files of ours that smsd has sent."""
        return _ours(self.sent)[:MOST_AT_ONCE]

    def failed(self) -> list[Path]:
        """Files of ours that the modem refused for the last time; others go back into the outbox after ten minutes."""
        given_up = []
        for path in _ours(self.error)[:MOST_AT_ONCE]:
            own = read_own(path.name)
            if own is None or own.attempt % ATTEMPTS == 0:
                given_up.append(path)
            elif self._now() - _changed(path) >= AGAIN_AFTER:
                path.rename(self.outbox / str(own.again()))
        return given_up

    def told(self, path: Path) -> None:
        """What became of this file is committed."""
        _move(path, path.parent / DONE)

    def knows(self, own: OwnName) -> bool:
        """Whether smsd has or had this message, in any attempt that was not given up."""
        folders = (self.outbox, self.sent, self.sent / DONE, self.error)
        names = [str(attempt) for attempt in self._attempts(own)]
        return any((folder / name).exists() for folder in folders for name in names)

    def put(self, own: OwnName, text: str) -> bool:
        """Hand a message over to smsd; False when it has it already. Safe to repeat."""
        if self.knows(own):
            return False
        name = str(self._attempts(own)[0])
        # smsd takes names that begin with OUT: this one only after the rename.
        fresh = self.outbox / f".{name}.tmp"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660), "wb") as file:
            # UTF-16 is what smsd reads everywhere; UTF-8 only where its own locale happens to be that.
            file.write(BYTE_ORDER + text.encode("utf-16-le", "replace"))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.outbox / name)
        return True

    def _attempts(self, own: OwnName) -> tuple[OwnName, ...]:
        """The names that a message may have now: those after the attempts that were given up."""
        first = own
        while any((self.error / DONE / str(one)).exists() for one in _run(first)):
            first = _run(first)[-1].again()  # a person wants it tried once more
        return _run(first)

    def waiting(self) -> int:
        """Messages that smsd has not taken yet."""
        return len(_ours(self.outbox))

    def is_hung(self) -> bool:
        """Whether something waits for long and nothing at all has left meanwhile (F97)."""
        before = self._now() - self._hung_after
        waiting = _ours(self.outbox)
        if max(map(_changed, (self.sent, self.error))) > before:
            return False
        for path in waiting:
            with suppress(FileNotFoundError):  # smsd took it just now
                if _changed(path) < before:
                    return True
        return False

    def clear(self) -> None:
        """Remove what has been done with for long: it holds words and numbers of people."""
        for folder in (self.inbox, self.sent, self.error):
            with suppress(FileNotFoundError):
                for path in (folder / DONE).iterdir():
                    if self._now() - _changed(path) > self._keep:
                        path.unlink()

    def _with_beginnings(self, groups: list[list[Part]]) -> list[list[Part]]:
        """With what a process that was killed had moved already, or what came before a part that is late."""
        with suppress(FileNotFoundError):
            done = list(filter(None, map(part_of, (self.inbox / DONE).iterdir())))
            together = messages([*done, *(part for group in groups for part in group)])
            return [group for group in together if any(part.path.parent == self.inbox for part in group)]
        return groups

    def _is_quiet(self, group: list[Part]) -> bool:
        looked = tuple((part.path.name, part.size, part.written_ns) for part in group)
        seen = self._seen.get(_key(group))
        if seen is None or seen.looked != looked:
            self._seen[_key(group)] = _Seen(looked, self._monotonic())
            return False
        return self._monotonic() - seen.since >= QUIET_S


def _key(group: list[Part]) -> str:
    return group[0].path.name


def _read(group: list[Part]) -> Received:
    return Received(_key(group), {part.path.name: _content(part.path) for part in group})


def _run(own: OwnName) -> tuple[OwnName, ...]:
    found = [own]
    while len(found) < ATTEMPTS:
        found.append(found[-1].again())
    return tuple(found)


def _ours(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if read_own(path.name)]


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _move(path: Path, folder: Path) -> None:
    """Into the folder, which is made when it is missing; nothing when somebody removed it meanwhile."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileNotFoundError):
        path.rename(folder / path.name)
