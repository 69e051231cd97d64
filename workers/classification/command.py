"""`gateway classify` and `gateway classifier`: the classifier on texts from a file, without database or queue."""

import json
from collections.abc import Sequence
from typing import BinaryIO

import click

from config.load import load
from config.reference import reference_for
from gateway.complaints.classification import Ranked, Suggestion
from gateway.complaints.complaint import Hold
from workers.classification import learning_command
from workers.classification.engine import KeywordClassifier, is_sensitive
from workers.classification.jsonl import BadLine, Row, read_rows
from workers.classification.measuring import bench_file, evaluate_file

FAILED = 1


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
    suggest = KeywordClassifier(reference_for(load())).suggest
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
    """Measure the classifier, and teach it what people decided."""


for _command in learning_command.COMMANDS:
    classifier.add_command(_command)


classifier.add_command(evaluate_file)
classifier.add_command(bench_file)


def _answer(row: Row, suggestion: Suggestion) -> dict[str, object]:
    return {
        "id": row.get("id"),
        "language": suggestion.language,
        "language_confidence": suggestion.language_confidence,
        "kind": suggestion.kind,
        "topic": suggestion.topic or None,
        "topics": _ranked(suggestion.topics),
        "agency": suggestion.agency or None,
        "agencies": _ranked(suggestion.agencies),
        "place": suggestion.place or None,
        "place_code": suggestion.place_code or None,
        "point": suggestion.point,
        "sensitive": is_sensitive(suggestion),
        "emergency": suggestion.emergency,
        "out_of_authority": suggestion.out_of_authority,
        "hold": None if suggestion.hold is Hold.NONE else suggestion.hold,
        "confidence": suggestion.confidence,
        "reasons": list(suggestion.reasons),
    }


def _ranked(ranked: Sequence[Ranked]) -> list[dict[str, object]]:
    return [{"code": one.code, "confidence": one.confidence} for one in ranked]
