"""Which topic a text is about: keywords of topics and agencies, weighed together with its words by a learned model."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from config.reference import Reference
from gateway.complaints.classification import Ranked
from workers.classification.lexicon import Hit, Lexicon, strongest_per_word, totals
from workers.classification.linear import HINT, SCALE, LinearModel, Reading, before, features_of
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import WordLists

FALLBACK = "lainnya"
RANKED = 3
STRENGTHS = {"strong": 3.0, "normal": 1.5, "weak": 0.5}
AGENCY_KEYWORD = 1.2
SUBTOPIC = 1.5
LONGER_PHRASE = 0.5
"""Added per further word of a phrase: `jalan kebun` says more than `kebun`."""
PRIOR_SHARE = 0.25
KEYWORD_TEMPERATURE = 1.7
"""Turns the scores of keywords alone into probabilities."""
HONESTY = 0.95
"""By how much more doubtful than its temperature says the learned model is (below 1: surer): chosen on messages that it was not made from."""
LONG = 20
"""Words from which on a text is told with less certainty."""
LEARNED_WORD = 1.0
"""What a learned word must have added to be named as a reason."""


@dataclass(frozen=True, slots=True)
class TopicGuess:
    probabilities: Mapping[str, float]
    evidence: float
    """Score of the best topic by its keywords alone: 0 = not one was found."""
    hits: tuple[Hit, ...]
    best: tuple[Ranked, ...]
    """The most likely three."""


class Topics:
    def __init__(
        self, reference: Reference, lists: WordLists, normaliser: Normaliser, learned: LinearModel | None = None
    ) -> None:
        """`learned` = what to weigh keywords and words with; None = keywords alone."""
        self._codes = frozenset(topic.code for topic in reference.topics.values() if topic.is_offered)
        self._lexicon = Lexicon(normaliser)
        for code in sorted(self._codes):
            for strength, weight in STRENGTHS.items():
                _add(self._lexicon, code, lists.topics.get(code, {}).get(strength, ()), weight)
            _add(self._lexicon, code, reference.topics[code].subtopics, SUBTOPIC)
        for agency in reference.agencies.values():
            for code in agency.topics[:1] if agency.accepts else ():
                if code in self._codes and code != FALLBACK:
                    _add(self._lexicon, code, agency.keywords, AGENCY_KEYWORD)
        self._learned = learned
        self._model = learned or _by_keywords(reference, sorted(self._codes))

    def hints(self, words: Words, warned: Mapping[str, float]) -> dict[str, float]:
        """What the word lists say, and what ships learned, for a model that is learned on top of these."""
        said = {**totals(strongest_per_word(self._lexicon.hits(words))), **warned}
        return said | before(self._learned, Reading(words.stems, said, words.meanings))

    def guess(self, words: Words, warned: Mapping[str, float]) -> TopicGuess:
        """`warned`: what was learned of dangers and secrets in it, see `DangerGuess.hints`."""
        hits = strongest_per_word(self._lexicon.hits(words))
        hints = totals(hits)
        reading = Reading(words.stems, {**hints, **warned}, words.meanings)
        # In a long text words of many topics meet.
        told = self._model.probabilities(reading, HONESTY * max(1.0, math.sqrt(len(words.stems) / LONG)))
        if not told:
            unknown = {FALLBACK: 0.2} if FALLBACK in self._codes else {}
            return TopicGuess(unknown, 0.0, (), _best(unknown))
        # An installation may offer fewer topics than the model knows.
        share = sum(told[code] for code in told if code in self._codes) or 1.0
        probabilities = {code: one / share for code, one in told.items() if code in self._codes}
        best = _best(probabilities)
        return TopicGuess(probabilities, max(hints.values(), default=0.0), self._reasons(hits, reading, best), best)

    def _reasons(self, hits: Sequence[Hit], reading: Reading, best: Sequence[Ranked]) -> tuple[Hit, ...]:
        """The keywords found; where none speaks for the best topic, the learned words that did."""
        first = best[0].code if best else ""
        if any(hit.label == first for hit in hits):
            return tuple(hits)
        spoken = self._model.explain(reading, first)
        return (*hits, *(Hit(first, added, word) for word, added in spoken if added >= LEARNED_WORD))


def _by_keywords(reference: Reference, codes: Sequence[str]) -> LinearModel:
    """Keywords alone, with what topics are written about most as a head start."""
    often = [math.log(reference.topics[code].prior_count + 5.0) for code in codes]
    return LinearModel(
        task="topic",
        version="keywords",
        classes=tuple(codes),
        bias=tuple(round(PRIOR_SHARE * one * SCALE) for one in often),
        features=features_of({HINT + code: ((position, SCALE),) for position, code in enumerate(codes)}, {}),
        temperature=KEYWORD_TEMPERATURE,
    )


def _best(probabilities: Mapping[str, float]) -> tuple[Ranked, ...]:
    ranked = nsmallest(RANKED, [(-probability, code) for code, probability in probabilities.items()])
    return tuple(Ranked(code, round(-probability, 3)) for probability, code in ranked)


def _add(lexicon: Lexicon, code: str, phrases: Iterable[str], weight: float) -> None:
    for phrase in phrases:
        further = len(phrase.replace("+", " ").split()) - 1
        lexicon.add(code, (phrase,), weight + LONGER_PHRASE * further)
