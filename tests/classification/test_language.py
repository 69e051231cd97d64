"""Languages of the region; informal Indonesian must not be taken for one of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reference import Reference
from workers.classification.engine import KeywordClassifier, language_guesser
from workers.classification.language import LanguageGuesser, words_of
from workers.classification.wordlists import WordLists, sentences

# fmt: off
LANGUAGES = [
    # text                                                                         language
    ("Mohon jalan di depan rumah kami segera diperbaiki",                          "id"),
    ("pak tlg lampu jln mati trs udh lama bgt gelap",                              "id"),
    ("gmn sih ini air gak ngalir2 dr kmrn",                                        "id"),
    ("halo",                                                                       "id"),
    ("ok sip",                                                                     "id"),
    ("mksh min",                                                                   "id"),
    ("jmbtn rsk",                                                                  "id"),
    ("👍",                                                                          "id"),
    ("12345",                                                                      "id"),
    ("",                                                                           "id"),
    ("ada yg tau no telp kantor pelindo kumai?",                                   "id"),
    ("Jalan Sidorejo ke Karang Mulya berlubang, tolong ditambal",                  "id"),
    ("The street light near my house has been broken for two weeks",               "en"),
    ("Dalane rusak banget pak, wis suwe ora didandani",                            "jv"),
    ("Kulo nyuwun pirsa, kados pundi carane damel KTP enggal",                     "jv"),
    ("Kanapa banyu kada mangalir, kami handak mandi kada kawa",                    "bjn"),
    ("Ulun umpat batakun, di mana wadah maurus surat pindah gasan kakanakan",      "bjn"),
    ("Danum papa toto, ikei dia ulih mandui",                                      "nij"),
    ("Punten, jalan di payuneun bumi abdi ruksak pisan, teu acan didangdosan",     "su"),
    ("Lampu di muko rumah ambo alah mati sajak kapatang, indak ado nan mamparek-i", "min"),
    ("Engkok terro atanya, bile se mabhender lorong reya, la abit rosak",          "mad"),
    ("Cikgu dan jiran saya kata longkang itu tersumbat sejak kelmarin",            "ms"),
    ("Budak-budak dah tak berani lalu situ, jambatannye goyang dan papan die reput", "ms"),
    ("dah lama ni lampu gang kami tak nyala, tolong dicek tu pak petugas",         "id"),
    ("De straat voor ons huis is kapot en niemand komt het maken",                 "nl"),
    ("Die Straße vor unserem Haus ist seit Wochen kaputt und niemand repariert sie", "de"),
    ("Nous habitons ici depuis longtemps et personne ne répare cette route",       "fr"),
    ("السلام عليكم",                                                               "ar"),
    ("道路坏了请修理",                                                               "zh"),
    ("Pak jalan desa kami rusak parah, wis suwe ora tau didandani, tolong segera diperbaiki petugas", "id+jv"),
]

# Not in the sentences of `languages/`, and in other words than those.
HELD_OUT = {
    "id": ("bu lurah kapan antrian rekam ktp dibuka lagi, sy sdh 2x bolak balik", "Kami keberatan dengan iuran sampah yang mendadak naik",
           "gardu di rt 9 meledak tadi malem sekampung gelap gulita", "anak kos sebelah berisik mulu tiap weekend",
           "Dermaga kayu di hilir sudah lapuk dan membahayakan penumpang", "numpang tanya, loket samsat tutup jam brp ya",
           "mohon bantuannya pak, perahu nelayan kami tenggelam kena ombak", "wah mantap respon nya cepet bgt, sukses terus"),
    "jv": ("Lurahe ora gelem teken surat warisanku, jare kudu mbayar dhisik", "Lampune wis murub maneh, matur suwun nggih pak",
           "Bulik kula dereng nampi kertu sehat, kedah dospundi nggih", "Wedhusku dicolong maling mau bengi, tulung dilacak",
           "Yen mangsa ketiga sumure asat, kudu tuku banyu tangki", "Ngapa to petugase ora tau mider mrene"),
    "bjn": ("Batang kayu manutup jalan matan tadi malam, kada kawa lalu motor", "Pian tolong padahakan lawan pambakal, kami kakurangan banyu barasih",
            "Ading ulun kada katulakan kuliah, kadada biayanya", "Lakasi pang mambaiki, hujan satumat haja sudah calap",
            "Jar urang posyandu, obat cacing lagi kada baisi", "Bubuhan buruh sawit balum dibayari upahnya"),
    "nij": ("Petak ikei inampa uluh perusahaan jatun misek helu", "Jewu tege rapat hong balai, ela dia dumah pahari",
            "Anak kuh kabuat haguet sakula mahapan perahu, yaku mikeh toto", "Kilen ampie mangat dinun surat nikah, pak?",
            "Danum sungei bahijau, lauk are matei", "Uluh bakas te hindai dinun duit dohop"),
    "su": ("Naha atuh tagihan cai abdi naék dua kali lipet", "Budak SMP loba nu ngarokok deukeut warung", "Mugi énggal aya perbaikan, hatur nuhun"),
    "mad": ("Oreng disa ngello polana aeng ta' kalowar", "Ponapa bisa ngoros sorat e dinto, pa'?", "Tang bengko katonon, pesse elang kabbhi"),
    "min": ("Baa kok tagihan aia naiak taruih pak", "Anak ambo indak bisa sakola dek jambatan runtuah", "Alah tigo bulan gaji guru alun dibayia"),
    "en": ("Someone keeps dumping rubbish behind our shop", "When will the ferry to Java leave?", "I paid twice for the same permit"),
}  # fmt: skip
# fmt: on


@pytest.fixture(scope="module")
def guesser(reference: Reference) -> LanguageGuesser:
    return language_guesser(reference, WordLists.load())


@pytest.mark.parametrize(("text", "language"), LANGUAGES)
def test_which_language(guesser: LanguageGuesser, text: str, language: str) -> None:
    assert guesser.guess(text).code == language


@pytest.mark.parametrize("language", HELD_OUT)
def test_sentences_that_the_profiles_do_not_hold_are_told(guesser: LanguageGuesser, language: str) -> None:
    guessed = {text: guesser.guess(text).code for text in HELD_OUT[language]}
    assert {text: code for text, code in guessed.items() if code != language} == {}


def test_held_out_sentences_are_held_out() -> None:
    written = {line for lines in sentences().values() for line in lines}
    assert written.isdisjoint(text for texts in HELD_OUT.values() for text in texts)


def test_more_words_of_a_language_make_it_surer(guesser: LanguageGuesser) -> None:
    unsure, sure = (guesser.guess(text).confidence for text in ("jalan", "jalan rusak tolong segera"))
    assert 0 < unsure < sure <= 1


def test_the_suggestion_says_how_sure_the_language_is(classifier: KeywordClassifier, guesser: LanguageGuesser) -> None:
    text = "Dalane rusak banget pak, wis suwe ora didandani"
    suggestion = classifier.suggest(text)
    assert (suggestion.language, suggestion.language_confidence) == ("jv", guesser.guess(text).confidence)
    assert classifier.suggest("halo").language_confidence > 0


@given(text=st.text(max_size=80))
def test_any_text_has_a_language_and_always_the_same(guesser: LanguageGuesser, text: str) -> None:
    guess = guesser.guess(text)
    assert guess.code
    assert 0 < guess.confidence <= 1
    assert guesser.guess(text) == guess


def test_the_answer_does_not_hang_on_the_order_of_sets() -> None:
    program = (
        "import json\n"
        "from config.reference import Reference\n"
        "from workers.classification.engine import language_guesser\n"
        "from workers.classification.wordlists import WordLists\n"
        "guess = language_guesser(Reference.load(), WordLists.load()).guess\n"
        "texts = ['dalane rusak', 'kada jalan', 'sip', 'mampir', 'Wij wonen hier al jaren lang']\n"
        "print(json.dumps([[guess(text).code, guess(text).confidence] for text in texts]))\n"
    )
    answers = [
        json.loads(
            subprocess.run(  # noqa: S603
                [sys.executable, "-c", program],
                cwd=Path(__file__).parents[2],
                env={"PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    assert answers[0] == answers[1]


def test_a_regional_complaint_is_understood(classifier: KeywordClassifier) -> None:
    suggestion = classifier.suggest("Kanapa banyu ledeng kada jalan, kami handak mandi kada kawa")
    assert (suggestion.kind, suggestion.topic, suggestion.agency) == ("pengaduan", "energi", "PDAM")


def test_links_and_numbers_are_no_words() -> None:
    assert words_of("Lihat https://contoh.invalid/a 08123 nama@contoh.invalid ta’ jadi") == ["lihat", "ta'", "jadi"]
