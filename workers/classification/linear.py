"""A learned linear classifier as plain data: words, pairs of words, meanings and letters in a row with a weight per class.
No numpy, no pickle.

A file is JSON with a checksum of its own content; one that was changed, cut or written by another format is refused. The same
file and the same text give the same answer on every machine: weights are whole numbers, sums are made in the order of the text.
"""

import hashlib
import json
import math
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from sys import intern
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
MEANING = "%"
"""Before a feature that is what a word means, see meanings.toml: what one that was never learned shares with those that were."""
MEANINGS_SHARE = 0.8
"""What all meanings of a text together weigh beside all its words."""
MANY_WORDS = 20_000
"""Whose letters are kept at hand, a few megabytes."""
Weights = Mapping[str, Sequence[tuple[int, int]]]
"""Feature -> positions of classes, each with a weight in hundredths."""
Row = int
"""All of these of a feature in one whole number, `FIELD` bits for each class: to add up such numbers adds up all classes at
once, which is most of the work of an answer and several times faster than one class after the other."""
FIELD = 32
STEPS = 2048
"""Values are counted in such parts, so that sums stay whole numbers."""
STRONGEST = 30.0
"""Hints beyond say no more."""
MOST_SAID = 60
"""No text has words, pairs, meanings and letters that weigh more together: of `MOST_WORDS` words, each another one."""
Feature = tuple[float, Row]
"""How much it counts, and what it says."""
Spoken = tuple[float, Sequence[tuple[str, float, Row]]]
"""Features of a text, each with its value and what it says; the values are still to be multiplied by the number before them."""
NOT_WEIGHED = 0.0
"""In the place of a rarity: it is no word."""
NO_FEATURE: Feature = (NOT_WEIGHED, 0)


class ModelInvalid(ValueError):
    """A model file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as a learned classifier sees it."""

    stems: Sequence[str]
    hints: Mapping[str, float] = field(default_factory=dict)
    """Label -> strength with which the word lists speak for it, about 0..10."""
    meanings: Sequence[str] = ()
    """Of the words that have one, in their order."""


def words_in(stems: Sequence[str]) -> Mapping[str, float]:
    """Stems and pairs of neighbours, each with 1 + ln(how often)."""
    return _words_in(tuple(stems))


def meanings_in(meanings: Sequence[str]) -> Mapping[str, float]:
    """Meanings and pairs of neighbours, each with 1 + ln(how often)."""
    return _words_in(tuple(MEANING + one for one in meanings))


@lru_cache(maxsize=4)  # several models are asked about the same text, one after the other
def _words_in(stems: tuple[str, ...]) -> Mapping[str, float]:
    return _counted((*stems, *map(" ".join, pairwise(stems))))


def letters_in(stems: Iterable[str]) -> Mapping[str, float]:
    """Letters in a row of these words, each with 1 + ln(how often)."""
    return _counted([row for stem in stems for row in _letters(stem)])


@lru_cache(maxsize=MANY_WORDS)
def _letters(word: str) -> tuple[str, ...]:
    """With the ends of the word; nothing for what is a mark and no word."""
    if not word.isalpha():
        return ()
    ended = f"<{word}>"
    return tuple(LETTERS + ended[at : at + IN_A_ROW] for at in range(len(ended) - IN_A_ROW + 1))


def _counted(names: Sequence[str]) -> dict[str, float]:
    counted = dict.fromkeys(names, 1.0)
    if len(counted) < len(names):  # few texts say anything twice
        counted |= {name: 1.0 + math.log(times) for name, times in Counter(names).items() if times > 1}
    return counted


def features_of(weights: Weights, rarity: Mapping[str, float]) -> dict[str, Feature]:
    """Both of each feature, to be found by one look. `weights`: feature -> what it says; `rarity`: known word, pair, meaning or
    letters -> how much it counts (inverse document frequency); what is no word has none.
    """
    rows: dict[int, int] = {}
    said = {name: rows.setdefault(row, row) for name, row in ((name, packed(pairs)) for name, pairs in weights.items())}
    return {name: (rarity.get(name, NOT_WEIGHED), said.get(name, 0)) for name in {**rarity, **weights}}


