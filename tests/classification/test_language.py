"""Languages of the region; informal Indonesian must not be taken for one of them."""

import pytest

from workers.classification.engine import KeywordClassifier
from workers.classification.language import words_of

# fmt: off
LANGUAGES = [
    # text                                                                         language
    ("Mohon jalan di depan rumah kami segera diperbaiki",                          "id"),
    ("pak tlg lampu jln mati trs udh lama bgt gelap",                              "id"),
    ("gmn sih ini air gak ngalir2 dr kmrn",                                        "id"),
    ("halo",                                                                       "id"),
    ("ok sip",                                                                     "id"),
    ("👍",                                                                          "id"),
    ("The street light near my house has been broken for two weeks",               "en"),
    ("Dalane rusak banget pak, wis suwe ora didandani",                            "jv"),
    ("Kulo nyuwun pirsa, kados pundi carane damel KTP enggal",                     "jv"),
    ("Kanapa banyu kada mangalir, kami handak mandi kada kawa",                    "bjn"),
    ("Ulun umpat batakun, di mana wadah maurus surat pindah gasan kakanakan",      "bjn"),
    ("Danum papa toto, ikei dia ulih mandui",                                      "nij"),
    ("Punten, jalan di payuneun bumi abdi ruksak pisan, teu acan didangdosan",     "su"),
    ("Lampu di muko rumah ambo alah mati sajak kapatang, indak ado nan mamparek-i", "min"),
    ("Engkok terro atanya, bile se mabhender lorong reya, la abit rosak",          "mad"),
    ("Pak jalan desa kami rusak parah, wis suwe ora tau didandani, tolong segera diperbaiki petugas", "id+jv"),
]
# fmt: on


@pytest.mark.parametrize(("text", "language"), LANGUAGES)
def test_which_language(classifier: KeywordClassifier, text: str, language: str) -> None:
    assert classifier.suggest(text).language == language


def test_a_regional_complaint_is_understood(classifier: KeywordClassifier) -> None:
    suggestion = classifier.suggest("Kanapa banyu ledeng kada jalan, kami handak mandi kada kawa")
    assert (suggestion.kind, suggestion.topic, suggestion.agency) == ("pengaduan", "energi", "PDAM")


def test_links_and_numbers_are_no_words() -> None:
    assert words_of("Lihat https://contoh.invalid/a 08123 nama@contoh.invalid ta’ jadi") == ["lihat", "ta'", "jadi"]
