"""A named street, RT/RW or building is a place; an area is told with its level."""

import pytest

from gateway.complaints.places import area_words, place_words, spot_of

# fmt: off
SPOTS = [
    # text                                                             the place that it names
    ("Lampu jalan mati di Jl Malijo RT 5 sudah seminggu",              "Jl Malijo RT 5"),
    ("lampu mati di jl malijo rt 5 sdh seminggu",                      "jl malijo rt 5"),
    ("jl.iskandar banjir tiap hujan",                                  "jl.iskandar"),
    ("LAMPU JALAN MATI DI JALAN MALIJO RT 05/RW 02",                   "JALAN MALIJO RT 05/RW 02"),
    ("Jalan Ahmad Yani km 12 longsor",                                 "Jalan Ahmad Yani km 12"),
    ("Gang Melati II, RT 03 gelap",                                    "Gang Melati II, RT 03"),
    ("sampah menumpuk di rt 5 rw 2",                                   "rt 5 rw 2"),
    ("Atap SDN 3 Sidorejo bocor",                                      "SDN 3 Sidorejo"),
    ("Parkir liar di depan Masjid Al Ikhlas tiap Jumat",               "Masjid Al Ikhlas"),
    ("Pasar Indra Sari becek",                                         "Pasar Indra Sari"),
    ("A hole on Malijo Street for weeks",                              "Malijo Street"),
    ("Jalan rusak dan berlubang, banyak yang jatuh",                   ""),
    ("jalan di depan rumah saya rusak",                                ""),
    ("jl rusak parah tolong diperbaiki",                               ""),
    ("Jln. berlubang",                                                 ""),
    ("Lampu jalan mati sudah seminggu",                                ""),
    ("Lampu jalan mati. Tolong diperbaiki",                            ""),
    ("pasar becek dan bau",                                            ""),
    ("Jalan Rusak Parah Sudah Lama",                                   ""),
    ("Air PDAM mati sejak 3 hari",                                     ""),
    ("Saya bayar 250 ribu untuk KTP",                                  ""),
]
# fmt: on


@pytest.mark.parametrize(("text", "spot"), SPOTS)
def test_a_named_street_or_building_is_a_place(text: str, spot: str) -> None:
    assert spot_of(text) == spot


AREAS = [
    ("62.01.02.1007", "Raja", "Kelurahan Raja"),
    ("62.01.02.2003", "Kumpai Batu Atas", "Desa Kumpai Batu Atas"),
    ("62.01.02", "Arut Selatan", "Kecamatan Arut Selatan"),
    ("62.01", "Kotawaringin Barat", "Kotawaringin Barat"),
    ("", "Pasar lama", "Pasar lama"),
    ("", "", ""),
]


@pytest.mark.parametrize(("code", "name", "words"), AREAS)
def test_an_area_is_told_with_its_level(code: str, name: str, words: str) -> None:
    assert area_words(code, name) == words


def test_what_was_said_stands_before_the_area_and_each_once() -> None:
    assert place_words("Jl Malijo RT 5", "62.01.02.1007", "Raja") == "Jl Malijo RT 5, Kelurahan Raja"
    assert place_words("depan kantor lurah raja", "62.01.02.1007", "Raja") == "depan kantor lurah raja"
    assert place_words("", "62.01.02.1007", "Raja") == "Kelurahan Raja"
    assert place_words("Jl Malijo", "", "") == "Jl Malijo"
