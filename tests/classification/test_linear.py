"""Learned weights as plain data: what is served is what was trained, and nothing else is loaded."""

import hashlib
import json
from dataclasses import replace

import pytest

from workers.classification.linear import (
    LETTERS_SHARE,
    MEANINGS_SHARE,
    STEPS,
    LinearModel,
    ModelInvalid,
    Reading,
    Weights,
    before,
    features_of,
    letters_in,
)

WEIGHTS: Weights = {"lubang": ((1, 200),), "air": ((0, 300), (1, -100)), "air mati": ((0, 50),), "#jalan": ((1, 20),)}
RARITY = {"lubang": 2.0, "air": 1.0, "air mati": 3.0}
MODEL = LinearModel(
    task="topic",
    version="1",
    classes=("air", "jalan"),
    bias=(10, -10),
    features=features_of(WEIGHTS, RARITY),
    temperature=2.0,
)


def near(score: float) -> object:
    """Values are counted in `STEPS`."""
    return pytest.approx(score, abs=8 / STEPS)


def test_a_score_is_the_bias_and_the_words_shared_to_length_one() -> None:
    assert MODEL.scores(Reading(())) == {"air": 0.1, "jalan": -0.1}
    assert MODEL.scores(Reading(("air",))) == {"air": 3.1, "jalan": -1.1}
    both = MODEL.scores(Reading(("lubang", "xyz", "air")))
    assert both["jalan"] == near(-0.1 + (2 * 2.0 - 1 * 1.0) / 5**0.5)


def test_neighbours_and_word_lists_speak_too() -> None:
    beside = MODEL.scores(Reading(("air", "mati")))
    assert beside["air"] == near(0.1 + (3.0 * 1.0 + 0.5 * 3.0) / 10**0.5)
    assert MODEL.scores(Reading((), {"jalan": 5.0, "sampah": 9.0}))["jalan"] == near(0.9)


def test_probabilities_sum_to_one_and_follow_the_temperature() -> None:
    told = MODEL.probabilities(Reading(("air",)))
    assert sum(told.values()) == near(1.0)
    assert told["air"] == near(1 / (1 + 2.718281828 ** (-4.2 / 2)))


def test_nothing_known_is_told_as_nothing() -> None:
    assert MODEL.probabilities(Reading(("xyz",), {"sampah": 3.0})) == {}


def test_doubt_takes_certainty_away() -> None:
    assert MODEL.probabilities(Reading(("air",)), 3.0)["air"] < MODEL.probabilities(Reading(("air",)))["air"]


def test_a_model_on_top_of_another_sees_what_that_one_says() -> None:
    assert before(MODEL, Reading(("air",))) == {"=air": 3.1, "=jalan": -1.1}
    assert before(None, Reading(("air",))) == {}


def test_the_words_that_decided_are_named_strongest_first() -> None:
    reading = Reading(("air", "mati", "lubang"), {"jalan": 5.0})
    assert [word for word, _ in MODEL.explain(reading, "air")] == ["air", "air mati"]
    assert [word for word, _ in MODEL.explain(reading, "jalan")] == ["lubang"]
    assert MODEL.explain(reading, "sampah") == []


SPELT = replace(
    MODEL,
    features=features_of(
        {**WEIGHTS, "~ruda": ((1, 400),), "~udak": ((1, 400),)}, {**RARITY, "~ruda": 1.0, "~udak": 1.0, "~<air": 1.0}
    ),
    seldom=2.5,
)


def test_letters_tell_what_an_unknown_word_has_in_common_with_known_ones() -> None:
    assert SPELT.scores(Reading(("rudak",)))["jalan"] == near(-0.1 + LETTERS_SHARE * 2 * 4 / 2**0.5)
    assert MODEL.scores(Reading(("rudak",)))["jalan"] == -0.1, "learned without letters"


def test_words_that_are_common_are_not_spelt() -> None:
    assert SPELT.scores(Reading(("air",))) == MODEL.scores(Reading(("air",)))


def test_marks_have_no_letters_and_letters_are_no_reason_to_name() -> None:
    assert letters_in(("@rudak", "^rudak", "12")) == {}
    assert SPELT.explain(Reading(("rudak", "lubang")), "jalan") == [("lubang", 2.0)]


MEANT = replace(
    MODEL,
    features=features_of(
        {**WEIGHTS, "%rusak": ((1, 100),), "%rusak %cuaca": ((0, 300),)},
        {**RARITY, "%rusak": 3.0, "%rusak %cuaca": 4.0},
    ),
)


def test_an_unknown_word_counts_as_what_it_means() -> None:
    assert MEANT.scores(Reading(("ambyar",)))["jalan"] == -0.1
    assert MEANT.scores(Reading(("ambyar",), meanings=("rusak",)))["jalan"] == near(-0.1 + MEANINGS_SHARE)


def test_meanings_that_follow_each_other_speak_together_and_are_no_reason_to_name() -> None:
    reading = Reading(("ambyar", "udan"), meanings=("rusak", "cuaca"))
    assert MEANT.scores(reading)["air"] == near(0.1 + MEANINGS_SHARE * 3 * 4.0 / 5.0)
    assert MEANT.explain(reading, "jalan") == []


def test_letters_stay_in_the_file() -> None:
    assert LinearModel.from_json(SPELT.to_json()) == SPELT


def test_a_file_from_before_letters_were_learned_serves_on() -> None:
    content = {name: value for name, value in json.loads(MODEL.to_json()).items() if name not in {"seldom", "sha256"}}
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    content["sha256"] = hashlib.sha256(written.encode()).hexdigest()
    assert LinearModel.from_json(json.dumps(content)) == MODEL


def test_a_file_gives_the_same_model_again() -> None:
    assert LinearModel.from_json(MODEL.to_json()) == MODEL


CHANGED = json.loads(MODEL.to_json()) | {"temperature": 0.1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        MODEL.to_json()[:-20],
        json.dumps(CHANGED),
        MODEL.to_json().replace('"format":1', '"format":2'),
    ],
)
def test_a_changed_or_cut_file_is_refused(text: str) -> None:
    with pytest.raises(ModelInvalid):
        LinearModel.from_json(text)


def test_weights_that_would_run_into_each_other_are_refused() -> None:
    """The weights of all classes lie in one number, side by side."""
    heavy = replace(MODEL, features=features_of({"air": ((0, 30_000),)}, {"air": 1.0}))
    with pytest.raises(ModelInvalid, match="heavy"):
        LinearModel.from_json(heavy.to_json())


def test_classes_do_not_touch_each_other_however_much_is_said() -> None:
    weights = {f"#{name}": ((0, -900), (1, 900)) for name in "abcdef"}
    model = replace(MODEL, features=features_of(weights, {}), bias=(0, 0))
    assert model.scores(Reading((), dict.fromkeys("abcdef", 1e9))) == {"air": -1620.0, "jalan": 1620.0}
