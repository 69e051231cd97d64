"""What a task could reach if it were learned from labelled texts: each is answered by a model that has not seen it."""

from collections.abc import Iterable
from functools import partial
from heapq import nlargest

from gateway.complaints.classification import Ranked, Suggestion
from workers.classification.engine import KeywordClassifier
from workers.classification.evaluate import RAG_BAG, Outcome, Row, Score, score
from workers.classification.training import Labelled, Prediction, cross_validated

AMONG = 3


def trained_scores(task: str, rows: Iterable[Row], classifier: KeywordClassifier) -> list[Score]:
    """Cross-validated on the rows that have a label for `task` (`topic`, `agency`, `kind`). Raises `TooFew`, `TrainingUnavailable`."""
    labelled = [row for row in rows if row.get(task)]
    cases = [Labelled(str(row["text"]), str(row[task]), str(row.get("group") or "")) for row in labelled]
    told = cross_validated(task, cases, partial(classifier.read, task))
    outcomes = [_outcome(row, one) for row, one in zip(labelled, told, strict=True)]
    clear = [one for one in outcomes if one.wanted != RAG_BAG]
    return [score(task, outcomes), *([score("topic_without_lainnya", clear)] if task == "topic" and clear else [])]


def _outcome(row: Row, told: Prediction) -> Outcome:
    best = nlargest(AMONG, told.probabilities.items(), key=lambda one: one[1])
    ranked = tuple(Ranked(code, probability) for code, probability in best)
    return Outcome(row, Suggestion(), told.label, ranked[0].code, ranked)
