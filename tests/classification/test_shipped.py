"""The models that ship belong to the sentences beside them, and are plain data."""

import pytest

from config.reference import Reference
from workers.classification.building import build, longer
from workers.classification.engine import KeywordClassifier
from workers.classification.shipped import MODELS, TASKS, edition, sentences, shipped
from workers.classification.wordlists import Example, WordListInvalid, examples, kind_examples

LARGEST = 2_000_000
"""Bytes: a worker reads them at every start."""


@pytest.mark.parametrize("task", TASKS)
def test_a_model_was_made_of_the_sentences_that_ship(task: str) -> None:
    model = shipped(task)
    made_with = "python -m workers.classification.building"
    assert model.version == edition(sentences(task)), f"sentences changed: {made_with}"
    assert (MODELS / f"{task}.json").stat().st_size < LARGEST  # type: ignore[attr-defined] - a folder in the tree


def test_every_agency_of_a_sentence_exists(reference: Reference) -> None:
    own = {code for code, agency in reference.agencies.items() if agency.accepts}
    assert {one.agency for one in examples()} - own - set(reference.out_of_authority) == {""}


def test_no_sentence_stands_twice() -> None:
    texts = [one.text.lower() for one in (*examples(), *kind_examples())]
    assert len(texts) == len(set(texts))


def test_a_changed_sentence_is_another_edition() -> None:
    one = Example("desa", "DPMD", "kantor desa tutup")
    assert edition([one]) != edition([Example("desa", "", "kantor desa tutup")])


def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(WordListInvalid, match=r"models/weather\.json"):
        shipped("weather")


def test_a_letter_is_mostly_about_its_topic() -> None:
    sentences = [Example("desa", "DPMD", f"desa {number}") for number in range(9)] + [Example("agama", "", "masjid")]
    letters = list(longer(sentences))
    assert [(one.topic, one.agency) for one in letters] == [(one.topic, one.agency) for one in sentences]
    assert all(one.text.count("desa") >= 3 for one in letters[:9])
    assert letters[1].text != letters[2].text


def test_building_learns_both_tasks_from_the_same_sentences(reference: Reference) -> None:
    kept = tuple(one for one in examples() if one.topic in {"p4gn", "hewan-liar"})
    keywords = KeywordClassifier(reference, models={})
    assert build("topic", kept, keywords).classes == ("hewan-liar", "p4gn")
    assert "BKSDA" in build("agency", kept, keywords).classes


def test_keywords_alone_suggest_too(reference: Reference) -> None:
    told = KeywordClassifier(reference, models={}).suggest("jalan rusak berlubang di depan pasar")
    assert (told.topic, told.agency) == ("pekerjaan-umum", "PUPR")
