"""A phone cuts and joins SMS as the standard says, whatever the gateway believes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.stage import MONDAY
from workers.simulators.handset import Handsets, as_shown, coding_of, header, parts_of, read_header

# fmt: off
SEGMENTS = [
    # text                              coding  parts
    ("a" * 160,                              0, 1),
    ("a" * 161,                              0, 2),
    ("a" * 306,                              0, 2),
    ("a" * 307,                              0, 3),
    ("€" * 80,                               0, 1),
    ("€" * 81,                               0, 2),
    ("a" * 152 + "€" + "a" * 152,            0, 3),
    ("a" * 151 + "€" + "a" * 153,            0, 2),
    ("á" * 70,                               2, 1),
    ("á" * 71,                               2, 2),
    ("á" * 66 + "😀" + "á" * 66,             2, 3),
    ("Jum’at",                               2, 1),
]
# fmt: on


@pytest.mark.parametrize(("text", "coding", "parts"), SEGMENTS)
def test_a_text_is_cut_into_as_many_parts_as_the_standard_says(text: str, coding: int, parts: int) -> None:
    assert coding_of(text) == coding
    assert len(parts_of(text, coding)) == parts


@given(st.text(max_size=400), st.booleans())
def test_the_parts_of_a_text_are_the_text(text: str, wide: bool) -> None:
    assert "".join(parts_of(text, coding_of(text), wide)) == text


@pytest.mark.parametrize("bits", [8, 16])
def test_a_header_is_read_as_it_was_written_even_behind_other_elements(bits: int) -> None:
    written = header(0x41, 3, 2, bits)
    behind_ports = bytes((len(written) + 5, 5, 4, 0, 0, 0, 0)) + written[1:]
    assert read_header(written) == read_header(behind_ports) == (b"\x00\x41"[-bits // 8 :], 3, 2)


@pytest.mark.parametrize("udh", [b"", b"\x05\x00\x03\x01", b"\x03\x24\x01\x01"])
def test_a_header_that_says_nothing_of_parts_is_none(udh: bytes) -> None:
    assert read_header(udh) is None


def test_parts_are_joined_in_any_order_and_shown_once() -> None:
    handsets = Handsets()
    for sequence, text in ((3, "tiga"), (1, "satu "), (1, "satu "), (2, "dua ")):
        shown = handsets.show("+62812", "1708", [text], MONDAY, header(9, 3, sequence))
    assert shown
    assert [sms.text for sms in handsets.phone("+62812").messages] == ["satu dua tiga"]


def test_the_seven_bit_alphabet_shows_question_marks_for_what_it_lacks() -> None:
    assert as_shown("Jum’at {1} €5", 0) == "Jum?at {1} €5"
    assert as_shown("Jum’at", 2) == "Jum’at"
