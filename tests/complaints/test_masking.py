"""What leaves the house has no personal data in it, and the place of each is known."""

import json
import re
import sys
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.complaints.masking import KINDS, Found, mask

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "masking.json").read_text(encoding="utf-8")
)
SIXTEEN_DIGITS = re.compile(r"(?<!\d)\d(?:[ .-]?\d){15}(?!\d)")

# Words that meet in complaints, so that Hypothesis finds the odd neighbours and not only noise.
WORDS = [
    "081200000001", "0812-0000-0001", "0812--0000--0001", "+62 812 0000 0001", "(0532) 200001", "6299010101900001",
    "6299 0141 0190 0001", "9999999999999999", "12345678", "1234", "KH 1234 XY", "kh 1 a", "H 12 AB", "motor", "plat",
    "jl", "rek", "BCA", "bank", "bank contoh", "no", "a@b.co", "warga(at)example.org", "01.234.567.8-901.000",
    "KBR-260001235", "-2.681234, 111.621234", "Warga Contoh", "[telepon disamarkan]", "[rekening disamarkan]", "é",
    "e\u200d\u0301", "\u200b", "\ue000", "\ue001", "\U000f0000", "\ue002", "٠٨١٢", "a" * 70, "rusak", "\n",
]  # fmt: skip
PHRASES = st.lists(
    st.tuples(st.sampled_from(WORDS) | st.text(max_size=5), st.sampled_from(["", " ", ", ", "-", "."])), max_size=12
).map(lambda pairs: "".join(word + gap for word, gap in pairs))
NAMES = st.lists(st.sampled_from(["Warga Contoh", "Nomor", "1234", "disamarkan", "ab", "@warga"]), max_size=3)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_c5_the_vectors_of_the_security_rules(vector: dict[str, Any]) -> None:
    assert mask(vector["input"], vector["known"]).text == vector["output"]


def test_c5_all_vectors_are_here() -> None:
    assert len(VECTORS) == 44


@given(PHRASES, NAMES)
@example("BCA 1230000001 12345678", [])
@example("bank 0812--0000--0001 12345678", [])
@example("motor KH 1 A KH 2 B", [])
@example("bca 12345678" + "a" * 64 + "@x.co", [])
@example("0812 3456 7890 1234", ["1234"])
@example("e\u200d\u0301", [])
def test_c5_masking_twice_is_masking_once(text: str, known: list[str]) -> None:
    once = mask(text, known)
    assert mask(once.text, known).text == once.text


@given(PHRASES)
def test_c5_no_run_of_sixteen_digits_leaves(text: str) -> None:
    left = mask(text).text
    kept = re.sub(r"-?\d{1,3}\.\d{4,}\s*,\s*-?\d{1,3}\.\d{4,}|\b[A-Z]{2,5}-?\d{9,10}\b", " ", left)
    assert not SIXTEEN_DIGITS.search(kept)


@given(PHRASES, NAMES)
def test_what_lies_between_the_places_found_is_what_stays(text: str, known: list[str]) -> None:
    masked = mask(text, known)
    assert len(masked.found) >= sum(masked.text.count(token) - text.count(token) for token in KINDS.values()) >= 0
    assert all(0 <= found.start < found.end <= len(text) for found in masked.found)


# fmt: off
PLACES = [
    ("hub 0812-0000-0001 ya",               ("telepon",  "0812-0000-0001")),
    ("NIK 6299\u200b010101\u200b900001",    ("nik",      "6299\u200b010101\u200b900001")),
    ("é NIK ６２９９０１０１０１９００００１", ("nik",   "６２９９０１０１０１９００００１")),
    ("kode 9999999999999999",               ("nomor",    "9999999999999999")),
    ("transfer ke rek 0123-01-000123-50-9", ("rekening", "0123-01-000123-50-9")),
    ("ﬁle warga@example.org ya",            ("email",    "warga@example.org")),
    ("NPWP 01.234.567.8-901.000",           ("npwp",     "01.234.567.8-901.000")),
    ("mobil KH 1234 XY parkir",             ("plat",     "KH 1234 XY")),
    ("KBR-260001235 saya Warga Contoh",     ("nama",     "Warga Contoh")),
]
# fmt: on


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_a_place_counts_characters_of_the_text_as_given(text: str, expected: tuple[str, str]) -> None:
    found = mask(text, ["Warga Contoh"]).found
    assert [(one.kind, text[one.start : one.end]) for one in found] == [expected]


def test_several_places_come_in_the_order_of_the_text() -> None:
    text = "dua nomor 081200000001/081200000002, KH 12 AB, a@b.co"
    assert mask(text).found == (
        Found("telepon", 10, 22),
        Found("telepon", 23, 35),
        Found("plat", 37, 45),
        Found("email", 47, 53),
    )


def test_short_and_empty_names_hide_nothing() -> None:
    assert mask("Ani lapor jalan rusak", ["Ani", ""]).text == "Ani lapor jalan rusak"


def test_a_longer_name_is_hidden_before_its_part() -> None:
    assert mask("Budi Santoso Wijaya", ["Budi Santoso", "Santoso Wijaya", "Santoso"]).text == "Budi [nama pelapor]"


ADVERSARIAL = [
    "1 " * 5_000, "1" * 10_000, "0812-" * 2_000, "bank " * 2_000, "bank " + "a" * 9_995, "rek 1" * 2_000, "a." * 5_000,
    "a@" * 5_000, "a@" + "a-" * 4_999, "(at)" * 2_500, "motor A1B " * 1_000, "A1B " * 2_500, "mobil " * 1_666,
    "081200000001 " * 769, "bca 12345678 12345678 " * 454, "-1.12345," * 1_111, "é0812٠" * 1_666, "e\u0301" * 5_000,
    "\u200d" * 10_000, "KBR-260001235 " * 714, "KH 12 AB " * 1_111, "plat" + " " * 9_996, "[NIK disamarkan] " * 588,
]  # fmt: skip


@pytest.mark.parametrize("text", ADVERSARIAL, ids=lambda text: repr(text[:14]))
def test_c5_no_text_of_ten_thousand_characters_takes_long(text: str) -> None:
    def seconds() -> float:
        began = process_time()
        mask(text[:10_000], ["Warga Contoh"])
        return process_time() - began

    # 50 ms of one processor are promised. What this finds is an expression that goes back and forth: that takes seconds or
    # minutes, whatever else the machine does. Coverage traces every line and takes its time for that.
    allowed = 0.25 if sys.gettrace() is None else 2.5
    assert min(seconds() for _ in range(3)) < allowed
