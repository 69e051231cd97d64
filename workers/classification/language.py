"""In which language a citizen writes: BCP 47, `id+jv` when Indonesian and a regional language are mixed.

Two sources. Word lists of our own (`config/data/classifier/languages.toml`, and the regional words of the colloquial table) for
Indonesian and the languages of the region, which no ready detector knows: naive Bayes over listed words and over the spelling
that the lists show. langdetect for what they do not recognise (foreign languages); it is seeded, restricted to few profiles and asked
only then, because it takes twice the time of everything else here.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from langdetect.detector_factory import DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

from workers.classification.normalise import without_links

INDONESIAN = "id"
ENGLISH = "en"
# Profiles of langdetect: Indonesian and what visitors and companies here write.
FOREIGN_PROFILES = ("id", "en", "nl", "de", "fr", "tl")
FOREIGN_PRIOR = {"id": 0.8, "en": 0.12, "nl": 0.02, "de": 0.02, "fr": 0.02, "tl": 0.02}

ENOUGH_WORDS = 60
LONGEST_WORD = 24
"""Letters of a word that are looked at; longer ones are no words of any language here."""
SURE_ENOUGH = 0.9
"""Probability from which langdetect is believed against our own lists."""
SMOOTHING, LETTERS = 0.3, 28
SHORTEST_STEM = 4
SHORT_MESSAGE = 6
"""Words up to which one regional word is enough."""
TOO_FEW = 3
"""Fewer words than this are not worth asking langdetect about."""

_WORD = re.compile(r"[^\W\d_]+(?:['’`-][^\W\d_]+)*['’]?")
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")


@dataclass(frozen=True, slots=True)
class Weights:
    """Tuning of the decision; one place, so that the evaluation can try others."""

    listed: float = 0.7
    """Share of probability a language gives to its listed words; the rest goes to spelling."""
    listed_size: int = 400
    """Listed words are taken as equally likely among this many, so that a long list is no disadvantage."""
    borrowed: float = 0.3
    """How likely a regional text is to use a listed Indonesian word, compared with an Indonesian text."""
    clip: float = 4.0
    """No single word moves the balance between two languages by more than this (natural log)."""
    indonesian_prior: float = 1.8
    """Head start of Indonesian over any other language (natural log): informal Indonesian must not look regional."""
    clear_lead: float = 8.0
    """Lead over Indonesian from which spelling alone makes a text regional."""
    mixed_share: float = 0.4
    """From this share of plainly Indonesian words on, a regional message is called mixed."""


class LanguageGuesser:
    """Holds the word lists; `guess` is pure."""

    def __init__(
        self,
        words: Mapping[str, Iterable[str]],
        suffixes: Mapping[str, tuple[str, ...]],
        weights: Weights | None = None,
    ) -> None:
        self._weights = weights or Weights()
        self._suffixes = suffixes
        self._words = {code: frozenset(listed) for code, listed in words.items()}
        self._codes = tuple(self._words)
        self._spelling = _Spelling.of([_trigrams(listed) for listed in self._words.values()])
        self._plain = self._words[INDONESIAN] | self._words[ENGLISH]
        self._foreign = _foreign_detector()
        # Bounded: citizens invent words without end.
        self._scores = lru_cache(maxsize=20_000)(self._score_word)

    def guess(self, text: str) -> str:
        words = words_of(text)[:ENOUGH_WORDS]
        if not words:
            return INDONESIAN
        totals = [sum(column) for column in zip(*map(self._scores, words), strict=True)]
        ranked = dict(zip(self._codes, totals, strict=True))
        ranked[INDONESIAN] += self._weights.indonesian_prior
        best = max(self._codes, key=ranked.__getitem__)
        if best not in {INDONESIAN, ENGLISH}:
            lead = ranked[best] - ranked[INDONESIAN]
            if not (self._distinct(words, best) or lead >= self._weights.clear_lead):
                best = INDONESIAN
        if best in {INDONESIAN, ENGLISH}:
            return best if self._knows(words) else self._ask_langdetect(text, best)
        return f"{INDONESIAN}+{best}" if self._mixed(words, best) else best

    def _score_word(self, word: str) -> tuple[float, ...]:
        """Log likelihood per language, relative to the best, cut at `clip`."""
        weights = self._weights
        likelihoods = []
        indonesian = word in self._words[INDONESIAN]
        for code, spelled in zip(self._codes, self._spelling.logarithms(word), strict=True):
            share = 1.0 if self._listed(word, code) else weights.borrowed * indonesian
            listed = share * weights.listed / weights.listed_size
            likelihoods.append(math.log(listed + (1 - weights.listed) * math.exp(spelled)))
        best = max(likelihoods)
        return tuple(max(value - best, -weights.clip) for value in likelihoods)

    def _listed(self, word: str, code: str) -> bool:
        words = self._words[code]
        if word in words:
            return True
        for suffix in self._suffixes.get(code, ()):
            stem = word.removesuffix(suffix)
            if stem != word and len(stem) >= SHORTEST_STEM and (stem in words or stem in self._words[INDONESIAN]):
                return True
        return False

    def _distinct(self, words: Sequence[str], code: str) -> bool:
        """One odd word does not make a long message regional; informal Indonesian borrows them all the time."""
        distinct = {word for word in words if self._listed(word, code) and word not in self._words[INDONESIAN]}
        return len(distinct) > 1 or (len(distinct) == 1 and len(words) <= SHORT_MESSAGE)

    def _knows(self, words: Sequence[str]) -> bool:
        """Whether enough words are listed as Indonesian or English to do without langdetect."""
        listed = sum(map(self._plain.__contains__, words))
        return listed * 4 >= len(words) or len(words) < TOO_FEW

    def _mixed(self, words: Sequence[str], regional: str) -> bool:
        only_here = sum(word in self._words[INDONESIAN] and word not in self._words[regional] for word in words)
        return only_here / len(words) >= self._weights.mixed_share

    def _ask_langdetect(self, text: str, fallback: str) -> str:
        detector = self._foreign.create()
        detector.n_trial = 1
        detector.set_prior_map(FOREIGN_PRIOR)
        detector.append(without_links(text.lower(), _LINK))
        try:
            ranked = detector.get_probabilities()
        except LangDetectException:  # not one letter that its profiles know
            return fallback
        return str(ranked[0].lang) if ranked and ranked[0].prob > SURE_ENOUGH else fallback


def words_of(text: str) -> list[str]:
    """Lower-case words with their apostrophes; no numbers, links or addresses."""
    words = _WORD.findall(without_links(text.lower(), _LINK))
    if "’" in text or "`" in text:
        words = [word.replace("’", "'").replace("`", "'") for word in words]
    return [word[:LONGEST_WORD] for word in words]


Row = tuple[float, ...]
"""A logarithm for each language."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How likely a letter follows two others, as logarithms, for all languages at once; `^` and `$` mark the ends of a word."""

    seen: Mapping[str, Row]
    unseen: Mapping[str, Row]
    """By the two letters before: an unseen trigram is unlikely, not impossible."""
    never: Row

    @classmethod
    def of(cls, languages: Sequence["_Trigrams"]) -> "_Spelling":
        never = -math.log(LETTERS)
        contexts = {context for one in languages for context in one.unseen}
        unseen = {context: tuple(one.unseen.get(context, never) for one in languages) for context in contexts}
        trigrams = {trigram for one in languages for trigram in one.seen}
        seen = {
            trigram: tuple(
                one.seen.get(trigram, rest) for one, rest in zip(languages, unseen[trigram[:2]], strict=True)
            )
            for trigram in trigrams
        }
        return cls(seen, unseen, (never,) * len(languages))

    def logarithms(self, word: str) -> list[float]:
        marked = f"^^{word}$"
        rows = [
            self.seen.get(marked[start : start + 3]) or self.unseen.get(marked[start : start + 2], self.never)
            for start in range(len(marked) - 2)
        ]
        return [sum(column) for column in zip(*rows, strict=True)]


@dataclass(frozen=True, slots=True)
class _Trigrams:
    """The same of one language."""

    seen: Mapping[str, float]
    unseen: Mapping[str, float]


def _trigrams(listed: Iterable[str]) -> _Trigrams:
    trigrams: Counter[str] = Counter()
    contexts: Counter[str] = Counter()
    for word in listed:
        marked = f"^^{word}$"
        for start in range(len(marked) - 2):
            trigrams[marked[start : start + 3]] += 1
            contexts[marked[start : start + 2]] += 1
    whole = {context: math.log(count + SMOOTHING * LETTERS) for context, count in contexts.items()}
    return _Trigrams(
        seen={trigram: math.log(count + SMOOTHING) - whole[trigram[:2]] for trigram, count in trigrams.items()},
        unseen={context: math.log(SMOOTHING) - total for context, total in whole.items()},
    )


def _foreign_detector() -> Any:
    factory = DetectorFactory()
    factory.set_seed(0)  # without it langdetect gives the same text different answers
    folder = resources.files("langdetect") / "profiles"
    profiles = [json.loads((folder / name).read_text(encoding="utf-8")) for name in FOREIGN_PROFILES]
    factory.load_json_profile([json.dumps(profile) for profile in profiles])
    return factory
