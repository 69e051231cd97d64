"""A table that people saved as a file: CSV bytes -> numbered rows of cells, and where its columns stand. Pure.

The rows of an Excel file come from gateway/forwarding/spreadsheet.py. Source: docs/forwarders/sp4n.md § Import.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
DELIMITERS = ";,\t"
# A sheet of one of our exports keeps cells that look like formulas behind an apostrophe.
HARMLESS = re.compile(r"^'(?=[=+\-@\t\r])")
NOT_A_TABLE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
Rows = Iterator[tuple[int, Sequence[str]]]
"""Number of a row as spreadsheets count, and its cells. The first one is that of the names of columns."""


class FileRefused(ValueError):
    """Nothing of the file can be used. `code` is the end of a text key, `about` a column or a number."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about


class Formula(str):
    """A cell that is worked out when the file is opened: what it said on somebody's screen is not what is in it."""

    __slots__ = ()


def csv_rows(content: bytes) -> Rows:
    """Every row of a CSV file. FileRefused."""
    if len(content) > MOST_BYTES:
        raise FileRefused("too_large")
    text = _text(content).lstrip("\r\n")
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    except csv.Error:
        raise FileRefused("not_csv") from None


def _text(content: bytes) -> str:
    if content.startswith(NOT_A_TABLE) or b"\x00" in content:
        raise FileRefused("not_csv")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("not_csv")


def records(
    rows: Rows, names: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of a row -> its cells by column, for rows that say anything. FileRefused: empty, no_column, too_many.

    `names`: column -> further names by which it is known; compared in small letters and digits alone.
    """
    first = next(rows, None)
    if first is None:
        raise FileRefused("empty")
    places = _places(first[1], names, needed)
    for number, cells in rows:
        if number - first[0] > MOST_ROWS:
            raise FileRefused("too_many", f"{MOST_ROWS}")
        given = {name: _cell(cells, at) for name, at in places.items()}
        if any(given.values()):
            yield number, given


def _places(header: Sequence[str], names: Mapping[str, Sequence[str]], needed: Sequence[str]) -> dict[str, int]:
    """Column -> its place."""
    places = {_folded(cell): at for at, cell in reversed(list(enumerate(header)))}
    found: dict[str, int] = {}
    for name, others in names.items():
        known = [places[word] for word in (_folded(name), *others) if word in places]
        if known:
            found[name] = known[0]
    for name in needed:
        if name not in found:
            raise FileRefused("no_column", name)
    return found


def _folded(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())


def _cell(cells: Sequence[str], at: int) -> str:
    if at >= len(cells):
        return ""
    return cells[at] if isinstance(cells[at], Formula) else HARMLESS.sub("", cells[at].strip())


def has_formula(given: Mapping[str, str]) -> bool:
    return any(isinstance(cell, Formula) for cell in given.values())


def digest_of(content: bytes) -> str:
    """The first eight hex digits of the file's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:8]
