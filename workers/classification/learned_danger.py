"""Danger and secrets by what was learned from messages written for both, beside what the word lists say.

The lists see what they were written for. The models see all words and the lists' verdict among them, and decide; where they know
no word of a text, the lists do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.complaints.complaint import Sensitive
from workers.classification.danger import THREAT, THREATENED_AS, Danger, DangerGuess
from workers.classification.lexicon import Hit
from workers.classification.linear import LinearModel, Reading
from workers.classification.normalise import Words

DANGER, SECRETS = "danger", "secrets"
"""Which hazard; which kind of secret."""
NONE = "none"
"""What both models answer to an ordinary message."""


@dataclass(frozen=True, slots=True)
class Sure:
    """Learned probability of any from which on it counts: where the lists see no sign, one, and several different ones."""

    alone: float
    listed: float
    agreed: float


SureAt = Mapping[str, Sure]
SURE_AT: SureAt = {DANGER: Sure(0.7, 0.6, 0.6), SECRETS: Sure(0.6, 0.3, 0.1)}
"""Chosen on messages that neither lists nor models were made from, so that more than four in five warnings are right and as few
as can be are missed."""
NEVER = 2.0
"""More than any probability."""
PART_SURE_AT: SureAt = {DANGER: Sure(0.95, 0.85, 0.85), SECRETS: Sure(NEVER, 0.35, 0.2)}
"""The same for a part of a letter: torn from what stands around it, an everyday sentence easily sounds like another."""
STRONGEST_HINT = 6.0
MOST_WORDS = 3
ALTOGETHER = "keseluruhan isi laporan"
"""In place of words, where no single one decided."""
LIKELY = 0.05
"""Less says nothing about the topic."""
WARNED = "!"
"""Before the name of a hint: a kind of secret and a topic may have the same."""


class LearnedDanger:
    def __init__(self, lists: Danger, models: Mapping[str, LinearModel]) -> None:
        """`models`: `danger` and `secrets`; where one is missing the lists decide."""
        self._lists = lists
        self._models = models

    def guess(self, text: str, words: Words, sure_at: SureAt = SURE_AT) -> DangerGuess:
        seen = self._lists.guess(text, words)
        readings = self._readings(seen, text, words)
        told = {task: answer for task, model in self._models.items() if (answer := model.probabilities(readings[task]))}
        learned = {task: 1.0 - answer.get(NONE, 0.0) for task, answer in told.items()}
        guess = replace(seen, learned=learned, hints=_hints(told.values()))
        if DANGER in told:
            emergency = learned[DANGER] >= needed(sure_at[DANGER], int(seen.emergency))
            hazard = seen.hazard
            if emergency:
                hazard = self._signs(DANGER, _likeliest(told[DANGER]), seen.hazard, readings[DANGER], words)
            guess = replace(guess, emergency=emergency, hazard=hazard)
        if SECRETS in told:
            kind = (
                _likeliest(told[SECRETS])
                if learned[SECRETS] >= needed(sure_at[SECRETS], signs_of_secrets(seen))
                else NONE
            )
            secret = self._signs(SECRETS, kind, seen.secret, readings[SECRETS], words) if kind != NONE else seen.secret
            guess = replace(guess, sensitive=Sensitive(THREATENED_AS if kind == THREAT else kind), secret=secret)
        return guess

    def reading(self, task: str, text: str, words: Words) -> Reading:
        """What the model of a task looks at."""
        return self._readings(self._lists.guess(text, words), text, words)[task]

    def _readings(self, seen: DangerGuess, text: str, words: Words) -> dict[str, Reading]:
        """Task -> the words with the groups they belong to, and what the lists and the punctuation say."""
        stems = (*words.stems, *self._lists.groups_in(words))
        marks = {mark: STRONGEST_HINT for mark in "!?" if mark in text}
        said = {DANGER: _said_of_danger(seen), SECRETS: _said_of_secrets(seen)}
        return {task: Reading(stems, {**hints, **marks}, words.meanings) for task, hints in said.items()}

    def _signs(self, task: str, label: str, listed: Sequence[Hit], reading: Reading, words: Words) -> tuple[Hit, ...]:
        """What speaks for a label: lines of the lists, or the learned words that did most. At least one."""
        if mine := tuple(hit for hit in listed if hit.label == label):
            return mine
        said = dict(zip(words.stems, words.plain, strict=True))
        spoken = self._models[task].explain(reading, label, most=len(said))
        learned = [
            Hit(label, round(weight, 2), " ".join(map(said.__getitem__, stems)))
            for stems, weight in ((one.split(), weight) for one, weight in spoken)
            if said.keys() >= set(stems)  # a group of words is nothing that was said
        ]
        return tuple(learned[:MOST_WORDS]) or (Hit(label, 0.0, ALTOGETHER),)


def needed(sure: Sure, signs: int) -> float:
    return sure.agreed if signs > 1 else sure.listed if signs else sure.alone


def signs_of_secrets(seen: DangerGuess) -> int:
    """How many different ones the lists see."""
    return len({hit.phrase for hit in seen.secret}) if seen.sensitive != NONE else 0


def _said_of_danger(seen: DangerGuess) -> dict[str, float]:
    hints: dict[str, float] = {}
    for hit in seen.hazard:
        hints[hit.label] = max(hints.get(hit.label, 0.0), min(hit.weight, STRONGEST_HINT))
    hints["score"] = max(-STRONGEST_HINT, min(seen.score, STRONGEST_HINT))
    return hints | ({"rings": STRONGEST_HINT} if seen.emergency else {})


def _said_of_secrets(seen: DangerGuess) -> dict[str, float]:
    hints = {hit.label: STRONGEST_HINT for hit in seen.secret}
    return hints | ({"hush": STRONGEST_HINT} if seen.asked_for_secrecy else {})


def _hints(told: Iterable[Mapping[str, float]]) -> dict[str, float]:
    likely = ((label, one) for answer in told for label, one in answer.items() if label != NONE and one >= LIKELY)
    return {WARNED + label: STRONGEST_HINT * one for label, one in likely}


def _likeliest(told: Mapping[str, float]) -> str:
    """Of what is not nothing."""
    return min((name for name in told if name != NONE), key=lambda name: (-told[name], name))
