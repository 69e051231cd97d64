"""Danger to life, and what must stay confidential, by word lists; what is learned beside them: `learned_danger.py`.

An emergency is a hazard that is happening: the sure signs of a hazard, or a possible one with words of here and now. Words of
wish, risk and past take weight away, so that a proposal for a fire post does not ring the duty list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.complaints.complaint import Sensitive
from workers.classification.lexicon import Hit
from workers.classification.normalise import Normaliser, Words
from workers.classification.patterns import Found, Patterns
from workers.classification.wordlists import WordLists

NOW, CALM = "now", "calm"
HAZARD_WEIGHTS = {"certain": 5.0, "sure": 3.6, "maybe": 1.5}
TONE_WEIGHTS = {
    (NOW, "strong"): 0.8,
    (NOW, "weak"): 0.5,
    (CALM, "strong"): -1.5,
    (CALM, "weak"): -0.5,
    (CALM, "wish"): -1.2,
    (CALM, "light"): -0.5,
}
NEAR_ONLY = frozenset({"wish", "light"})
"""Words that only count beside the hazard; that it is over may stand anywhere."""
BESIDE = 9
SHOUTING = 0.5
MOST_NOW = 2.0
# The order in which a text with several gets its kind: whom it endangers most comes first.
ORDER = (
    Sensitive.KEKERASAN_SEKSUAL, Sensitive.ANAK, Sensitive.NARKOBA, Sensitive.KORUPSI, Sensitive.KESEHATAN, Sensitive.DISABILITAS,
)  # fmt: skip
REQUEST, THREAT = "request", "threat"
THREATENED_AS = Sensitive.KORUPSI
"""A threatened reporter needs the few readers that a complaint about officials has (CASEWORK § 6.2)."""


@dataclass(frozen=True, slots=True)
class DangerGuess:
    emergency: bool
    sensitive: Sensitive
    hazard: tuple[Hit, ...]
    """What speaks for a hazard; the label of the first is the hazard."""
    secret: tuple[Hit, ...]
    asked_for_secrecy: bool
    """The sender asks for confidentiality. Not a sensitive kind by itself."""
    tone: tuple[Hit, ...] = ()
    """Words of here and now, and those that take weight away; only where there is a hazard."""
    score: float = 0.0
    """Of the hazard with its tone; an emergency from `needed` on."""
    needed: float = 0.0
    learned: Mapping[str, float] = field(default_factory=dict)
    """`danger`, `secrets` -> learned probability of any; empty where the lists alone were asked."""
    hints: Mapping[str, float] = field(default_factory=dict)
    """What was learned about each hazard and secret, for the models of topic and agency: they know who takes care of it."""

    @property
    def is_serious(self) -> bool:
        """Nobody's cry for help is small talk, however friendly it is worded."""
        return self.emergency or self.sensitive != Sensitive.NONE


class Danger:
    def __init__(self, lists: WordLists, normaliser: Normaliser) -> None:
        table = lists.danger
        self._threshold = float(table["threshold"])
        groups = table["groups"]
        self._warnings = Patterns(normaliser, groups)
        self._tone = Patterns(normaliser, {})
        self._hazards = frozenset(table["hazard"])
        for hazard, signs in table["hazard"].items():
            for strength, weight in HAZARD_WEIGHTS.items():
                self._warnings.add(hazard, signs.get(strength, ()), weight)
        for (tone, strength), weight in TONE_WEIGHTS.items():
            self._tone.add(strength if strength in NEAR_ONLY else tone, table[tone][strength], weight)
        for kind, signs in table["sensitive"].items():
            self._warnings.add(kind, signs["words"], 1.0)
        self._harmless = Patterns(normaliser, {})
        self._harmless.add("harmless", table["harmless"]["words"], 1.0)

    def guess(self, text: str, words: Words) -> DangerGuess:
        found = self._warnings.find(words)
        hazard = [one for one in found if one.label in self._hazards]
        secret = self._secret(words, [one for one in found if one.label not in self._hazards])
        labels = {found.label for found in secret}
        kind = next((one for one in ORDER if one in labels), THREATENED_AS if THREAT in labels else Sensitive.NONE)
        named = THREAT if kind not in labels else kind
        tone = self._tone.find(words) if hazard else []
        score = _score(text, hazard, tone)
        return DangerGuess(
            emergency=bool(hazard) and score >= self._threshold,
            sensitive=kind,
            hazard=_hits(hazard),
            secret=_hits([found for found in secret if found.label == named]),
            asked_for_secrecy=REQUEST in labels,
            tone=_hits(tone),
            score=score,
            needed=self._threshold,
        )

    def groups_in(self, words: Words) -> tuple[str, ...]:
        """What kinds of people, things and deeds the words name, in their order."""
        return self._warnings.groups_in(words)

    def _secret(self, words: Words, found: list[Found]) -> list[Found]:
        harmless = [one.at for one in self._harmless.find(words)] if found else []
        return [one for one in found if not any(abs(at - one.at) <= BESIDE for at in harmless)]


def _score(text: str, hazard: Sequence[Found], tone: Sequence[Found]) -> float:
    """Of the hazard that stands best beside the words around it."""
    shouted = SHOUTING * ("!" in text)
    return max((one.weight + _urgency(one, tone, shouted) + _calm(one, tone) for one in hazard), default=0.0)


def _urgency(hazard: Found, tone: Sequence[Found], shouted: float) -> float:
    """Words of here and now. What is sure needs only the strong ones, against a word of calm."""
    least = 0.0 if hazard.weight < HAZARD_WEIGHTS["sure"] else TONE_WEIGHTS[NOW, "strong"]
    return min(shouted + sum(one.weight for one in tone if one.label == NOW and one.weight >= least), MOST_NOW)


def _calm(hazard: Found, tone: Sequence[Found]) -> float:
    return sum(
        one.weight
        for one in tone
        if one.label == CALM or (one.label in NEAR_ONLY and abs(one.at - hazard.at) <= BESIDE)
    )


def _hits(found: Sequence[Found]) -> tuple[Hit, ...]:
    return tuple(Hit(one.label, one.weight, one.said) for one in found)
