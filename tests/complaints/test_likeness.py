"""What speaks for two reports being about one incident, and what against it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Reference
from config.reference.incidents import incident_words
from gateway.complaints.complaint import Point
from gateway.complaints.duplicates import Incident
from gateway.complaints.likeness import LIKELY, Certainty, Likeness, Place, likeness
from gateway.complaints.tellings import Teller, stem_of
from gateway.queries.tellers import teller

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HERE = Incident(
    "Lampu jalan di Gang Melati mati sudah tiga malam", "perhubungan", NOW, "62.01.02.1003", area_name="Mendawai"
)
POINT = Point(-2.68, 111.62)


@pytest.fixture(scope="module")
def reads() -> Teller:
    return teller(Reference.load())


def compared(reads: Teller, **changes: Any) -> Likeness | None:
    return likeness(reads, HERE, replace(HERE, **changes))


# fmt: off
SAME = [
    "PJU gg melati padam",
    "gang melati peteng, lampune mati kabeh",
    "Penerangan di Gang Melati RT 4 tidak menyala, takut lewat malam hari",
    "The street light in Gang Melati is broken and dark",
]
OTHERS = [
    "Lampu jalan di Gang Kenanga mati sudah tiga malam",
    "Sampah menumpuk di Gang Melati",
    "Air PDAM mati sudah tiga malam",
    "Lampu merah simpang Melati mati",
]
# fmt: on


@pytest.mark.parametrize("text", SAME)
def test_one_incident_in_other_words_is_recognised(reads: Teller, text: str) -> None:
    found = compared(reads, text=text, at=NOW + timedelta(hours=20))
    assert found is not None
    assert found.probability >= LIKELY


@pytest.mark.parametrize("text", OTHERS)
def test_another_thing_or_another_street_is_another_incident(reads: Teller, text: str) -> None:
    found = compared(reads, text=text, at=NOW + timedelta(hours=20))
    assert found is not None
    assert found.probability < LIKELY


# fmt: off
PLACES = [
    # this one                           the other                                                      is
    ({},                                 {},                                                            Place.SAME),
    ({"area": "62.01.02"},               {"area": "62.01.02"},                                          Place.WIDE),
    ({},                                 {"area": "62.01.02"},                                          Place.WITHIN),
    ({},                                 {"area": "62.01.02.1005"},                                     None),
    ({},                                 {"area": "62.01.021"},                                         None),
    ({},                                 {"area": ""},                                                  Place.UNKNOWN),
    ({},                                 {"area": "", "topic": "lingkungan"},                           Place.UNKNOWN),
    ({"point": POINT},                   {"point": Point(-2.6805, 111.62)},                             Place.CLOSE),    # some 56 m
    ({"point": POINT},                   {"point": Point(-2.6815, 111.6215)},                           Place.NEAR),     # some 240 m
    ({"point": POINT},                   {"point": Point(-2.683, 111.62)},                              Place.AROUND),   # some 330 m
    ({"point": POINT},                   {"point": Point(-2.7, 111.62)},                                Place.FAR),
    ({"point": POINT},                   {"point": Point(-2.7, 111.62), "area": "62.01.02.1005"},       None),
    ({"point": POINT},                   {"area": "62.01.02.1005"},                                     None),
]
# fmt: on


@pytest.mark.parametrize(("this", "other", "place"), PLACES)
def test_where_two_incidents_are_to_each_other(
    reads: Teller, this: dict[str, Any], other: dict[str, Any], place: Place | None
) -> None:
    one, two = replace(HERE, **this), replace(HERE, **other)
    for found in (likeness(reads, one, two), likeness(reads, two, one)):
        assert (found.place if found else None) == place


def test_a_week_apart_it_is_another_time(reads: Teller) -> None:
    assert compared(reads, at=NOW - timedelta(days=7)) is not None
    assert compared(reads, at=NOW - timedelta(days=7, seconds=1)) is None


# fmt: off
WEAKER: dict[str, dict[str, Any]] = {
    "days apart":      {"at": NOW + timedelta(days=3)},
    "another topic":   {"topic": "energi"},
    "a wider area":    {"area": "62.01.02"},
    "another number":  {"text": f"{HERE.text} RT 9"},
}
# fmt: on


@pytest.mark.parametrize("changes", WEAKER.values(), ids=WEAKER)
def test_everything_that_differs_makes_it_less_likely(reads: Teller, changes: dict[str, Any]) -> None:
    here = replace(HERE, text=f"{HERE.text} RT 4")
    same, other = likeness(reads, here, here), likeness(reads, here, replace(here, **changes))
    assert same
    assert other
    assert same.probability > other.probability
    assert same.certainty is Certainty.SURE


def test_nothing_is_called_sure_where_another_street_is_named(reads: Teller) -> None:
    told = "Pohon trembesi besar tumbang menimpa pagar masjid dan dua sepeda motor sesudah hujan angin di Jalan"
    one, other = replace(HERE, text=f"{told} Merak"), replace(HERE, text=f"{told} Rajawali")
    apart, same = likeness(reads, one, other), likeness(reads, other, other)
    assert apart
    assert same
    assert apart.probability > 0.8
    assert (apart.certainty, same.certainty) == (Certainty.PROBABLE, Certainty.SURE)


def test_what_speaks_for_and_against_is_told(reads: Teller) -> None:
    found = compared(reads, text="pju jl kenanga padam rt 5", topic="energi", reporter="5")
    assert found is not None
    assert found.words == ("lampu jalan", "mati")
    assert (found.same, found.other) == ((), ("street",))
    assert (found.is_same_topic, found.is_same_reporter, found.place) == (False, False, Place.SAME)


# fmt: off
NAMES = [
    # this one                                the other                              alike      differs
    ("macet di Jalan Pangeran Antasari",      "jl antasari macet",                   "street",  ""),
    ("sampah di pasar Indra Sari",            "pasar indrasari bau",                 "spot",    ""),
    ("sampah di pasar Indra Sari",            "pasar palagan sari bau",              "",        "spot"),
    ("SDN 2 bocor",                           "sd negeri 2 bocor",                   "school",  ""),
    ("SDN 2 bocor",                           "SMPN 2 bocor",                        "",        "school"),
    ("banjir RT 05",                          "banjir rt5",                          "rt",      ""),
    ("lubang km 18",                          "lubang km 8",                         "",        "km"),
    ("jalan rusak parah",                     "Jl Melati rusak",                     "",        ""),
    ("jl hasanudin banjir",                   "Jalan Hasanuddin banjir",            "street",  ""),
    ("jl Ahmad Yani macet",                   "jl Ahmad Dahlan macet",              "",        "street"),
    ("baju seragam 350rb",                    "seragam 350 ribu",                   "amount",  ""),
    ("Jalan Mendawai rusak",                  "Jalan Melati rusak",                  "",        ""),         # the village itself
]
# fmt: on


@pytest.mark.parametrize(("one", "other", "same", "differs"), NAMES)
def test_names_and_numbers_are_compared(reads: Teller, one: str, other: str, same: str, differs: str) -> None:
    found = likeness(reads, replace(HERE, text=one), replace(HERE, text=other))
    assert found is not None
    assert (" ".join(found.same), " ".join(found.other)) == (same, differs)


@given(one=st.text(max_size=80), other=st.text(max_size=80))
def test_any_two_texts_are_compared_and_have_no_direction(reads: Teller, one: str, other: str) -> None:
    there, back = (
        likeness(reads, replace(HERE, text=a), replace(HERE, text=b)) for a, b in ((one, other), (other, one))
    )
    assert there
    assert back
    assert 0 < there.probability < 1
    assert there.probability == pytest.approx(back.probability, abs=0.05)


def test_what_covers_a_name_or_a_number_is_no_word(reads: Teller) -> None:
    one, other = (replace(HERE, text=f"[nama pelapor] hp [telepon disamarkan] {said}") for said in ("jalan", "pohon"))
    found = likeness(reads, one, other)
    assert found is not None
    assert found.words == ("hp",)


# fmt: off
STEMS = [
    ("menumpuk", "tumpu"), ("tumpukan", "tumpu"), ("numpuk", "tumpu"), ("kerusakan", "rusa"), ("rusak", "rusa"), ("dibersihkan", "bersih"), ("mengalir", "kalir"), ("mangalir", "kalir"),
    ("diperbaiki", "perbai"), ("berlubang", "lubang"), ("lampunya", "lampu"), ("kebakaran", "bakar"), ("jalan", "jalan"), ("berobat", "berobat"),
]
# fmt: on


@pytest.mark.parametrize(("word", "stem"), STEMS)
def test_forms_of_a_word_have_one_stem(word: str, stem: str) -> None:
    assert stem_of(word) == stem


def test_every_phrase_of_the_lists_can_be_found_in_a_text(reads: Teller) -> None:
    lists = incident_words()
    groups = {**lists.things, **lists.sites, **lists.troubles, **lists.words}
    assert len(groups) == sum(map(len, (lists.things, lists.sites, lists.troubles, lists.words))), "a code stands twice"
    for table, of in ((lists.things, "things"), (lists.sites, "sites"), (lists.troubles, "troubles")):
        lost = [
            (code, said)
            for code, phrases in table.items()
            for said in phrases
            if code not in getattr(reads.read(said), of)
        ]
        assert lost == []
    assert all(phrases for phrases in groups.values())
