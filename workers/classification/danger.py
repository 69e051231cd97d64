"""Danger to life, and what must stay confidential.

An emergency is a hazard that is happening: the sure signs of a hazard, or a possible one with words of here and now. Words of
wish, risk and past take weight away, so that a proposal for a fire post does not ring the duty list.
"""

from dataclasses import dataclass

from gateway.complaints.complaint import Sensitive
from workers.classification.lexicon import Hit, Lexicon, strongest_per_word
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import WordLists

SURE, MAYBE, NOW, CALM = "sure", "maybe", "now", "calm"
HAZARD_WEIGHTS = {SURE: 3.6, MAYBE: 1.5}
TONE_WEIGHTS = {(NOW, "strong"): 0.8, (CALM, "strong"): -1.5, (CALM, "weak"): -0.5}
SHOUTING = 0.5
MOST_NOW = 2.0
# The order in which a text with several gets its kind: whom it endangers most comes first.
ORDER = (
    Sensitive.KEKERASAN_SEKSUAL, Sensitive.ANAK, Sensitive.NARKOBA, Sensitive.KORUPSI, Sensitive.KESEHATAN, Sensitive.DISABILITAS,
)  # fmt: skip
REQUEST = "request"


@dataclass(frozen=True, slots=True)
class DangerGuess:
    emergency: bool
    sensitive: Sensitive
    hazard: tuple[Hit, ...]
    secret: tuple[Hit, ...]
    asked_for_secrecy: bool
    """The sender asks for confidentiality. Not a sensitive kind by itself."""

    @property
    def is_serious(self) -> bool:
        """Nobody's cry for help is small talk, however friendly it is worded."""
        return self.emergency or self.sensitive != Sensitive.NONE


class Danger:
    def __init__(self, lists: WordLists, normaliser: Normaliser) -> None:
        table = lists.danger
        self._threshold = float(table["threshold"])
        self._hazards, self._tone, self._secrets = Lexicon(normaliser), Lexicon(normaliser), Lexicon(normaliser)
        for signs in table["hazard"].values():
            for strength, weight in HAZARD_WEIGHTS.items():
                self._hazards.add(strength, signs[strength], weight)
        for (tone, strength), weight in TONE_WEIGHTS.items():
            self._tone.add(tone, table[tone][strength], weight)
        for kind, signs in table["sensitive"].items():
            self._secrets.add(kind, signs["words"], 1.0)

    def guess(self, text: str, words: Words) -> DangerGuess:
        hazard = tuple(strongest_per_word(self._hazards.hits(words)))
        secret = self._secrets.hits(words)
        found = {hit.label for hit in secret}
        kind = next((one for one in ORDER if one in found), Sensitive.NONE)
        return DangerGuess(
            emergency=self._is_emergency(text, words, hazard),
            sensitive=kind,
            hazard=hazard,
            secret=tuple(hit for hit in secret if hit.label == kind),
            asked_for_secrecy=REQUEST in found,
        )

    def _is_emergency(self, text: str, words: Words, hazard: tuple[Hit, ...]) -> bool:
        if not hazard:
            return False
        tone = strongest_per_word(self._tone.hits(words))
        urgency = sum(hit.weight for hit in tone if hit.label == NOW) + SHOUTING * ("!" in text)
        calm = sum(hit.weight for hit in tone if hit.label == CALM)
        strongest = max(hit.weight for hit in hazard)
        return strongest + min(urgency, MOST_NOW) + calm >= self._threshold
