"""One table -> a file that a spreadsheet opens and cannot be harmed by (SECURITY C19, § 9)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
DELIMITER = ";"
"""What Indonesian spreadsheets expect beside a decimal comma."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file piece by piece, so that a large one never stands in memory. UTF-8 with BOM is up to the writer."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=DELIMITER, lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow(header)
    yield _taken(buffer)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        yield _taken(buffer)


def harmless(cell: object) -> str:
    """A cell as text; what a spreadsheet would take for a formula begins with an apostrophe instead."""
    text = "" if cell is None else str(cell).replace("\x00", "")
    return f"'{text}" if text.startswith(FORMULA) else text


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
