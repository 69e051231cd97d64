"""Lines of a word list that stand for many: `suami + pukul` once for every word that means a spouse and every way to hit.

`a + b` = both, not far apart; `@name` = any phrase of the group of that name; `=word` = this form of the word alone, where its
stem says something else (`terbalik` is no `balik nama`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workers.classification.normalise import Normaliser, Words

TOGETHER = "+"
GROUP = "@"
LITERAL = "="
NEAR = 8
"""Words apart at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A line that a text fits. `at`: where its first part stands; `said`: the words of the text, in its order."""

    label: str
    weight: float
    at: int
    said: str


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    weight: float
    first: str
    others: tuple[str, ...]


class Patterns:
    def __init__(self, normaliser: Normaliser, groups: Mapping[str, Sequence[str]]) -> None:
        """`groups`: name without the sign -> phrases."""
        self._normaliser = normaliser
        self._literals: set[str] = set()
        self._groups: dict[str, list[str]] = defaultdict(list)
        for name, phrases in groups.items():
            for phrase in dict.fromkeys(map(self._part, phrases)):
                self._groups[phrase].append(GROUP + name)
        self._lines: dict[str, list[_Line]] = defaultdict(list)

    def add(self, label: str, lines: Iterable[str], weight: float) -> None:
        for line in lines:
            parts = [self._part(part.strip()) for part in line.split(TOGETHER)]
            if all(parts):
                # A plain word is rarer than a group: begin with it.
                first = min(range(len(parts)), key=lambda at: parts[at].startswith(GROUP))
                others = (*parts[:first], *parts[first + 1 :])
                self._lines[parts[first]].append(_Line(label, weight, parts[first], others))

    def find(self, words: Words) -> list[Found]:
        """Every line that fits, once each, strongest first; equally strong ones in the order of the text."""
        places = self._places(words)
        found = [
            Found(line.label, line.weight, where[0][0], _said(words, where))
            for part in places.keys() & self._lines.keys()
            for line in self._lines[part]
            if (where := _where(line, places))
        ]
        # Several lines may become the same after stemming.
        return sorted(set(found), key=lambda one: (-one.weight, one.at, one.said, one.label))

    def groups_in(self, words: Words) -> tuple[str, ...]:
        """The groups whose phrases occur, in the order of the text; the same one after itself once."""
        found = sorted(
            (start, name)
            for gram, starts in words.grams.items()
            for name in self._groups.get(gram, ())
            for start in starts
        )
        names = [name for _, name in found]
        return tuple(name for name, before in zip(names, ["", *names], strict=False) if name != before)

    def _part(self, part: str) -> str:
        if part.startswith(LITERAL):
            self._literals.add(part.removeprefix(LITERAL))
        return part if part.startswith((GROUP, LITERAL)) else self._normaliser.phrase(part)

    def _places(self, words: Words) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Phrase or group -> where it begins and ends."""
        places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for gram, starts in words.grams.items():
            self._place(places, gram, [(start, start + gram.count(" ") + 1) for start in starts])
        for at, word in enumerate(words.plain):
            if word in self._literals:
                self._place(places, LITERAL + word, [(at, at + 1)])
        return places

    def _place(self, places: dict[str, list[tuple[int, int]]], phrase: str, spans: list[tuple[int, int]]) -> None:
        for name in (phrase, *self._groups.get(phrase, ())):
            places[name] += spans


def _where(line: _Line, places: Mapping[str, Sequence[tuple[int, int]]]) -> tuple[tuple[int, int], ...]:
    """Spans of the parts where the line fits for the first time; a word is never two parts of one line."""
    if any(other not in places for other in line.others):
        return ()
    for here in places[line.first]:
        spans = [here]
        for other in line.others:
            near = (span for span in places[other] if abs(span[0] - here[0]) <= NEAR and not _overlaps(span, spans))
            nearest = min(near, key=lambda span: abs(span[0] - here[0]), default=None)
            if nearest is None:
                break
            spans.append(nearest)
        else:
            return tuple(spans)
    return ()


def _overlaps(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _said(words: Words, spans: Iterable[tuple[int, int]]) -> str:
    return " … ".join(" ".join(words.plain[start:end]) for start, end in sorted(spans))
