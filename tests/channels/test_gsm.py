"""What an SMS costs, how it is cut and joined, and what its octets mean."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import gsm
from channels.errors import PayloadInvalid
from channels.gsm import Encoding
from channels.messages import TextPart

VECTORS = Path(__file__).parents[1] / "vectors"
SEGMENTS: list[dict[str, Any]] = json.loads((VECTORS / "segments.json").read_text(encoding="utf-8"))
CONCAT: dict[str, Any] = json.loads((VECTORS / "concat.json").read_text(encoding="utf-8"))
GSM_TEXT = st.text(alphabet=sorted(gsm.SEPTETS), max_size=500)


@pytest.mark.parametrize("vector", SEGMENTS, ids=lambda vector: vector["description"])
def test_a_text_is_counted_as_the_operator_counts(vector: dict[str, Any]) -> None:
    counted = gsm.count(vector["text"])
    assert (counted.encoding, counted.septets, counted.segments) == (
        vector["encoding"],
        vector["units"],
        vector["segments_ref8"],
    )
    assert gsm.count(vector["text"], reference_bits=16).segments == vector["segments_ref16"]
    assert counted.characters == len(vector["text"])


def test_all_vectors_are_here() -> None:
    assert len(SEGMENTS) == 39


@given(st.text(max_size=800), st.sampled_from([8, 16]))
def test_f58_the_parts_together_are_the_text_and_each_fits(text: str, bits: int) -> None:
    parts = gsm.split(text, bits)
    assert "".join(parts) == text
    if len(parts) > 1:
        encoding = gsm.encoding_of(text)
        measure = gsm.septets if encoding is Encoding.GSM7 else gsm.units
        assert all(0 < measure(part) <= gsm.PART[encoding, bits] for part in parts)
        # Greedy: the first character of a part had no room in the one before.
        assert all(measure(one + other[0]) > gsm.PART[encoding, bits] for one, other in pairwise(parts))


@given(st.text(max_size=600), st.randoms(use_true_random=False))
def test_f54_any_order_of_parts_gives_the_same_text(text: str, shuffler: Any) -> None:
    parts = list(enumerate(gsm.split(text), start=1))
    shuffler.shuffle(parts)
    assert gsm.join_parts(dict(parts), len(parts)) == text


# fmt: off
GAPS = [
    # parts                        total  joined
    ({1: "awal", 3: "akhir"},      3,     "awal [bagian 2/3 hilang] akhir"),
    ({1: "awal ", 3: "akhir"},     3,     "awal [bagian 2/3 hilang] akhir"),
    ({2: "akhir"},                 2,     "[bagian 1/2 hilang] akhir"),
    ({1: "awal"},                  2,     "awal [bagian 2/2 hilang]"),
    ({1: "a", 4: "d"},             4,     "a [bagian 2/4 hilang] [bagian 3/4 hilang] d"),
    ({1: "api \ud83d", 2: "\ude00"}, 2,   "api \U0001f600"),
    ({1: "api \ud83d"},            2,     "api \ufffd [bagian 2/2 hilang]"),
]
# fmt: on


@pytest.mark.parametrize(("parts", "total", "joined"), GAPS)
def test_f55_what_is_missing_is_marked_in_its_place(parts: dict[int, str], total: int, joined: str) -> None:
    assert gsm.join_parts(parts, total) == joined


def test_recorded_headers_are_read_and_written_alike() -> None:
    arrivals = [arrival for case in CONCAT["cases"] for arrival in case["arrivals"]]
    assert arrivals
    for arrival in arrivals:
        header = gsm.read_header(bytes.fromhex(arrival["udh"]))
        part = TextPart(arrival["ref"], arrival["total"], arrival["seq"], arrival["ref_bits"])
        assert header == gsm.Header(part, length=len(arrival["udh"]) // 2)
        assert gsm.write_header(part).hex().upper() == arrival["udh"]


# fmt: off
HEADERS = [
    # user data                       part                          length  bad    unknown
    ("050003CC0201" + "4869",         TextPart(0xCC, 2, 1),              6, False, ()),
    ("06080412340302",                TextPart(0x1234, 3, 2, 16),        7, False, ()),
    ("0B0504158A0000" + "0003210201", TextPart(0x21, 2, 1),             12, False, ()),
    ("050004CC0201",                  None,                              6, True,  ()),   # the element is cut off
    ("0B05040B8423F0" + "0003210201", TextPart(0x21, 2, 1),             12, False, ()),   # after port addressing
    ("08240103" + "0003210202",       TextPart(0x21, 2, 2),              9, False, (0x24,)),
    ("050003CC0101",                  None,                              6, False, ()),   # one part of one
    ("0B000300020100040102" + "0301", None,                            12, True,  ()),   # two numberings, one of them wrong
    ("050003CC0001",                  None,                              6, True,  ()),
    ("050003CC0200",                  None,                              6, True,  ()),
    ("050003CC0203",                  None,                              6, True,  ()),
    ("050003CC02",                    None,                              0, True,  ()),   # longer than the data
    ("0200",                          None,                              0, True,  ()),
    ("0100",                          None,                              2, True,  ()),   # an element without its length
    ("00" + "41",                     None,                              1, False, ()),
    ("",                              None,                              0, True,  ()),
]
# fmt: on


@pytest.mark.parametrize(("octets", "part", "length", "bad", "unknown"), HEADERS)
def test_f57_a_header_is_read_or_recognised_as_bad(
    octets: str, part: TextPart | None, length: int, bad: bool, unknown: tuple[int, ...]
) -> None:
    assert gsm.read_header(bytes.fromhex(octets)) == gsm.Header(part, length, bad, unknown)


@given(st.binary(max_size=40))
def test_f57_no_octets_break_the_reading_of_a_header(octets: bytes) -> None:
    header = gsm.read_header(octets)
    assert header.length <= len(octets)


def test_numbers_of_parts_from_other_fields_follow_the_same_rule() -> None:
    assert gsm.part_of(7, 3, 2, 16) == TextPart(7, 3, 2, 16)
    assert gsm.part_of(7, 1, 1) is None
    assert gsm.part_of(7, 3, 4) is None
    assert gsm.part_of(7, 3, 0) is None


@given(GSM_TEXT)
def test_septets_carry_the_text_there_and_back(text: str) -> None:
    assert gsm.decode_gsm(gsm.encode_gsm(text)) == text


@given(GSM_TEXT, st.integers(min_value=0, max_value=6))
def test_packed_septets_come_back_when_their_number_is_known(text: str, fill_bits: int) -> None:
    codes = gsm.encode_gsm(text)
    assert gsm.unpack(gsm.pack(codes, fill_bits), len(codes), fill_bits) == codes


def test_the_last_septet_is_neither_invented_nor_lost() -> None:
    assert gsm.pack(gsm.encode_gsm("hellohello")).hex().upper() == "E8329BFD4697D9EC37"
    seven = gsm.pack(gsm.encode_gsm("1234567"))
    assert gsm.decode_packed(seven, 7) == "1234567"
    assert gsm.decode_packed(seven, 8) == "1234567"  # USSD states octets only: seven spare bits hold a carriage return
    assert gsm.decode_packed(gsm.pack(gsm.encode_gsm("1234567@")), 8) == "1234567@"
    assert gsm.decode_packed(b"", 0) == ""
    with pytest.raises(ValueError, match="do not hold"):
        gsm.unpack(b"\x00", 2)


# fmt: off
ODD_CODES = [
    (b"\x1be",     "€"),
    (b"\x1bA",     "A"),    # an extension that nobody defined shows the basic character
    (b"a\x1b",     "a "),   # an escape at the end
    (b"\x1b\x1ba", " a"),
    (b"\x00a\x00", "@a@"),  # zero is a letter, not padding
    (b"caf\xe9",   "café"),
]
# fmt: on


@pytest.mark.parametrize(("codes", "text"), ODD_CODES)
def test_odd_septets_still_give_a_text(codes: bytes, text: str) -> None:
    assert gsm.decode_gsm(codes) == text


# fmt: off
CODINGS = [
    # octets              coding  default     text
    (b"\x00bc",           0x00,   "gsm0338",  "@bc"),
    (b"caf\xe9",          0x00,   "latin1",   "café"),
    (b"abc",              0x01,   "gsm0338",  "abc"),
    (b"caf\xe9",          0x03,   "gsm0338",  "café"),
    (b"\x00J\x20\x19",    0x08,   "gsm0338",  "J’"),
    (b"\xd8\x3d\xde\x00", 0x08,   "gsm0338",  "😀"),
    (b"\x00a\x00",        0x08,   "gsm0338",  "a\ufffd"),   # half a character is shown as one that is missing
    (b"\x00bc",           0x10,   "gsm0338",  "@bc"),       # flash
    (b"\x00a",            0x18,   "gsm0338",  "a"),
    (b"\x00bc",           0xF0,   "gsm0338",  "@bc"),
    (b"\x00bc",           0xC8,   "gsm0338",  "@bc"),       # message waiting, with a text
    (b"\x00a",            0xE0,   "gsm0338",  "a"),
]
# fmt: on


@pytest.mark.parametrize(("octets", "coding", "default_alphabet", "text"), CODINGS)
def test_the_coding_says_how_octets_are_read(octets: bytes, coding: int, default_alphabet: str, text: str) -> None:
    assert gsm.decode(octets, coding, default_alphabet) == text


@pytest.mark.parametrize("coding", [0x02, 0x04, 0x05, 0x14, 0x41, 0xF4])
def test_binary_data_is_text_only_where_the_operator_says_so(coding: int) -> None:
    with pytest.raises(PayloadInvalid, match="636166e9"):
        gsm.decode(b"caf\xe9", coding)
    assert gsm.decode(b"caf\xe9", coding, octet_charset="latin-1") == "café"


def test_typographic_characters_become_plain_before_sending() -> None:
    assert (
        gsm.transliterate("Jum’at “pagi” – jalan\u00a0rusak…\r\n• `satu`\t2")
        == "Jum'at \"pagi\" - jalan rusak...\n- 'satu' 2"
    )
    assert gsm.count(gsm.transliterate("Jum’at")).encoding is Encoding.GSM7


def test_a_text_outside_the_alphabet_says_which_character_it_was() -> None:
    with pytest.raises(ValueError, match=r"U\+2019"):
        gsm.septets("Jum’at")
    assert gsm.encode("Jum'at") == (b"Jum'at", Encoding.GSM7)
    assert gsm.encode("á") == (b"\x00\xe1", Encoding.UCS2)
    assert gsm.size("[a]") == 5
    assert gsm.size("á😀") == 3
