"""JSON lines in: one object per line, a bad line named by its number and not the end of the run."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class BadLine:
    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


def read_rows(lines: Iterable[bytes]) -> Iterator[Row | BadLine]:
    """Every line that is not blank, in order: an object with a string `text`, or what is wrong with it."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(line, number)


def _row(line: bytes, number: int) -> Row | BadLine:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as problem:
        return BadLine(number, f"not JSON: {problem.msg} at column {problem.colno}")
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8")
    except RecursionError:
        return BadLine(number, "nested too deeply")
    if not isinstance(row, dict):
        return BadLine(number, "an object is needed")
    if not isinstance(row.get("text"), str):
        return BadLine(number, "key text is needed and must be a string")
    return row
