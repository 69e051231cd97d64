"""Sound and film without what their makers wrote beside it: place, device, titles. Same length, same offsets."""

import struct
from collections.abc import Iterator

from workers.cleaning.problems import Refused

HEAD = 8
LONG_HEAD = 16
IS_LONG = 1
TO_THE_END = 0

# Boxes that are walked into, and boxes that carry words about the recording instead of the recording.
INSIDE = frozenset({b"moov", b"trak", b"mdia", b"moof"})
WORDS = frozenset({b"udta", b"meta", b"uuid", b"Xtra"})


def clean_mp4(content: bytes) -> bytes:
    """MPEG-4 (also 3GP, QuickTime, M4A): boxes of metadata become free space."""
    clean = bytearray(content)
    _free_words(clean, 0, len(clean))
    return bytes(clean)


def clean_ogg(content: bytes) -> bytes:
    """Ogg as it is: its comment header holds the encoder's name, and voice messages hold nothing else."""
    return content


def _free_words(clean: bytearray, start: int, end: int) -> None:
    for kind, begins, inside, ends in _boxes(clean, start, end):
        if kind in WORDS:
            clean[begins + 4 : begins + HEAD] = b"free"
            clean[inside:ends] = bytes(ends - inside)
        elif kind in INSIDE:
            _free_words(clean, inside, ends)


def _boxes(content: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """(kind, where it begins, where its content begins, where it ends) of the boxes between two offsets."""
    at = start
    while at + HEAD <= end:
        size, kind = struct.unpack_from(">I4s", content, at)
        inside = at + HEAD
        if size == IS_LONG:
            if at + LONG_HEAD > end:
                raise Refused("unreadable")
            (size,) = struct.unpack_from(">Q", content, inside)
            inside = at + LONG_HEAD
        ends = end if size == TO_THE_END else at + size
        if ends > end or ends < inside:
            raise Refused("unreadable")
        yield bytes(kind), at, inside, ends
        at = ends
