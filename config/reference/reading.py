"""Reference files -> rows with the place where they stand, so that every refusal names file and line or entry."""

import csv
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from config.build import build_section
from config.settings import SettingsError

T = TypeVar("T")


class ReferenceInvalid(Exception):
    """A reference file that cannot be used: one line with file, line or entry, and what is wrong."""

    def __init__(self, source: str, place: str, problem: str) -> None:
        super().__init__(": ".join(part for part in (source, place, " ".join(problem.split())) if part))
        self.source = source
        self.place = place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Source:
    """One reference file: the operator's own, or the built-in example."""

    name: str
    """As it is named in refusals."""
    file: Traversable
    is_shipped: bool

    def text(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8-sig")  # spreadsheets put a byte order mark in front
        except (OSError, UnicodeDecodeError) as problem:
            raise ReferenceInvalid(self.name, "", f"cannot be read: {problem}") from problem

    def refuse(self, place: str, problem: str) -> ReferenceInvalid:
        return ReferenceInvalid(self.name, place, problem)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file, cells trimmed."""

    source: Source
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def items(self, column: str) -> tuple[str, ...]:
        """A cell that holds a list, separated by `|`."""
        return tuple(part.strip() for part in self.cells[column].split("|") if part.strip())

    def one_of(self, column: str, known: Sequence[str]) -> str:
        value = self.cells[column]
        if value not in known:
            raise self.refuse(f"{column}: unknown {value!r}; known: {', '.join(known)}")
        return value

    def refuse(self, problem: str) -> ReferenceInvalid:
        return self.source.refuse(f"line {self.line}", problem)


def source_of(path: str, shipped: str) -> Source:
    """The file at `path`, or the built-in `config/data/<shipped>` while `path` is empty."""
    if path:
        return Source(path, Path(path), is_shipped=False)
    return Source(shipped, files("config").joinpath("data", shipped), is_shipped=True)


def read_rows(source: Source, columns: Iterable[str], key: str = "") -> list[Row]:
    """The lines of a CSV file that has at least `columns`; no two with the same `key`."""
    reader = csv.reader(source.text().splitlines(keepends=True), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in columns if name not in header]:
            raise source.refuse("line 1", f"columns missing: {', '.join(missing)}")
        rows = [_row(source, reader.line_num, header, cells) for cells in reader if any(cells)]
    except csv.Error as problem:
        raise source.refuse(f"line {reader.line_num}", str(problem)) from problem
    if not rows:
        raise source.refuse("", "has no rows")
    seen: dict[str, int] = {}
    for row in rows if key else ():
        if not row[key]:
            raise row.refuse(f"{key} is empty")
        if row[key] in seen:
            raise row.refuse(f"{key} {row[key]!r} stands in line {seen[row[key]]} already")
        seen[row[key]] = row.line
    return rows


def _row(source: Source, line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(header):
        raise source.refuse(f"line {line}", f"has {len(cells)} cells, the header has {len(header)}")
    return Row(source, line, dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def read_document(source: Source) -> dict[str, Any]:
    """A TOML file of `schema = 1`, without that key."""
    try:
        document = tomllib.loads(source.text())
    except tomllib.TOMLDecodeError as problem:
        raise source.refuse("", f"is not valid TOML: {problem}") from problem
    if (schema := document.pop("schema", 1)) != 1:
        raise source.refuse("", f"has schema {schema}; this version reads schema 1")
    return document


def read_entries(source: Source, document: Mapping[str, Any], table: str, cls: type[T], key: str) -> dict[str, T]:
    """The entries `[[table]]` of `document` as `cls`, by their `key`; refusals name the entry's position and key."""
    entries = document.get(table)
    if not isinstance(entries, list) or not entries:
        raise source.refuse("", f"has no [[{table}]]")
    found: dict[str, T] = {}
    for position, entry in enumerate(entries, start=1):
        place = f"{table} {position}"
        if not isinstance(entry, dict):
            raise source.refuse(place, "must be a table")
        name = str(entry.get(key, ""))
        if not name:
            raise source.refuse(place, f"{key} is missing")
        place = f"{place} ({name})"
        if name in found:
            raise source.refuse(place, f"{key} {name!r} is used twice")
        found[name] = built(source, cls, entry, place)
    return found


def built(source: Source, cls: type[T], entry: Mapping[str, Any], place: str) -> T:
    """`entry` as `cls`; what the strict builder refuses is told with the file's name."""
    try:
        return build_section(cls, entry, place)
    except SettingsError as problem:
        raise ReferenceInvalid(source.name, problem.key, problem.problem) from problem


def known_only(
    source: Source, place: str, codes: Iterable[str], known: Iterable[str], other: Source, what: str
) -> tuple[str, ...]:
    """`codes` that are `known` in the file `other`; an unknown one is refused.

    Only where the built-in example refers to a file that the operator has replaced, unknown codes are dropped: the
    example cannot know what is in it.
    """
    known = set(known)
    unknown = [code for code in codes if code not in known]
    if unknown and (other.is_shipped or not source.is_shipped):
        raise source.refuse(place, f"unknown {what} {unknown[0]!r} (not in {other.name})")
    return tuple(code for code in codes if code in known)
