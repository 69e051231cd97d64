"""How good predictions are, and how sure one may be of that: pure sums, the same for commands, model cards and screens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, sqrt

ONE_SIDED_95 = 1.645
BINS = 10
LEAST_ABOVE = 30
"""A threshold that fewer predictions reach says nothing about the next one."""


@dataclass(frozen=True, slots=True)
class Told:
    """One prediction: what was right, what was said first, how sure (0..1), whether the right one was among the first three."""

    label: str
    said: str
    sure: float
    among_three: bool = False

    @property
    def right(self) -> bool:
        return self.label == self.said


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions of about the same stated certainty: how many, how sure on average, what share was right."""

    many: int
    stated: float
    right: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `least` on so many were right, surely more than `lower` of them. `coverage`: share of all that reach it."""

    wanted: float
    least: float
    coverage: float
    precision: float
    lower: float
    many: int


@dataclass(frozen=True, slots=True)
class Duel:
    """Two on the same cases: right alone each, and how likely so uneven a split is by chance (McNemar, exact)."""

    first_alone: int
    second_alone: int
    chance: float


def lower_bound(right: int, many: int, z: float = ONE_SIDED_95) -> float:
    """Wilson's lower bound of a share; 0 where there is nothing."""
    if not many:
        return 0.0
    share = right / many
    spread = z * sqrt(share * (1 - share) / many + z * z / (4 * many * many))
    return max(0.0, (share + z * z / (2 * many) - spread) / (1 + z * z / many))


def threshold(told: Sequence[Told], wanted: float) -> Threshold | None:
    """The lowest certainty from which on `wanted` of the predictions are right even by the lower bound; None: there is none."""
    found, right = None, 0
    ranked = sorted(told, key=lambda one: -one.sure)
    for many, one in enumerate(ranked, 1):
        right += one.right
        is_last_of_its_kind = many == len(ranked) or ranked[many].sure < one.sure
        lower = lower_bound(right, many)
        if is_last_of_its_kind and many >= LEAST_ABOVE and lower >= wanted:
            found = Threshold(wanted, one.sure, many / len(ranked), right / many, lower, many)
    return found


def coverage(told: Sequence[Told], wanted: float) -> float:
    """The largest share that could be taken unseen, surest first, with `wanted` of these right: what was, not what will be."""
    enough = right = 0
    ranked = sorted(told, key=lambda one: -one.sure)
    for many, one in enumerate(ranked, 1):
        right += one.right
        is_last_of_its_kind = many == len(ranked) or ranked[many].sure < one.sure
        if is_last_of_its_kind and right >= wanted * many:
            enough = many
    return enough / len(ranked) if ranked else 0.0


def bins(told: Iterable[Told]) -> list[Bin]:
    """By stated certainty in tenths, lowest first; empty ones are left out."""
    groups: dict[int, list[Told]] = {}
    for one in told:
        groups.setdefault(min(int(one.sure * BINS), BINS - 1), []).append(one)
    return [
        Bin(len(group), sum(one.sure for one in group) / len(group), sum(one.right for one in group) / len(group))
        for _, group in sorted(groups.items())
    ]


def calibration_error(told: Sequence[Told]) -> float:
    """Expected calibration error: how far the stated certainty is from what was right, on average."""
    return sum(one.many * abs(one.stated - one.right) for one in bins(told)) / len(told) if told else 0.0


def accuracy(told: Sequence[Told]) -> float:
    return sum(one.right for one in told) / len(told) if told else 0.0


def top_three(told: Sequence[Told]) -> float:
    return sum(one.among_three for one in told) / len(told) if told else 0.0


def per_class(told: Sequence[Told]) -> dict[str, tuple[int, float, float]]:
    """Class -> (how many, precision, recall)."""
    many = Counter(one.label for one in told)
    said = Counter(one.said for one in told)
    hit = Counter(one.label for one in told if one.right)
    return {
        name: (many[name], hit[name] / said[name] if said[name] else 0.0, hit[name] / many[name])
        for name in sorted(many)
    }


def macro_f1(told: Sequence[Told]) -> float:
    scores = [
        2 * precision * recall / (precision + recall) if precision + recall else 0.0
        for _, precision, recall in per_class(told).values()
    ]
    return sum(scores) / len(scores) if scores else 0.0


def duel(first: Sequence[Told], second: Sequence[Told]) -> Duel:
    pairs = list(zip(first, second, strict=True))
    alone = sum(one.right and not other.right for one, other in pairs)
    other_alone = sum(other.right and not one.right for one, other in pairs)
    apart, fewer = alone + other_alone, min(alone, other_alone)
    chance = 2 * sum(comb(apart, many) for many in range(fewer + 1)) / 2**apart if apart else 1.0
    return Duel(alone, other_alone, min(1.0, chance))
