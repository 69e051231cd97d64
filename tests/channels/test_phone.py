"""One spelling of a number, whatever the citizen, the operator or the clipboard made of it."""

import json
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.messages import Address
from channels.phone import MOBILE, NumberKind, normalise, phone_address, shown_masked

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "numbers.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["no"]))
def test_a_number_has_one_spelling(vector: dict[str, Any]) -> None:
    number = normalise(vector["raw"])
    assert (number.kind, number.value or None) == (vector["kind"], vector["value"])


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 43


# fmt: off
LOCAL = [
    # digits      area code  expected
    ("2061234",   "0532",    "+625322061234"),
    ("2061234",   "532",     "+625322061234"),
    ("20612",     "0532",    ""),   # five digits are a short code, never a subscriber
    ("206123456", "0532",    ""),   # nine digits are no local number
]
# fmt: on


@pytest.mark.parametrize(("digits", "area_code", "expected"), LOCAL)
def test_a_local_number_needs_the_area_code_of_its_place(digits: str, area_code: str, expected: str) -> None:
    number = normalise(digits, area_code)
    assert (number.value if number.kind is NumberKind.FIXED else "") == expected


# fmt: off
ADDRESSES = [
    ("0812 0000 0001",   Address("tel", "+6281200000001"),       True),
    ("1708",             Address("tel", "1708"),                 True),
    ("INFO-CONTOH",      Address("sender", "INFO-CONTOH"),       False),
    ("PEMKABCONTOHRAYA", Address("sender", "PEMKABCONTOHRAYA"),  False),
    ("+62812",           Address("sender", "+62812"),            False),
    ("\u202a \u202c",    Address("sender", "unknown"),           False),
    ("",                 Address("sender", "unknown"),           False),
]
# fmt: on


@pytest.mark.parametrize(("raw", "address", "reply_possible"), ADDRESSES)
def test_a_sender_always_has_an_address(raw: str, address: Address, reply_possible: bool) -> None:
    assert phone_address(raw) == (address, reply_possible)


@pytest.mark.parametrize("raw", ["+1", "+0837783533", "+99 812 000 0001", "+" + "7" * 25, "62" * 200])
def test_what_no_network_could_reach_is_invalid(raw: str) -> None:
    assert normalise(raw).kind is NumberKind.INVALID


def test_an_officer_sees_the_middle_of_a_number_masked() -> None:
    assert shown_masked("+6281200000001") == "0812-xxxx-0001"
    assert shown_masked("+12025550143") == "+120-xxxx-0143"


@given(st.text(max_size=400))
def test_whatever_comes_in_is_read_without_an_error(raw: str) -> None:
    number = normalise(raw)
    assert bool(number.value) == (number.kind is not NumberKind.INVALID)
    address, reply_possible = phone_address(raw)
    assert address.path
    assert reply_possible == (address.scheme == "tel")


@given(st.integers(min_value=811_0000_000, max_value=859_9999_9999), st.sampled_from(["+62", "62", "0", "0062"]))
def test_a_stored_number_is_read_as_itself(subscriber: int, prefix: str) -> None:
    number = normalise(f"{prefix}{subscriber}")
    if number.kind is NumberKind.MOBILE:
        assert normalise(number.value) == number


@given(st.text("0123456789", min_size=6, max_size=14))
def test_indonesian_mobiles_are_those_of_the_library(digits: str) -> None:
    number = phonenumbers.parse(f"+628{digits}", "ID")
    is_mobile = (
        phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) is phonenumbers.PhoneNumberType.MOBILE
    )
    assert (MOBILE.fullmatch(f"+628{digits}") is not None) == is_mobile
