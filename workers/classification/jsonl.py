"""JSON lines in: one object per line, a bad line named by its number and not the end of the run."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Row = dict[str, object]
NAMES = {str: "a string", bool: "true or false", float: "a number"}


@dataclass(frozen=True, slots=True)
class BadLine:
    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


def read_rows(lines: Iterable[bytes], types: Mapping[str, type] | None = None) -> Iterator[Row | BadLine]:
    """Every line that is not blank, in order: an object with a string `text`, or what is wrong with it.

    `types` of further keys: a key may be missing or null.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(line, number, types or {})


def _row(line: bytes, number: int, types: Mapping[str, type]) -> Row | BadLine:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as problem:
        return BadLine(number, f"not JSON: {problem.msg} at column {problem.colno}")
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8")
    except RecursionError:
        return BadLine(number, "nested too deeply")
    except ValueError:  # a number of thousands of digits
        return BadLine(number, "not JSON that can be read: a number is too long")
    wrong = _wrong(row, types)
    return BadLine(number, wrong) if wrong else row


def _wrong(row: object, types: Mapping[str, type]) -> str:
    if not isinstance(row, dict):
        return "an object is needed"
    if not isinstance(row.get("text"), str):
        return "key text is needed and must be a string"
    if strange := _unspeakable(row):
        return strange
    key = next((key for key, wanted in types.items() if not _is(row.get(key), wanted)), None)
    return f"key {key} must be {NAMES[types[key]]} or null" if key else ""


def _unspeakable(row: Row) -> str:
    """What JSON of Python reads, and nobody else could read back."""
    try:
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return "not Unicode: half of a surrogate pair"
    except ValueError:
        return "NaN and Infinity are no number of JSON"
    return ""


def _is(value: object, wanted: type) -> bool:
    if wanted is float and isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, wanted | None)
