"""The words that the shipped reference data gives to the conversation."""

from config.reference import Reference
from gateway.complaints.complaint import Sensitive
from gateway.conversation import wording
from gateway.dialogue.lexicon import lexicon

WORDS = lexicon(Reference.load())


def test_agencies_are_named_by_code_and_only_those_that_accept() -> None:
    assert WORDS.agency_codes["PUPR"] == "PUPR"
    assert "PEMKAB" not in WORDS.agency_codes


def test_districts_are_the_kecamatan_of_the_region() -> None:
    areas = Reference.load().areas.values()
    assert WORDS.districts == tuple((area.code, area.name) for area in areas if area.level == "kecamatan")
    assert len(WORDS.districts) == 6


def test_a_service_is_known_by_its_deep_link_too() -> None:
    assert WORDS.services
    for code, _ in WORDS.services:
        assert code in WORDS.service_codes
        assert code.upper() in WORDS.units


def test_only_approved_terms_are_explained() -> None:
    approved = {term.term for term in Reference.load().glossary.terms if term.is_approved}
    assert {term for term, _, _ in WORDS.glossary} == approved
    assert WORDS.glossary_version
    assert WORDS.glossary_decree


def test_names_that_are_ordinary_words_need_a_cue() -> None:
    assert wording.names_place(wording.tokens("di kumai hulu"), WORDS)
    assert not wording.names_place(wording.tokens("jalan baru rusak"), WORDS)
    assert wording.names_place(wording.tokens("kel baru rusak"), WORDS)


def test_how_something_is_opens_no_new_subject() -> None:
    assert wording.names(wording.tokens("masih rusak dan mati"), (), WORDS) == frozenset()
    assert wording.names(wording.tokens("sampah menumpuk"), (), WORDS) == {"sampah"}


def test_every_kind_of_violence_is_a_code_of_casework() -> None:
    assert {code for _, code in WORDS.violence} <= set(Sensitive)


def test_every_word_of_every_list_is_written_as_texts_are_read() -> None:
    for words in (
        WORDS.greetings,
        WORDS.insults,
        WORDS.spam,
        WORDS.places,
        WORDS.past,
        WORDS.present,
        *WORDS.emergency,
    ):
        assert all(word == " ".join(wording.tokens(word)) for word in words)
