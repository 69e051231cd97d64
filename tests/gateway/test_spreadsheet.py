"""Excel files as people save them, and as somebody makes them who means harm."""

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from gateway.complaints.table_file import FileRefused
from gateway.forwarding import spreadsheet, status_import

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HEADER = ("nomor_sp4n", "status", "tanggal_status", "instansi", "tindak_lanjut")


def book(*lines: Sequence[Any], change: Callable[[Workbook], object] = lambda _: None) -> bytes:
    workbook = Workbook()
    for line in lines:
        workbook.active.append(list(line))
    change(workbook)
    kept = io.BytesIO()
    workbook.save(kept)
    return kept.getvalue()


def parts(content: bytes, **changed: bytes) -> bytes:
    """The same file with other parts; those in `changed` by the end of their names, without dots."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.infolist():
            own = [new for end, new in changed.items() if part.filename.removesuffix(".xml").endswith(end)]
            after.writestr(part.filename, own[0] if own else before.read(part))
    return kept.getvalue()


def lines_of(content: bytes) -> list[tuple[int, str, str, datetime | None]]:
    file = status_import.read(content, "^[0-9]{7}$", NOW)
    return [(line.line, line.remote_id, line.status, line.at) for line in file.lines]


def elsewhere(workbook: Workbook) -> None:
    """The table stands on the second sheet, and nobody is to see the first."""
    workbook.create_sheet("Data").append(list(HEADER))
    workbook["Data"].append([8123456, "Selesai"])
    workbook.active = 1
    workbook.worksheets[0].sheet_state = "hidden"


MORNING = datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)
# fmt: off
SHAPES = [
    # what it is               file                                                             line  at
    ("numbers and moments",    book(HEADER, (8123456, "Selesai", datetime(2026, 11, 18, 8, 1, 12))), 2, MORNING),  # noqa: DTZ001
    ("text",                   book(HEADER, ("#8123456", "Selesai", "18-11-2026 08:01:12")),       2, MORNING),
    ("days",                   book(HEADER, (8123456.0, "Selesai", date(2026, 11, 18))),           2, datetime(2026, 11, 17, 17, tzinfo=UTC)),
    ("a number of days",       book(HEADER, (8123456, "Selesai", 46344.5)),                        2, datetime(2026, 11, 18, 5, tzinfo=UTC)),
    ("empty rows, true lines", book((), (), HEADER, (), (8123456, "Selesai"), (), ("", " ")),      5, None),
    ("a hidden sheet first",   book(("rahasia",), change=elsewhere),                               2, None),
]
# fmt: on


@pytest.mark.parametrize(("content", "line", "at"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_a_sheet_is_read_as_it_looks(content: bytes, line: int, at: datetime | None) -> None:
    assert lines_of(content) == [(line, "8123456", "Selesai", at)]


def test_a_row_with_a_formula_is_refused_and_the_others_are_read() -> None:
    content = book(
        HEADER, (8123456, '=IF(1=1,"Selesai","")'), (8123457, "Selesai", None, None, "Beres", "=1+1"), ("=A1", "Proses")
    )
    file = status_import.read(content, "^[0-9]{7}$", NOW)
    assert [(bad.line, bad.code) for bad in file.bad] == [(2, "formula"), (4, "formula")]
    assert [line.remote_id for line in file.lines] == ["8123457"], "what stands beside our columns is not looked at"


def test_words_that_look_like_a_formula_are_words() -> None:
    def as_text(workbook: Workbook) -> None:
        workbook.active["E2"] = "=1+1"
        workbook.active["E2"].data_type = "s"

    (line,) = status_import.read(book(HEADER, (8123456, "Selesai"), change=as_text), "^[0-9]{7}$", NOW).lines
    assert line.followup == "=1+1"


BOMB = b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;&b;'>]><worksheet>&c;</worksheet>"
FAR = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="999999999999"><c t="str"><v>x</v></c></row></sheetData></worksheet>'
)
GOOD = book(HEADER, (8123456, "Selesai"))
# fmt: off
REFUSED = [
    # what it is                      file                                                    why
    ("no archive",                    b"PK\x03\x04 Excel",                                    "not_excel"),
    ("cut off",                       GOOD[:-200],                                            "not_excel"),
    ("another archive",               parts(GOOD, workbook=b"<html/>"),                       "not_excel"),
    ("a sheet that is none",          parts(GOOD, sheet1=b"<worksheet><sheetData><row><c"),   "not_excel"),
    ("XML that defines words",        parts(GOOD, sheet1=BOMB),                               "not_excel"),
    ("the same in two bytes",         parts(GOOD, sheet1=BOMB.decode().encode("utf-16")),     "not_excel"),
    ("65 MB of spaces in 64 kB",      parts(GOOD, sheet1=b" " * (65 * 1024 * 1024)),          "unpacks"),
    ("empty",                         book(),                                                 "empty"),
    ("no such column",                book(("nomor_sp4n", "keterangan"), (8123456, "x")),     "no_column"),
    ("a row of any number",           parts(GOOD, sheet1=FAR),                                "too_many"),
    ("far too far down",              book(HEADER, change=lambda one: one.active.cell(30_000, 1, 8123456)), "too_many"),
]
# fmt: on


@pytest.mark.parametrize(("content", "why"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_used_is_refused_with_what_to_do(content: bytes, why: str) -> None:
    with pytest.raises(FileRefused) as refused:
        lines_of(content)
    assert refused.value.code == why


def test_more_than_ten_megabytes_are_not_even_opened() -> None:
    with pytest.raises(FileRefused) as refused:
        list(spreadsheet.rows(spreadsheet.SIGNATURE + b"x" * 10 * 1024 * 1024))
    assert refused.value.code == "too_large"
