"""A learned linear classifier as plain data: words, pairs of words and letters in a row with a weight per class. No numpy, no pickle.

A file is JSON with a checksum of its own content; one that was changed, cut or written by another format is refused. The same
file and the same text give the same answer on every machine: weights are whole numbers, sums are made in the order of the text.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

FORMAT = 1
SCALE = 100
"""Weights are kept as hundredths."""
HINT = "#"
"""Before a feature that is no word: what the word lists say for a label."""
BEFORE = "="
"""After that mark: what an earlier model says for a label."""
LETTERS = "~"
"""Before a feature that is some letters in a row: what a misspelt, inflected or regional word shares with known ones."""
IN_A_ROW = 4
LETTERS_SHARE = 0.7
"""What all letters of a text together weigh beside all its words."""
MANY_WORDS = 20_000
"""Whose letters are kept at hand, a few megabytes."""
Weights = Mapping[str, tuple[tuple[int, int], ...]]


class ModelInvalid(ValueError):
    """A model file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as a learned classifier sees it."""

    stems: Sequence[str]
    hints: Mapping[str, float] = field(default_factory=dict)
    """Label -> strength with which the word lists speak for it, about 0..10."""


def words_in(stems: Sequence[str]) -> Mapping[str, float]:
    """Stems and pairs of neighbours, each with 1 + ln(how often)."""
    return _words_in(tuple(stems))


@lru_cache(maxsize=2)  # several models are asked about the same text, one after the other
def _words_in(stems: tuple[str, ...]) -> Mapping[str, float]:
    counts = Counter(stems)
    counts.update(map(" ".join, pairwise(stems)))
    return _counted(counts)


def letters_in(stems: Iterable[str]) -> Mapping[str, float]:
    """Letters in a row of these words, each with 1 + ln(how often)."""
    return _counted(Counter(row for stem in stems for row in _letters(stem)))


@lru_cache(maxsize=MANY_WORDS)
def _letters(word: str) -> tuple[str, ...]:
    """With the ends of the word; nothing for what is a mark and no word."""
    if not word.isalpha():
        return ()
    ended = f"<{word}>"
    return tuple(LETTERS + ended[at : at + IN_A_ROW] for at in range(len(ended) - IN_A_ROW + 1))


def _counted(often: Mapping[str, int]) -> dict[str, float]:
    return {name: 1.0 + math.log(times) if times > 1 else 1.0 for name, times in often.items()}


def weighed(stems: Sequence[str], rarity: Mapping[str, float], seldom: float) -> list[tuple[str, float]]:
    """Known features with their values. Words have together the length 1, so that a long text says no more than a short.

    Letters, of the words that are not known or at least as rare as `seldom`, have `LETTERS_SHARE`.
    """
    strange = [stem for stem in stems if rarity.get(stem, seldom) >= seldom]
    return [*_weighed(words_in(stems), rarity, 1.0), *_weighed(letters_in(strange), rarity, LETTERS_SHARE)]


def _weighed(counted: Mapping[str, float], rarity: Mapping[str, float], share: float) -> list[tuple[str, float]]:
    known = [(name, often * rarity[name]) for name, often in counted.items() if name in rarity]
    length = math.sqrt(sum(value * value for _, value in known)) / share or 1.0
    return [(name, value / length) for name, value in known]


@dataclass(frozen=True, slots=True)
class LinearModel:
    """One task (`topic`, `agency`, `kind`), learned. Made by `training.train`, read by `from_json`."""

    task: str
    version: str
    classes: tuple[str, ...]
    bias: tuple[int, ...]
    """Per class, in hundredths like the weights."""
    weights: Weights
    """Feature -> (position of the class, weight in hundredths); words are weighed by rarity, see `rarity`."""
    rarity: Mapping[str, float]
    """Known word, pair or letters -> how much it counts (inverse document frequency)."""
    temperature: float
    """Divides the scores before they become probabilities; chosen on held-out texts."""
    seldom: float = math.inf
    """Rarity from which on the letters of a word are looked at."""

    def scores(self, reading: Reading) -> dict[str, float]:
        """Class -> score. A text without any known feature gets the bias alone."""
        totals = self._totals(self._values(reading))
        return {name: total / SCALE for name, total in zip(self.classes, totals, strict=True)}

    def _totals(self, values: Sequence[tuple[str, float]]) -> list[float]:
        totals = [float(bias) for bias in self.bias]
        weights = self.weights
        for feature, value in values:
            for position, weight in weights.get(feature, ()):
                totals[position] += value * weight
        return totals

    def probabilities(self, reading: Reading, doubt: float = 1.0) -> dict[str, float]:
        """Class -> calibrated probability; they sum to 1. Empty when nothing of the text tells this model anything.

        `doubt` > 1 for texts of another kind than it was learned from.
        """
        values = self._values(reading)
        if self.weights.keys().isdisjoint(name for name, _ in values):
            return {}
        warmth = self.temperature * doubt * SCALE
        scores = [score / warmth for score in self._totals(values)]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return {name: power / total for name, power in zip(self.classes, powers, strict=True)}

    def explain(self, reading: Reading, name: str, most: int = 3) -> list[tuple[str, float]]:
        """The words and pairs (no letters) that spoke most for a class, strongest first, with what they added to its score."""
        if name not in self.classes:
            return []
        wanted = self.classes.index(name)
        spoken = [
            (feature, value * weight / SCALE)
            for feature, value in self._values(reading)
            for position, weight in self.weights.get(feature, ())
            if position == wanted and weight > 0 and not feature.startswith((HINT, LETTERS))
        ]
        return sorted(spoken, key=lambda one: (-one[1], one[0]))[:most]

    def _values(self, reading: Reading) -> list[tuple[str, float]]:
        return weighed(reading.stems, self.rarity, self.seldom) + [
            (HINT + label, said) for label, said in reading.hints.items()
        ]

    def to_json(self) -> str:
        """One line of JSON with sorted keys and its checksum: the same model is the same file."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "task": self.task,
            "version": self.version,
            "classes": list(self.classes),
            "bias": list(self.bias),
            "temperature": self.temperature,
            "seldom": self.seldom if self.seldom < math.inf else None,
            "rarity": dict(self.rarity),
            "weights": {feature: [number for pair in row for number in pair] for feature, row in self.weights.items()},
        }
        return _canonical(content | {"sha256": _checksum(content)}) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "LinearModel":
        """Raises `ModelInvalid`."""
        try:
            content = json.loads(text)
            stated = content.pop("sha256")
            if content["format"] != FORMAT:
                raise ModelInvalid(f"format {content['format']!r}, not {FORMAT}")
            if stated != _checksum(content):
                raise ModelInvalid("the checksum does not fit the content")
            return cls(
                task=content["task"],
                version=content["version"],
                classes=tuple(content["classes"]),
                bias=tuple(content["bias"]),
                weights=_weights(content["weights"]),
                rarity=content["rarity"],
                temperature=content["temperature"],
                seldom=content.get("seldom") or math.inf,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise problem if isinstance(problem, ModelInvalid) else ModelInvalid(f"no model: {problem!r}") from problem


def before(model: LinearModel | None, reading: Reading) -> dict[str, float]:
    """What an earlier model says, as hints for one that is learned on top of it."""
    return {BEFORE + name: score for name, score in model.scores(reading).items()} if model else {}


def _weights(rows: Mapping[str, list[int]]) -> Weights:
    """Equal pairs are kept once: a model has a hundred thousand, and few different ones."""
    once: dict[tuple[int, int], tuple[int, int]] = {}
    pairs = {feature: zip(row[::2], row[1::2], strict=True) for feature, row in rows.items()}
    return {feature: tuple(once.setdefault(pair, pair) for pair in row) for feature, row in pairs.items()}


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
