"""What a misspelled or shortened word most likely is, where only one word of the lists is possible.

For the classifier's eyes only. No letter is exchanged for another: "dibayar" is one letter from "dibakar", and a bill is no fire.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

LONG_ENOUGH = 7
"""Letters that must be left of a word that misses one; of fewer letters another word is made."""
SHORT = 5
"""Letters of a word whose ending may be shortened, or in which a letter may stand twice."""
SKELETON = 4
"""Consonants that stand for a whole word."""
HALF = 4
"""Letters of each of two words that were written as one."""
KEPT = 10_000

_VOWELS = re.compile("[aiueo]")
_TWICE = re.compile(r"([a-z])\1")
_DIGIT = re.compile(r"(?<=[a-z])[01345](?=[a-z]{2})")
_LOOKS_LIKE = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s"}
# "rt3rw2" and "km5an" are numbers.
_NUMBERED = re.compile(r"(?:rt|rw|km|no|jl|gg|blok|hp)\d")


class Mender:
    """Knows what may be meant; `mend` is pure."""

    def __init__(self, meant: Iterable[str], known: Collection[str]) -> None:
        """`meant`: the words to recognise. `known`: words of any language, which are never anything else."""
        self._meant = frozenset(word for word in meant if word.isalpha() and word.isascii())
        self._known = frozenset(known) | self._meant
        self._shortened = _unambiguous(
            (f"{word[:at]}{word[at + 1 :]}", word)
            for word in self._meant
            if len(word) > LONG_ENOUGH
            for at in range(1, len(word))
        )
        self._skeletons = _unambiguous((_VOWELS.sub("", word), word) for word in self._meant)
        self.mend = lru_cache(maxsize=KEPT)(self._mend)

    def _mend(self, word: str) -> tuple[str, ...]:
        """The word itself when it is known, or might be several."""
        if word in self._known or not word.isalpha():
            return (word,)
        if not _VOWELS.search(word):
            return (self._skeletons.get(word, word) if len(word) >= SKELETON else word,)
        if len(word) < SHORT:
            return (word,)
        if word.endswith("x") and word[:-1] in self._known:
            return (f"{word[:-1]}nya",)  # "jalanx"
        once = _TWICE.sub(r"\1", word)
        if once in self._known:
            return (once,)
        whole = self._shortened.get(word) or self._swapped(word)
        return (whole,) if whole else self._parted(word)

    def _swapped(self, word: str) -> str:
        """Two neighbouring letters in the wrong order."""
        if len(word) < LONG_ENOUGH:
            return ""
        swapped = {f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}" for at in range(1, len(word) - 1)}
        meant = swapped & self._meant
        return meant.pop() if len(meant) == 1 else ""

    def _parted(self, word: str) -> tuple[str, ...]:
        pairs = [(word[:at], word[at:]) for at in range(HALF, len(word) - HALF + 1)]
        parted = [pair for pair in pairs if self._meant.issuperset(pair)]
        return parted[0] if len(parted) == 1 else (word,)


def without_digits(text: str) -> str:
    """`k4mi` is kami; lower-case text in and out."""
    return _DIGIT.sub(_letter, text)


def _letter(digit: re.Match[str]) -> str:
    begins = max(0, digit.start() - LONG_ENOUGH)
    before = re.split(r"[^a-z]", digit.string[begins : digit.start()])[-1]
    return digit[0] if _NUMBERED.fullmatch(f"{before}0") else _LOOKS_LIKE[digit[0]]


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    meant: dict[str, str] = {}
    for written, word in pairs:
        meant[written] = word if meant.get(written, word) == word else ""
    return {written: word for written, word in meant.items() if word}
