"""What the classifier must reach on messages that it was not made from, as installed, and whether it did."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.classification.evaluate import Score

LEAST_ROWS = 20
"""A language with fewer sentences says nothing."""


@dataclass(frozen=True, slots=True)
class Goal:
    task: str
    measure: str
    least: float
    of: str = ""
    """The class whose recall is meant; empty = the whole task."""

    @property
    def name(self) -> str:
        return f"{self.task} {self.measure}" + (f" of {self.of}" if self.of else "")


@dataclass(frozen=True, slots=True)
class Reached:
    goal: Goal
    value: float

    @property
    def is_met(self) -> bool:
        return self.value >= self.goal.least

    def as_row(self) -> dict[str, object]:
        return {"goal": self.goal.name, "least": self.goal.least, "reached": self.value, "met": self.is_met}


# fmt: off
GOALS = (
    #    task                measure      least  of
    Goal("language",         "accuracy",  0.98),
    Goal("language",         "recall",    0.99,  "id"),
    Goal("language",         "recall",    0.88,  "bjn"),
    Goal("language",         "recall",    0.88,  "jv"),
    Goal("language",         "recall",    0.88,  "nij"),
    Goal("kind",             "accuracy",  0.92),
    Goal("topic",            "accuracy",  0.75),
    Goal("topic",            "top3",      0.90),
    Goal("agency",           "accuracy",  0.80),
    Goal("agency",           "top3",      0.92),
    Goal("place",            "precision", 0.95),
    Goal("place",            "recall",    0.88),
    Goal("sensitive",        "precision", 0.80),
    Goal("sensitive",        "recall",    1.00),
    Goal("emergency",        "precision", 0.80),
    Goal("emergency",        "recall",    1.00),
    Goal("out_of_authority", "precision", 0.97),
    Goal("out_of_authority", "recall",    0.85),
)
TRAINED = (
    Goal("topic",            "accuracy",  0.70),
    Goal("topic",            "top3",      0.90),
)
"""After training on public reports, whose labels were given by many hands."""
# fmt: on


def reached(scores: Iterable[Score], goals: Iterable[Goal] = GOALS) -> Iterator[Reached]:
    """Every goal that the scores can speak of, in the order of the table."""
    of_task = {score.task: score for score in scores}
    for goal in goals:
        value = _value(goal, of_task[goal.task]) if goal.task in of_task else None
        if value is not None:
            yield Reached(goal, value)


def _value(goal: Goal, score: Score) -> float | None:
    if not goal.of:
        return float(getattr(score, goal.measure))
    one = (score.classes or {}).get(goal.of)
    return one.recall if one and one.rows >= LEAST_ROWS else None
