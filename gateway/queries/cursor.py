"""Keyset pages: where a page ended, as an opaque text that only we can write (docs/api.md § 3)."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

VERSION = 1
MAC_BYTES = 12


class CursorInvalid(ValueError):
    """Altered, or made for another list or other filters."""


class _Content(msgspec.Struct, array_like=True, frozen=True):
    version: int
    sort: str
    position: list[Any]
    filters: str


def encode(key: bytes, sort: str, position: list[Any], filters: str) -> str:
    """`position`: plain values; `filters`: anything that identifies the list this cursor belongs to."""
    content = msgspec.json.encode(_Content(VERSION, sort, position, _digest(filters)))
    return base64.urlsafe_b64encode(_mac(key, content) + content).decode().rstrip("=")


def decode(key: bytes, sort: str, filters: str, cursor: str) -> list[Any]:
    """The position in a cursor of this very list; CursorInvalid for every other text."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise CursorInvalid("no cursor") from None
    mac, content = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, content)):
        raise CursorInvalid("altered")
    try:
        found = msgspec.json.decode(content, type=_Content)
    except msgspec.DecodeError:
        raise CursorInvalid("of another version") from None
    if (found.version, found.sort, found.filters) != (VERSION, sort, _digest(filters)):
        raise CursorInvalid("of another list")
    return found.position


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:MAC_BYTES]


def _digest(filters: str) -> str:
    return hashlib.sha256(filters.encode()).hexdigest()[:16]
