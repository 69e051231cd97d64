"""Where it happened: a kelurahan, desa or kecamatan from the gazetteer, by name, alias, landmark or a misspelling of one.

Names that are also ordinary words need a cue before them (`kelurahan baru`) or their kecamatan behind them (`candi kumai`). A
village beats a landmark, a landmark a kecamatan; two equal candidates say nothing, so none is returned. A name that the text
itself puts into another regency (`desa sukajaya kabupaten sumedang`) is not ours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from config.reference import Reference
from workers.classification.gazetteer import (
    KECAMATAN_RANK,
    LANDMARK_RANK,
    LONGEST_NAME,
    VILLAGE_RANK,
    Gazetteer,
    Name,
    words_of,
)  # fmt: skip
from workers.classification.wordlists import WordLists

FUZZY_WORDS = 60
"""Words among which a misspelt name is sought; it is the slowest step, and the place stands early."""
MOST_OTHERS = 3
AFTERWARDS = 4
"""Words behind a name in which another regency takes it away."""


@dataclass(frozen=True, slots=True)
class PlaceGuess:
    name: str = ""
    code: str = ""
    written: str = ""
    """The words of the text that named it."""
    others: tuple[str, ...] = ()
    """Codes of areas that were named as well, in the order of the text."""


@dataclass(frozen=True, slots=True)
class _Found:
    name: Name
    start: int
    end: int
    is_destination: bool
    has_cue: bool


class Places:
    def __init__(self, reference: Reference, lists: WordLists) -> None:
        table = lists.places
        self._cues, self._strict = frozenset(table["cues"]), frozenset(table["strict_cues"])
        self._ordinary = {word: frozenset(cues) or self._strict for word, cues in table["ordinary"].items()}
        self._things = {word: frozenset(behind) for word, behind in table["things"].items()}
        self._destinations, self._origins = frozenset(table["destinations"]), frozenset(table["origins"])
        self._village_cues = frozenset(table["village"])
        self._blocks = frozenset(table["blocks"])
        self._units = frozenset(table["units"])
        self._names = Gazetteer(reference, table["spelling"], self._ordinary, table["rare"])
        own = {word for area in reference.areas.values() for word in words_of(area.name)}
        self._elsewhere = frozenset(
            "".join(words) for place in table["elsewhere"] if not own.issuperset(words := words_of(place))
        )
        self._seldom = frozenset(table["seldom_elsewhere"])
        # A misspelt name is no word that we know otherwise.
        self._known = frozenset(lists.languages["id"]["words"].split()) | frozenset(table["no_names"])
        self._known |= {word for phrase in lists.vocabulary() for word in words_of(phrase)} | self._elsewhere

    def guess(self, text: str) -> PlaceGuess:
        plain = words_of(text)
        spelled = self._names.spelled(plain)
        found = _longest(list(self._exact(plain, spelled)))
        found = _longest(found + list(self._misspelt(plain, spelled, self._starts(found, plain, spelled))))
        if found and (others := self._other_regencies(plain)):
            found = [one for one in found if not self._is_elsewhere(one, others, plain)]
        stays = [one for one in found if not one.is_destination]
        if len(stays) < len(found) and any(self._is_origin(one, plain) for one in stays):
            return PlaceGuess(others=_codes(found))  # from A to B: a journey, not a place
        best = _decisive(stays or found)
        if best is None:
            return PlaceGuess(others=_codes(found))
        area = best.name.area
        besides = _codes([one for one in found if one.name.area.code != area.code])
        return PlaceGuess(area.name, area.code, " ".join(plain[best.start : best.end]), besides)

    def _exact(self, plain: Sequence[str], spelled: Sequence[str]) -> Iterator[_Found]:
        names = self._names.exact
        for start in range(len(spelled)):
            letters = ""
            for end in range(start + 1, len(spelled) + 1):
                letters += spelled[end - 1]
                if not self._names.begins(letters):
                    break
                same = names(letters)
                if same and (allowed := [one for one in same if self._is_named(one, plain, spelled, start, end)]):
                    yield self._found(self._by_cue(allowed, plain, start), plain, start, end)

    def _starts(self, found: Sequence[_Found], plain: Sequence[str], spelled: Sequence[str]) -> Iterable[int]:
        """Where a misspelt name may begin: anywhere, unless a village is named; then its name may go on (`raja sebrng`)."""
        if any(one.name.rank == VILLAGE_RANK for one in found):
            return [one.start for one in found]
        taken = {at for one in found if one.name.rank == LANDMARK_RANK for at in range(one.start, one.end)}
        return (
            start
            for start in range(min(len(spelled), FUZZY_WORDS))
            if start not in taken and (plain[start] not in self._known or self._names.begins(spelled[start]))
        )

    def _misspelt(self, plain: Sequence[str], spelled: Sequence[str], starts: Iterable[int]) -> Iterator[_Found]:
        for start in starts:
            # "di rantai" is a verb as often as a place: here the cue must be one of places alone.
            has_cue = start > 0 and plain[start - 1] in self._strict
            letters, is_odd = "", False
            for end in range(start + 1, min(start + LONGEST_NAME, len(spelled)) + 1):
                letters += spelled[end - 1]
                is_odd = is_odd or plain[end - 1] not in self._known
                if is_odd and (meant := self._names.alike(letters, has_cue=has_cue)):
                    yield self._found(self._by_cue(meant, plain, start), plain, start, end)

    def _found(self, name: Name, plain: Sequence[str], start: int, end: int) -> _Found:
        is_destination = start > 0 and plain[start - 1] in self._destinations
        return _Found(name, start, end, is_destination, self._cue_before(plain, start))

    def _is_named(self, name: Name, plain: Sequence[str], spelled: Sequence[str], start: int, end: int) -> bool:
        if not name.is_ambiguous:
            return True
        if self._followed_by_parent(name, spelled, end):
            return True
        before = plain[start - 1] if start else ""
        if plain[start] in self._ordinary:
            is_thing = end < len(plain) and plain[end] in self._things.get(plain[start], ())
            return before in self._ordinary[plain[start]] and not is_thing
        return self._cue_before(plain, start) or before in self._destinations

    def _cue_before(self, plain: Sequence[str], start: int) -> bool:
        if start == 0:
            return False
        before = plain[start - 1]
        # "rt 05 candi"
        return before in self._cues or (before.isdigit() and start > 1 and plain[start - 2] in self._blocks)

    def _followed_by_parent(self, name: Name, spelled: Sequence[str], end: int) -> bool:
        behind = end + 1 if end < len(spelled) and spelled[end] in self._strict else end
        return any(
            one.area.code == name.area.parent
            for last in range(behind + 1, min(behind + LONGEST_NAME, len(spelled)) + 1)
            for one in self._names.exact("".join(spelled[behind:last]))
        )

    def _is_elsewhere(self, one: _Found, others: Sequence[int], plain: Sequence[str]) -> bool:
        """`others`: where the text names other regencies."""
        if one.name.rank == LANDMARK_RANK:
            # Every town has its `rsud` and its `jalan ahmad yani`.
            return any(plain[start - 1] not in self._destinations for start in others)
        return any(
            start == one.end or (one.end < start < one.end + AFTERWARDS and plain[start - 1] in self._units)
            for start in others
        )

    def _other_regencies(self, plain: Sequence[str]) -> list[int]:
        starts = [start for start, word in enumerate(plain) if word in self._elsewhere]
        starts += [start for start, (word, then) in enumerate(pairwise(plain)) if f"{word}{then}" in self._elsewhere]
        return [start for start in starts if plain[start] not in self._seldom or plain[start - 1] in self._units]

    def _is_origin(self, one: _Found, plain: Sequence[str]) -> bool:
        return one.name.rank == KECAMATAN_RANK and one.start > 0 and plain[one.start - 1] in self._origins

    def _by_cue(self, names: list[Name], plain: Sequence[str], start: int) -> Name:
        if len(names) == 1:
            return names[0]
        wanted = VILLAGE_RANK if start and plain[start - 1] in self._village_cues else KECAMATAN_RANK
        return min(names, key=lambda name: (name.rank != wanted, name.area.code))


def _longest(found: list[_Found]) -> list[_Found]:
    """Without names inside a longer one: `kumai` in `kumai hulu`."""
    return [
        one
        for one in found
        if not any(
            other.start <= one.start and one.end <= other.end and other.end - other.start > one.end - one.start
            for other in found
        )
    ]


def _codes(found: Iterable[_Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.name.area.code for one in sorted(found, key=lambda one: one.start)))[:MOST_OTHERS]


def _decisive(found: Iterable[_Found]) -> _Found | None:
    ranked = sorted(found, key=lambda one: (-one.name.rank, not one.has_cue, one.start))
    if not ranked:
        return None
    best = ranked[0]
    rivals = {one.name.area.code for one in ranked if one.name.rank == best.name.rank}
    if len(rivals) > 1:
        # A landmark in the named kecamatan is one place; two villages are two.
        return best if all(code.startswith(best.name.area.code) for code in rivals) else _first_village(ranked)
    return best


def _first_village(ranked: list[_Found]) -> _Found | None:
    """Of several villages the first is usually where the sender is; of several kecamatan none is."""
    return ranked[0] if ranked[0].name.rank >= LANDMARK_RANK else None
