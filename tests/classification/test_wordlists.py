"""The word lists shipped with the product fit together and fit the reference data."""

from pathlib import Path

import pytest

from config.reference import Reference
from workers.classification import wordlists
from workers.classification.kind import ADVERTISING, NO_REPORT
from workers.classification.normalise import Normaliser
from workers.classification.wordlists import WordListInvalid, WordLists, _toml, examples, messages, warning_examples


@pytest.fixture(scope="module")
def lists() -> WordLists:
    return WordLists.load()


def test_every_topic_of_the_lists_exists_and_every_offered_topic_has_words(
    lists: WordLists, reference: Reference
) -> None:
    offered = {code for code, topic in reference.topics.items() if topic.is_offered}
    assert set(lists.topics) - set(reference.topics) == set()
    assert offered - set(lists.topics) == set()
    assert {example.topic for example in examples()} - set(reference.topics) == set()


def test_every_agency_of_the_lists_exists(lists: WordLists, reference: Reference) -> None:
    known = {*reference.agencies, *reference.out_of_authority}
    assert set(lists.agencies) - known == set()
    named = {rule["agency"] for rule in lists.overlaps if not rule["agency"].startswith("@")}
    assert named - known == set()


def test_every_rule_names_a_case_of_the_overlap_table_or_its_reason(lists: WordLists, reference: Reference) -> None:
    cases = {overlap.id for overlap in reference.overlaps}
    assert lists.overlaps
    assert [rule for rule in lists.overlaps if not rule.get("reason") and rule["case"] not in cases] == []


def test_kinds_are_the_known_ones(lists: WordLists) -> None:
    assert set(lists.kinds) == {"pengaduan", "permintaan_informasi", "aspirasi", NO_REPORT, ADVERTISING}


def test_the_languages_of_the_region_are_there(lists: WordLists) -> None:
    assert {"id", "en", "jv", "bjn", "su", "mad", "nij", "min", "ms"} <= set(lists.languages)


def test_no_phrase_stands_twice_in_a_list(lists: WordLists) -> None:
    lists_of_topics = [words for table in lists.topics.values() for words in table.values()]
    assert lists_of_topics
    assert [words for words in lists_of_topics if len(words) != len(set(words))] == []


def test_a_word_has_one_meaning_and_stands_as_it_is_read() -> None:
    groups = {name: words.split() for name, words in _toml("meanings").items()}
    words = [word for group in groups.values() for word in group]
    assert len(words) == len(set(words))
    normaliser = Normaliser([], {})
    assert [word for word in words if normaliser.plain(word) != (word,)] == [], "no blank, capital or digit"
    assert min(map(len, groups.values())) >= 3


def test_every_message_is_labelled_with_answers_that_exist(reference: Reference) -> None:
    accepting = {code for code, agency in reference.agencies.items() if agency.accepts}
    agencies = {"", *accepting, *reference.out_of_authority}
    offered = {code for code, topic in reference.topics.items() if topic.is_offered}
    secrets = {one.topic for one in warning_examples("secrets")}
    hazards = {one.topic for one in warning_examples("danger")}
    for one in messages():
        assert one.agency in agencies, one
        assert one.secret in secrets, one
        assert one.hazard in hazards, one
        if one.kind == NO_REPORT:
            assert (one.topic, one.agency, one.secret, one.hazard) == ("", "", "none", "none"), one
        else:
            assert one.kind in {"pengaduan", "permintaan_informasi", "aspirasi"}, one
            assert one.topic in offered, one


def test_a_message_without_an_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "messages"
    folder.mkdir()
    (folder / "mine.jsonl").write_text('{"text": "halo"}\n', encoding="utf-8")
    monkeypatch.setattr(wordlists, "FOLDER", tmp_path)
    with pytest.raises(WordListInvalid, match=r"mine\.jsonl line 1: .*topic"):
        messages()
