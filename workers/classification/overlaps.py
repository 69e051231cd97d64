"""Who handles what when two could: the decidable part of the government's overlap table."""

from collections.abc import Iterable
from dataclasses import dataclass

from config.reference import Reference
from workers.classification.lexicon import Lexicon
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import Table

STRENGTH = 3.5
CONFLICT = "@conflict_of_interest"


@dataclass(frozen=True, slots=True)
class Rule:
    case: str
    agency: str
    strength: float
    position: int


class Rules:
    """The first fitting row of each case."""

    def __init__(self, reference: Reference, rules: Iterable[Table], normaliser: Normaliser, known: set[str]) -> None:
        cases = {overlap.id: overlap.case for overlap in reference.overlaps}
        self._when, self._unless = Lexicon(normaliser), Lexicon(normaliser)
        self._rules: dict[str, Rule] = {}
        for position, row in enumerate(rules):
            agency = reference.conflict_of_interest if row["agency"] == CONFLICT else row["agency"]
            reason = row.get("reason") or cases.get(row["case"])
            if not reason or agency not in known:
                continue
            key = str(position)
            self._rules[key] = Rule(reason, agency, row.get("strength", STRENGTH), position)
            self._when.add(key, row["when"], 1.0)
            self._unless.add(key, row.get("unless", ()), 1.0)

    def fitting(self, words: Words) -> list[Rule]:
        spoken = {hit.label for hit in self._when.hits(words)}
        refused = {hit.label for hit in self._unless.hits(words)} if spoken else set()
        first: dict[str, Rule] = {}
        for key in sorted(spoken - refused, key=int):
            rule = self._rules[key]
            first.setdefault(rule.case, rule)
        return list(first.values())
