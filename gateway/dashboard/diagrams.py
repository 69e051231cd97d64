"""Diagrams of shares, in units of their picture, so that a page needs no script: dots on a diagonal, a line, shades of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

SIDE = 100
LINE_WIDTH, LINE_HEIGHT = 300, 60
SHADES = 5
SMALLEST, LARGEST = 2.0, 7.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A place in a square of `SIDE`: `x` from the left is what was stated, `y` from the top what was right."""

    x: float
    y: float
    r: float
    stated: float
    right: float
    many: int


def dots(points: Sequence[tuple[float, float, int]]) -> list[Dot]:
    """(stated, right, how many), shares from 0 to 1; the area of a dot is how many it stands for."""
    most = max((many for *_, many in points), default=1)
    return [
        Dot(
            round(stated * SIDE, 1),
            round((1 - right) * SIDE, 1),
            round(max(SMALLEST, LARGEST * sqrt(many / most)), 1),
            stated,
            right,
            many,
        )
        for stated, right, many in points
    ]


def lines(values: Sequence[float]) -> str:
    """Shares from 0 to 1, one after the other, as the points of a line; empty for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 - one point is no line
        return ""
    step = LINE_WIDTH / (len(values) - 1)
    return " ".join(f"{at * step:.1f},{(1 - value) * LINE_HEIGHT:.1f}" for at, value in enumerate(values))


def heat(table: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """A shade from 0 to `SHADES` for each cell, by its share of its row."""
    rows: dict[str, int] = {}
    for (row, _), many in table.items():
        rows[row] = rows.get(row, 0) + many
    return {cell: ceil(SHADES * many / rows[cell[0]]) if many else 0 for cell, many in table.items()}
