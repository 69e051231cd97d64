"""The figures of an evaluation as lines for a terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workers.classification.evaluate import Answered, Score, outcomes, scores
from workers.classification.goals import GOALS, TRAINED, Goal, reached
from workers.classification.incidents import SameIncident
from workers.classification.misses import Miss
from workers.classification.stages import Bench

COLUMNS = (
    "task", "rows", "accuracy", "macro_f1", "top3", "precision", "recall",
    "calibration_error", "coverage_90", "coverage_95",
)  # fmt: skip
HEADS = {"calibration_error": "ece", "coverage_90": "sure .90", "coverage_95": "sure .95", "first_right": "1st right"}
NARROW, WIDE = 9, 28
SHOWN = 200
"""Characters of a missed text."""


def score_tables(answered: Sequence[Answered]) -> Iterator[str]:
    found = scores(answered)
    by_task = {one.task: one for one in found}
    yield from _figures(found, GOALS)
    if "language" in by_task:
        yield from _titled("languages", ("language", "rows", "precision", "recall"), _classes(by_task["language"]))
    if "kind" in by_task:
        yield from _confusion(by_task["kind"])
    for task in ("emergency", "sensitive"):
        missed = sum(bool(one.wanted) and not one.is_right for one in outcomes(task, answered))
        if missed:
            yield ""
            yield f"{missed} missed of {task}: --misses {task} lists them with the reason"


def trained_tables(found: Sequence[Score]) -> Iterator[str]:
    yield from _figures(found, TRAINED)
    yield from _titled("classes", (found[0].task, "rows", "precision", "recall"), _classes(found[0]))


def _figures(found: Sequence[Score], goals: Sequence[Goal]) -> Iterator[str]:
    yield from _table(COLUMNS, [one.as_row() for one in found])
    yield from _titled("goals", ("goal", "least", "reached", "met"), [one.as_row() for one in reached(found, goals)])


def miss_lines(found: Iterable[Miss]) -> Iterator[str]:
    for one in found:
        yield f"{one.id}: {one.wanted or '-'}, not {one.given or '-'} ({one.confidence:.2f})"
        yield f"    {' '.join(one.text[:SHOWN].split())}"
        for reason in one.why:
            yield f"    - {reason}"


def incident_lines(found: SameIncident) -> Iterator[str]:
    columns = ("task", "rows", "incidents", "wanted", "shown", "precision", "recall", "first_right")
    yield from _titled("reports of one incident: what an officer is shown beside each", columns, [found.as_row()])
    yield ""
    yield from _table(("shown as", "shown", "precision"), found.certainties())


def bench_lines(told: Bench) -> Iterator[str]:
    yield from _table(("stage", "us"), [{"stage": stage, "us": us} for stage, us in told.stages_us.items()])
    yield ""
    yield f"{told.texts} texts, {told.mean_us:.0f} us of processor time each, 99 % within {told.p99_us:.0f} us"
    yield f"classifier built in {told.build_ms:.0f} ms; process {told.without_mib:.1f} MiB without, {told.with_mib:.1f} with it"
    yield from _titled("goals", ("goal", "most", "used", "met"), list(told.goals()))


def _classes(score: Score) -> list[Mapping[str, object]]:
    found = (score.classes or {}).items()
    return [{score.task: code, "rows": of.rows, "precision": of.precision, "recall": of.recall} for code, of in found]


def _confusion(score: Score) -> Iterator[str]:
    table = score.confusion or {}
    given = sorted({answer for row in table.values() for answer in row})
    rows = [{"label": label, **row} for label, row in table.items()]
    yield from _titled(f"{score.task}: labels, and what they were taken for", ("label", *given), rows)


def _titled(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    widths = [WIDE, *(max(NARROW, len(HEADS.get(one, one))) for one in columns[1:])]
    yield _line([HEADS.get(one, one) for one in columns], widths)
    for row in rows:
        yield _line([_cell(row.get(column)) for column in columns], widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if not at else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((first, *others)).rstrip()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "met" if value else "missed"
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else str(value)
