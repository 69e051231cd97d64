"""How good is a classifier on labelled texts? One table row per task, for `gateway classifier evaluate FILE`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from gateway.complaints.classification import Classifier, Suggestion
from gateway.complaints.complaint import Kind, Sensitive
from workers.classification.kind import NO_REPORT
from workers.classification.normalise import LANGUAGE_CODES

OTHER = "other"
KINDS = frozenset({*map(str, Kind), NO_REPORT})
"""Another file's `kind` may mean something else (sentence, fragment)."""
# A label file may know the kind that only routing sets (CASEWORK § 6.2) by either name.
SAME_KIND = {str(Kind.PENGADUAN_PENGAWASAN): str(Kind.PENGADUAN)}


@dataclass(frozen=True, slots=True)
class Score:
    """Result of one task. What does not apply is None: a yes-or-no task has precision and recall, a ranking has top3."""

    task: str
    rows: int
    accuracy: float
    macro_f1: float
    top3: float | None = None
    precision: float | None = None
    recall: float | None = None

    def as_row(self) -> dict[str, object]:
        return {key: value for key, value in asdict(self).items() if value is not None}


Row = Mapping[str, object]


def evaluate(rows: Iterable[Row], classifier: Classifier) -> list[Score]:
    """Scores for every task that the rows have labels for.

    A row has `text` and any of `kind, topic, agency, place_code, language` (or `lang`), `sensitive, emergency,
    out_of_authority`. A missing key or, for topic, null is no label; null for agency and place_code means "none".
    """
    labelled = list(rows)
    suggestions = classifier.suggest_many([str(row["text"]) for row in labelled])
    pairs = list(zip(labelled, suggestions, strict=True))
    known = {_language(row) for row in labelled}
    scores = [
        _classes("language", [(_language(row), _spoken(one, known)) for row, one in pairs if _language(row)]),
        _classes(
            "kind", [(_same_kind(row["kind"]), _same_kind(one.kind)) for row, one in pairs if row.get("kind") in KINDS]
        ),
        _ranking("topic", [(str(row["topic"]), _topics(one)) for row, one in pairs if row.get("topic")]),
        _ranking(
            "topic_without_lainnya",
            [(str(row["topic"]), _topics(one)) for row, one in pairs if row.get("topic") not in {None, "", "lainnya"}],
        ),
        _ranking("agency", [(str(row["agency"]), _agencies(one)) for row, one in pairs if row.get("agency")]),
        _classes(
            "place", [(str(row["place_code"] or ""), one.place_code) for row, one in pairs if "place_code" in row]
        ),
        *(_yes_or_no(task, pairs) for task in ("sensitive", "emergency", "out_of_authority")),
    ]
    return [score for score in scores if score.rows]


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


def _same_kind(kind: object) -> str:
    return SAME_KIND.get(str(kind), str(kind))


def _topics(suggestion: Suggestion) -> list[str]:
    return [ranked.code for ranked in suggestion.topics]


def _agencies(suggestion: Suggestion) -> list[str]:
    return [ranked.code for ranked in suggestion.agencies]


def _ranking(task: str, pairs: Sequence[tuple[str, list[str]]]) -> Score:
    score = _classes(task, [(wanted, given[0] if given else "") for wanted, given in pairs])
    top3 = _share(sum(wanted in given for wanted, given in pairs), len(pairs))
    return Score(task, score.rows, score.accuracy, score.macro_f1, top3=top3)


def _classes(task: str, pairs: Sequence[tuple[str, str]]) -> Score:
    right = Counter(wanted for wanted, given in pairs if wanted == given)
    wanted_often = Counter(wanted for wanted, _ in pairs)
    given_often = Counter(given for _, given in pairs)
    f1 = [_share(2 * right[one], wanted_often[one] + given_often[one]) for one in wanted_often]
    return Score(task, len(pairs), _share(right.total(), len(pairs)), _share(sum(f1), len(f1)))


def _yes_or_no(task: str, pairs: Sequence[tuple[Row, Suggestion]]) -> Score:
    answers = [(bool(row[task]), _answer(task, one)) for row, one in pairs if task in row]
    score = _classes(task, [(str(wanted), str(given)) for wanted, given in answers])
    both = sum(wanted and given for wanted, given in answers)
    precision = _share(both, sum(given for _, given in answers))
    recall = _share(both, sum(wanted for wanted, _ in answers))
    return Score(task, score.rows, score.accuracy, score.macro_f1, precision=precision, recall=recall)


def _answer(task: str, suggestion: Suggestion) -> bool:
    if task == "sensitive":
        return suggestion.sensitive != Sensitive.NONE
    return suggestion.emergency if task == "emergency" else suggestion.out_of_authority


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
