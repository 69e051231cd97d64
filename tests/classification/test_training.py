"""Training on a handful of sentences: what is learned serves without scikit-learn, and is measured on texts it did not see."""

from dataclasses import replace

import pytest

from workers.classification.engine import KeywordClassifier
from workers.classification.goals import TRAINED, reached
from workers.classification.linear import LinearModel, Reading, unpacked
from workers.classification.trained import trained_scores
from workers.classification.training import Labelled, TooFew, cross_validated, train

THINGS = {
    "air": (
        "air pipa bocor",
        "air ledeng mati",
        "pipa air pecah",
        "air keruh bau",
        "meteran air rusak",
        "air mati lagi",
    ),
    "jalan": (
        "jalan lubang dalam",
        "aspal jalan rusak",
        "jalan becek",
        "jalan amblas",
        "lubang di jalan",
        "jalan rusak",
    ),
    "sampah": ("sampah menumpuk", "sampah bau", "truk sampah", "buang sampah", "tempat sampah penuh", "sampah kali"),
}
ROWS = [Labelled(text, label) for label, texts in THINGS.items() for text in texts]


def split(text: str) -> Reading:
    return Reading(text.split())


def test_what_was_learned_is_plain_data_that_knows_the_words() -> None:
    model = LinearModel.from_json(train("topic", ROWS, split, version="1").to_json())
    assert (model.task, model.version, sorted(model.classes)) == ("topic", "1", ["air", "jalan", "sampah"])
    told = model.probabilities(split("ada sampah lagi"))
    assert max(told, key=lambda name: told[name]) == "sampah"
    assert model.explain(split("ada sampah lagi"), "sampah")[0][0] == "sampah"


def test_what_most_words_speak_of_comes_first() -> None:
    model = train("topic", [*ROWS, *(Labelled(f"{one} asap", "api") for one in ("ada", "banyak", "bau"))], split)
    rows = [unpacked(row, len(model.classes)) for _, row in model.features.values()]
    spoken = [sum(bool(row[at]) for row in rows) for at in range(len(model.classes))]
    assert spoken == sorted(spoken, reverse=True)


def test_the_same_rows_give_the_same_file() -> None:
    assert train("topic", ROWS, split).to_json() == train("topic", ROWS, split).to_json()


def test_two_classes_are_enough() -> None:
    model = train("kind", [row for row in ROWS if row.label != "sampah"], split)
    scores = model.scores(split("aspal jalan"))
    assert scores["jalan"] > scores["air"]


def test_each_text_is_judged_by_a_model_that_did_not_see_it() -> None:
    told = cross_validated("topic", ROWS, split)
    assert [(one.text, one.label) for one in told] == [(row.text, row.label) for row in ROWS]
    assert sum(one.ranked[0] == one.label for one in told) >= 14
    assert all(sum(one.probabilities.values()) == pytest.approx(1.0) for one in told)


def test_texts_of_one_group_are_never_divided() -> None:
    rows = [Labelled("unik", "air", "g"), Labelled("unik lain", "air", "g"), *ROWS]
    told = cross_validated("topic", rows, split)
    # Had the twin been learned from, "unik" would have been known.
    assert told[0].probabilities["air"] < 0.6


def test_no_word_and_no_pair_is_learned_that_too_few_people_used() -> None:
    """Two names that many bear are together the name of one."""
    said = ("siti di sini", "bu siti lapor", "aminah di sini", "bu aminah lapor", "siti aminah lapor")
    named = [Labelled(f"air mati {words} {turn}", "air", words) for words in said for turn in ("lagi", "terus")]
    rows = [*(replace(row, group=row.text) for row in ROWS), *named]
    model = train("topic", rows, split, people=3)
    known = set(model.features)
    assert {"siti", "aminah", "air mati"} <= known
    assert not [one for one in known if one.startswith(("siti aminah", "bu siti", "sini"))]


def test_one_class_is_no_choice() -> None:
    with pytest.raises(TooFew):
        train("topic", ROWS[:6], split)


@pytest.mark.parametrize(("task", "label"), [("topic", "pekerjaan-umum"), ("agency", "PUPR"), ("kind", "aspirasi")])
def test_a_text_is_read_in_training_as_in_use(classifier: KeywordClassifier, task: str, label: str) -> None:
    reading = classifier.read(task, "usul agar jln rusak di sidorejo diperbaiki")
    assert "jalan" in reading.stems
    assert reading.hints[label] > 0


def test_a_task_is_scored_beside_its_goals_by_models_that_have_not_seen_the_text(
    classifier: KeywordClassifier,
) -> None:
    rows = [{"text": row.text, "topic": "lainnya" if row.label == "sampah" else row.label} for row in ROWS]
    scores = trained_scores("topic", [*rows, {"text": "tanpa label"}], classifier)
    assert [(one.task, one.rows) for one in scores] == [("topic", 18), ("topic_without_lainnya", 12)]
    assert [one.goal.name for one in reached(scores, TRAINED)] == ["topic accuracy", "topic top3"]
    assert scores[0].top3 == 1.0  # of three
