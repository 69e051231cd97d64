"""Learns a `LinearModel` from labelled texts: multinomial logistic regression, with a temperature chosen on held-out texts.

The only module that needs scikit-learn (optional extra `train`); what it makes is plain data and is used without. The same rows
give the same model on the same versions of its libraries.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from workers.classification.linear import (
    HINT,
    SCALE,
    LinearModel,
    Reading,
    features_of,
    letters_in,
    meanings_in,
    weighed,
    words_in,
)

Read = Callable[[str], Reading]

FOLDS = 5
AT_LEAST = 2
"""Texts in which a word must occur to be learned."""
LETTERS_MORE = 1
"""Letters in a row and meanings must occur in so many more."""
SELDOM = 20
"""Words in fewer texts are known by their letters too: misspelt, inflected, regional."""
FREEDOM = 5.0
"""Inverse strength of regularisation (`C`)."""
HINT_SHARE = 0.1
"""The word lists give strengths up to ten, a word of a text weighs at most one."""
LIGHTEST = 25
"""What has no weight of this many hundredths for any class is left out: most words, which say next to nothing."""
TEMPERATURES = tuple(round(0.5 * 1.1**step, 4) for step in range(24))
STEPS = 400
STILL = 1e-4
"""Learning ends when nothing moves by more than this: sooner, chance decides on a text in fifty."""


class TrainingUnavailable(RuntimeError):
    """scikit-learn is not installed (`pip install satupintu[train]`)."""


class TooFew(ValueError):
    """There is not enough to learn from; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with the answer a person gave. Texts of one `group` are about the same and are never split between folds."""

    text: str
    label: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model that had not seen the text says about it."""

    text: str
    label: str
    probabilities: Mapping[str, float]
    """Sums to 1."""

    @property
    def ranked(self) -> list[str]:
        return sorted(self.probabilities, key=lambda name: (-self.probabilities[name], name))


@dataclass(frozen=True, slots=True)
class _Case:
    label: str
    reading: Reading
    fold: int
    author: str


@dataclass(frozen=True, slots=True)
class _Way:
    balance: float
    trust: float
    people: int = 1
    at_least: int = AT_LEAST
    lightest: int = LIGHTEST
    faintest: int = LIGHTEST


_PLAIN = _Way(0.0, HINT_SHARE)


def train(
    task: str,
    rows: Sequence[Labelled],
    read: Read,
    *,
    version: str = "",
    balance: float = 0.0,
    trust: float = HINT_SHARE,
    people: int = 1,
    at_least: int = AT_LEAST,
    lightest: int = LIGHTEST,
    faintest: int = LIGHTEST,
) -> LinearModel:
    """A model of all rows. `read` = how the classifier that will serve the model sees a text.

    `balance`: 0 = answers are expected as often as they occur in the rows, 1 = all equally often.
    `trust`: what a step of the word lists is worth beside the words of a text. `people`: of so many groups a word, a
    pair of words, a meaning, or letters in a row must be to be learned. `at_least`: in so many texts a word must be.
    `lightest`: the hundredths that the heaviest weight of a feature must have to be kept, `faintest`: each other of it.
    Raises `TooFew`, `TrainingUnavailable`.
    """
    way = _Way(balance, trust, people, at_least, lightest, faintest)
    cases = _cases(rows, read, FOLDS)
    held_out = [(case.label, scores) for case, scores in _held_out(task, cases, FOLDS, way)]
    return _fitted(task, version, cases, _temperature(held_out), way)


def cross_validated(
    task: str, rows: Sequence[Labelled], read: Read, folds: int = FOLDS, people: int = 1
) -> list[Prediction]:
    """For each row, in their order, what a model of the other folds says; calibrated on texts that are neither its own."""
    cases = _cases(rows, read, folds)
    told = _held_out(task, cases, folds, replace(_PLAIN, people=people))
    by_fold = {
        fold: _temperature([(case.label, scores) for case, scores in told if case.fold != fold])
        for fold in {case.fold for case in cases}
    }
    predicted = {id(case): _softmax(scores, by_fold[case.fold]) for case, scores in told}
    return [Prediction(row.text, row.label, predicted[id(case)]) for row, case in zip(rows, cases, strict=True)]


def _cases(rows: Sequence[Labelled], read: Read, folds: int) -> list[_Case]:
    if len({row.label for row in rows}) < 2:  # noqa: PLR2004 - one class needs no classifier
        raise TooFew("texts of at least two classes are needed")
    cases = [_Case(row.label, read(row.text), _fold(row, folds), row.group or row.text) for row in rows]
    for fold in {case.fold for case in cases}:
        if len({case.label for case in cases if case.fold != fold}) < 2:  # noqa: PLR2004
            raise TooFew("too few texts (or groups of texts) to hold some of them out")
    return cases


def _fold(row: Labelled, folds: int) -> int:
    """By content, not by place in the file: more rows move none of the others."""
    return int.from_bytes(hashlib.sha256((row.group or row.text).encode()).digest()[:8], "big") % folds


def _held_out(
    task: str, cases: Sequence[_Case], folds: int, way: _Way = _PLAIN
) -> list[tuple[_Case, Mapping[str, float]]]:
    told: list[tuple[_Case, Mapping[str, float]]] = []
    for fold in range(folds):
        if seen := [case for case in cases if case.fold == fold]:
            model = _fitted(task, "", [case for case in cases if case.fold != fold], 1.0, way)
            told += [(case, model.scores(case.reading)) for case in seen]
    return told