def packed(pairs: Iterable[tuple[int, int]]) -> Row:
    return sum(weight << FIELD * position for position, weight in pairs)


@cache  # one or two of each model
def _biased(bias: tuple[int, ...]) -> Row:
    return packed(enumerate(bias))


def unpacked(row: Row, classes: int) -> Sequence[int]:
    """What a row, or a sum of rows, says of each class."""
    middle = 1 << FIELD - 1
    raw = (row + _middles(classes)).to_bytes(FIELD // 8 * classes, "little")
    return [said - middle for said in struct.unpack(f"<{classes}I", raw)]


@cache
def _middles(classes: int) -> int:
    """Makes every field positive."""
    return sum(1 << FIELD * (position + 1) - 1 for position in range(classes))


def blocks(reading: Reading, is_strange: Callable[[str], bool]) -> Iterator[tuple[Mapping[str, float], float]]:
    """What is in a text: features with how often they occur, and what they weigh altogether.

    Words have together the length 1, so that a long text says no more than a short. Meanings have `MEANINGS_SHARE`; letters,
    of the words that `is_strange` tells, `LETTERS_SHARE`.
    """
    yield words_in(reading.stems), 1.0
    yield meanings_in(reading.meanings), MEANINGS_SHARE
    yield letters_in(filter(is_strange, reading.stems)), LETTERS_SHARE


def weighed(reading: Reading, rarity: Mapping[str, float], seldom: float) -> dict[str, float]:
    """Known features with their values, for learning; `LinearModel` weighs the same in use. Words as rare as `seldom` are strange."""
    values: dict[str, float] = {}
    for counted, share in blocks(reading, lambda word: rarity.get(word, seldom) >= seldom):
        known = {name: often * rarity[name] for name, often in counted.items() if name in rarity}
        length = math.sqrt(sum(value * value for value in known.values())) / share
        values |= {name: value / length for name, value in known.items()}
    return values


@dataclass(frozen=True, slots=True)
class LinearModel:
    """One task (`topic`, `agency`, `kind`), learned. Made by `training.train`, read by `from_json`."""

    task: str
    version: str
    classes: tuple[str, ...]
    bias: tuple[int, ...]
    """Per class, in hundredths like the weights."""
    features: Mapping[str, Feature]
    """What is known, see `features_of`."""
    temperature: float
    """Divides the scores before they become probabilities; chosen on held-out texts."""
    seldom: float = math.inf
    """Rarity from which on the letters of a word are looked at."""

    def knows(self, word: str) -> bool:
        """Whether it occurred often enough where this was learned."""
        return self.features.get(word, NO_FEATURE)[0] > NOT_WEIGHED

    @property
    def words(self) -> int:
        """How many features are known."""
        return sum(rare > NOT_WEIGHED for rare, _ in self.features.values())

    def scores(self, reading: Reading) -> dict[str, float]:
        """Class -> score. A text without any known feature gets the bias alone."""
        totals = self._totals(self._spoken(reading))
        return {name: total / SCALE for name, total in zip(self.classes, totals, strict=True)}

    def _totals(self, spoken: Sequence[Spoken]) -> list[float]:
        total = STEPS * _biased(self.bias)
        for scale, found in spoken:
            steps = scale * STEPS
            for _, value, row in found:
                total += round(value * steps) * row
        return [one / STEPS for one in unpacked(total, len(self.classes))]

    def probabilities(self, reading: Reading, doubt: float = 1.0) -> dict[str, float]:
        """Class -> calibrated probability; they sum to 1. Empty when nothing of the text tells this model anything.

        `doubt` > 1 for texts of another kind than it was learned from.
        """
        spoken = self._spoken(reading)
        if not any(row for _, found in spoken for _, _, row in found):
            return {}
        warmth = self.temperature * doubt * SCALE
        scores = [score / warmth for score in self._totals(spoken)]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return {name: power / total for name, power in zip(self.classes, powers, strict=True)}

    def explain(self, reading: Reading, name: str, most: int = 3) -> list[tuple[str, float]]:
        """The words and pairs (no meanings, no letters) that spoke most for a class, strongest first, with what they added to its score."""
        if name not in self.classes:
            return []
        wanted = self.classes.index(name)
        classes = len(self.classes)
        said = [
            (feature, value * scale * weight / SCALE)
            for scale, found in self._spoken(reading)
            for feature, value, row in found
            if not feature.startswith((HINT, MEANING, LETTERS)) and (weight := unpacked(row, classes)[wanted]) > 0
        ]
        return sorted(said, key=lambda one: (-one[1], one[0]))[:most]

    def _spoken(self, reading: Reading) -> list[Spoken]:
        """What of a text this model knows, with values as `weighed` makes them. Much of a message's time is spent here."""
        known, spoken = self.features.get, []
        for counted, share in blocks(reading, self._is_strange):
            found = [
                (name, often * feature[0], feature[1])
                for name, often in counted.items()
                if (feature := known(name)) is not None
            ]
            if found:
                spoken.append((share / math.sqrt(sum([value * value for _, value, _ in found])), found))
        hints = [
            (HINT + label, max(-STRONGEST, min(said, STRONGEST)), feature[1])
            for label, said in reading.hints.items()
            if (feature := known(HINT + label)) is not None
        ]
        return [*spoken, (1.0, hints)]

    def _is_strange(self, word: str) -> bool:
        feature = self.features.get(word)
        return feature is None or feature[0] >= self.seldom

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
            "rarity": {name: rare for name, (rare, _) in self.features.items() if rare > NOT_WEIGHED},
            "weights": {name: self._pairs(row) for name, (_, row) in self.features.items() if row},
        }
        return _canonical(content | {"sha256": _checksum(content)}) + "\n"

    def _pairs(self, row: Row) -> list[int]:
        said = enumerate(unpacked(row, len(self.classes)))
        return [number for pair in said if pair[1] for number in pair]

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
                features=features_of(_weights(content["weights"]), _once(content["rarity"])),
                temperature=content["temperature"],
                seldom=content.get("seldom") or math.inf,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise problem if isinstance(problem, ModelInvalid) else ModelInvalid(f"no model: {problem!r}") from problem


def before(model: LinearModel | None, reading: Reading) -> dict[str, float]:
    """What an earlier model says, as hints for one that is learned on top of it."""
    return {BEFORE + name: score for name, score in model.scores(reading).items()} if model else {}


def _once(rarity: Mapping[str, float]) -> dict[str, float]:
    """What is equal is kept once: models have most words in common, and few different numbers."""
    once: dict[float, float] = {}
    return {intern(word): once.setdefault(rare, rare) for word, rare in rarity.items()}


def _most(rows: Mapping[str, list[int]]) -> float:
    """More than any class can get from a text."""
    heaviest = {feature: max(map(abs, row[1::2]), default=0) for feature, row in rows.items()}
    hints = sum(weight for feature, weight in heaviest.items() if feature.startswith(HINT))
    words = max((weight for feature, weight in heaviest.items() if not feature.startswith(HINT)), default=0)
    return STRONGEST * hints + MOST_SAID * words


def _weights(rows: Mapping[str, list[int]]) -> Weights:
    if _most(rows) * STEPS >= 1 << FIELD - 1:
        raise ModelInvalid("its weights are too heavy to be added up")
    return {intern(feature): list(zip(row[::2], row[1::2], strict=True)) for feature, row in rows.items()}


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
