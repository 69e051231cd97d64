"""From confirmed cases to a version: a model, and the card that says what it was learned from and how good it is.

All figures of a card are of texts that the model judging them had not seen, no text of the same reporter either.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from gateway.complaints import certainty
from gateway.complaints.certainty import Told
from gateway.complaints.classification import Suggestion
from workers.classification.engine import KeywordClassifier
from workers.classification.learned import file_of
from workers.classification.linear import LinearModel, Reading
from workers.classification.training import FOLDS, Labelled, Prediction, TooFew, cross_validated, train

LEAST, LEAST_OF_CLASS = 200, 8
REPORTERS_OF_A_WORD = 3
"""So many people must have used a word, a pair of words, or letters in a row before a model may know it: else it could be somebody's name."""
WANTED = (0.9, 0.95, 0.98)
AMONG = 3
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the cases come from: `database` or the name of a file, and the days of the first and the last of them."""

    name: str
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    name: str
    content: str
    """The file, with its checksum inside."""
    sha256: str
    """Of the file itself."""
    card: dict[str, Any]


def enough(rows: Sequence[Labelled], least: int, least_of_class: int) -> tuple[list[Labelled], dict[str, int]]:
    """The rows of classes that are large enough, and how many of which class were left out. Raises `TooFew`."""
    many = Counter(row.label for row in rows)
    kept = [row for row in rows if many[row.label] >= least_of_class]
    left_out = {label: count for label, count in sorted(many.items()) if count < least_of_class}
    classes = len(many) - len(left_out)
    if len(kept) < least or classes < 2:  # noqa: PLR2004 - one class needs no classifier
        raise TooFew(
            f"{len(kept)} confirmed cases in {classes} classes of at least {least_of_class}; {least} in 2 classes are needed"
        )
    return kept, left_out


def learn(
    task: str,
    rows: Sequence[Labelled],
    classifier: KeywordClassifier,
    source: Source,
    *,
    now: datetime,
    least: int = LEAST,
    least_of_class: int = LEAST_OF_CLASS,
    say: Say = lambda _: None,
) -> Learned:
    """Train, cross-validate and describe. Raises `TooFew`, `TrainingUnavailable`."""
    kept, left_out = enough(rows, least, least_of_class)
    say(f"reading {len(kept)} texts")
    seen = {row.text: classifier.read(task, row.text) for row in kept}
    read = seen.__getitem__
    say(f"cross-validating in {FOLDS} folds")
    told = [_told(one) for one in cross_validated(task, kept, read, people=REPORTERS_OF_A_WORD)]
    say("asking the built-in classifier about the same texts")
    builtin = [said_by(task, classifier.suggest(row.text), row.label) for row in kept]
    say("training on all of them")
    model = train(task, kept, read, people=REPORTERS_OF_A_WORD)
    # By what was learned: the same cases read by other word lists are another version, never another file of the same name.
    version = f"{now:%Y%m%d}-{hashlib.sha256(model.to_json().encode()).hexdigest()[:8]}"
    model = replace(model, version=version)
    content = model.to_json()
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    card = {
        "name": f"{task}-{version}",
        "task": task,
        "version": version,
        "sha256": sha256,
        "made_at": now.isoformat(timespec="seconds"),
        "source": asdict(source),
        "rows": len(kept),
        "reporters": len({row.group or row.text for row in kept}),
        "classes": dict(sorted(Counter(row.label for row in kept).items())),
        "left_out": left_out,
        "words": model.words,
        "validated": figures(told),
        "builtin": {"accuracy": _rounded(certainty.accuracy(builtin)), "top3": _rounded(certainty.top_three(builtin))},
        "gain": _duel(builtin, told),
        "thresholds": [asdict(one) for wanted in WANTED if (one := certainty.threshold(told, wanted))],
        "baseline": _baseline(model, read, kept, told),
        "library": _library(),
    }
    return Learned(f"{task}-{version}", content, sha256, card)


def keep(folder: Path, learned: Learned) -> Path:
    """Write the file of a version: whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path, beside = file_of(folder, learned.name), folder / f".{learned.name}.part"
    beside.write_text(learned.content, encoding="utf-8")
    beside.replace(path)
    return path


def said_by(task: str, suggestion: Suggestion, label: str) -> Told:
    """What a classifier says about `task`, beside what is right."""
    if task == "kind":
        return Told(label, suggestion.kind, 0.0, suggestion.kind == label)
    ranked = suggestion.topics if task == "topic" else suggestion.agencies
    first = ranked[0] if ranked else None
    among = any(one.code == label for one in ranked[:AMONG])
    return Told(label, first.code if first else "", first.confidence if first else 0.0, among)


def figures(told: Sequence[Told]) -> dict[str, Any]:
    """Everything that a card or a comparison says of one classifier on labelled texts."""
    return {
        "rows": len(told),
        "accuracy": _rounded(certainty.accuracy(told)),
        "top3": _rounded(certainty.top_three(told)),
        "macro_f1": _rounded(certainty.macro_f1(told)),
        "calibration_error": _rounded(certainty.calibration_error(told)),
        "per_class": {
            name: [many, _rounded(precision), _rounded(recall)]
            for name, (many, precision, recall) in certainty.per_class(told).items()
        },
        "confusion": [[*pair, many] for pair, many in sorted(Counter((one.label, one.said) for one in told).items())],
        "bins": [[one.many, _rounded(one.stated), _rounded(one.right)] for one in certainty.bins(told)],
    }


def _told(one: Prediction) -> Told:
    ranked = one.ranked
    return Told(one.label, ranked[0], one.probabilities[ranked[0]], one.label in ranked[:AMONG])


def _duel(first: Sequence[Told], second: Sequence[Told]) -> dict[str, Any]:
    found = certainty.duel(first, second)
    return {"lost": found.first_alone, "won": found.second_alone, "chance": round(found.chance, 5)}


def _baseline(
    model: LinearModel, read: Callable[[str], Reading], rows: Sequence[Labelled], told: Sequence[Told]
) -> dict[str, Any]:
    """What usual messages look like to this model: drift is measured against it."""
    stems = [stem for row in rows for stem in read(row.text).stems]
    return {
        "sure": _rounded(sum(one.sure for one in told) / len(told)),
        "unknown": _rounded(sum(not model.knows(stem) for stem in stems) / len(stems)) if stems else 0.0,
    }


def _library() -> str:
    return f"scikit-learn {metadata.version('scikit-learn')}"


def _rounded(value: float) -> float:
    return round(value, 4)
