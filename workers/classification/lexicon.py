"""Weighted word lists: which labels does a text speak for, and by which words.

An entry is a run of words (`lampu jalan`) or words that only have to stand near each other (`jalan + rusak`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from workers.classification.normalise import Normaliser, Words

TOGETHER = "+"
FADING = 0.6
NEAR = 9
"""Words apart at most: in a long text everything occurs somewhere."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry found in a text."""

    label: str
    weight: float
    phrase: str


Order = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of a word list, by its first part."""

    order: Order
    others: frozenset[str]
    """Further parts that have to stand near it."""
    hit: Hit


class Lexicon:
    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._entries: dict[str, list[_Entry]] = defaultdict(list)

    def add(self, label: str, phrases: Iterable[str], weight: float) -> None:
        for phrase in phrases:
            parts = [self._normaliser.phrase(part) for part in phrase.split(TOGETHER)]
            if all(parts):
                order = (-phrase.count(" "), phrase, label)
                self._entries[parts[0]].append(_Entry(order, frozenset(parts[1:]), Hit(label, weight, phrase)))

    def hits(self, words: Words) -> list[Hit]:
        """Every entry that occurs, longest runs first; order does not depend on the run of Python."""
        grams = words.grams
        there = grams.keys()
        found = [
            entry
            for gram in there & self._entries.keys()
            for entry in self._entries[gram]
            if not entry.others or (entry.others <= there and _near(grams, gram, entry.others))
        ]
        if len(found) > 1:
            found.sort(key=_order)
        return [entry.hit for entry in found]


_order = attrgetter("order")


def strongest_per_word(hits: Sequence[Hit]) -> list[Hit]:
    """Without entries that a stronger entry of the same label already contains (`pkl` in `pkl liar`).

    `hits` in the order in which a lexicon tells them, which decides among equally strong ones.
    """
    if len(hits) < 2:  # noqa: PLR2004
        return list(hits)
    kept: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=_weight, reverse=True):
        stronger = kept.get(hit.label)
        if stronger is None:
            kept[hit.label] = [hit]
        elif not any(_words(hit.phrase) <= _words(other.phrase) for other in stronger):
            stronger.append(hit)
    return [hit for label in kept.values() for hit in label]


_weight = attrgetter("weight")


@cache  # lines of word lists: there is an end of them
def _words(phrase: str) -> frozenset[str]:
    return frozenset(phrase.split())


def totals(hits: Iterable[Hit]) -> dict[str, float]:
    """Per label the strongest entry in full, each further one for less: ten words for the same thing are not ten reasons."""
    weights: dict[str, list[float]] = defaultdict(list)
    for hit in hits:
        weights[hit.label].append(hit.weight)
    return {label: _faded(mine) if len(mine) > 1 else mine[0] for label, mine in weights.items()}


def _faded(weights: list[float]) -> float:
    weights.sort(reverse=True)
    total, share = 0.0, 1.0
    for weight in weights:
        total += weight * share
        share *= FADING
    return total


def _near(grams: Mapping[str, Sequence[int]], gram: str, others: frozenset[str]) -> bool:
    return any(
        all(any(abs(start - here) <= NEAR for start in grams[other]) for other in others) for here in grams[gram]
    )
