"""Profiles in langdetect's format, made from the sentences and word lists that the project wrote for each language.

langdetect's own profiles know neither Javanese nor Banjar, and its Indonesian is that of an encyclopaedia. A profile counts runs of
one to three letters; a space stands for the edge of a word. An apostrophe is a letter in several languages here (Madurese `ba'na`),
which langdetect would take for a space: it is written as U+02BC.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

GLOTTAL = "\u02bc"
EDGE = " "
LETTERS = 30
"""What an unknown letter may be."""
KEPT_RUNS = 20_000

Row = tuple[float, ...]
"""One number for each language, in the order of the languages."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What `langdetect.utils.lang_profile.LangProfile` takes: how often each run of letters occurs, and all of each length."""

    name: str
    freq: Mapping[str, int]
    n_words: tuple[int, int, int]

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "freq": dict(self.freq), "n_words": list(self.n_words)}


def profile_of(name: str, words: Mapping[str, int]) -> Profile:
    """The profile langdetect would make of a text with these words (lower case, as often as said)."""
    freq: Counter[str] = Counter()
    for word, often in words.items():
        marked = f"{EDGE}{as_letters(word)}{EDGE}"
        for end in range(2, len(marked) + 1):
            freq[marked[end - 2 : end]] += often
            if end > 2:  # noqa: PLR2004
                freq[marked[end - 3 : end]] += often
        for letter in marked[1:-1]:
            freq[letter] += often
    sizes = Counter({1: 0, 2: 0, 3: 0})
    for run, often in freq.items():
        sizes[len(run)] += often
    return Profile(name, freq, (sizes[1], sizes[2], sizes[3]))


def as_letters(word: str) -> str:
    return word.replace("'", GLOTTAL).replace("-", EDGE) if "'" in word or "-" in word else word


@dataclass(frozen=True, slots=True)
class _Followers:
    """What follows a letter or two in one language."""

    often: Mapping[str, int]
    before: Mapping[str, int]
    """Run -> how often anything follows it."""
    kinds: Mapping[str, int]
    """Run -> how many different letters follow it."""

    @classmethod
    def of(cls, profile: Profile) -> "_Followers":
        before: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for run, often in profile.freq.items():
            before[run[:-1]] += often
            kinds[run[:-1]] += 1
        return cls(profile.freq, before, kinds)

    def probability(self, run: str) -> float:
        """Of the last letter after those before it; what was never seen leans on the shorter run (Witten-Bell)."""
        shorter = self.probability(run[1:]) if len(run) > 1 else 1 / LETTERS
        seen = self.before.get(run[:-1], 0)
        if not seen:
            return shorter
        kinds = self.kinds[run[:-1]]
        return (self.often.get(run, 0) + kinds * shorter) / (seen + kinds)


class Spelling:
    """How likely the letters of a word are in each of several languages.

    langdetect draws runs of a text by lot until it is sure, which takes a millisecond, and another lot may say otherwise. This
    reads the same profiles run after run: the same answer always, and once for each word instead of once for each text.
    """

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._languages = [_Followers.of(profile) for profile in profiles]
        self._row = lru_cache(maxsize=KEPT_RUNS)(self._row_of)
        # Worked out before the first citizen writes, in an order that is the same everywhere.
        for run in sorted({run for profile in profiles for run in profile.freq if len(run) > 1}):
            self._row(run)

    def logarithms(self, word: str) -> list[float]:
        marked = f"{EDGE}{as_letters(word)}{EDGE}"
        rows = [self._row(marked[max(0, end - 3) : end]) for end in range(2, len(marked) + 1)]
        return [sum(column) for column in zip(*rows, strict=True)]

    def _row_of(self, run: str) -> Row:
        return tuple([math.log(one.probability(run)) for one in self._languages])
