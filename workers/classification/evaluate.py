"""How good is a classifier on labelled texts? Figures per task, for `gateway classifier evaluate FILE`."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from gateway.complaints.certainty import Told, calibration_error, coverage, top_three
from gateway.complaints.classification import Classifier, Ranked, Suggestion
from gateway.complaints.complaint import Hold, Kind, Sensitive
from workers.classification.kind import NO_REPORT
from workers.classification.normalise import LANGUAGE_CODES

OTHER, YES, NONE = "other", "yes", ""
KINDS = frozenset({*map(str, Kind), NO_REPORT})
"""Another file's `kind` may mean something else (sentence, fragment)."""
# A label file may know the kind that only routing sets (CASEWORK § 6.2) by either name.
SAME_KIND = {str(Kind.PENGADUAN_PENGAWASAN): str(Kind.PENGADUAN)}
RAG_BAG = "lainnya"

Row = Mapping[str, object]
Answered = tuple[Row, Suggestion]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of one task: the label, the answer, and the ranking it heads. `""` is "none"."""

    row: Row
    suggestion: Suggestion
    wanted: str
    given: str
    ranked: tuple[Ranked, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.wanted == self.given

    @property
    def told(self) -> Told:
        sure = self.ranked[0].confidence if self.ranked else 0.0
        return Told(self.wanted, self.given, sure, any(one.code == self.wanted for one in self.ranked))


@dataclass(frozen=True, slots=True)
class ClassScore:
    rows: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Score:
    """Result of one task. What does not apply is None: what may be found or not has precision and recall, a ranking has
    top3, the expected error of its certainty, and the share of rows where it is sure enough to be right so often."""

    task: str
    rows: int
    accuracy: float
    macro_f1: float
    top3: float | None = None
    precision: float | None = None
    recall: float | None = None
    calibration_error: float | None = None
    coverage_90: float | None = None
    coverage_95: float | None = None
    classes: Mapping[str, ClassScore] | None = None
    confusion: Mapping[str, Mapping[str, int]] | None = None
    """Of the labels (first) and the answers."""

    def as_row(self) -> dict[str, object]:
        """The plain figures that apply."""
        figures = [one.name for one in fields(self) if one.name not in {"classes", "confusion"}]
        return {name: value for name in figures if (value := getattr(self, name)) is not None}


def evaluate(rows: Iterable[Row], classifier: Classifier) -> list[Score]:
    """Scores for every task that the rows have labels for.

    A row has `text` and any of `kind, topic, agency, place_code, language` (or `lang`), `sensitive, emergency,
    out_of_authority, hold`. A missing key or, for topic, null is no label; null for agency and place_code means "none".
    """
    labelled = list(rows)
    suggestions = classifier.suggest_many([str(row["text"]) for row in labelled])
    return scores(list(zip(labelled, suggestions, strict=True)))


def scores(answered: Sequence[Answered]) -> list[Score]:
    found = ((task, outcomes(task, answered)) for task in TASKS)
    return [score(task, rows) for task, rows in found if rows]


def outcomes(task: str, answered: Sequence[Answered]) -> list[Outcome]:
    """The rows that are labelled for the task, in their order."""
    return TASKS[task](answered)


def score(task: str, rows: Sequence[Outcome]) -> Score:
    right = Counter(one.wanted for one in rows if one.is_right)
    wanted, given = Counter(one.wanted for one in rows), Counter(one.given for one in rows)
    f1 = [_share(2 * right[one], wanted[one] + given[one]) for one in wanted]
    figures: dict[str, float] = {}
    if task in FINDS:
        found = right.total() - right[NONE]
        figures["precision"] = _share(found, len(rows) - given[NONE])
        figures["recall"] = _share(found, len(rows) - wanted[NONE])
    if task in RANKS:
        told = [one.told for one in rows]
        figures["top3"] = round(top_three(told), 4)
        figures["calibration_error"] = round(calibration_error(told), 4)
        figures["coverage_90"], figures["coverage_95"] = (round(coverage(told, least), 4) for least in (0.90, 0.95))
    return Score(
        task,
        len(rows),
        _share(right.total(), len(rows)),
        _share(sum(f1), len(f1)),
        **figures,
        classes={
            one: ClassScore(rows, _share(right[one], given[one]), _share(right[one], rows))
            for one, rows in sorted(wanted.items())
        },
        confusion=_confusion(rows),
    )


def _confusion(rows: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    often = Counter((one.wanted, one.given) for one in rows)
    labels = sorted({wanted for wanted, _ in often})
    return {
        label: {given: often[wanted, given] for wanted, given in sorted(often) if wanted == label} for label in labels
    }


def _languages(answered: Sequence[Answered]) -> list[Outcome]:
    known = {_language(row) for row, _ in answered}
    return [Outcome(row, one, _language(row), _spoken(one, known)) for row, one in answered if _language(row)]


def _language(row: Row) -> str:
    """BCP 47, from either spelling of the key and of the code."""
    codes = str(row.get("language") or row.get("lang") or "").split("+")
    return "+".join(LANGUAGE_CODES.get(code, code) for code in codes)


def _spoken(suggestion: Suggestion, known: set[str]) -> str:
    """The language as the label file could have named it."""
    if suggestion.language in known or OTHER not in known:
        return suggestion.language
    regional = suggestion.language.removeprefix("id+")
    return regional if regional in known else OTHER


def _kind(row: Row, one: Suggestion) -> Outcome | None:
    wanted = row.get("kind")
    return Outcome(row, one, _same_kind(wanted), _same_kind(one.kind)) if wanted in KINDS else None


def _same_kind(kind: object) -> str:
    return SAME_KIND.get(str(kind), str(kind))


def _topic(row: Row, one: Suggestion) -> Outcome | None:
    wanted = row.get("topic")
    return Outcome(row, one, str(wanted), one.topic, one.topics) if wanted else None


def _clear_topic(row: Row, one: Suggestion) -> Outcome | None:
    return None if row.get("topic") == RAG_BAG else _topic(row, one)


def _agency(row: Row, one: Suggestion) -> Outcome | None:
    wanted = row.get("agency")
    return Outcome(row, one, str(wanted), one.agency, one.agencies) if wanted else None


def _place(row: Row, one: Suggestion) -> Outcome | None:
    return Outcome(row, one, str(row["place_code"] or NONE), one.place_code) if "place_code" in row else None


def _sensitive(row: Row, one: Suggestion) -> Outcome | None:
    return _warning("sensitive", row, one, one.sensitive != Sensitive.NONE)


def _emergency(row: Row, one: Suggestion) -> Outcome | None:
    return _warning("emergency", row, one, one.emergency)


def _outside(row: Row, one: Suggestion) -> Outcome | None:
    return _warning("out_of_authority", row, one, one.out_of_authority)


def _warning(task: str, row: Row, one: Suggestion, given: bool) -> Outcome | None:
    return Outcome(row, one, YES if row[task] else NONE, YES if given else NONE) if task in row else None


def _holds(answered: Sequence[Answered]) -> list[Outcome]:
    """Where any row has the label, a row without it is one that must not be held."""
    if not any(row.get("hold") for row, _ in answered):
        return []
    return [
        Outcome(row, one, str(row.get("hold") or NONE), NONE if one.hold is Hold.NONE else one.hold.value)
        for row, one in answered
    ]


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _each(outcome_of: Callable[[Row, Suggestion], Outcome | None]) -> Callable[[Sequence[Answered]], list[Outcome]]:
    return lambda answered: [outcome for row, one in answered if (outcome := outcome_of(row, one))]


TASKS: Mapping[str, Callable[[Sequence[Answered]], list[Outcome]]] = {
    "language": _languages,
    "kind": _each(_kind),
    "topic": _each(_topic),
    "topic_without_lainnya": _each(_clear_topic),
    "agency": _each(_agency),
    "place": _each(_place),
    "sensitive": _each(_sensitive),
    "emergency": _each(_emergency),
    "out_of_authority": _each(_outside),
    "hold": _holds,
}
RANKS = frozenset({"topic", "topic_without_lainnya", "agency"})
FINDS = frozenset({"place", "sensitive", "emergency", "out_of_authority", "hold"})
