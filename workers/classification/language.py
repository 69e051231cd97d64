"""In which language a citizen writes: BCP 47, `id+jv` when Indonesian and a regional language are mixed, and how sure that is.

Every word speaks for the languages in which it is known (`config/data/classifier/languages.toml`, and the sentences of
`languages/`, all written for this project) and in which its letters are likely (`profiles.py`: langdetect's profiles, made from the
same sentences). langdetect itself is asked about texts whose words are known nowhere: they are foreign; it is seeded and asked only
then, because it takes longer than everything else here.
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
from workers.classification.profiles import Profile, Row, Spelling, profile_of

INDONESIAN = "id"
ENGLISH = "en"
MALAY = "ms"
NEAR_MALAY = frozenset({"id", "bjn", "min"})
# What visitors and companies write here, as langdetect knows it, beside the profiles of our own.
FOREIGN_PROFILES = ("nl", "de", "fr", "tl")
FOREIGN_PRIOR = 0.02

ENOUGH_WORDS = 60
ENOUGH_LETTERS = 600
LONGEST_WORD = 24
"""Letters of a word that are looked at; longer ones are no words of any language here."""
SURE_ENOUGH = 0.9
"""Probability from which langdetect is believed against our own lists."""
OFTEN = 3
"""A word that stands more often than this in the sentences is not more typical for it."""
TOO_FEW = 3
"""Fewer words than this are not worth asking langdetect about."""
ALIKE = 3_000
"""Words of a language are taken as this many, so that a long list is no disadvantage."""
KEPT_WORDS = 12_000

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?")
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")
_APOSTROPHES = str.maketrans("’ʼ`", "'''")
_ACCENTS = str.maketrans("éèêěâôûìòùå", "eeeeaouioua")
GREEK = "\u0370"
"""From here on no letters are Latin."""
_SCRIPTS = (
    ("ar", "\u0600", "\u06ff"), ("ja", "\u3040", "\u30ff"), ("zh", "\u4e00", "\u9fff"), ("ko", "\uac00", "\ud7a3"),
    ("th", "\u0e00", "\u0e7f"), ("ru", "\u0400", "\u04ff"), ("hi", "\u0900", "\u097f"), ("ta", "\u0b80", "\u0bff"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LanguageGuess:
    """A language (BCP 47, `id+jv` when mixed) and how likely it is the right one, 0..1."""

    code: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Tuning of the decision; one place, so that the evaluation can try others."""

    known: float = 0.8
    """Share of probability a language gives to its known words; the rest goes to spelling."""
    borrowed: float = 0.3
    """Share of Indonesian words in a regional text."""
    clip: float = 4.5
    """No single word moves the balance between two languages by more than this (natural log)."""
    guessed_clip: float = 2.0
    """The same of a word that is known nowhere, and has only its letters."""
    indonesian_prior: float = 1.5
    """Head start of Indonesian over the languages of the region: informal Indonesian must not look regional."""
    stranger_prior: float = -0.5
    """English, and the languages that are not spoken here."""
    temperature: float = 1.5
    """The words of a text do not speak independently of each other; this makes the stated certainty true."""
    telling: float = 1.1
    """From here on (natural log) a word says by itself that a text is regional, or that it is Indonesian."""
    mixed_share: float = 0.35
    """From this share of plainly Indonesian words on, a regional message is called mixed."""
    mixed_certainty: float = 0.7
    """Where one language ends and a mixture begins, people disagree."""
    malay_each: int = 10
    """One word of its own among so many makes a text Malay."""
    light: float = 0.5
    """What a word that Indonesian has, too, counts beside those."""


