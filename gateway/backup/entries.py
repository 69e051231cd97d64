"""What stands inside a backup: named entries of any length, each compressed piece by piece and with its checksum.

An entry needs no length beforehand, so that a database can be written while it is still being read.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gateway.backup.sealed import SealedReader, SealedWriter, damaged

PIECE = 1 << 20
LENGTH_BYTES = 4
DIGEST_BYTES = 32
MOST_NAME = 4096
FAST = 1
Progress = Callable[[str, int], None]
"""Told the entry's name and how many bytes of it went by since the last time."""


def unheard(_name: str, _bytes: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Totals:
    entries: int
    bytes: int


class EntryWriter:
    """Puts entries into a sealed file; `finish` says how many there are, so that none can be missing."""

    def __init__(self, sealed: SealedWriter, told: Progress = unheard) -> None:
        self._sealed = sealed
        self._told = told
        self._entries = 0
        self._bytes = 0

    def put(self, name: str, file: BinaryIO) -> None:
        self._framed(json.dumps({"name": name}).encode())
        digest = hashlib.sha256()
        while piece := file.read(PIECE):
            digest.update(piece)
            self._framed(zlib.compress(piece, FAST))
            self._bytes += len(piece)
            self._told(name, len(piece))
        self._framed(b"")
        self._sealed.write(digest.digest())
        self._entries += 1

    def finish(self) -> Totals:
        self._framed(json.dumps({"end": self._entries}).encode())
        self._sealed.close()
        return Totals(self._entries, self._bytes)

    def _framed(self, content: bytes) -> None:
        self._sealed.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)


def read_entries(sealed: SealedReader) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and pieces of every entry, in order; the pieces of one are read before the next is asked for."""
    many = 0
    while True:
        first = _record(_framed(sealed))
        if "end" in first:
            if first["end"] != many:
                raise damaged(f"it says {first['end']} entries and holds {many}")
            return
        name = str(first["name"])
        yield name, _pieces(sealed, name)
        many += 1


def _pieces(sealed: SealedReader, name: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    while packed := _framed(sealed):
        try:
            piece = zlib.decompress(packed)
        except zlib.error as problem:
            raise damaged(f"{name} cannot be unpacked") from problem
        digest.update(piece)
        yield piece
    if _exactly(sealed, DIGEST_BYTES) != digest.digest():
        raise damaged(f"the checksum of {name} is wrong")


def _record(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except ValueError as problem:
        raise damaged("an entry has no name") from problem
    if not isinstance(found, dict) or not {"name", "end"} & found.keys() or len(content) > MOST_NAME:
        raise damaged("an entry has no name")
    return found


def _framed(sealed: SealedReader) -> bytes:
    return _exactly(sealed, int.from_bytes(_exactly(sealed, LENGTH_BYTES), "big"))


def _exactly(sealed: SealedReader, size: int) -> bytes:
    content = sealed.read(size)
    if len(content) != size:
        raise damaged("it ends too early")
    return content
