"""How likely two reports are about one incident, and what speaks for and against it. Machines only suggest (CASEWORK 7). Pure.

A sum of signs, each with its weight in one table: nothing forbids but time and place, so that one odd reading (a topic, a
street) does not hide the twin of a report, and every sign can be told to the officer who decides.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rapidfuzz import fuzz

from gateway.complaints.duplicates import LIKELY_METRES, LIKELY_WITHIN, Incident, metres_between
from gateway.complaints.tellings import Teller, Telling

CLOSE_METRES = 100
FAR_METRES = 1_000
"""People send where they stand, which is not where the power failed: only beyond this a point speaks for another incident."""
MOST_WORDS_SHOWN = 4
SAME_SPELLING = 83
"""Per cent of letters from which on two rare words are one word misspelt."""
RARE, LONG = 0.75, 5
LIKELY = 0.4
"""From here on an officer is shown it."""
SURE, PROBABLE = 0.8, 0.55
MOST_SHOWN = 5
MOST_AMOUNT = 4.0
TIME_UNIT_H = 6
LESS = 0.25
"""How far what both name is measured by the report that names less; the rest by the one that names more."""
NAMED = ("street", "spot", "school", "rt", "rw", "km", "blok", "amount")


DIVIDES = frozenset({"street", "school", "km"})
"""Kinds of names that two reports of one incident would hardly name differently: no likeness is called sure then."""


class Place(StrEnum):
    CLOSE = "close"
    """Both points, at most `CLOSE_METRES` apart."""
    NEAR = "near"
    AROUND = "around"
    FAR = "far"
    SAME = "same"
    """The same village."""
    WIDE = "wide"
    """The same larger area; nobody knows the village."""
    WITHIN = "within"
    """One is known more exactly than the other, and lies in it."""
    UNKNOWN = "unknown"
    """One of them names no place."""


class Certainty(StrEnum):
    """What an officer reads for a probability; docs/operate/classifier.md says how often each was right."""

    SURE = "sure"
    PROBABLE = "probable"
    POSSIBLE = "possible"


# Log odds. Chosen by hand, then moved a little by what fits tests/classification/incidents/.
# fmt: off
WEIGHTS: Mapping[str, float] = {
    "always": -2.3,
    "share": 3.2, "amount": 0.8,
    "thing": 1.6, "other_thing": -3.0, "one_thing": -0.4,
    "site": 0.3, "other_site": -1.0, "one_site": -0.3,
    "trouble": 0.6, "other_trouble": -2.4, "one_trouble": -0.5,
    "same_street": 0.5, "other_street": -4.0,
    "same_spot": 0.5, "other_spot": -1.6,
    "same_school": 0.9, "other_school": -4.2,
    "same_rt": 0.8, "other_rt": -1.6,
    "same_rw": 0.4, "other_rw": -1.0,
    "same_km": 1.5, "other_km": -2.0,
    "same_amount": 1.0, "other_amount": -0.2,
    "same_blok": 0.8, "other_blok": -1.6,
    "place_close": 2.6, "place_near": 1.0, "place_around": -0.5, "place_far": -2.0,
    "place_same": 1.5, "place_wide": 0.2, "place_within": -1.1, "place_unknown": -0.3,
    "time": -0.47, "topic": 0.3, "nothing_known": -1.2, "reporter": 1.5,
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Likeness:
    """`probability`: 0..1. `words`: as the first report writes them, the rarest first. `same`, `other`: kinds of `NAMED` that
    both name, alike or differently. `metres`: between their points, None where one has none."""

    probability: float
    words: tuple[str, ...]
    place: Place
    apart: timedelta
    metres: float | None = None
    same: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    is_same_topic: bool = True
    is_same_reporter: bool = False

    @property
    def certainty(self) -> Certainty:
        if self.probability >= SURE and not DIVIDES & set(self.other):
            return Certainty.SURE
        return Certainty.PROBABLE if self.probability >= PROBABLE else Certainty.POSSIBLE


@dataclass(frozen=True, slots=True)
class _Compared:
    signs: Mapping[str, float]
    shared: Mapping[str, float]
    same: tuple[str, ...]
    other: tuple[str, ...]


def likeness(teller: Teller, one: Incident, other: Incident) -> Likeness | None:
    """None where time or place rule it out. Both sides find the same, but for words that are misspelt."""
    apart, place = abs(one.at - other.at), place_of(one, other)
    if apart > LIKELY_WITHIN or place is None:
        return None
    mine, theirs = teller.read(one.text), teller.read(other.text)
    around = f"{one.area_name} {other.area_name}"
    found = _compared(mine, theirs, teller.plain(around), teller.names(around))
    signs = {
        **found.signs,
        f"place_{place}": 1.0,
        "time": math.log2(1 + apart / timedelta(hours=TIME_UNIT_H)),
        "topic": float(one.topic == other.topic),
        "nothing_known": float(place is Place.UNKNOWN and one.topic != other.topic),
        "reporter": float(_is_same_reporter(one, other)),
    }
    return Likeness(
        probability=1 / (1 + math.exp(-sum(WEIGHTS[name] * value for name, value in signs.items()))),
        words=_told(found.shared, mine),
        place=place,
        apart=apart,
        metres=metres_between(one.point, other.point) if one.point and other.point else None,
        same=found.same,
        other=found.other,
        is_same_topic=one.topic == other.topic,
        is_same_reporter=_is_same_reporter(one, other),
    )


def place_of(one: Incident, other: Incident) -> Place | None:
    """How near they are to each other; None: in different places."""
    is_same_area = bool(one.area) and one.area == other.area
    if one.point and other.point:
        metres = metres_between(one.point, other.point)
        steps = ((CLOSE_METRES, Place.CLOSE), (LIKELY_METRES, Place.NEAR), (FAR_METRES, Place.AROUND))
        return next((place for most, place in steps if metres <= most), Place.FAR if is_same_area else None)
    if is_same_area:
        return Place.SAME if one.is_village else Place.WIDE
    if one.area and other.area:
        is_within = one.area.startswith(f"{other.area}.") or other.area.startswith(f"{one.area}.")
        return Place.WITHIN if is_within else None
    return Place.UNKNOWN


def _is_same_reporter(one: Incident, other: Incident) -> bool:
    return bool(one.reporter) and one.reporter == other.reporter


def _compared(mine: Telling, theirs: Telling, known: frozenset[str], area: frozenset[str]) -> _Compared:
    """What two texts have in common. `known`, `area`: the words of the area itself, which prove nothing new."""
    # Where it is counts once: as a site, not again as a word.
    known = known.union(mine.sites, theirs.sites)
    shared = _shared(mine, theirs, known)
    same, other = _named(mine, theirs, area)
    signs = {
        "always": 1.0,
        "share": _share(shared, mine, theirs, known),
        "amount": min(sum(shared.values()), MOST_AMOUNT),
        **_agreement("thing", mine.things, theirs.things, known),
        **_agreement("site", mine.sites, theirs.sites, area),
        **_agreement("trouble", mine.troubles, theirs.troubles, known),
        **{f"same_{kind}": 1.0 for kind in same},
        **{f"other_{kind}": 1.0 for kind in other},
    }
    return _Compared(signs, shared, same, other)


def _shared(one: Telling, other: Telling, known: frozenset[str]) -> dict[str, float]:
    """Words of both, with how rare they are; of a misspelt one that of `one`. Names of the area itself prove nothing new."""
    shared = {word: one.words[word] for word in one.words.keys() & other.words.keys() if word not in known}
    mine, theirs = (
        [word for word, rarity in told.words.items() if rarity > RARE and len(word) >= LONG and word not in known]
        for told in (one, other)
    )
    for word in mine:
        if word not in shared and any(fuzz.ratio(word, their) >= SAME_SPELLING for their in theirs):
            shared[word] = one.words[word]
    for told, against in ((one, other), (other, one)):
        for whole in told.joined.keys() & against.words.keys() - shared.keys() - known:
            shared[whole if whole in one.words else told.joined[whole][0]] = against.words[whole]
    return shared


def _share(shared: Mapping[str, float], one: Telling, other: Telling, known: frozenset[str]) -> float:
    """What both say of all that each says, 0..1."""
    said = [sum(rarity for word, rarity in told.words.items() if word not in known) for told in (one, other)]
    return min(1.0, sum(shared.values()) / math.sqrt(said[0] * said[1])) if all(said) else 0.0


def _agreement(
    name: str, one: Mapping[str, float], other: Mapping[str, float], known: frozenset[str]
) -> dict[str, float]:
    """How far what both name is one: 1 in `name` for the same, 1 in `other_…` for nothing in common; `one_…`: one is silent."""
    # In Sungai Bedaun everybody writes of a river.
    mine, theirs = ({code: of[code] for code in of.keys() - known} for of in (one, other))
    if not mine or not theirs:
        return {f"one_{name}": 1.0} if mine or theirs else {}
    both = sum(rarity for code, rarity in mine.items() if code in theirs)
    less, more = sorted(sum(of.values()) for of in (mine, theirs))
    agreement = 2 * both / (LESS * less + (1 - LESS) * more or 1) - 1
    return {name: agreement} if agreement > 0 else {f"other_{name}": -agreement}


def _named(one: Telling, other: Telling, area: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds of names that agree, and kinds that do not. What begins like the area is the area."""
    same: list[str] = []
    differs: list[str] = []
    for kind in (kind for kind in NAMED if kind in one.names and kind in other.names):
        mine, theirs = (
            [words for name in told.names[kind] if (words := name.split())[0] not in area] for told in (one, other)
        )
        if mine and theirs:
            (same if any(_is_same_name(name, their) for name in mine for their in theirs) else differs).append(kind)
    return tuple(same), tuple(differs)


def _is_same_name(one: Sequence[str], other: Sequence[str]) -> bool:
    """`antasari` and `pangeran antasari` are one, so are `indrasari` and `indra sari`; numbers are exact."""
    if one == other or one[-1].isdigit() or other[-1].isdigit():
        return one == other
    shorter, longer = sorted((one, other), key=len)
    return _is_one_word("".join(one), "".join(other)) or all(
        any(_is_one_word(word, their) for their in longer) for word in shorter
    )


def _is_one_word(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) >= LONG and fuzz.ratio(one, other) >= SAME_SPELLING)


def _told(shared: Mapping[str, float], one: Telling) -> tuple[str, ...]:
    rarest = sorted((word for word in shared if word in one.written), key=lambda word: (-shared[word], word))
    return tuple(one.written[word] for word in rarest[:MOST_WORDS_SHOWN])