def _temperature(told: Sequence[tuple[str, Mapping[str, float]]]) -> float:
    """The one with the smallest log-loss; a class that was never seen cannot be helped and does not count."""
    seen = [(label, scores) for label, scores in told if label in scores]

    def loss(temperature: float) -> float:
        return -sum(math.log(max(_softmax(scores, temperature)[label], 1e-9)) for label, scores in seen)

    return min(TEMPERATURES, key=loss) if seen else 1.0


def _softmax(scores: Mapping[str, float], temperature: float) -> dict[str, float]:
    highest = max(scores.values())
    powers = {name: math.exp((score - highest) / temperature) for name, score in scores.items()}
    total = sum(powers.values())
    return {name: power / total for name, power in powers.items()}


def _most_told_first(classes: Sequence[str], weights: Mapping[str, Sequence[tuple[int, int]]]) -> list[int]:
    """Positions of the classes, those first of which the most features say anything: the whole number that holds what a
    feature says ends with the last class that it says anything of, and most then end early."""
    told = Counter(at for row in weights.values() for at, _ in row)
    return sorted(range(len(classes)), key=lambda at: (-told[at], classes[at]))


def _fitted(task: str, version: str, cases: Sequence[_Case], temperature: float, way: _Way) -> LinearModel:
    rarity, seldom = _rarity(cases, way)
    vectorizer, regression = _learn(cases, rarity, seldom, way)
    names = [str(name) for name in vectorizer.get_feature_names_out()]
    classes = [str(name) for name in regression.classes_]
    coefficients, intercepts = _for_each_class(regression, len(classes))
    weights: dict[str, tuple[tuple[int, int], ...]] = {}
    for position, name in enumerate(names):
        scale = way.trust if name.startswith(HINT) else 1.0
        row = [(at, round(float(mine[position]) * scale * SCALE)) for at, mine in enumerate(coefficients)]
        lightest, faintest = (1, 1) if name.startswith(HINT) else (way.lightest, way.faintest)
        if max(abs(weight) for _, weight in row) >= lightest:
            weights[name] = tuple(pair for pair in row if abs(pair[1]) >= faintest)
    order = _most_told_first(classes, weights)
    place = {at: position for position, at in enumerate(order)}
    placed = {name: sorted((place[at], weight) for at, weight in row) for name, row in weights.items()}
    return LinearModel(
        task=task,
        version=version,
        classes=tuple(classes[at] for at in order),
        bias=tuple(round(float(intercepts[at]) * SCALE) for at in order),
        features=features_of(placed, {word: rare for word, rare in rarity.items() if word in weights or rare < seldom}),
        seldom=seldom,
        temperature=temperature,
    )


def _learn(cases: Sequence[_Case], rarity: Mapping[str, float], seldom: float, way: _Way) -> tuple[Any, Any]:
    try:
        vectors = import_module("sklearn.feature_extraction")
        models = import_module("sklearn.linear_model")
    except ImportError as missing:
        raise TrainingUnavailable("training needs scikit-learn: pip install satupintu[train]") from missing
    vectorizer = vectors.DictVectorizer()
    matrix = vectorizer.fit_transform([_vector(case.reading, rarity, seldom, way.trust) for case in cases])
    often = Counter(case.label for case in cases)
    weights = {label: (len(cases) / len(often) / count) ** way.balance for label, count in often.items()}
    regression = models.LogisticRegression(C=FREEDOM, max_iter=STEPS, tol=STILL, class_weight=weights)
    regression.fit(matrix, [case.label for case in cases])
    return vectorizer, regression


def _for_each_class(regression: Any, classes: int) -> tuple[list[Any], list[Any]]:
    """With two classes scikit-learn learns one row for both: half of it speaks for the one, half against the other."""
    rows, intercepts = list(regression.coef_), list(regression.intercept_)
    if classes == 2:  # noqa: PLR2004
        return [-rows[0] / 2, rows[0] / 2], [-intercepts[0] / 2, intercepts[0] / 2]
    return rows, intercepts


def _rarity(cases: Sequence[_Case], way: _Way) -> tuple[dict[str, float], float]:
    """What is known, and how much it counts; and how rare a word is of which the letters are looked at."""
    said = Counter(word for case in cases for word in words_in(case.reading.stems))
    spelt = Counter(
        row for case in cases for row in letters_in(stem for stem in case.reading.stems if said[stem] < SELDOM)
    )
    meant = Counter(one for case in cases for one in meanings_in(case.reading.meanings))
    known = {word for word, often in said.items() if often >= way.at_least}
    known |= {row for row, often in (spelt | meant).items() if often >= way.at_least + LETTERS_MORE}
    if way.people > 1:
        known &= _of_many(cases, way.people)
    counts = said | spelt | meant
    rarity = {word: _rare(often, len(cases)) for word, often in counts.items() if word in known}
    return rarity, _rare(SELDOM - 1, len(cases))


def _of_many(cases: Sequence[_Case], people: int) -> set[str]:
    written = [(case.author, _features(case.reading)) for case in cases]
    authors = Counter(word for word, _ in {(word, author) for author, words in written for word in words})
    return {word for word, often in authors.items() if often >= people}


def _features(reading: Reading) -> tuple[str, ...]:
    return (*words_in(reading.stems), *meanings_in(reading.meanings), *letters_in(reading.stems))


def _rare(often: int, texts: int) -> float:
    return round(1.0 + math.log((1 + texts) / (1 + often)), 3)


def _vector(reading: Reading, rarity: Mapping[str, float], seldom: float, trust: float) -> dict[str, float]:
    vector = weighed(reading, rarity, seldom)
    return vector | {HINT + label: trust * strength for label, strength in reading.hints.items()}
