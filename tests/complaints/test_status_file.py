"""Files of statuses as people save them: every usual form is read, every bad row is named, nothing is guessed."""

from datetime import UTC, datetime

import pytest

from gateway.complaints.status_file import BadLine, read_file
from gateway.complaints.table_file import FileRefused

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PATTERN = "^[0-9]{7}$"
HEADER = "nomor_sp4n;status;tanggal_status;instansi;tindak_lanjut;tanggal_tindak_lanjut;nomor_tiket"


def read(text: str, encoding: str = "utf-8"):  # type: ignore[no-untyped-def]
    return read_file(text.encode(encoding), PATTERN, NOW)


# fmt: off
SHAPES = [
    # what it is                    text
    ("semicolon",                   "nomor_sp4n;status\n8123456;Selesai\n"),
    ("comma",                       "nomor_sp4n,status\r\n8123456,Selesai\r\n"),
    ("tab",                         "nomor_sp4n\tstatus\n8123456\tSelesai"),
    ("byte order mark",             "\ufeffnomor_sp4n;status\n8123456;Selesai\n"),
    ("other names, other order",    "Status Laporan;Tracking ID\nSelesai;8123456\n"),
    ("quotes and more columns",     'no;"nomor_sp4n";"status"\n1;"#8123 456";"Selesai"\n'),
    ("empty lines",                 "\n\nnomor_sp4n;status\n;\n8123456;Selesai\n;;\n"),
]
# fmt: on


@pytest.mark.parametrize("text", [text for _, text in SHAPES], ids=[name for name, _ in SHAPES])
def test_a_table_is_read_however_it_was_saved(text: str) -> None:
    file = read(text)
    assert [(line.remote_id, line.status) for line in file.lines] == [("8123456", "Selesai")]
    assert file.bad == []


def test_windows_letters_are_read_too() -> None:
    (line,) = read(f"{HEADER}\n8123456;Selesai;;;Sudah – beres;;\n", "cp1252").lines
    assert line.followup == "Sudah – beres"


# fmt: off
DATES = [
    # as written                 UTC
    ("18-11-2026",               datetime(2026, 11, 17, 17, 0, tzinfo=UTC)),
    ("18-11-2026 08:01",         datetime(2026, 11, 18, 1, 1, tzinfo=UTC)),
    ("18-11-2026 08:01:12",      datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("18/11/2026 08:01",         datetime(2026, 11, 18, 1, 1, tzinfo=UTC)),
    ("2026-11-18",               datetime(2026, 11, 17, 17, 0, tzinfo=UTC)),
    ("2026-11-18T08:01:12",      datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("2026-11-18T01:01:12Z",     datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("2026-11-18 01:01Z",        datetime(2026, 11, 18, 1, 1, tzinfo=UTC)),
    ("2026-11-18T08:01:12+07:00", datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("2026-11-18 09:01:12 +0800", datetime(2026, 11, 18, 1, 1, 12, tzinfo=UTC)),
    ("2026-11-18T01:01:12.250+00", datetime(2026, 11, 18, 1, 1, 12, 250_000, tzinfo=UTC)),
    ("46344",                    datetime(2026, 11, 17, 17, 0, tzinfo=UTC)),
    ("46344,5",                  datetime(2026, 11, 18, 5, 0, tzinfo=UTC)),
    ("",                         None),
]
BAD = [
    # row                                    why
    ("812345;Selesai",                       "number"),
    ("KBR-260000013;Selesai",                "number"),
    ("8123456;",                             "no_status"),
    ("8123456;Selesai;kemarin",              "date"),
    ("8123456;Selesai;31-02-2026",           "date"),
    ("8123456;Selesai;2026-11-18Z",          "date"),
    ("8123456;Selesai;01-01-0001",           "date"),
    ("8123456;Selesai;2026-11-18T01:01+31:00", "date"),
    ("8123456;Selesai;18-11-2027",           "date_ahead"),
    ("8123456;Selesai;;;x;11",               "date"),
]
REFUSED = [
    # file                                   why           about
    (b"",                                    "empty",      ""),
    (b"PK\x03\x04 an Excel file",            "not_csv",    ""),
    (b"nomor_sp4n;status\x00",               "not_csv",    ""),
    (b"nomor_sp4n;keterangan\n1;2",          "no_column",  "status"),
    (b"status\nSelesai",                     "no_column",  "nomor_sp4n"),
    (b"nomor_sp4n;status\n" + b"1;2\n" * 20_001, "too_many", "20000"),
    (b"x" * (10 * 1024 * 1024 + 1),          "too_large",  ""),
]
# fmt: on


@pytest.mark.parametrize(("written", "moment"), DATES)
def test_a_date_is_that_of_jakarta(written: str, moment: datetime | None) -> None:
    assert read(f"{HEADER}\n8123456;Selesai;{written}\n").lines[0].at == moment


@pytest.mark.parametrize(("row", "why"), BAD)
def test_a_bad_row_is_named_and_the_others_are_read(row: str, why: str) -> None:
    file = read(f"{HEADER}\n{row}\n8123457;Selesai\n")
    assert [(bad.line, bad.code) for bad in file.bad] == [(2, why)]
    assert [line.remote_id for line in file.lines] == ["8123457"]


def test_the_same_number_twice_is_refused_the_second_time() -> None:
    file = read(f"{HEADER}\n8123456;Proses\n8123456;Selesai\n")
    assert file.lines[0].status == "Proses"
    assert file.bad == [BadLine(3, "8123456", "twice")]


@pytest.mark.parametrize(("content", "why", "about"), REFUSED, ids=[why for _, why, _ in REFUSED])
def test_a_file_that_is_no_such_table_is_refused_with_what_to_do(content: bytes, why: str, about: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read_file(content, PATTERN, NOW)
    assert (refused.value.code, refused.value.about) == (why, about)


@pytest.mark.parametrize("cell", ["=1+1", "'=1+1", "@cmd", "'-2"])
def test_formulas_are_words_like_any_other(cell: str) -> None:
    (line,) = read(f"{HEADER}\n8123456;Selesai;;;{cell};;\n").lines
    assert line.followup == cell.removeprefix("'")
