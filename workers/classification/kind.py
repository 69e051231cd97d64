"""Complaint, question, wish, or nothing that is a report.

`pengaduan_pengawasan` is never proposed here: whether a complaint concerns the government's own people is decided by routing
(CASEWORK § 6.2) from the topic and from `sensitive`.
"""

from dataclasses import dataclass
from itertools import islice

from gateway.complaints.complaint import Kind
from workers.classification.lexicon import Hit, Lexicon, strongest_per_word, totals
from workers.classification.linear import LinearModel, Reading
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import WordLists

NO_REPORT = "bukan_laporan"
ADVERTISING = "iklan"
STRENGTHS = {"decisive": 4.0, "strong": 2.0, "normal": 0.8, "weak": 0.3}
QUESTION_MARK = 1.2
COMPLAINT_PRIOR = 1.0
"""A complaint is the default: whoever writes and is not understood is taken seriously."""
CHAT_WORDS = 6
"""Greetings and thanks stand at the ends of real reports; beyond this length they count for less."""
GREETING_WORDS = 4
"""CASEWORK § 4.1 row 9."""
ADVERTISING_AT_LEAST = 2.5
STRONGEST_HINT = 6.0
"""Strength of the word lists from which on more says nothing more."""
BEGINS = "^"
LOOKED_AT = 200
SHORTEST_REPORT = 10
"""Letters (CASEWORK § 4.1 row 10)."""


@dataclass(frozen=True, slots=True)
class KindGuess:
    kind: str
    hits: tuple[Hit, ...]


class Kinds:
    def __init__(self, lists: WordLists, normaliser: Normaliser, learned: LinearModel | None = None) -> None:
        self._model = learned
        self._lexicon = Lexicon(normaliser)
        for kind, table in lists.kinds.items():
            for strength, weight in STRENGTHS.items():
                self._lexicon.add(kind, table.get(strength, ()), weight)

    def reading(self, text: str, words: Words) -> Reading:
        """What a learned model looks at: the words, how the message begins, what the lists say, a question mark, how brief it is."""
        hints = {
            label: min(score, STRONGEST_HINT)
            for label, score in totals(strongest_per_word(self._lexicon.hits(words))).items()
        }
        if "?" in text:
            hints["?"] = STRONGEST_HINT / 2
        hints["brief"] = STRONGEST_HINT / max(1, len(words.stems))
        begun = (*words.stems, BEGINS + words.stems[0]) if words.stems else ()
        return Reading(begun, hints, words.meanings)

    def guess(self, text: str, words: Words, evidence: float) -> KindGuess:
        """`evidence` = how strongly the text speaks of any topic."""
        hits = strongest_per_word(self._lexicon.hits(words))
        scores = totals(hits)
        advertising = scores.pop(ADVERTISING, 0.0)
        if advertising >= ADVERTISING_AT_LEAST or _without_words(text):
            return KindGuess(NO_REPORT, _of(hits, ADVERTISING))
        chat = scores.get(NO_REPORT, 0.0) + advertising
        if chat and not evidence and Kind.PENGADUAN not in scores and len(words.stems) <= GREETING_WORDS:
            return KindGuess(NO_REPORT, _of(hits, NO_REPORT))
        if self._model and (told := self._model.probabilities(self.reading(text, words))):
            kind = max(sorted(told), key=told.__getitem__)
            return KindGuess(kind, _of(hits, kind))
        scores[Kind.PENGADUAN] = scores.get(Kind.PENGADUAN, 0.0) + COMPLAINT_PRIOR + 0.2 * min(evidence, 5.0)
        if "?" in text:
            scores[Kind.PERMINTAAN_INFORMASI] = scores.get(Kind.PERMINTAAN_INFORMASI, 0.0) + QUESTION_MARK
        scores[NO_REPORT] = chat * min(1.0, CHAT_WORDS / max(len(words.stems), 1)) - 0.3 * evidence
        best = max(sorted(scores), key=scores.__getitem__)
        return KindGuess(best, _of(hits, best))


def _without_words(text: str) -> bool:
    letters = filter(str.isalpha, text[:LOOKED_AT])
    return next(islice(letters, SHORTEST_REPORT - 1, None), None) is None


def _of(hits: list[Hit], kind: str) -> tuple[Hit, ...]:
    return tuple(hit for hit in hits if hit.label == kind)
