"""The word lists shipped with the product fit together and fit the reference data."""

import pytest

from config.reference import Reference
from workers.classification.kind import ADVERTISING, NO_REPORT
from workers.classification.wordlists import WordLists, examples


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
