"""Where it happened: a kelurahan, desa or kecamatan from the gazetteer, by name, alias or landmark.

Names that are also ordinary words need a cue before them (`kelurahan baru`). A village beats a landmark, a landmark a kecamatan;
two equal candidates say nothing, so none is returned. A misspelling of one letter is forgiven in long names.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from rapidfuzz.distance import DamerauLevenshtein

from config.reference import Area, Reference
from workers.classification.normalise import Normaliser, Words
from workers.classification.wordlists import WordLists

VILLAGES = ("desa", "kelurahan")
KECAMATAN = "kecamatan"
_VILLAGE, _LANDMARK, _KECAMATAN = 3, 2, 1
_LONGEST_NAME = 4
_FUZZY_LETTERS = 8
FUZZY_WORDS = 50
"""Words among which a misspelt name is sought; it is the slowest step, and the place stands early."""


@dataclass(frozen=True, slots=True)
class PlaceGuess:
    name: str = ""
    code: str = ""
    written: str = ""
    """The words of the text that named it."""


@dataclass(frozen=True, slots=True)
class _Name:
    area: Area
    rank: int
    is_ambiguous: bool


@dataclass(frozen=True, slots=True)
class _Found:
    name: _Name
    start: int
    end: int
    is_destination: bool


class Places:
    def __init__(self, reference: Reference, lists: WordLists, normaliser: Normaliser) -> None:
        table = lists.places
        self._cues, self._strict = frozenset(table["cues"]), frozenset(table["strict_cues"])
        self._ordinary, self._destinations = frozenset(table["ordinary"]), frozenset(table["destinations"])
        self._origins = frozenset(table["origins"])
        self._village_cues = frozenset(table["village"])
        self._names: dict[tuple[str, ...], list[_Name]] = defaultdict(list)
        for written, name in _names(reference):
            words = normaliser.plain(written)
            if words and name not in self._names[words]:
                self._names[words].append(name)
        self._lengths: dict[str, list[int]] = defaultdict(list)
        """First word of a name -> how many words the names that begin with it have, longest first."""
        for words in sorted(self._names, key=len, reverse=True):
            if len(words) <= _LONGEST_NAME and len(words) not in self._lengths[words[0]]:
                self._lengths[words[0]].append(len(words))
        self._similar = _by_shape(self._names)

    def guess(self, words: Words) -> PlaceGuess:
        found = _longest(list(self._exact(words.plain))) or list(self._fuzzy(words.plain[:FUZZY_WORDS]))
        stays = [one for one in found if not one.is_destination]
        if len(stays) < len(found) and any(self._is_origin(one, words.plain) for one in stays):
            return PlaceGuess()  # from A to B: a journey, not a place
        best = _decisive(stays or found)
        if best is None:
            return PlaceGuess()
        area = best.name.area
        return PlaceGuess(area.name, area.code, " ".join(words.plain[best.start : best.end]))

    def _exact(self, plain: tuple[str, ...]) -> Iterator[_Found]:
        for start, first in enumerate(plain):
            for length in self._lengths.get(first, ()):
                end = start + length
                names = self._names.get(plain[start:end]) if end <= len(plain) else None
                if names and (allowed := [name for name in names if self._has_cue(name, plain, start, end)]):
                    yield self._found(self._by_cue(allowed, plain, start), plain, start, end)

    def _fuzzy(self, plain: tuple[str, ...]) -> Iterator[_Found]:
        for start, first in enumerate(plain):
            similar = self._similar.get(first[0])
            if similar is None:
                continue
            letters = list(accumulate(map(len, plain[start : start + _LONGEST_NAME])))
            for end in range(start + len(letters), start, -1):
                for name, meant in similar.get((plain[end - 1][-1], letters[end - start - 1]), ()):
                    if DamerauLevenshtein.distance(name, "".join(plain[start:end]), score_cutoff=1) <= 1:
                        yield self._found(meant, plain, start, end)

    def _found(self, name: _Name, plain: tuple[str, ...], start: int, end: int) -> _Found:
        return _Found(name, start, end, start > 0 and plain[start - 1] in self._destinations)

    def _is_origin(self, one: _Found, plain: tuple[str, ...]) -> bool:
        return one.name.rank == _KECAMATAN and one.start > 0 and plain[one.start - 1] in self._origins

    def _has_cue(self, name: _Name, plain: tuple[str, ...], start: int, end: int) -> bool:
        if not name.is_ambiguous:
            return True
        if end - start > 1:
            return True  # "Pangkalan Banteng" is two units, but no ordinary word
        before = plain[start - 1] if start else ""
        if plain[start] in self._ordinary:
            return before in self._strict
        return before in self._cues or before in self._destinations

    def _by_cue(self, names: list[_Name], plain: tuple[str, ...], start: int) -> _Name:
        """A kecamatan and a village of the same name: the village only when called one."""
        if len(names) == 1:
            return names[0]
        wanted = _VILLAGE if start and plain[start - 1] in self._village_cues else _KECAMATAN
        return min(names, key=lambda name: (name.rank != wanted, name.area.code))


def _names(reference: Reference) -> Iterator[tuple[str, _Name]]:
    areas = reference.areas
    kept = [area for area in areas.values() if area.level in {*VILLAGES, KECAMATAN}]
    beginnings = Counter(_beginning(area) for area in kept)
    for area in kept:
        name = _Name(area, _VILLAGE if area.level in VILLAGES else _KECAMATAN, area.is_ambiguous)
        yield area.name, name
        for alias in area.aliases:
            yield alias, name
        if area.name.count(" ") > 1 and beginnings[_beginning(area)] == 1:
            yield _beginning(area), name
        yield from _by_short_parent(name, areas.get(area.parent))
    for landmark in reference.landmarks:
        if landmark.area in areas:
            for written in (landmark.name, *landmark.aliases):
                yield written, _Name(areas[landmark.area], _LANDMARK, False)


def _beginning(area: Area) -> str:
    """What people say for a long name: Sungai Rangit for Sungai Rangit Jaya."""
    return " ".join(area.name.split()[:2])


def _by_short_parent(name: _Name, parent: Area | None) -> Iterator[tuple[str, _Name]]:
    """“Kolam” is Kotawaringin Lama, so “kolam hilir” is Kotawaringin Hilir."""
    first, *rest = name.area.name.split()
    if parent and rest and parent.name.split()[0] == first:
        for alias in parent.aliases:
            if " " not in alias:
                yield " ".join((alias, *rest)), name


Shapes = dict[str, dict[tuple[str, int], list[tuple[str, _Name]]]]
"""First letter -> (last letter, letters of what was written) -> the names that may be meant."""


def _by_shape(names: dict[tuple[str, ...], list[_Name]]) -> Shapes:
    """Who misspells a name gets its ends right, and is one letter off at most."""
    shapes: Shapes = defaultdict(lambda: defaultdict(list))
    for words, same in names.items():
        letters = "".join(words)
        is_name = any("".join(one.area.name.lower().split()) == letters for one in same)
        if len(letters) >= _FUZZY_LETTERS and is_name and not same[0].is_ambiguous:
            for many in range(len(letters) - 1, len(letters) + 2):
                shapes[letters[0]][letters[-1], many].append((letters, same[0]))
    return {first: dict(rest) for first, rest in shapes.items()}


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


def _decisive(found: Iterable[_Found]) -> _Found | None:
    ranked = sorted(found, key=lambda one: (-one.name.rank, one.start))
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
    return ranked[0] if ranked[0].name.rank == _VILLAGE else None
