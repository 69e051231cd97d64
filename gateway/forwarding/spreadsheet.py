"""An Excel file (XLSX) that people saved: bytes -> the numbered rows of its first visible sheet, as text.

A file of strangers: it is weighed before it is unpacked, its XML may define nothing of its own, and nothing in it is worked
out. Cells with formulas come as `Formula`. Source: docs/forwarders/sp4n.md § Import.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.complaints.table_file import MOST_BYTES, MOST_ROWS, FileRefused, Formula, Rows, csv_rows

SIGNATURE = b"PK\x03\x04"
MOST_UNPACKED = 64 * 1024 * 1024
"""Bytes that all parts may have together; a part never gives more than its entry says."""
MOST_PARTS = 1_000
MOST_COLUMNS = 50
MOMENT = "%Y-%m-%d %H:%M:%S"
# XML that defines words of its own can grow without end. No spreadsheet needs it.
DEFINITIONS = (b"<!DOCTYPE", b"<!ENTITY")


def is_one(content: bytes) -> bool:
    return content.startswith(SIGNATURE)


def rows(content: bytes) -> Rows:
    """Every row that says anything, in its first fifty columns. FileRefused: too_large, unpacks, not_excel."""
    if len(content) > MOST_BYTES:
        raise FileRefused("too_large")
    try:
        _weigh(content)
        yield from _rows(content)
    except FileRefused:
        raise
    except Exception as problem:
        raise FileRefused("not_excel") from problem


def table_rows(content: bytes) -> Rows:
    """Every row of an Excel or a CSV file. FileRefused."""
    return rows(content) if is_one(content) else csv_rows(content)


def _weigh(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        every = parts.infolist()
        if len(every) > MOST_PARTS or sum(part.file_size for part in every) > MOST_UNPACKED:
            raise FileRefused("unpacks")
        for part in every:
            if part.filename.endswith((".xml", ".rels")) and not _is_plain(parts.read(part)):
                raise FileRefused("not_excel")


def _is_plain(xml: bytes) -> bool:
    """One byte a letter, so that what it defines can be seen; and it defines nothing."""
    return b"\x00" not in xml and not any(word in xml for word in DEFINITIONS)


def _rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    import openpyxl  # noqa: PLC0415 - a third of a second, for a screen that is rarely used

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    try:
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise FileRefused("not_excel")
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
            if number > 2 * MOST_ROWS:  # a row may claim any number, and every empty one before it is counted out
                raise FileRefused("too_many", f"{MOST_ROWS}")
            found = [_text(cell) for cell in cells]
            if any(found):
                yield number, found
    finally:
        book.close()


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Formula("=")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return f"{value:{MOMENT}}" if isinstance(value, datetime) else str(value)
