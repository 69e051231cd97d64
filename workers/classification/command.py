"""`gateway classify` and `gateway classifier evaluate`: the classifier on texts from a file, without database or queue."""

import json
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import click

from config.load import load
from config.reference import reference_for
from gateway.complaints.classification import Ranked, Suggestion
from workers.classification.engine import KeywordClassifier, is_sensitive
from workers.classification.evaluate import Score, evaluate
from workers.classification.jsonl import BadLine, Row, read_rows

FAILED = 1
COLUMNS = ("task", "rows", "accuracy", "macro_f1", "top3", "precision", "recall")


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option(
    "--jsonl",
    is_flag=True,
    required=True,
    expose_value=False,
    help='Lines {"id","text"} in, one JSON object per line out.',
)
def classify(file: BinaryIO) -> None:
    """Suggest language, kind, topic, agency, place and warnings for each text of FILE (default: stdin), in its order.

    A line that cannot be read is named on stderr; the others are answered, and the exit status is 1.
    """
    suggest = _classifier().suggest
    failed = False
    for row in read_rows(file):
        if isinstance(row, BadLine):
            click.echo(str(row), err=True)
            failed = True
        else:
            click.echo(json.dumps(_answer(row, suggest(str(row["text"]))), ensure_ascii=False))
    if failed:
        raise click.exceptions.Exit(FAILED)


@click.group()
def classifier() -> None:
    """Measure the classifier."""


@classifier.command("evaluate")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per task.")
def evaluate_file(file: BinaryIO, as_json: bool) -> None:
    """Compare the suggestions with the labels of FILE (JSON lines with `text` and labels; - = stdin)."""
    rows = _rows_or_fail(file)
    for line in _lines(evaluate(rows, _classifier()), as_json):
        click.echo(line)


def _classifier() -> KeywordClassifier:
    return KeywordClassifier(reference_for(load()))


def _rows_or_fail(file: BinaryIO) -> list[Row]:
    rows: list[Row] = []
    for row in read_rows(file):
        if isinstance(row, BadLine):
            raise click.ClickException(str(row))
        rows.append(row)
    if not rows:
        raise click.ClickException("no line with a text")
    return rows


def _answer(row: Row, suggestion: Suggestion) -> dict[str, object]:
    return {
        "id": row.get("id"),
        "language": suggestion.language,
        "kind": suggestion.kind,
        "topic": suggestion.topic or None,
        "topics": _ranked(suggestion.topics),
        "agency": suggestion.agency or None,
        "agencies": _ranked(suggestion.agencies),
        "place": suggestion.place or None,
        "place_code": suggestion.place_code or None,
        "sensitive": is_sensitive(suggestion),
        "emergency": suggestion.emergency,
        "out_of_authority": suggestion.out_of_authority,
        "confidence": suggestion.confidence,
        "reasons": list(suggestion.reasons),
    }


def _ranked(ranked: Sequence[Ranked]) -> list[dict[str, object]]:
    return [{"code": one.code, "confidence": one.confidence} for one in ranked]


def _lines(scores: Iterable[Score], as_json: bool) -> Iterable[str]:
    if not as_json:
        yield "  ".join(f"{column:<22}" if column == "task" else f"{column:>9}" for column in COLUMNS)
    for score in scores:
        row = score.as_row()
        yield json.dumps(row) if as_json else "  ".join(_cell(row.get(column), column) for column in COLUMNS)


def _cell(value: object, column: str) -> str:
    if column == "task":
        return f"{value:<22}"
    return f"{value:>9.3f}" if isinstance(value, float) else f"{value if value is not None else '-':>9}"
