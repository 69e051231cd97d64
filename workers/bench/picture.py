"""`--svg FILE` of `bench growth`: one line per query, milliseconds over complaints, both axes by powers of ten."""

import math
from collections.abc import Callable, Sequence
from html import escape

from workers.bench.report import Report

WIDTH, HEIGHT = 960, 620
LEFT, TOP, RIGHT, BOTTOM = 70, 50, 250, 50
SMALLEST_MS = 0.05
COLOURS = ("#1b5e9a", "#b3541e", "#3b7a3b", "#7a3b78", "#8a6d00", "#3a6b6b", "#a83246", "#555555")
TEXT_ABOVE = 13
"""So far apart labels at the right have to stand."""
FONT = 'font-family="sans-serif" font-size="12"'


def svg(told: Report) -> str:
    """The picture of a growth report with at least one size."""
    sizes = [int(size) for size in told["sizes"]]
    lines = _lines(told, sizes)
    highest = max(value for _, values in lines for value in values)
    lowest_decade, highest_decade = math.floor(math.log10(SMALLEST_MS)), math.ceil(math.log10(highest))

    def x(size: int) -> float:
        first, last = math.log10(sizes[0]), math.log10(sizes[-1])
        share = (math.log10(size) - first) / (last - first) if last > first else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (math.log10(max(value, SMALLEST_MS)) - lowest_decade) / (highest_decade - lowest_decade)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = [_text(LEFT, 28, f"Median of each query in ms, {told['database']}", 'font-weight="bold"')]
    for decade in range(lowest_decade, highest_decade + 1):
        at = y(10.0**decade) if 10.0**decade >= SMALLEST_MS else HEIGHT - BOTTOM
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, at + 4, f"{10.0**decade:g}", 'text-anchor="end"'))
    parts += [_text(x(size), HEIGHT - BOTTOM + 22, f"{size:,}", 'text-anchor="middle"') for size in sizes]
    for number, (at, (name, values)) in enumerate(_apart(lines, y)):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in zip(sizes, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(_text(WIDTH - RIGHT + 10, at, f"{name} {values[-1]:g}", f'fill="{colour}"'))
    inner = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n{inner}\n</svg>\n'
    )


Line = tuple[str, Sequence[float]]
Height = Callable[[float], float]


def _lines(told: Report, sizes: Sequence[int]) -> list[Line]:
    names = told["sizes"][str(sizes[0])]["queries"]
    return [(name, [told["sizes"][str(size)]["queries"][name]["p50_ms"] for size in sizes]) for name in names]


def _apart(lines: Sequence[Line], y: Height) -> list[tuple[float, Line]]:
    """The place of each label, from the slowest down, none on top of another."""
    placed: list[tuple[float, Line]] = []
    reached = -math.inf
    for line in sorted(lines, key=lambda line: -line[1][-1]):
        reached = max(y(line[1][-1]) + 4, reached + TEXT_ABOVE)
        placed.append((reached, line))
    return placed


def _text(x: float, y: float, words: str, more: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {FONT} {more}>{escape(words)}</text>'
