"""A table of statuses that people took out of a system of record: bytes -> rows, each refused one with its reason. Pure.

Source: docs/forwarders/sp4n.md § Import.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.complaints.forward import RemoteIdRefused, read_remote_id
from gateway.complaints.table_file import Rows, csv_rows, digest_of, has_formula, records

MOST_TEXT = 4_000
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
    return read_rows(csv_rows(content), digest_of(content), pattern, now)


def read_rows(rows: Rows, digest: str, pattern: str, now: datetime) -> StatusFile:
    """`read_file` for the rows of whatever file has this digest."""
    lines: list[StatusLine] = []
    bad: list[BadLine] = []
    seen: set[str] = set()
    for number, given in records(rows, COLUMNS, NEEDED):
        read = _line(number, given, pattern, now, seen)
        (lines if isinstance(read, StatusLine) else bad).append(read)  # type: ignore[arg-type]
    return StatusFile(lines, bad, digest)


def _line(number: int, given: Mapping[str, str], pattern: str, now: datetime, seen: set[str]) -> StatusLine | BadLine:
    shown = given["nomor_sp4n"][:40]
    remote_id = _remote_id(given["nomor_sp4n"], pattern)
    if has_formula(given) or not remote_id:
        return BadLine(number, shown, "formula" if has_formula(given) else "number")
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


def _remote_id(typed: str, pattern: str) -> str:
    """Empty for what is no number of theirs."""
    try:
        return read_remote_id(typed, pattern)
    except RemoteIdRefused:
        return ""


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
