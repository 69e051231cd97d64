"""Names of places in every form in which citizens write them: aliases, short forms, joined or apart, and misspelt.

A name is kept as one run of letters with its short forms spelled out (`sei kapitan`, `s.kapitan` and `sungaikapitan` are one
name). A misspelt one is found by its ends and length, one letter off, or by its consonants (`mdurejo`, `pngkalan bun`).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import DamerauLevenshtein

from config.reference import Area, Reference

VILLAGES = ("desa", "kelurahan")
KECAMATAN = "kecamatan"
VILLAGE_RANK, LANDMARK_RANK, KECAMATAN_RANK = 3, 2, 1
LONGEST_NAME = 4
"""Words of what is looked up."""
LEAST_LETTERS = 7
"""Of a misspelt name that nothing announces; with a cue before it fewer are enough."""
LEAST_LETTERS_WITH_CUE = 5
LEAST_CONSONANTS, LEAST_CONSONANTS_WITH_CUE = 5, 3
MOST_VOWELS_OFF, MOST_VOWELS_OFF_WITH_CUE = 2, 4
MOST_WORDS = 150
_SILENT = str.maketrans("", "", "aeiouyh")
_WORD = re.compile(r"[^\W\d_]+\d?(?!\d)|\d+")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")


@dataclass(frozen=True, slots=True)
class Name:
    area: Area
    rank: int
    is_ambiguous: bool
    """The word is an ordinary one too: it needs a cue."""
    letters: str
    """As compared: small letters without spaces, short forms spelled out."""


class Gazetteer:
    def __init__(
        self,
        reference: Reference,
        spellings: Mapping[str, str],
        ordinary: Iterable[str],
        rare: Iterable[str],
    ) -> None:
        """`spellings`: short form of a word of a name -> the word; `ordinary` words and `rare` names are ambiguous or
        not, whatever the table of areas says."""
        self._spellings = spellings
        self._names: dict[str, list[Name]] = defaultdict(list)
        never, always = frozenset(ordinary), frozenset(rare)
        for written, area, rank in _written(reference):
            words = words_of(written)
            letters = self.join(words)
            is_ambiguous = len(words) == 1 and rank != LANDMARK_RANK
            is_ambiguous &= words[0] in never or (area.is_ambiguous and words[0] not in always)
            name = Name(area, rank, is_ambiguous, letters)
            if letters and name not in self._names[letters]:
                self._names[letters].append(name)
        self._beginnings = frozenset(letters[:end] for letters in self._names for end in range(1, len(letters) + 1))
        self._shapes = _by_shape(self._names)
        self._by_bones = _by_consonants(self._names)
        self._longest = max(map(len, self._names), default=0)
        self._bones = lru_cache(maxsize=20_000)(consonants)

    def join(self, words: Iterable[str]) -> str:
        return "".join(self.spelled(words))

    def spelled(self, words: Iterable[str]) -> list[str]:
        """Each word as it stands in names."""
        return [self._spellings.get(word, word) for word in words]

    def exact(self, letters: str) -> list[Name]:
        return self._names.get(letters, [])

    def begins(self, letters: str) -> bool:
        """Whether any name begins so: most runs of words end at their first."""
        return letters in self._beginnings

    def alike(self, letters: str, *, has_cue: bool) -> list[Name]:
        """Who bears the one name that was probably meant; empty when it could be several names or none."""
        least = LEAST_LETTERS_WITH_CUE if has_cue else LEAST_LETTERS
        if not least - 1 <= len(letters) <= self._longest + 1:
            return []
        found = {
            name.letters
            for name in self._shapes.get((letters[0], letters[-1], len(letters)), ())
            if len(name.letters) >= least and _differ(name.letters, letters) <= 1
        }
        if not found:
            bones = self._bones(letters)
            if len(bones) >= (LEAST_CONSONANTS_WITH_CUE if has_cue else LEAST_CONSONANTS):
                most = MOST_VOWELS_OFF_WITH_CUE if has_cue else MOST_VOWELS_OFF
                alike = self._by_bones.get(letters[0] + bones, ())
                found = {name.letters for name in alike if _differ(name.letters, letters) <= most}
        return self._names[found.pop()] if len(found) == 1 else []


def words_of(text: str) -> list[str]:
    """As written, in small letters: what a name is made of is no colloquial word (`marga` is "because" in Banjar)."""
    words = _WORD.findall(_STRETCHED.sub(r"\1", text.lower()))
    return words[:MOST_WORDS]


def consonants(letters: str) -> str:
    """What is left when people save vowels; `h` and `y` come and go with the spelling, doubled letters are one."""
    bare = letters.translate(_SILENT)
    return "".join([letter for letter, before in zip(bare, " " + bare, strict=False) if letter != before])


def _differ(one: str, other: str) -> int:
    return DamerauLevenshtein.distance(one, other, score_cutoff=MOST_VOWELS_OFF_WITH_CUE)


def _written(reference: Reference) -> Iterator[tuple[str, Area, int]]:
    areas = reference.areas
    kept = [area for area in areas.values() if area.level in {*VILLAGES, KECAMATAN}]
    beginnings = Counter(_beginning(area) for area in kept)
    for area in kept:
        rank = VILLAGE_RANK if area.level in VILLAGES else KECAMATAN_RANK
        for written in (area.name, *area.aliases):
            yield written, area, rank
        if area.name.count(" ") > 1 and beginnings[_beginning(area)] == 1:
            yield _beginning(area), area, rank
        for written in _by_short_parent(area, areas.get(area.parent)):
            yield written, area, rank
    for landmark in reference.landmarks:
        if landmark.area in areas:
            for written in (landmark.name, *landmark.aliases):
                yield written, areas[landmark.area], LANDMARK_RANK


def _beginning(area: Area) -> str:
    """What people say for a long name: Sungai Rangit for Sungai Rangit Jaya."""
    return " ".join(area.name.split()[:2])


def _by_short_parent(area: Area, parent: Area | None) -> Iterator[str]:
    """“Kolam” is Kotawaringin Lama, so “kolam hilir” is Kotawaringin Hilir."""
    first, *rest = area.name.split()
    if parent and rest and parent.name.split()[0] == first:
        for alias in parent.aliases:
            if " " not in alias:
                yield " ".join((alias, *rest))


def _of_areas(names: Mapping[str, list[Name]]) -> Iterator[Name]:
    """Names of areas themselves: a landmark or a short form that is misspelt too could be anything."""
    for letters, same in names.items():
        is_own = any("".join(one.area.name.lower().split()) == letters for one in same)
        if is_own and len(letters) >= LEAST_LETTERS_WITH_CUE and not same[0].is_ambiguous:
            yield same[0]


def _by_shape(names: Mapping[str, list[Name]]) -> dict[tuple[str, str, int], list[Name]]:
    """First letter, last letter, letters of what was written: who misspells a name gets its ends right."""
    shapes: dict[tuple[str, str, int], list[Name]] = defaultdict(list)
    for name in _of_areas(names):
        for many in range(len(name.letters) - 1, len(name.letters) + 2):
            shapes[name.letters[0], name.letters[-1], many].append(name)
    return dict(shapes)


def _by_consonants(names: Mapping[str, list[Name]]) -> dict[str, list[Name]]:
    bones: dict[str, list[Name]] = defaultdict(list)
    for name in _of_areas(names):
        bones[name.letters[0] + consonants(name.letters)].append(name)
    return dict(bones)
