"""Which topic a text is about: keywords of topics and agencies, and weights learned from our own example sentences."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from config.reference import Reference
from gateway.complaints.classification import Ranked
from workers.classification.lexicon import Hit, Lexicon, strongest_per_word, totals
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import Example, WordLists

FALLBACK = "lainnya"
RANKED = 3
STRENGTHS = {"strong": 3.0, "normal": 1.5, "weak": 0.5}
AGENCY_KEYWORD = 1.2
SUBTOPIC = 1.5
LONGER_PHRASE = 0.5
"""Added per further word of a phrase: `jalan kebun` says more than `kebun`."""
PRIOR_SHARE = 0.25
EXAMPLE_SHARE = 0.5
STRONGEST_EXAMPLE_WORD = 1.5
UNKNOWN = 3.0
"""Score of all topics that no word speaks for: keeps a single word from looking certain."""
TEMPERATURE = 1.7
"""Turns scores into probabilities; chosen so that a stated 0.9 is right nine times of ten on reports of another source."""


@dataclass(frozen=True, slots=True)
class TopicGuess:
    probabilities: Mapping[str, float]
    evidence: float
    """Score of the best topic by its keywords alone: 0 = not one was found."""
    hits: tuple[Hit, ...]
    best: tuple[Ranked, ...]
    """The most likely three."""


class Topics:
    def __init__(self, reference: Reference, lists: WordLists, normaliser: Normaliser) -> None:
        self._codes = tuple(topic.code for topic in reference.topics.values() if topic.is_offered)
        self._often = {topic.code: topic.prior_count + 5.0 for topic in reference.topics.values()}
        self._head_start = {code: PRIOR_SHARE * math.log(often) for code, often in self._often.items()}
        self._lexicon = Lexicon(normaliser)
        for code in self._codes:
            for strength, weight in STRENGTHS.items():
                _add(self._lexicon, code, lists.topics.get(code, {}).get(strength, ()), weight)
            _add(self._lexicon, code, reference.topics[code].subtopics, SUBTOPIC)
        for agency in reference.agencies.values():
            for code in agency.topics[:1] if agency.accepts else ():
                if code in self._codes and code != FALLBACK:
                    _add(self._lexicon, code, agency.keywords, AGENCY_KEYWORD)
        # Everyday words say how somebody writes, not what about.
        everyday = {normaliser.stem(word) for word in lists.languages["id"]["words"].split()}
        self._learned = _learn(lists.examples, self._codes, normaliser, everyday)

    def guess(self, words: Words) -> TopicGuess:
        hits = strongest_per_word(self._lexicon.hits(words))
        scores: dict[str, float] = defaultdict(float, totals(hits))
        evidence = max(scores.values(), default=0.0)
        learned = [hit for stem in dict.fromkeys(words.stems) for hit in self._learned.get(stem, ())]
        for code, weight in totals(learned).items():
            scores[code] += EXAMPLE_SHARE * weight
        if not scores:
            unknown = {FALLBACK: 0.2} if FALLBACK in self._codes else {}
            return TopicGuess(unknown, 0.0, (), _best(unknown))
        # A long text collects words of many topics; what counts is how far one is ahead.
        spread = TEMPERATURE * max(1.0, math.sqrt(len(words.stems) / 25))
        with_priors = {code: score + self._head_start[code] for code, score in scores.items()}
        probabilities = self._probabilities(with_priors, spread)
        return TopicGuess(probabilities, evidence, tuple(hits), _best(probabilities))

    def _probabilities(self, scores: Mapping[str, float], temperature: float) -> dict[str, float]:
        """What the words leave open is shared among the other topics by how often they occur."""
        highest = max(*scores.values(), UNKNOWN)
        powers = {code: math.exp((score - highest) / temperature) for code, score in scores.items()}
        unknown = math.exp((UNKNOWN - highest) / temperature)
        total = sum(powers.values()) + unknown
        known = {code: power / total for code, power in powers.items()}
        others = [code for code in self._codes if code not in known]
        often = sum(self._often[code] for code in others) or 1.0
        return known | {code: unknown / total * self._often[code] / often for code in others}


def _best(probabilities: Mapping[str, float]) -> tuple[Ranked, ...]:
    ranked = nsmallest(RANKED, [(-probability, code) for code, probability in probabilities.items()])
    return tuple(Ranked(code, round(-probability, 3)) for probability, code in ranked)


def _add(lexicon: Lexicon, code: str, phrases: Iterable[str], weight: float) -> None:
    for phrase in phrases:
        further = len(phrase.replace("+", " ").split()) - 1
        lexicon.add(code, (phrase,), weight + LONGER_PHRASE * further)


def _learn(
    examples: Sequence[Example], codes: Sequence[str], normaliser: Normaliser, everyday: set[str]
) -> dict[str, list[Hit]]:
    """Naive Bayes over stems: per word the topics it speaks for, by the log of how much more often it occurs there."""
    counts: dict[str, Counter[str]] = {code: Counter() for code in codes}
    for example in examples:
        if example.topic in counts:
            counts[example.topic].update(set(normaliser.read(example.text).stems) - everyday)
    everywhere = sum(counts.values(), Counter[str]())
    total = sum(everywhere.values()) or 1
    learned: dict[str, list[Hit]] = {}
    for word, frequency in everywhere.items():
        share = frequency / total
        for code, counted in counts.items():
            here = (counted[word] + 20 * share) / (sum(counted.values()) + 20)
            weight = min(math.log(here / share), STRONGEST_EXAMPLE_WORD)
            if counted[word] and weight > 0.2 and len(word) > 2:  # noqa: PLR2004
                learned.setdefault(word, []).append(Hit(code, weight, word))
    return learned
