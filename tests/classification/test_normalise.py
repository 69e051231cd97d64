"""SMS spelling and stems, for the classifier's eyes only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Colloquial
from workers.classification.lexicon import Lexicon, strongest_per_word, totals
from workers.classification.mending import Mender, without_digits
from workers.classification.normalise import Normaliser

COLLOQUIAL = [
    Colloquial("jln", "jalan", "id", "singkatan", False),
    Colloquial("gk", "tidak", "id", "singkatan", False),
    Colloquial("matur nuwun", "terima kasih", "jav", "fungsi-daerah", False),
    Colloquial("smp", "sampai", "id", "singkatan", True),
    Colloquial("larang", "mahal", "jav", "fungsi-daerah", True),
    Colloquial("dpt", "dapat", "id", "singkatan", False),
    Colloquial("ktp", "kartu tanda penduduk", "id", "singkatan", False),
]
VOCABULARY = ["bayar", "tambal", "sapu", "lubang", "pukul", "urus", "alam", "jalan"]

# fmt: off
SPELLINGS = [
    # written                       language  read as
    ("Jln gk dibayar",              "id",     "jalan tidak bayar"),
    ("jalan2 berlubang",            "id",     "jalan lubang"),
    ("anak-anak",                   "id",     "anak"),
    ("cepattttt",                   "id",     "cepat"),
    ("pppk",                        "id",     "pppk"),
    ("matur nuwun nggih",           "id",     "terima kasih nggih"),
    ("sd smp",                      "id",     "sd smp"),          # ambiguous: a school, not "sampai"
    ("regane larang",               "id",     "regane larang"),
    ("regane larang",               "jv",     "regane mahal"),
    ("regane larang",               "id+jv",  "regane mahal"),
    ("menambal nambal ditambal",    "id",     "tambal tambal tambal"),
    ("menyapu memukul ngurus",      "id",     "sapu pukul urus"),
    ("dibayarkan pembayarannya",    "id",     "bayar pembayarannya"),
    ("malam mohon beruang",         "id",     "malam mohon beruang"),
    ("lihat https://a.invalid/jln", "id",     "lihat"),
]
# fmt: on


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser(COLLOQUIAL, {}, VOCABULARY)


@pytest.mark.parametrize(("written", "language", "expected"), SPELLINGS)
def test_how_a_text_is_read(normaliser: Normaliser, written: str, language: str, expected: str) -> None:
    assert " ".join(normaliser.read(written, language).stems) == expected


def test_names_keep_their_endings(normaliser: Normaliser) -> None:
    assert normaliser.read("Jln dibayarkan").plain == ("jalan", "dibayarkan")


def test_a_keyword_that_is_a_short_form_of_an_everyday_word_is_dropped(normaliser: Normaliser) -> None:
    assert normaliser.phrase("dpt") == ""
    assert normaliser.phrase("KTP") == "kartu tanda penduduk"


def test_runs_and_neighbours_are_found(normaliser: Normaliser) -> None:
    lexicon = Lexicon(normaliser)
    lexicon.add("run", ["lampu jalan"], 2.0)
    lexicon.add("near", ["jalan + rusak"], 1.0)
    found = lexicon.hits(normaliser.read("lampu jln di depan rusak"))
    assert [(hit.label, hit.phrase) for hit in found] == [("near", "jalan + rusak"), ("run", "lampu jalan")]


def test_words_far_apart_do_not_belong_together(normaliser: Normaliser) -> None:
    lexicon = Lexicon(normaliser)
    lexicon.add("near", ["jalan + rusak"], 1.0)
    between = " ".join(f"kata{number}" for number in "abcdefghijklm")
    assert lexicon.hits(normaliser.read(f"jalan {between} rusak")) == []


def test_a_word_inside_a_stronger_phrase_counts_once(normaliser: Normaliser) -> None:
    lexicon = Lexicon(normaliser)
    lexicon.add("topic", ["lampu jalan"], 2.0)
    lexicon.add("topic", ["jalan"], 1.0)
    kept = strongest_per_word(lexicon.hits(normaliser.read("lampu jalan")))
    assert [hit.phrase for hit in kept] == ["lampu jalan"]
    assert totals(kept) == {"topic": 2.0}


# fmt: off
MENDED = [
    # written            read as
    ("jmbtn",            "jembatan"),
    ("jembatn",          "jembatan"),
    ("jembatna",         "jembatan"),
    ("jembattan",        "jembatan"),
    ("jembatanrusak",    "jembatan rusak"),
    ("jalanx",           "jalannya"),
    ("dibakar",          "dibakar"),
    ("dibayar",          "dibayar"),       # one letter from a fire
    ("sekola",           "sekola"),        # a word of another language
    ("rusa",             "rusa"),          # a deer
    ("jaln",             "jaln"),
    ("jln",              "jln"),           # too short to be sure
    ("prbkn",            "prbkn"),         # perbaikan or perbukitan
    ("xyzzyx",           "xyzzyx"),
]
DIGITS = [
    ("k4mi warga s3kolah", "kami warga sekolah"),
    ("t0long",             "tolong"),
    ("jalan2 rt3rw2 km5an se7 2x kh1234ab", "jalan2 rt3rw2 km5an se7 2x kh1234ab"),
]
# fmt: on


@pytest.fixture(scope="module")
def mender() -> Mender:
    return Mender(["jembatan", "dibakar", "rusak", "sekolah", "jalan", "perbaikan", "perbukan"], {"sekola", "jalan"})


@pytest.mark.parametrize(("written", "meant"), MENDED)
def test_what_a_misspelled_word_is(mender: Mender, written: str, meant: str) -> None:
    assert " ".join(mender.mend(written)) == meant


@pytest.mark.parametrize(("written", "meant"), DIGITS)
def test_digits_within_words_are_letters(written: str, meant: str) -> None:
    assert without_digits(written) == meant


def test_a_misspelled_report_reaches_the_word_lists() -> None:
    normaliser = Normaliser(COLLOQUIAL, {}, ["jembatan", "rusak"], ["jembatan"])
    assert normaliser.read("Jmbtn rusakkk, jembatn!").stems == ("jembatan", "rusak", "jembatan")


@given(text=st.text(max_size=80))
def test_any_text_is_read_and_always_alike(normaliser: Normaliser, mender: Mender, text: str) -> None:
    assert normaliser.read(text) == normaliser.read(text)
    for word in normaliser.read(text).plain:
        assert all(mender.mend(part) == (part,) for part in mender.mend(word) if not part.endswith("nya"))
    assert without_digits(without_digits(text)) == without_digits(text)


def test_what_a_word_means_is_found_by_its_form_or_else_by_its_stem() -> None:
    normaliser = Normaliser(
        [], {}, ["tambal"], meanings={"tambal": "memperbaiki", "ditambali": "menutup", "udan": "cuaca"}
    )
    assert normaliser.read("menambal jalan, ditambali, udan").meanings == ("memperbaiki", "menutup", "cuaca")
