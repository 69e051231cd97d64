"""Places by name, alias, landmark and spelling."""

import pytest

from config.reference import Reference
from workers.classification.engine import KeywordClassifier

# fmt: off
PLACES = [
    # text                                                                         name                 code
    ("Jalan di Desa Runtu rusak",                                                  "Runtu",             "62.01.02.2012"),
    ("lampu mati di kel baru",                                                     "Baru",              "62.01.02.1009"),
    ("mau beli lampu baru di toko",                                                "",                  ""),
    ("banjir di kolam hilir",                                                      "Kotawaringin Hilir", "62.01.03.1008"),
    ("kolam ikan warga jebol",                                                     "",                  ""),
    ("sungai di sei rangit hitam",                                                 "Sungai Rangit Jaya", "62.01.05.2007"),
    ("jembatan di mandawai lapuk",                                                 "Mendawai",          "62.01.02.1003"),
    ("sampah di pangkalan bun",                                                    "Arut Selatan",      "62.01.02"),
    ("macet dekat bundaran pancasila",                                             "Arut Selatan",      "62.01.02"),
    ("jalan pangkalan banteng berdebu",                                            "Pangkalan Banteng", "62.01.06"),
    ("kantor desa pangkalan banteng tutup",                                        "Pangkalan Banteng", "62.01.06.2001"),
    ("drainase jl ahmad yani dekat sidorejo mampet",                               "Sidorejo",          "62.01.02.1006"),
    ("travel dari kumai ke pangkalan bun mahal",                                   "",                  ""),
    ("sekolah di karangmulya bocor",                                               "Karang Mulya",      "62.01.06.2003"),
    ("sekolah di karang mulia bocor",                                              "Karang Mulya",      "62.01.06.2003"),
    ("air keruh sekali",                                                           "",                  ""),
]
# fmt: on


@pytest.mark.parametrize(("text", "name", "code"), PLACES)
def test_where_it_happened(classifier: KeywordClassifier, text: str, name: str, code: str) -> None:
    suggestion = classifier.suggest(f"{text}, mohon diperbaiki")
    assert (suggestion.place, suggestion.place_code) == (name, code)


def test_every_area_is_found_by_its_name(classifier: KeywordClassifier) -> None:
    areas = [area for area in Reference.load().areas.values() if area.level in {"kecamatan", "kelurahan", "desa"}]
    assert len(areas) > 90
    found = {area.code: classifier.suggest(f"jalan rusak di {area.level} {area.name}").place_code for area in areas}
    assert {code: given for code, given in found.items() if code != given} == {}
