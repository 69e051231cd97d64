"""What this process holds, began and ended, in a file that outlives it: after a kill only what was on its way is in doubt.

A claim is committed for many messages at once, and a process that dies holds all of them. What it wrote here tells which
of them never left (they leave now) and which were answered already. What was begun and has no answer stays in doubt.

The file says nothing after a power cut, for it is never synced: its name carries the start of the machine that it belongs
to. It is locked while its process lives, as the spool is. Addresses and texts do not come here (SECURITY C1).
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from channels.messages import DeliveryStatus
from config.logging import get_logger
from gateway.operations import locked_files
from gateway.outbound.outbound import Outcome, Parcel, unnamed
from gateway.sealing import Keys

log = get_logger(__name__)
SUFFIX = ".sends"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FULL_BYTES = 256 * 1024
"""From then on new claims go to a new file; the old one goes when all that it names is settled."""


class _Claimed(msgspec.Struct, tag="claimed"):
    rows: list[tuple[int, int]]
    """(id, fence) of each message."""


class _Begun(msgspec.Struct, tag="begun"):
    id: int


class _Ended(msgspec.Struct, tag="ended"):
    outcome: Outcome


Line = _Claimed | _Begun | _Ended
encoder = msgspec.json.Encoder()
decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


@dataclass(slots=True)
class _File:
    path: Path
    stream: BinaryIO
    open: set[int] = field(default_factory=set)
    """Messages claimed here that are not settled."""
    bytes: int = 0

    def write(self, line: Line) -> None:
        content = encoder.encode(line) + b"\n"
        if self.stream.write(content) != len(content):
            raise OSError
        self.bytes += len(content)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.stream.close()


class SendJournal:
    """The journal of one process. `claimed` and `settled` come from one thread, `begun` and `ended` from the loop: what
    both of them look at and write is held by a lock, for the moment that a line without `fsync` takes.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._folder = folder
        self._keys = keys
        self._boot = _boot()
        self._current: _File | None = None
        self._file_of: dict[int, _File] = {}
        self._held = Lock()
        """Whoever has it may look at and change the two above and the files in them."""
        self._left: list[_File] = []
        """Files of the dead, locked while what they tell is on its way into the database."""

    def claimed(self, parcels: Sequence[Parcel]) -> None:
        """These messages are ours: the claim is committed."""
        if not parcels:
            return
        with self._held:
            try:
                file = self._with_room()
                file.write(_Claimed([(parcel.id, parcel.fence) for parcel in parcels]))
            except OSError as problem:
                # Without a journal they are in doubt when this process is killed: never sent twice.
                log.warning("send_journal_failed", problem=type(problem).__name__)
                self._give_up(self._current)
                return
            file.open.update(parcel.id for parcel in parcels)
            self._file_of.update((parcel.id, file) for parcel in parcels)

    def begun(self, parcel: Parcel) -> None:
        """From now on the provider may have it."""
        self._note(parcel.id, _Begun(parcel.id))

    def ended(self, outcome: Outcome) -> None:
        """The provider's answer is known, though not yet in the database."""
        name = unnamed(self._keys, outcome)
        self._note(outcome.id, _Ended(replace(outcome, provider_id=name, detail="", address=None, new_address=None)))

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """What became of these is in the database."""
        with self._held:
            for outcome in outcomes:
                file = self._file_of.pop(outcome.id, None)
                if file is None:
                    continue
                file.open.discard(outcome.id)
                if not file.open and file is not self._current:
                    file.remove()

    def left_behind(self) -> list[Outcome]:
        """What became of messages of processes that are dead; after its commit call `taken_over`."""
        self._release()
        found: list[Outcome] = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if stream := locked_files.take(path):
                self._left.append(_File(path, stream))
                # What another start of this machine wrote may lack its last lines.
                if path.name.startswith(self._boot):
                    found += _outcomes(stream.read())
        return found

    def taken_over(self) -> None:
        """What `left_behind` told is committed."""
        for file in self._left:
            file.path.unlink(missing_ok=True)
        self._release()

    def close(self) -> None:
        """The process ends. What is not settled is left for the next one."""
        self._release()
        with self._held:
            for file in {id(each): each for each in [*self._file_of.values(), self._current] if each}.values():
                if file.open:
                    file.stream.close()
                else:
                    file.remove()
            self._file_of, self._current = {}, None

    def _release(self) -> None:
        for file in self._left:
            file.stream.close()
        self._left = []

    def _note(self, identity: int, line: Line) -> None:
        with self._held:
            file = self._file_of.get(identity)
            if file is None:
                return
            try:
                file.write(line)
            except OSError as problem:
                log.warning("send_journal_failed", problem=type(problem).__name__)
                self._give_up(file)

    def _give_up(self, file: _File | None) -> None:
        """A journal with a gap would call begun what was not, or the other way round: better none."""
        if file is None:
            return
        self._file_of = {identity: each for identity, each in self._file_of.items() if each is not file}
        if file is self._current:
            self._current = None
        file.remove()

    def _with_room(self) -> _File:
        file = self._current
        if file and file.bytes >= FULL_BYTES:
            if not file.open:
                file.remove()
            file = None
        if file is None:
            file = self._opened()
        self._current = file
        return file

    def _opened(self) -> _File:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{self._boot}-{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}"
        return _File(self._folder / name, locked_files.create(self._folder, name))


def _outcomes(content: bytes) -> Iterator[Outcome]:
    """The last word on each message; none about those that were begun and have no answer."""
    known: dict[int, Outcome] = {}
    for line in content.split(b"\n"):
        try:
            told = decoder.decode(line)
        except msgspec.DecodeError:  # the last one, cut off in the middle
            continue
        match told:
            case _Claimed(rows):
                known |= {identity: not_begun(identity, fence) for identity, fence in rows}
            case _Begun(identity):
                known.pop(identity, None)
            case _Ended(outcome):
                known[outcome.id] = outcome
    yield from known.values()


def not_begun(identity: int, fence: int) -> Outcome:
    """Claimed and certainly not sent: it leaves as if nothing had happened."""
    return Outcome(identity, fence, DeliveryStatus.QUEUED, counted=False)


def _boot() -> str:
    """This start of this machine. Where none can be told, a word that no other process has."""
    try:
        return BOOT_ID.read_text().strip().replace("-", "")[:12]
    except OSError:
        return os.urandom(6).hex()
