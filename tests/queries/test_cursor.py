"""Cursors: only ours, only for the list they were made for."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.queries.cursor import CursorInvalid, decode, encode

KEY = b"k" * 32
POSITION = [0, False, [1_763_859_600_000, 42]]


def test_a_cursor_leads_back_to_its_place() -> None:
    assert decode(KEY, "-created_at", "f", encode(KEY, "-created_at", POSITION, "f")) == POSITION


# fmt: off
STRANGE = [
    # key        sort            filters
    (b"x" * 32,  "-created_at",  "f"),      # of another installation
    (KEY,        "created_at",   "f"),      # of another sorting
    (KEY,        "-created_at",  "g"),      # of other filters
]
# fmt: on


@pytest.mark.parametrize(("key", "sort", "filters"), STRANGE)
def test_a_cursor_of_another_list_is_refused(key: bytes, sort: str, filters: str) -> None:
    cursor = encode(KEY, "-created_at", POSITION, "f")
    with pytest.raises(CursorInvalid):
        decode(key, sort, filters, cursor)


@given(st.text(max_size=80))
def test_whatever_somebody_writes_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(KEY, "-created_at", "f", text)


@given(st.integers(0, 60), st.integers(1, 255))
def test_one_changed_byte_is_enough(at: int, change: int) -> None:
    cursor = encode(KEY, "-created_at", POSITION, "f")
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[at % len(raw)] ^= change
    with pytest.raises(CursorInvalid):
        decode(KEY, "-created_at", "f", base64.urlsafe_b64encode(raw).decode().rstrip("="))
