"""Advertising, fraud, chain letters, and insults without substance: what a person should look at first (CASEWORK § 4.1).

A report that is wrongly held is worse than an advertisement that is not, so whatever tells of something or asks for something
speaks against holding it. The words that decided are named.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.complaints.complaint import Hold
from workers.classification.wordlists import Table

WEIGHTS = {"decisive": 3.0, "strong": 2.0, "normal": 1.0, "call": 1.0, "weak": 0.5}
AGAINST = {"strong": -2.5, "light": -0.7}
LINK = 1.5
"""A link among advertising words."""
LINK_WORDS = 3
"""Fewer words than this beside a link say nothing about it."""
LONGEST_ABUSE = 25
_SPACED = re.compile(r"\b(?:[a-z0-9][ ._-]+){3,}[a-z0-9]\b")
_BETWEEN = re.compile(r"[ ._-]+")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|xyz|top|site|online|vip|club|info|link|bio|me|ly|id|invalid|example)\b\S*"
)
_WORD = re.compile(r"[a-z0-9@$*']+")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_LETTERS_FOR = str.maketrans("4@31!05$67", "aaeiiossgt")
_DISGUISE = frozenset("4@310$567")


@dataclass(frozen=True, slots=True)
class HoldGuess:
    hold: Hold = Hold.NONE
    said: tuple[str, ...] = ()
    """The words that decided, in their order; `tautan` for a link."""


NOTHING = HoldGuess()


class Suspicions:
    def __init__(self, table: Table) -> None:
        self._threshold = float(table["threshold"])
        self._weights: dict[str, float] = {}
        for sign, weights in (("offer", WEIGHTS), ("report", AGAINST)):
            for strength, weight in weights.items():
                # The first and heaviest counts: a phrase may stand among the calls, too.
                self._weights = dict.fromkeys(table[sign][strength], weight) | self._weights
        self._evidence = tuple(table["link"]["evidence"])
        self._calls = frozenset((*table["offer"]["call"], *table["offer"]["decisive"]))
        abuse = table["abuse"]
        self._insults, self._doubtful = frozenset(abuse["insults"]), frozenset(abuse["doubtful"])
        self._called, self._empty = frozenset(abuse["called"]), frozenset(abuse["empty"])
        self._mash = tuple(abuse["gibberish"])
        known = {*self._weights, *self._insults, *self._doubtful, *self._called, *self._empty}
        self._known = frozenset(word for phrase in known for word in phrase.split())
        self._longest = _longest(known)
        self._by_length: Mapping[int, Sequence[str]] = _by_length(self._insults | self._doubtful)

    def guess(self, text: str) -> HoldGuess:
        text = text.lower()
        links = _LINK.findall(text)
        if links:
            text = _LINK.sub(" ", text)
        words = self._words(text)
        doubtful_links = [one for one in links if not any(place in one for place in self._evidence)]
        if len(words) < LINK_WORDS and doubtful_links:
            return HoldGuess(Hold.SPAM, ("tautan",))
        phrases = self._phrases(words)
        return (
            self._advertising(phrases, bool(doubtful_links)) or self._abuse(phrases) or self._mashed(words) or NOTHING
        )

    def _advertising(self, phrases: Sequence[str], has_link: bool) -> HoldGuess | None:
        weights = {phrase: self._weights[phrase] for phrase in phrases if phrase in self._weights}
        offers = tuple(phrase for phrase, weight in weights.items() if weight >= WEIGHTS["normal"])
        if not any(
            weights[phrase] >= WEIGHTS["strong"] for phrase in offers
        ):  # "harga", "tanah" and "murah" are everybody's
            return None
        if not has_link and self._calls.isdisjoint(phrases):
            return None
        score = sum(weights.values()) + LINK * has_link
        said = (*sorted(offers, key=lambda phrase: -weights[phrase]), *(("tautan",) if has_link else ()))
        return HoldGuess(Hold.SPAM, said) if score >= self._threshold else None

    def _abuse(self, phrases: Sequence[str]) -> HoldGuess | None:
        if len(phrases) > LONGEST_ABUSE:
            return None
        insults = [one for one in phrases if one in self._insults]
        doubtful = [one for one in phrases if one in self._doubtful]
        # An animal or a thief may be there; somebody who is called one is insulted.
        if not insults and not (doubtful and any(one in self._called for one in phrases)):
            return None
        silent = self._insults | self._doubtful | self._called | self._empty
        rest = [one for one in phrases if one not in silent]
        return None if rest else HoldGuess(Hold.ABUSE, tuple(dict.fromkeys(insults + doubtful)))

    def _mashed(self, words: Sequence[str]) -> HoldGuess | None:
        """Keys that lie side by side, in every word."""
        mashed = [word for word in words if any(run in word for run in self._mash)]
        return HoldGuess(Hold.SPAM, tuple(mashed)) if mashed and len(mashed) == len(words) else None

    def _words(self, text: str) -> list[str]:
        if _SPACED.search(text):
            text = _SPACED.sub(lambda found: _BETWEEN.sub("", found[0]), text)
        if _DRAWN_OUT.search(text):
            text = _DRAWN_OUT.sub(r"\1", text)
        return [self._undisguised(word) for word in _WORD.findall(text)]

    def _undisguised(self, word: str) -> str:
        """`g0bl0k` and `b*ngsat` as what they stand for; other words as they are."""
        if word in self._known:
            return word
        if "*" in word:
            return next((one for one in self._by_length.get(len(word), ()) if _fits(word, one)), word)
        if _DISGUISE.isdisjoint(word) or word.isdigit():
            return word
        plain = word.translate(_LETTERS_FOR)
        return plain if plain in self._known else word

    def _phrases(self, words: Sequence[str]) -> list[str]:
        """The words, with those of a listed phrase as one; the longest phrase first."""
        phrases, at = [], 0
        while at < len(words):
            most = min(self._longest.get(words[at], 1), len(words) - at)
            length = next((many for many in range(most, 1, -1) if self._is_listed(words[at : at + many])), 1)
            phrases.append(" ".join(words[at : at + length]))
            at += length
        return phrases

    def _is_listed(self, words: Sequence[str]) -> bool:
        phrase = " ".join(words)
        return phrase in self._weights or phrase in self._insults or phrase in self._called


def _longest(phrases: Iterable[str]) -> dict[str, int]:
    """First word -> words of the longest phrase that begins with it."""
    longest: dict[str, int] = {}
    for phrase in phrases:
        words = phrase.split()
        longest[words[0]] = max(longest.get(words[0], 1), len(words))
    return longest


def _by_length(words: Iterable[str]) -> dict[int, list[str]]:
    found = defaultdict(list)
    for word in sorted(words):
        found[len(word)].append(word)
    return found


def _fits(masked: str, word: str) -> bool:
    shown = sum(sign != "*" for sign in masked)
    return shown > 1 and all(sign in ("*", letter) for sign, letter in zip(masked, word, strict=True))
