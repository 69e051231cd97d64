"""A table of statuses that people took out of a system of record: bytes -> rows, each refused one with its reason. Pure.

Source: docs/forwarders/sp4n.md § Import.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.complaints.forward import RemoteIdRefused, read_remote_id

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
MOST_TEXT = 4_000
DELIMITERS = ";,\t"
# A sheet of one of our exports keeps cells that look like formulas behind an apostrophe.
HARMLESS = re.compile(r"^'(?=[=+\-@\t\r])")
NOT_A_TABLE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")
ZONE = ZoneInfo("Asia/Jakarta")
"""Times without a zone are those of the system of record."""
SERIAL_FROM = datetime(1899, 12, 30)  # noqa: DTZ001 - the zone is put on the sum
SERIALS = range(20_000, 80_000)
"""Days since then in which spreadsheets count: 1954 to 2119."""
WITH_ZONE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)? ?(Z|[+-]\d\d(:?\d\d)?)", re.ASCII)
FORMS = (
    "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
)  # fmt: skip
# Column -> further names by which it is known; compared in small letters and digits alone.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "nomor_sp4n": ("nomorlapor", "nomorlaporan", "trackingid", "idlaporan", "nolaporan"),
    "status": ("statuslaporan", "statuslapor", "keadaan"),
    "tanggal_status": ("tanggal", "tglstatus", "waktustatus"),
    "instansi": ("terdisposisike", "instansiterdisposisi", "disposisi"),
    "tindak_lanjut": ("jawaban", "tanggapan", "isitindaklanjut"),
    "tanggal_tindak_lanjut": ("tgltindaklanjut", "tanggaltanggapan"),
    "nomor_tiket": ("tiket", "nomoraduan", "noaduan"),
}
NEEDED = ("nomor_sp4n", "status")


class FileRefused(ValueError):
    """Nothing of the file can be used. `code` is the end of a text key, `about` a column or a number."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.about = about


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One usable row. `line` counts as spreadsheets do, the header being 1; `key` is the same for the same words."""

    line: int
    remote_id: str
    status: str
    at: datetime | None = None
    institution: str = ""
    followup: str = ""
    followup_at: datetime | None = None
    ticket: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class BadLine:
    """One row that says nothing usable; `code` is the end of a text key."""

    line: int
    shown: str
    code: str


@dataclass(frozen=True, slots=True)
class StatusFile:
    lines: Sequence[StatusLine]
    bad: Sequence[BadLine]
    digest: str
    """The first eight hex digits of the file's SHA-256."""


def read_file(content: bytes, pattern: str, now: datetime) -> StatusFile:
    """The rows of a CSV file. `pattern`: of numbers over there; dates after `now` are refused. FileRefused."""
    if len(content) > MOST_BYTES:
        raise FileRefused("too_large")
    rows = _rows(_text(content))
    try:
        columns = _columns(next(rows))
    except StopIteration:
        raise FileRefused("empty") from None
    lines: list[StatusLine] = []
    bad: list[BadLine] = []
    seen: set[str] = set()
    for number, cells in enumerate(rows, 2):
        if number > MOST_ROWS + 1:
            raise FileRefused("too_many", f"{MOST_ROWS}")
        given = {name: _cell(cells, at) for name, at in columns.items()}
        if any(given.values()):
            read = _line(number, given, pattern, now, seen)
            (lines if isinstance(read, StatusLine) else bad).append(read)  # type: ignore[arg-type]
    return StatusFile(lines, bad, hashlib.sha256(content).hexdigest()[:8])


def _text(content: bytes) -> str:
    if content.startswith(NOT_A_TABLE) or b"\x00" in content:
        raise FileRefused("not_csv")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("not_csv")


def _rows(text: str) -> Iterator[list[str]]:
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    try:
        yield from csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
    except csv.Error:
        raise FileRefused("not_csv") from None


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Column -> its place. FileRefused: a needed one is missing."""
    places = {_folded(cell): at for at, cell in reversed(list(enumerate(header)))}
    found: dict[str, int] = {}
    for name, others in COLUMNS.items():
        known = [places[word] for word in (_folded(name), *others) if word in places]
        if known:
            found[name] = known[0]
    for name in NEEDED:
        if name not in found:
            raise FileRefused("no_column", name)
    return found


def _folded(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())


def _cell(cells: Sequence[str], at: int) -> str:
    return HARMLESS.sub("", cells[at].strip()) if at < len(cells) else ""


def _line(number: int, given: Mapping[str, str], pattern: str, now: datetime, seen: set[str]) -> StatusLine | BadLine:
    shown = given["nomor_sp4n"][:40]
    try:
        remote_id = read_remote_id(given["nomor_sp4n"], pattern)
    except RemoteIdRefused:
        return BadLine(number, shown, "number")
    if not given["status"]:
        return BadLine(number, shown, "no_status")
    if remote_id in seen:
        return BadLine(number, shown, "twice")
    try:
        at, followup_at = _moment(given.get("tanggal_status", "")), _moment(given.get("tanggal_tindak_lanjut", ""))
    except (ValueError, OverflowError):
        return BadLine(number, shown, "date")
    if max(at or now, followup_at or now) > now + timedelta(days=1):
        return BadLine(number, shown, "date_ahead")
    seen.add(remote_id)
    return StatusLine(
        line=number,
        remote_id=remote_id,
        status=" ".join(given["status"].split()),
        at=at,
        institution=given.get("instansi", ""),
        followup=given.get("tindak_lanjut", "")[:MOST_TEXT],
        followup_at=followup_at,
        ticket=given.get("nomor_tiket", ""),
        key=hashlib.sha256("\x1f".join(given[name] for name in sorted(given)).encode()).hexdigest(),
    )


def _moment(text: str) -> datetime | None:
    """As people, spreadsheets and programs write it, UTC. ValueError for anything else."""
    text = text.strip()
    if not text:
        return None
    if WITH_ZONE.fullmatch(text):
        return datetime.fromisoformat(text.replace(" ", "T", 1).replace(" ", "")).astimezone(UTC)
    text = text.replace("T", " ")
    if re.fullmatch(r"\d{5}([.,]\d+)?", text):
        days = float(text.replace(",", "."))
        if int(days) in SERIALS:
            return _zoned(SERIAL_FROM + timedelta(days=days))
    for form in FORMS:
        try:
            return _zoned(datetime.strptime(text, form))  # noqa: DTZ007 - the zone is put on it
        except ValueError:
            continue
    raise ValueError(f"no date: {len(text)} characters")


def _zoned(naive: datetime) -> datetime:
    return naive.replace(tzinfo=ZONE).astimezone(UTC)
