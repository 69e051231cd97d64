"""`gateway classifier evaluate` and `bench`: how good and how fast the classifier is on texts of a file."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import BinaryIO

import click

from config.load import load
from config.reference import Reference, reference_for
from gateway.queries.tellers import teller
from workers.classification import incidents, stages
from workers.classification.engine import KeywordClassifier
from workers.classification.evaluate import TASKS, Score, outcomes, scores
from workers.classification.goals import GOALS, TRAINED, Goal, reached
from workers.classification.jsonl import BadLine, Row, read_rows
from workers.classification.misses import misses
from workers.classification.score_tables import bench_lines, incident_lines, miss_lines, score_tables, trained_tables
from workers.classification.trained import trained_scores
from workers.classification.training import TooFew, TrainingUnavailable

LABELS = {
    "kind": str, "topic": str, "agency": str, "place_code": str, "language": str, "lang": str, "hold": str,
    "sensitive": bool, "emergency": bool, "out_of_authority": bool, **incidents.LABELS,
}  # fmt: skip
LEARNED = ("topic", "agency", "kind")
LONG = 500
"""Rows from which on somebody at a terminal wants to see that it goes on."""


@click.command("evaluate")
@click.argument("file", type=click.File("rb"))
@click.option("--misses", "task", type=click.Choice(list(TASKS)), help="The texts that this task got wrong, and why.")
@click.option(
    "--trained", "learned", type=click.Choice(LEARNED), help="This task learned from FILE itself, cross-validated."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one per task, or per miss.")
def evaluate_file(file: BinaryIO, task: str | None, learned: str | None, as_json: bool) -> None:
    """Compare the suggestions with the labels of FILE (JSON lines with `text` and labels; - = stdin).

    `hold` is "spam" or "abuse"; in a file that has any, a row without it must not be held.
    """
    if task and learned:
        raise click.UsageError("--misses and --trained exclude each other")
    rows = _rows_or_fail(file)
    reference = reference_for(load())
    for warning in _unknown(rows, reference):
        click.echo(warning, err=True)
    classifier = KeywordClassifier(reference)
    for line in (
        _learned(learned, rows, classifier, as_json)
        if learned
        else _as_installed(task, rows, classifier, reference, as_json)
    ):
        click.echo(line)


def _learned(task: str, rows: Sequence[Row], classifier: KeywordClassifier, as_json: bool) -> Iterator[str]:
    try:
        found = trained_scores(task, rows, classifier)
    except (TooFew, TrainingUnavailable) as problem:
        raise click.ClickException(str(problem)) from problem
    yield from map(_json, _everything(found, TRAINED)) if as_json else trained_tables(found)


def _as_installed(
    task: str | None, rows: Sequence[Row], classifier: KeywordClassifier, reference: Reference, as_json: bool
) -> Iterator[str]:
    answered = [(row, classifier.suggest(str(row["text"]))) for row in _shown(rows)]
    if task:
        found = misses(task, outcomes(task, answered), classifier.danger)
        yield from (_json(one.as_row()) for one in found) if as_json else miss_lines(found)
        return
    same = incidents.same_incident(answered, lambda: teller(reference))
    if as_json:
        yield from map(_json, _everything(scores(answered), GOALS))
        yield from [_json({**same.as_row(), "by_certainty": same.certainties()})] if same else []
    else:
        yield from score_tables(answered)
        yield from incident_lines(same) if same else []


@click.command("bench")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_file(file: BinaryIO, as_json: bool) -> None:
    """Processor time by stage, and memory, on the texts of FILE (JSON lines with `text`; - = stdin)."""
    told = stages.measured(reference_for(load()), [str(row["text"]) for row in _rows_or_fail(file)])
    for line in [_json({**told.as_row(), "goals": list(told.goals())})] if as_json else bench_lines(told):
        click.echo(line)


def _rows_or_fail(file: BinaryIO) -> list[Row]:
    rows: list[Row] = []
    for row in read_rows(file, LABELS):
        if isinstance(row, BadLine):
            raise click.ClickException(str(row))
        rows.append({"id": len(rows) + 1, **row})
        if incidents.wrong_time(row):
            raise click.ClickException(f"row {rows[-1]['id']}: at is needed with incident, as 2026-11-23T08:00+07:00")
    if not rows:
        raise click.ClickException("no line with a text")
    return rows


def _unknown(rows: Sequence[Row], reference: Reference) -> Iterator[str]:
    """A label that no answer can ever equal is a slip of the pen, or meant for another installation."""
    known = {
        "topic": set(reference.topics),
        "agency": {*reference.agencies, *reference.out_of_authority},
        "place_code": set(reference.areas),
    }
    for key, codes in known.items():
        strange = sorted({str(row[key]) for row in rows if row.get(key)} - codes)
        if strange:
            yield f"Warning: {key} not known here, never right: {', '.join(strange)}"


def _shown(rows: Sequence[Row]) -> Iterator[Row]:
    """With a bar on a terminal when there are many."""
    if len(rows) < LONG or not sys.stderr.isatty():
        yield from rows
        return
    with click.progressbar(rows, label="classifying", file=sys.stderr) as bar:
        yield from bar


def _json(row: object) -> str:
    return json.dumps(row, ensure_ascii=False)


def _everything(found: Sequence[Score], of: Sequence[Goal]) -> Iterator[dict[str, object]]:
    goals = list(reached(found, of))
    for one in found:
        yield {
            **one.as_row(),
            "goals": [goal.as_row() for goal in goals if goal.goal.task == one.task],
            "classes": {code: asdict(of) for code, of in (one.classes or {}).items()},
            "confusion": one.confusion,
        }
