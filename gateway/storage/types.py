"""Column types that mean the same on SQLite and PostgreSQL, and the ids of rows."""

import itertools
import os
import platform
import zlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=1024)  # the moment of a transaction stands in every row that it writes
def to_millis(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND


def from_millis(millis: int) -> datetime:
    return EPOCH + timedelta(milliseconds=millis)


class Instant(TypeDecorator[datetime]):
    """A moment: aware UTC in Python, milliseconds since 1970 in the row (small, ordered, the same everywhere)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_millis(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_millis(value)


class Digest(TypeDecorator[str]):
    """A hash: hexadecimal in Python, as it is printed and signed; half as many bytes in the row."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).hex()


Identity = BigInteger().with_variant(Integer(), "sqlite")
"""The id of a row. SQLite keeps a table in the order of an INTEGER key and needs no index of its own for it."""

Document = JSON()
"""A JSON value, as text: nobody searches in it, and JSONB of so little takes a third more."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
ID_CHARACTERS = 13
COUNTER_BITS = 12
PROCESS_BITS = 10


class Ids:
    """63-bit ids in order of time: 41 bits of milliseconds, 10 of the process, 12 of a counter (PERFORMANCE rule 4).

    Made before any SQL, so that no round trip fetches one. The counter runs on across milliseconds; should a process
    make more than 4,096 ids within one, the time part is carried forward instead of repeating an id.
    """

    def __init__(self, process: int | None = None, first: int | None = None) -> None:
        """`first`: where the counter begins, for a simulation that comes out alike each time."""
        self._process = (process_number() if process is None else process) & ((1 << PROCESS_BITS) - 1)
        self._last = 0
        # Begins anywhere: processes that share the low bits of their number still make different ids.
        self._counter = itertools.count(int.from_bytes(os.urandom(2)) if first is None else first)

    def new(self, now: datetime) -> int:
        millis = to_millis(now)
        step = next(self._counter) & ((1 << COUNTER_BITS) - 1)
        if millis > self._last:
            self._last = millis
        elif step == 0:
            self._last += 1
        return (self._last << (PROCESS_BITS + COUNTER_BITS)) | (self._process << COUNTER_BITS) | step


def first_id_at(moment: datetime) -> int:
    """Ids made before this moment are smaller, those made from then on are not."""
    return to_millis(moment) << (PROCESS_BITS + COUNTER_BITS)


def process_number() -> int:
    """Machine and process in one number: in containers every process is number 1."""
    return zlib.crc32(f"{platform.node()}:{os.getpid()}".encode())


def id_text(number: int) -> str:
    """13 characters of Crockford base 32: how an id looks outside the database."""
    pairs = [PAIRS[number >> bits & 1023] for bits in range(50, -1, -10)]
    return ALPHABET[number >> 60 & 31] + "".join(pairs)


def id_number(text: str) -> int | None:
    """The inverse of `id_text`; None for anything that is no id."""
    number = 0
    if len(text) != ID_CHARACTERS:
        return None
    for character in text.upper():
        place = ALPHABET.find(character)
        if place < 0:
            return None
        number = number * 32 + place
    return number if number < 1 << 63 else None