class LanguageGuesser:
    """Holds the words and profiles; `guess` is pure."""

    def __init__(
        self,
        words: Mapping[str, Iterable[str]],
        sentences: Mapping[str, Sequence[str]],
        weights: Weights | None = None,
        *,
        strangers: Iterable[str] = (),
        light_malay: Iterable[str] = (),
    ) -> None:
        """`strangers`: codes of `words` that are not spoken here. `light_malay`: words that speak for Malay beside its own."""
        self._weights = weights or Weights()
        self._codes = tuple(code for code in words if code != MALAY)
        counts = [_counted(words[code], sentences.get(code, ())) for code in self._codes]
        self._shares = [_shares(count) for count in counts]
        self._indonesian = self._shares[self._codes.index(INDONESIAN)]
        self._markers = frozenset(word for phrase in words[MALAY] for word in words_of(phrase)) - set(self._indonesian)
        self._light = frozenset(light_malay)
        self._anywhere = frozenset(word for count in counts for word in count)
        profiles = [profile_of(code, count) for code, count in zip(self._codes, counts, strict=True)]
        self._spelling = Spelling(profiles)
        prior = dict.fromkeys((ENGLISH, *strangers), self._weights.stranger_prior)
        prior[INDONESIAN] = self._weights.indonesian_prior
        self._prior = tuple(prior.get(code, 0.0) for code in self._codes)
        self._foreign = _detector(profiles)
        # Bounded: citizens invent words without end.
        self._scores = lru_cache(maxsize=KEPT_WORDS)(self._score_word)

    def guess(self, text: str) -> LanguageGuess:
        words = list(dict.fromkeys(words_of(text[:ENOUGH_LETTERS])))[:ENOUGH_WORDS]
        if not words or (not text.isascii() and sum(map(_is_foreign_script, words)) * 2 >= len(words)):
            return _by_script(text)
        rows = [self._scores(word) for word in words]
        totals = [sum(column) for column in zip(self._prior, *rows, strict=True)]
        best = max(range(len(totals)), key=totals.__getitem__)
        guess = LanguageGuess(self._codes[best], self._certainty(totals, best))
        if len(words) >= TOO_FEW and sum(map(self._shares[best].__contains__, words)) * 4 < len(words):
            return self._ask_langdetect(text, guess)
        return self._refined(words, rows, best, guess)

    def _refined(self, words: Sequence[str], rows: Sequence[Row], best: int, guess: LanguageGuess) -> LanguageGuess:
        """Malay is told from its neighbours by words of its own; a regional text with much Indonesian is mixed."""
        if guess.code in NEAR_MALAY:
            marked = sum(word in self._markers and word not in self._shares[best] for word in words)
            beside = self._weights.light * sum(map(self._light.__contains__, words)) if marked else 0.0
            if marked and (marked + beside) * self._weights.malay_each >= len(words):
                return LanguageGuess(MALAY, guess.confidence)
        if guess.code in {INDONESIAN, ENGLISH}:
            return guess
        here = self._codes.index(INDONESIAN)
        plain = sum(row[here] - row[best] > self._weights.telling for row in rows)
        if plain / len(words) < self._weights.mixed_share:
            return guess
        return LanguageGuess(f"{INDONESIAN}+{guess.code}", round(guess.confidence * self._weights.mixed_certainty, 3))

    def _certainty(self, totals: Sequence[float], best: int) -> float:
        heat = self._weights.temperature
        return round(1 / sum(math.exp((total - totals[best]) / heat) for total in totals), 3)

    def _score_word(self, word: str) -> Row:
        """Log likelihood per language, relative to the best, cut at `clip`."""
        if len(word) == 1 or (word not in self._anywhere and not _VOWELS.intersection(word)):
            return (0.0,) * len(self._codes)  # shorthand ("jmbtn") is spelled like no language
        weights = self._weights
        lent = weights.borrowed * self._indonesian.get(word, 0.0)
        likelihoods = []
        for code, share, spelled in zip(self._codes, self._shares, self._spelling.logarithms(word), strict=True):
            known = share.get(word, 0.0)
            if code not in {INDONESIAN, ENGLISH}:
                known = (1 - weights.borrowed) * known + lent
            likelihoods.append(math.log(weights.known * known + (1 - weights.known) * math.exp(spelled) + 1e-12))
        best = max(likelihoods)
        clip = weights.clip if word in self._anywhere else weights.guessed_clip
        return tuple([max(value - best, -clip) for value in likelihoods])

    def _ask_langdetect(self, text: str, fallback: LanguageGuess) -> LanguageGuess:
        detector = self._foreign.create()
        detector.n_trial = 1
        detector.set_prior_map({**dict.fromkeys(self._codes, 1.0), **dict.fromkeys(FOREIGN_PROFILES, FOREIGN_PRIOR)})
        detector.append(without_links(text.lower(), _LINK))
        try:
            ranked = detector.get_probabilities()
        except LangDetectException:  # not one letter that its profiles know
            return _by_script(text)
        if ranked and ranked[0].prob > SURE_ENOUGH and ranked[0].lang in FOREIGN_PROFILES:
            return LanguageGuess(str(ranked[0].lang), round(min(ranked[0].prob, 0.95), 3))
        return fallback


_VOWELS = frozenset("aiueoy")


def words_of(text: str) -> list[str]:
    """Lower-case words with their apostrophes and without accents; no numbers, links or addresses."""
    text = without_links(text.lower(), _LINK)
    if not text.isascii():
        text = text.translate(_APOSTROPHES).translate(_ACCENTS)
    elif "`" in text:
        text = text.replace("`", "'")
    return [word[:LONGEST_WORD] for word in _WORD.findall(text)]


def _counted(listed: Iterable[str], sentences: Iterable[str]) -> Counter[str]:
    said = Counter(word for sentence in sentences for word in words_of(sentence))
    counted = Counter({word: min(often, OFTEN) for word, often in said.items()})
    counted.update({word for phrase in listed for word in words_of(phrase)})
    return counted


def _shares(counted: Counter[str]) -> Mapping[str, float]:
    return {word: often / ALIKE for word, often in counted.items()}


def _is_foreign_script(word: str) -> bool:
    return not word.isascii() and min(word) >= GREEK


def _by_script(text: str) -> LanguageGuess:
    """A text without one word of ours: by its letters; nothing but numbers and signs is Indonesian, unsurely."""
    for code, first, last in _SCRIPTS:
        if any(first <= letter <= last for letter in text):
            return LanguageGuess(code, SURE_ENOUGH)
    return LanguageGuess(INDONESIAN, 0.5)


def _detector(ours: Sequence[Profile]) -> Any:
    factory = DetectorFactory()
    factory.set_seed(0)  # without it langdetect gives the same text different answers
    folder = resources.files("langdetect") / "profiles"
    theirs = [json.loads((folder / name).read_text(encoding="utf-8")) for name in FOREIGN_PROFILES]
    factory.load_json_profile([json.dumps(profile) for profile in (*(one.as_json() for one in ours), *theirs)])
    return factory
