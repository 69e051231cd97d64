"""The models that ship belong to the sentences beside them, and are plain data."""

from collections import Counter
from dataclasses import replace

import pytest

from config.reference import Reference
from workers.classification.building import build
from workers.classification.engine import KeywordClassifier
from workers.classification.linear import Reading
from workers.classification.shipped import MODELS, TASKS, edition, reading_of, sentences, shipped, stale
from workers.classification.wordlists import (
    Example,
    WordListInvalid,
    WordLists,
    examples,
    kind_examples,
    messages,
    warning_examples,
)

LARGEST = 2_200_000
"""Bytes: a worker reads them at every start."""


@pytest.fixture(scope="module")
def lists() -> WordLists:
    return WordLists.load()


@pytest.mark.parametrize("task", TASKS)
def test_a_model_is_of_the_sentences_and_word_lists_that_ship(
    task: str, reference: Reference, lists: WordLists
) -> None:
    earlier = {name: shipped(name) for name in TASKS[: TASKS.index(task)]}
    reader = KeywordClassifier(reference, lists, models=earlier)
    why = stale(shipped(task).version, sentences(task), lambda text: reader.read(task, text))
    assert not why, f"models/{task}.json is stale, {why}: python -m workers.classification.building"
    assert (MODELS / f"{task}.json").stat().st_size < LARGEST  # type: ignore[attr-defined] - a folder in the tree


def test_a_model_is_stale_when_its_sentences_or_how_they_are_read_change() -> None:
    told = (Example("desa", "DPMD", "kantor desa tutup"),)

    def read(text: str) -> Reading:
        return Reading(text.split(), {"desa": 2.0})

    version = f"{edition(told)}.{reading_of(told, read)}"
    assert stale(version, told, read) == ""
    assert "sentences" in stale(version, (replace(told[0], text="kantor desa buka"),), read)
    assert "synonyms" in stale(version, told, lambda _: Reading(["kantor", "kampung", "tutup"], {"desa": 2.0}))
    assert "word lists" in stale(version, told, lambda text: Reading(text.split(), {"desa": 2.5}))


def test_every_agency_of_a_sentence_exists(reference: Reference) -> None:
    own = {code for code, agency in reference.agencies.items() if agency.accepts}
    assert {one.agency for one in examples()} - own - set(reference.out_of_authority) == {""}


def test_no_sentence_stands_twice() -> None:
    others = {one.text.lower() for one in (*examples(), *kind_examples())}
    assert [one.text for one in messages() if one.text.lower() in others] == []
    for written in (messages(), (*examples(), *kind_examples()), *map(warning_examples, ("danger", "secrets"))):
        assert [text for text, often in Counter(one.text.lower() for one in written).items() if often > 1] == []


def test_a_changed_sentence_is_another_edition() -> None:
    one = Example("desa", "DPMD", "kantor desa tutup")
    assert edition([one]) != edition([Example("desa", "", "kantor desa tutup")])


def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(WordListInvalid, match=r"models/weather\.json"):
        shipped("weather")


def test_building_learns_both_tasks_from_the_same_sentences(reference: Reference) -> None:
    kept = tuple(one for one in examples() if one.topic in {"p4gn", "hewan-liar"})
    keywords = KeywordClassifier(reference, models={})
    assert build("topic", kept, keywords).classes == ("hewan-liar", "p4gn")
    assert "BKSDA" in build("agency", kept, keywords).classes


def test_keywords_alone_suggest_too(reference: Reference) -> None:
    told = KeywordClassifier(reference, models={}).suggest("jalan rusak berlubang di depan pasar")
    assert (told.topic, told.agency) == ("pekerjaan-umum", "PUPR")
