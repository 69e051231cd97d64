"""Weighted word lists: which labels does a text speak for, and by which words.

An entry is a run of words (`lampu jalan`) or words that only have to stand near each other (`jalan + rusak`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


class Lexicon:
    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._runs: dict[str, list[Hit]] = defaultdict(list)
        self._together: dict[str, list[tuple[frozenset[str], Hit]]] = defaultdict(list)

    def add(self, label: str, phrases: Iterable[str], weight: float) -> None:
        for phrase in phrases:
            parts = [self._normaliser.phrase(part) for part in phrase.split(TOGETHER)]
            if not all(parts):
                continue
            hit = Hit(label, weight, phrase)
            if len(parts) == 1:
                self._runs[parts[0]].append(hit)
            else:
                self._together[parts[0]].append((frozenset(parts[1:]), hit))

    def hits(self, words: Words) -> list[Hit]:
        """Every entry that occurs, longest runs first; order does not depend on the run of Python."""
        grams = words.grams.keys()
        found = [hit for gram in grams & self._runs.keys() for hit in self._runs[gram]]
        for gram in grams & self._together.keys():
            found.extend(hit for others, hit in self._together[gram] if _near(words.grams, gram, others))
        return sorted(found, key=_order)

    def __len__(self) -> int:
        return len(self._runs) + len(self._together)


def strongest_per_word(hits: Iterable[Hit]) -> list[Hit]:
    """Without entries that a stronger entry of the same label already contains (`pkl` in `pkl liar`)."""
    kept: dict[str, list[Hit]] = defaultdict(list)
    for hit in sorted(hits, key=lambda hit: (-hit.weight, *_order(hit))):
        words = frozenset(hit.phrase.split())
        if not any(words <= frozenset(other.phrase.split()) for other in kept[hit.label]):
            kept[hit.label].append(hit)
    return [hit for label in kept.values() for hit in label]


def totals(hits: Iterable[Hit]) -> dict[str, float]:
    """Per label the strongest entry in full, each further one for less: ten words for the same thing are not ten reasons."""
    weights: dict[str, list[float]] = defaultdict(list)
    for hit in hits:
        weights[hit.label].append(hit.weight)
    return {
        label: sum(weight * FADING**position for position, weight in enumerate(sorted(mine, reverse=True)))
        for label, mine in weights.items()
    }


def _near(grams: Mapping[str, Sequence[int]], gram: str, others: frozenset[str]) -> bool:
    return others <= grams.keys() and any(
        all(any(abs(start - here) <= NEAR for start in grams[other]) for other in others) for here in grams[gram]
    )


def _order(hit: Hit) -> tuple[int, str, str]:
    return (-hit.phrase.count(" "), hit.phrase, hit.label)
