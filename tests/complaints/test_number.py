"""Numbers that survive being read out over a bad line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.complaints.number import (
    WrongCheckDigit,
    check_digit,
    format_number,
    plain,
    read_code,
    read_number,
    read_number_and_code,
    read_sp4n_id,
    secret_code,
)

TICKETS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "workdays.json").read_text(encoding="utf-8")
)["tickets"]
SEQUENCES = st.integers(min_value=1, max_value=9_999_999)


@pytest.mark.parametrize("vector", TICKETS, ids=lambda vector: vector["base"])
def test_the_check_digit_is_that_of_luhn(vector: dict[str, Any]) -> None:
    base = vector["base"]
    assert str(check_digit(base)) == vector["check"]
    assert format_number("KBR", 2000 + int(base[:2]), int(base[2:])) == vector["ticket"]


# fmt: off
TYPED = [
    # typed                  read
    ("KBR-260001235",        "KBR-260001235"),
    ("260001235",            "KBR-260001235"),
    ("kbr 260001235",        "KBR-260001235"),
    (" Kbr–260 001-235 ",    "KBR-260001235"),
    ("２６０００１２３５",   "KBR-260001235"),
    ("260001234",            WrongCheckDigit("260001234")),
    ("KBR-260001253",        WrongCheckDigit("260001253")),   # neighbours swapped
    ("ADU-260001235",        None),                           # another government's
    ("26000123",             None),
    ("8123456",              None),
    ("260001235x",           None),
    ("٢٦٠٠٠١٢٣٥",            None),
    ("",                     None),
]
# fmt: on


@pytest.mark.parametrize(("typed", "read"), TYPED)
def test_a_number_is_read_as_people_type_it(typed: str, read: str | WrongCheckDigit | None) -> None:
    assert read_number(typed, "KBR") == read


@given(st.integers(min_value=2000, max_value=2099), SEQUENCES)
def test_every_number_given_out_is_read_back(year: int, sequence: int) -> None:
    number = format_number("LAT", year, sequence)
    assert read_number(number, "LAT") == number
    assert read_number(plain(number), "LAT") == number
    assert read_sp4n_id(number) == ""


@given(SEQUENCES, st.integers(min_value=0, max_value=8), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_always_noticed(sequence: int, place: int, shift: int) -> None:
    digits = list(plain(format_number("KBR", 2026, sequence)))
    digits[place] = str((int(digits[place]) + shift) % 10)
    assert isinstance(read_number("".join(digits), "KBR"), WrongCheckDigit)


def test_the_millionth_complaint_of_a_year_gets_a_longer_number() -> None:
    number = format_number("KBR", 2026, 1_000_000)
    assert len(plain(number)) == 10
    assert read_number(number, "KBR") == number


@pytest.mark.parametrize(("prefix", "sequence"), [("K", 1), ("kbr", 1), ("KBR", 0), ("KBR", 10_000_000)])
def test_an_impossible_number_is_never_given_out(prefix: str, sequence: int) -> None:
    with pytest.raises(ValueError, match="no ticket number"):
        format_number(prefix, 2026, sequence)


# fmt: off
WITH_CODE = [
    # typed                        number                          code
    ("260001284 48219037",         "KBR-260001284",                "48219037"),
    ("KBR-260001284 4821-9037",    "KBR-260001284",                "48219037"),
    ("260001284",                  "KBR-260001284",                ""),
    ("260001285 48219037",         WrongCheckDigit("260001285"),   "48219037"),
    ("260001284 482190",           None,                           ""),
    ("jalan rusak",                None,                           ""),
]
# fmt: on


@pytest.mark.parametrize(("typed", "number", "code"), WITH_CODE)
def test_a_code_may_follow_the_number(typed: str, number: str | WrongCheckDigit | None, code: str) -> None:
    assert read_number_and_code(typed, "KBR") == (number, code)


@given(st.binary(min_size=8, max_size=16))
def test_every_secret_code_is_read_back(random: bytes) -> None:
    code = secret_code(random)
    assert len(code) == 9
    assert read_code(code) == code.replace("-", "")
    assert read_code(code.replace("-", " ")) == read_code(code)


def test_a_code_keeps_its_leading_zeros() -> None:
    assert secret_code(48219037) == "4821-9037"
    assert secret_code(7) == "0000-0007"
    assert read_code("0000-0007") == "00000007"
    assert read_code("1234-567") == ""
    assert read_code("abcd-efgh") == ""


def test_seven_digits_are_a_number_of_the_national_system() -> None:
    assert read_sp4n_id(" 8123456 ") == "8123456"
    assert read_sp4n_id("812345") == ""
