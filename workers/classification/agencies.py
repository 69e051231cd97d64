"""Which agency a text concerns, or which body outside the government's authority.

Only agencies that exist and accept complaints, and bodies of the out-of-authority table, are ever named. The government's own
keywords weigh most; our further words (`agencies.toml`), the learned model and the rules for overlapping competence apply where
its codes exist.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest

from config.reference import Agency, Reference
from gateway.complaints.classification import Ranked
from workers.classification.lexicon import Hit, Lexicon, strongest_per_word, totals
from workers.classification.linear import LinearModel, Reading, before
from workers.classification.normalise import Normaliser, Words
from workers.classification.outside import Outside
from workers.classification.overlaps import Rules
from workers.classification.topics import FALLBACK, RANKED, TopicGuess
from workers.classification.wordlists import WordLists

KEYWORD = 2.2
FURTHER_WORD = 1.6
LONGER_PHRASE = 0.7
TOPIC = 4.0
"""What a certain topic is worth to its main agency; the next ones get a part."""
RANK_SHARES = (1.0, 0.6, 0.4, 0.3)
OUTSIDE_TOPIC = 2.0
UNIT_NAMED = 6.0
TEMPERATURE = 2.6
NOBODY = 1.5
"""Score of "none of them": keeps a single weak word from looking certain."""
NAMED_AT_LEAST = 1.2
"""Score below which an agency is not named at all: better no suggestion than a random office."""
LEARNED = 1.3
"""What the learned model is worth beside keywords and rules: the score of one step in the logarithm of its probability."""
FLOOR = 6.0
"""Steps below certainty from which on the learned model says nothing."""
HONESTY = 1.15
"""By how much more doubtful than its temperature says the learned model is."""
OUTWARD = 2.0
"""What the learned model says of all bodies outside together, beside what it says of each: the score of one step in the
logarithm of the odds. Which of them it is may be doubtful where it is certain that it is one of them."""
DOUBT = 1e-3
"""It is never more certain of that than so."""
LEARNED_AT_LEAST = 0.1
"""Learned probability from which on an agency is named without a keyword."""
UNIT_WORDS = {"kecamatan": ("camat", "kecamatan", "kantor camat"), "kelurahan": ("lurah", "kelurahan", "kantor lurah")}


@dataclass(frozen=True, slots=True)
class AgencyGuess:
    ranked: tuple[Ranked, ...]
    out_of_authority: bool
    hits: tuple[Hit, ...]
    rule: str
    """Case of the overlap table that decided, in words; empty = none."""


class Agencies:
    def __init__(
        self, reference: Reference, lists: WordLists, normaliser: Normaliser, learned: LinearModel | None = None
    ) -> None:
        self._own = {code: agency for code, agency in reference.agencies.items() if agency.accepts}
        self._outside = Outside(reference)
        known = [
            code for code in (learned.classes if learned else ()) if code in self._own or code in self._outside.bodies
        ]
        # Another government has other agencies: what was learned of a few bodies alone would name these for everything.
        self._model = learned if learned and len(known) > len(learned.classes) / 2 else None
        self._topic_shares = _topic_shares(reference, self._own)
        self._lexicon = Lexicon(normaliser)
        for code, keywords in self._keywords():
            _add(self._lexicon, code, keywords, KEYWORD)
            _add(self._lexicon, code, lists.agencies.get(code, {}).get("words", ()), FURTHER_WORD)
        self._rules = Rules(reference, lists.overlaps, normaliser, {*self._own, *self._outside.bodies})
        self._units = Lexicon(normaliser)
        for kind, phrases in UNIT_WORDS.items():
            self._units.add(kind, phrases, UNIT_NAMED)

    def hints(self, words: Words, warned: Mapping[str, float]) -> dict[str, float]:
        """What the word lists say, and what ships learned, for a model that is learned on top of these."""
        said = {**totals(strongest_per_word(self._lexicon.hits(words))), **warned}
        return said | before(self._model, Reading(words.stems, said, words.meanings))

    def guess(self, words: Words, topic: TopicGuess, place_code: str, warned: Mapping[str, float]) -> AgencyGuess:
        """`warned`: what was learned of dangers and secrets in it, see `DangerGuess.hints`."""
        hits = strongest_per_word(self._lexicon.hits(words))
        spoken = totals(hits)
        told = self._told(Reading(words.stems, {**spoken, **warned}, words.meanings))
        rules = self._rules.fitting(words)
        scores = dict(spoken)
        for rule in rules:
            scores[rule.agency] = scores.get(rule.agency, 0.0) + rule.strength
        self._add_topics(scores, topic)
        self._add_units(scores, words, place_code)
        ruled = {rule.agency for rule in rules}
        likely = (code for code, one in told.items() if one >= LEARNED_AT_LEAST)
        named = {
            code: scores.get(code, 0.0) + _worth(told.get(code, 0.0))
            for code in dict.fromkeys((*scores, *likely))
            if code in ruled
            or told.get(code, 0.0) >= LEARNED_AT_LEAST
            or (code in self._own and scores.get(code, 0.0) >= NAMED_AT_LEAST)
            or self._outside.is_spoken_of(spoken.get(code, 0.0))
        }
        ranked = _ranked(self._leaning(named, told))
        best = ranked[0].code if ranked else ""
        case = next((rule.case for rule in rules if rule.agency == best), "")
        return AgencyGuess(ranked, best in self._outside.bodies, tuple(hits), case)

    def _leaning(self, scores: Mapping[str, float], told: Mapping[str, float]) -> Mapping[str, float]:
        """The scores, of bodies outside by how likely it is any of them."""
        bodies = self._outside.bodies
        outside = sum(one for code, one in told.items() if code in bodies)
        lean = OUTWARD * math.log((outside + DOUBT) / (1.0 - outside + DOUBT)) if told else 0.0
        return {code: score + lean if code in bodies else score for code, score in scores.items()}

    def _told(self, reading: Reading) -> dict[str, float]:
        """What was learned, of the agencies and bodies that there are."""
        told = self._model.probabilities(reading, HONESTY) if self._model else {}
        return {code: one for code, one in told.items() if code in self._own or code in self._outside.bodies}

    def name(self, code: str) -> str:
        known = self._own.get(code) or self._outside.bodies.get(code)
        return known.name if known else code

    def _keywords(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        for code, agency in self._own.items():
            yield code, tuple(agency.keywords)
        for code, body in self._outside.bodies.items():
            yield code, tuple(body.keywords)

    def _add_topics(self, scores: dict[str, float], topic: TopicGuess) -> None:
        for code, probability in topic.probabilities.items():
            for agency, worth in self._topic_shares[code]:
                scores[agency] = scores.get(agency, 0.0) + probability * worth
        for code in scores.keys() & self._outside.bodies.keys():
            topics = self._outside.bodies[code].topics
            scores[code] += OUTSIDE_TOPIC * sum(topic.probabilities.get(one, 0.0) for one in topics)

    def _add_units(self, scores: dict[str, float], words: Words, place_code: str) -> None:
        """The office of a kecamatan or kelurahan, when it is spoken of and we know which."""
        for kind in {hit.label for hit in self._units.hits(words)} if place_code else ():
            for code, agency in self._own.items():
                if agency.kind == kind and any(place_code.startswith(area) for area in agency.areas):
                    scores[code] = scores.get(code, 0.0) + UNIT_NAMED * (0.5 if kind == "kelurahan" else 0.4)


def _topic_shares(reference: Reference, own: dict[str, Agency]) -> dict[str, list[tuple[str, float]]]:
    """Topic -> its agencies with what it is worth to them. The topic's own list first, then agencies that name the topic."""
    shares: dict[str, list[tuple[str, float]]] = {}
    for code, topic in reference.topics.items():
        listed = [agency for agency in topic.agencies if agency in own]
        others = [name for name, agency in own.items() if code in agency.topics and name not in listed]
        # Ninety units take "lainnya"; those beyond the list get nothing from it.
        ordered = listed + (others if len(others) < len(RANK_SHARES) or not listed else [])
        # "Lainnya" is a rag-bag: it speaks for nobody in particular.
        worth = TOPIC * (0.4 if code == FALLBACK else 1.0)
        shares[code] = [(name, worth * share) for name, share in zip(ordered, RANK_SHARES, strict=False)]
    return shares


def _worth(probability: float) -> float:
    return LEARNED * max(0.0, FLOOR + math.log(probability)) if probability else 0.0


def _add(lexicon: Lexicon, code: str, phrases: Iterable[str], weight: float) -> None:
    for phrase in phrases:
        further = len(phrase.replace("+", " ").split()) - 1
        lexicon.add(code, (phrase,), weight + LONGER_PHRASE * further)


def _ranked(scores: Mapping[str, float]) -> tuple[Ranked, ...]:
    if not scores:
        return ()
    highest = max(*scores.values(), NOBODY)
    powers = {code: math.exp((score - highest) / TEMPERATURE) for code, score in scores.items()}
    total = sum(powers.values()) + math.exp((NOBODY - highest) / TEMPERATURE)
    best = nsmallest(RANKED, [(-power, code) for code, power in powers.items()])
    return tuple(Ranked(code, round(-power / total, 3)) for power, code in best)
