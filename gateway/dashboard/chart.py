"""Bars for a day: numbers become rectangles of an SVG, so that a page needs no script and no picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEIGHT, WIDTH = 120, 720
LABEL_EVERY = 4
PARTS = ("sent", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle in units of the picture; `part` is its class."""

    x: float
    y: float
    width: float
    height: float
    part: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    labels: Sequence[tuple[float, str]]
    most: int
    """What the full height stands for."""
    width: int = WIDTH
    height: int = HEIGHT


def chart(columns: Sequence[Mapping[str, int]], labels: Sequence[str]) -> Chart:
    """A pair of bars per column: `received`, and beside it what left, stacked by outcome."""
    most = max([max(one["received"], sum(one[part] for part in PARTS)) for one in columns] + [1])
    step = WIDTH / max(1, len(columns))
    wide = step * 0.36
    bars: list[Bar] = []
    for at, one in enumerate(columns):
        left = at * step + step * 0.1
        bars += _stack(left, wide, [("received", one["received"])], most)
        bars += _stack(left + wide + step * 0.04, wide, [(part, one[part]) for part in PARTS], most)
    shown = [(round((at + 0.5) * step, 1), label) for at, label in enumerate(labels) if at % LABEL_EVERY == 0]
    return Chart(bars, shown, most)


def single(values: Sequence[float], labels: Sequence[str]) -> Chart:
    """One bar per column, for figures of one kind."""
    most = max([*values, 1])
    step = WIDTH / max(1, len(values))
    bars = [
        bar
        for at, value in enumerate(values)
        for bar in _stack(at * step + step * 0.1, step * 0.8, [("received", value)], most)
    ]
    shown = [(round((at + 0.5) * step, 1), label) for at, label in enumerate(labels) if at % LABEL_EVERY == 0]
    return Chart(bars, shown, round(most))


def _stack(x: float, width: float, parts: Sequence[tuple[str, float]], most: float) -> list[Bar]:
    bars, top = [], float(HEIGHT)
    for part, many in parts:
        height = many / most * HEIGHT
        if many:
            # One message in a busy day must still be seen.
            height = max(height, 2.0)
            top -= height
            bars.append(Bar(round(x, 1), round(max(top, 0.0), 1), round(width, 1), round(height, 1), part))
    return bars
