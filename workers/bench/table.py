"""Reports as people read them: aligned columns on the terminal, beside the JSON."""

from collections.abc import Iterable, Sequence

from workers.bench.report import BETTER, Report

GAP = "  "
Row = Sequence[str]


def lines(told: Report) -> list[str]:
    """What a report says, as lines; the table that fits its bench."""
    parts = [_goals(told), _growth(told), _idle(told), _compared(told), _figures(told)]
    rows = next((part for part in parts if part), [])
    return [*aligned(rows), _ending(told)]


def _ending(told: Report) -> str:
    load = told["load_average_before"][0] if told.get("load_average_before") else "?"
    return "; ".join(told["problems"]) or f"sound; {told['database']}, load average before: {load}"


def _goals(told: Report) -> list[Row]:
    rows = [(one["name"], one["what"], *_line(one), one["verdict"]) for one in told.get("goals", ())]
    return [("goal", "", "must", "aim", "measured", "verdict"), *rows] if rows else []


def _line(goal: Report) -> Row:
    sign = ">=" if goal["more"] else "<="
    measured = "" if goal["measured"] is None else f"{goal['measured']:g} {goal['unit']}".strip()
    return f"{sign} {goal['must']:g}", f"{sign} {goal['aim']:g}", measured


def _growth(told: Report) -> list[Row]:
    sizes = told.get("sizes") or {}
    if not sizes:
        return []
    names = list(next(iter(sizes.values()))["queries"])
    rows: list[Row] = [("p50 in ms", *sizes, "times")]
    for name in names:
        row = [f"{one['queries'][name]['p50_ms']:g}" for one in sizes.values()]
        rows.append((name, *row, f"{told['ratios'].get(name, 0):g}"))
    rows.append(("accept, µs of processor", *(f"{one['accept_cpu_us']:g}" for one in sizes.values()), ""))
    rows.append(("bytes per complaint", *(f"{one['bytes_per_complaint']:g}" for one in sizes.values()), ""))
    return rows


def _idle(told: Report) -> list[Row]:
    processes = told.get("processes") or {}
    rows = [(name, f"{one['pss_mib']:g}", f"{one['cpu_percent']:g}") for name, one in processes.items()]
    whole = [("all", f"{told['pss_mib']:g}", f"{told['cpu_percent']:g}")] if rows else []
    return [("process", "PSS in MiB", "% of a core"), *rows, *whole] if rows else []


def _compared(told: Report) -> list[Row]:
    both = told.get("compare")
    if not both:
        return []
    names = [name for name in BETTER if name in both["times_better"]]
    rows = [(name, f"{both['gateway'][name]:g}", f"{both['naive'][name]:g}", _times(both, name)) for name in names]
    return [("median of three turns", "gateway", "plain design", "times better"), *rows]


def _times(both: Report, name: str) -> str:
    return f"{both['times_better'][name]:g}"


def _figures(told: Report) -> list[Row]:
    """Of each run that the report holds, whatever is one number."""
    runs = told.get("runs") or {told["bench"]: told}
    return [
        (bench if not at else "", name, f"{value:g}")
        for bench, one in runs.items()
        for at, (name, value) in enumerate(_numbers(one))
    ]


def _numbers(told: Report) -> list[tuple[str, float]]:
    return [(name, value) for name, value in told.items() if isinstance(value, int | float) and name != "sound"]


def aligned(rows: Sequence[Row]) -> Iterable[str]:
    """Each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
