"""The figures of the evaluation, on rows whose outcome is known."""

from collections.abc import Sequence

import pytest

from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Hold, Sensitive
from workers.classification.evaluate import Score, evaluate
from workers.classification.goals import reached


class Answers:
    """A classifier that says what it is told."""

    def __init__(self, answers: dict[str, Suggestion]) -> None:
        self._answers = answers

    def suggest(self, text: str) -> Suggestion:
        return self._answers[text]

    def suggest_many(self, texts: Sequence[str]) -> list[Suggestion]:
        return [self.suggest(text) for text in texts]


def scores_of(rows: list[dict[str, object]], *answers: Suggestion) -> dict[str, Score]:
    texts = [f"text {number}" for number in range(len(rows))]
    labelled = [{"text": text, **row} for text, row in zip(texts, rows, strict=True)]
    scores = evaluate(labelled, Answers(dict(zip(texts, answers, strict=True))))
    return {score.task: score for score in scores}


def test_accuracy_and_top_three_of_a_ranking() -> None:
    first = Suggestion(topics=(Ranked("desa", 0.6), Ranked("sosial", 0.3)))
    second = Suggestion(topics=(Ranked("agama", 0.6), Ranked("desa", 0.3)))
    topic = scores_of([{"topic": "desa"}, {"topic": "desa"}], first, second)["topic"]
    assert (topic.rows, topic.accuracy, topic.top3) == (2, 0.5, 1.0)
    assert topic.macro_f1 == pytest.approx(0.6667)


def test_precision_and_recall_of_a_warning() -> None:
    rows: list[dict[str, object]] = [{"emergency": True}, {"emergency": True}, {"emergency": False}]
    emergency = scores_of(rows, Suggestion(emergency=True), Suggestion(), Suggestion(emergency=True))["emergency"]
    assert (emergency.precision, emergency.recall, emergency.accuracy) == (0.5, 0.5, 0.3333)


def test_a_row_without_hold_must_not_be_held_where_another_has_it() -> None:
    rows: list[dict[str, object]] = [{"hold": "spam"}, {"hold": "abuse"}, {}]
    hold = scores_of(rows, Suggestion(hold=Hold.SPAM), Suggestion(hold=Hold.SPAM), Suggestion(hold=Hold.ABUSE))["hold"]
    assert (hold.rows, hold.precision, hold.recall) == (3, 0.3333, 0.5)
    assert "hold" not in scores_of([{"topic": "desa"}], Suggestion(hold=Hold.SPAM))


def test_sensitive_is_any_kind_but_none() -> None:
    rows: list[dict[str, object]] = [{"sensitive": True}, {"sensitive": False}]
    sensitive = scores_of(rows, Suggestion(sensitive=Sensitive.ANAK), Suggestion())["sensitive"]
    assert sensitive.accuracy == 1.0


def test_a_row_without_the_label_is_not_counted() -> None:
    scores = scores_of([{"topic": None, "kind": "kalimat"}, {"topic": "desa"}], Suggestion(), Suggestion())
    assert scores["topic"].rows == 1
    assert "kind" not in scores
    assert "emergency" not in scores


def test_no_place_is_a_label_too() -> None:
    rows: list[dict[str, object]] = [{"place_code": None}, {"place_code": "62.01.01"}]
    assert scores_of(rows, Suggestion(), Suggestion(place_code="62.01.01"))["place"].accuracy == 1.0


def test_both_spellings_of_a_language_code_are_understood() -> None:
    rows: list[dict[str, object]] = [{"lang": "jav"}, {"language": "id+jav"}]
    assert scores_of(rows, Suggestion("jv"), Suggestion("id+jv"))["language"].accuracy == 1.0


def test_a_language_outside_the_labels_counts_as_other() -> None:
    rows: list[dict[str, object]] = [{"lang": "other"}, {"lang": "id"}]
    assert scores_of(rows, Suggestion("ban"), Suggestion("id"))["language"].accuracy == 1.0


def test_oversight_is_a_complaint_here() -> None:
    assert scores_of([{"kind": "pengaduan_pengawasan"}], Suggestion(kind="pengaduan"))["kind"].accuracy == 1.0


def test_a_place_is_precise_where_it_is_named_and_recalled_where_it_is_wanted() -> None:
    rows: list[dict[str, object]] = [{"place_code": code} for code in ("62.01.01", "62.01.02", "62.01.03", None)]
    given = [Suggestion(place_code=code) for code in ("62.01.01", "62.01.01", "", "")]
    place = scores_of(rows, *given)["place"]
    assert (place.precision, place.recall, place.accuracy) == (0.5, 0.3333, 0.5)


def test_each_language_has_a_precision_and_a_recall() -> None:
    rows: list[dict[str, object]] = [{"language": "bjn"}, {"language": "bjn"}, {"language": "id"}]
    classes = scores_of(rows, Suggestion("bjn"), Suggestion("id"), Suggestion("id"))["language"].classes
    assert classes is not None
    assert (classes["bjn"].rows, classes["bjn"].precision, classes["bjn"].recall) == (2, 1.0, 0.5)
    assert classes["id"].precision == 0.5


def test_kinds_are_counted_by_what_they_were_taken_for() -> None:
    rows: list[dict[str, object]] = [{"kind": "aspirasi"}, {"kind": "aspirasi"}]
    kind = scores_of(rows, Suggestion(kind="aspirasi"), Suggestion(kind="pengaduan"))["kind"]
    assert kind.confusion == {"aspirasi": {"aspirasi": 1, "pengaduan": 1}}


def test_certainty_is_measured_where_a_ranking_states_it() -> None:
    sure = Suggestion(agencies=(Ranked("PUPR", 0.8),))
    agency = scores_of([{"agency": "PUPR"}, {"agency": "DLH"}], sure, Suggestion())["agency"]
    assert (agency.calibration_error, agency.coverage_90) == (0.1, 0.5)


def test_a_goal_is_met_from_its_figure_on_and_silent_without_rows() -> None:
    rows: list[dict[str, object]] = [{"kind": "pengaduan"}] * 25
    right, wrong = Suggestion(), Suggestion(kind="aspirasi")
    texts = iter([right] * 23 + [wrong] * 2)
    (kind,) = reached(scores_of(rows, *texts).values())
    assert (kind.goal.name, kind.value, kind.is_met) == ("kind accuracy", 0.92, True)


def test_a_language_with_few_sentences_has_no_goal() -> None:
    rows: list[dict[str, object]] = [{"language": "bjn"}] * 3
    names = [one.goal.name for one in reached(scores_of(rows, *[Suggestion("bjn")] * 3).values())]
    assert names == ["language accuracy"]
