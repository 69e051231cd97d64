"""Rows that are history, made small: columns beside each other, times as distances, all of it deflated.

Deflate begins with a dictionary of what such rows say again and again. It is part of the format: a byte in front names
it, and another dictionary would get another byte. Only what nobody waits for is packed (10 to 50 µs each).
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Table

from gateway.storage.types import COUNTER_BITS, PROCESS_BITS, Digest, Instant, from_millis, to_millis

VERSION = b"\x01"
RAW = -15
"""No header and no checksum of zlib's own: what is packed is sealed, or stands in a row."""
MOMENT_BITS = PROCESS_BITS + COUNTER_BITS
REST = (1 << MOMENT_BITS) - 1
Columns = Mapping[str, Sequence[Any]]
# What citizens are told most, and a complaint's rows as they usually are. What comes last is found nearest.
WORDS = (
    b"Keberatan? Balas SMS ini dalam 90 hari. bukan kewenangan kami. Hubungi Alasan: diarsipkan: dibuka kembali dan dikirim"
    b" ke petugas serta atasannya. selesai. Terima kasih. Belum puas? dalam 30 hari. jawaban sudah kami kirim."
    b" Tanpa balasan, laporan ditutup otomatis. perlu waktu sampai Kabar dipindahkan ke karena lebih berwenang. Batas waktu"
    b" tidak diulang. diteruskan ke unit yang berwenang. Isi dan identitas Anda dijaga. sudah diperiksa dan diterima sebagai"
    b" laporan. Tunggu kabar berikutnya. perlu dilengkapi: Balas SMS ini sebelum : di mana kejadiannya? Balas dgn nama"
    b" desa/kelurahan atau jalan. Boleh dilewati. Tambahan Anda masuk ke Kirim BARU jika ini laporan lain."
    b" Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des Dinas Pekerjaan Umum dan Penataan Ruang Badan Kecamatan Kelurahan"
    b" mohon segera diperbaiki sudah lama belum ada kabar dari petugas warga jalan lampu sampah air di depan dekat"
    b"Laporan diterima. No kode . Diperiksa paling lambat 2026. Balas STATUS utk cek, ANONIM utk sembunyikan"
    b" identitas.\nData Anda dijaga. Balas PRIVASI utk penjelasan. Jangan kirim NIK/PIN. diteruskan ke . Jawaban pertama"
    b" paling lambat 2026. sedang dikerjakan Jawaban Sudah beres? Balas YA atau BELUM. ditutup otomatis karena tidak ada"
    b" balasan. Belum beres? Balas BUKA . Juga bisa ke Ombudsman 137. Nilai penanganan : balas NILAI 1 (buruk) s.d. NILAI 5"
    b" (baik). Boleh diabaikan."
)
# fmt: off
TYPICAL: Mapping[str, Columns] = {
    "clock_segment": {"id": [0], "id+": [0], "clock_id": [0], "clock_id+": [0], "kind": ["pause"], "from_at": [0], "to_at": [0]},
    "assignment": {"id": [0], "id+": [0], "agency": [""], "assigned_at": [0], "actor_role": ["coordinator", "system"]},
    "outbox": {
        "id": [0, 0, 0, 0, 0], "id+": [5, 2, 2, 2, 2], "channel": ["wa", "webchat", "email", "tg", "sms", "sms", "sms", "sms"],
        "contact_id": [0, 0, 0, 0, 0], "contact_id+": [-4, 0, 0, 0, 0],
        "key": ["rx.receipt", "st.assigned", "st.progress", "st.answer", "st.autoclosed", "ask.rate"],
        "sent_from": ["1708", "1708", "1708"], "direct": [True, False, False, False, False, False],
        "created_at": [0, 0, 0, 0, 0], "sent_at": [0, 0, 0, 0, 0],
        "state": ["delivered", "delivered", "sent", "sent", "sent", "sent"], "attempts": [1, 1, 1, 1, 1, 1],
    },
    "dispatch_log": {
        "id": [0, 0, 0, 0, 0, 0, 0, 0, 0], "id+": [2, 1, 1, 1, 1, 2, 2, 2, 2, 2],
        "event_id": [0, 0, 0, 0, 0, 0, 0, 0, 0], "event_id+": [5, 0, 0, 0, 0, 4, 2, 2, 0],
        "key": ["st.closed", "st.verified", "pic.new", "pic.new", "pic.new", "pic.new", "st.assigned", "st.progress", "st.answer",
                "st.autoclosed", "ask.rate"],
        "recipient_kind": ["staff", "staff", "reporter", "team", "deputy", "head", "coordinator", "reporter", "reporter",
                           "reporter", "reporter", "reporter"],
        "channel": ["", "", "", "", "", "tg", "tg", "tg", "sms", "sms", "sms", "sms", "sms"],
        "outbox_id": [None, None, None, None, None, 0, 0, 0, 0, 0], "outbox_id+": [None, None, None, None, None, 2, 2, 2, 2, 2],
        "skip": ["TOO_OLD", "SAME_PERSON", "NO_HOLDER", "SUPERSEDED", "NO_ROUTE", "NO_ROUTE", "NO_ROUTE", "NO_ROUTE", "", "", "", ""],
        "created_at": [0, 0, 0, 0, 0, 0, 0, 0, 0],
    },
    "clock": {
        "id": [0, 0, 0, 0], "id+": [2, 1, 4, 1],
        "name": ["completion", "second_answer", "auto_close", "verification", "assignment", "resolution", "acceptance", "follow_up"],
        "days": [3, 1, 14, 1, 5], "unit": ["calendar_days", "working_days", "working_days", "working_days", "working_days"],
        "event": ["laporan diterima", "verifikasi", "verifikasi", "disposisi", "disposisi"],
        "basis": ["PermenPANRB 62/2018", "ketetapan pemerintah daerah", "PermenPANRB 62/2018", "ketetapan pemerintah daerah",
                  "ketetapan pemerintah daerah"],
        "zone": ["Asia/Jayapura", "Asia/Makassar", "Asia/Jakarta", "Asia/Jakarta", "Asia/Jakarta", "Asia/Jakarta", "Asia/Jakarta"],
        "public": [True, False, True, False, True], "started_at": [0, 0, 0, 0], "due_at": [0],
        "provisional": [False, False, False, False, False], "stopped_at": [0, 0, 0, 0],
        "stopped_by": ["archive", "close_automatically", "verify", "assign", "answer", "start", "answer"], "reached": [0, 0, 0, 0, 0],
    },
}
# fmt: on
DICTIONARY = WORDS + msgspec.msgpack.encode(TYPICAL)


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW, 9, zlib.Z_DEFAULT_STRATEGY, DICTIONARY)
    return VERSION + packer.compress(content) + packer.flush()


def inflated(packed: bytes) -> bytes:
    """The inverse of `deflated`; ValueError for what was packed by a later version."""
    if packed[:1] != VERSION:
        raise ValueError(f"packed by a later version: {packed[:1]!r}")
    return zlib.decompressobj(RAW, DICTIONARY).decompress(packed[1:])


def packed(rows: Mapping[str, Columns]) -> bytes:
    """Columns of several tables, by `columns_of`."""
    return deflated(msgspec.msgpack.encode(rows))


def unpacked(content: bytes) -> dict[str, dict[str, list[Any]]]:
    return msgspec.msgpack.decode(inflated(content), type=dict[str, dict[str, list[Any]]])


def columns_of(table: Table, names: Iterable[str], rows: Sequence[Any], base: int) -> Columns:
    """The values of these rows by column; ids and moments as their distance from the id `base`. Columns without a value
    are left out."""
    found: dict[str, list[Any]] = {}
    for name in names:
        column, values = table.columns[name], [getattr(row, name) for row in rows]
        if any(value not in {None, ""} for value in values):
            found |= _written(column, values, base)
    return found


def _written(column: Column[Any], values: Sequence[Any], base: int) -> dict[str, list[Any]]:
    began = base >> MOMENT_BITS
    if isinstance(column.type, Instant):
        return {column.name: _steps([None if value is None else to_millis(value) for value in values], began)}
    if _is_id(column):  # when it was made repeats from column to column, the rest does not
        return {
            column.name: _steps([None if value is None else value >> MOMENT_BITS for value in values], began),
            f"{column.name}+": _steps([None if value is None else value & REST for value in values], base & REST),
        }
    return {column.name: list(values)}


def _steps(values: Iterable[int | None], last: int) -> list[int | None]:
    """Each as its distance from the one before; the first from `last`."""
    found: list[int | None] = []
    for value in values:
        found.append(None if value is None else value - last)
        last = last if value is None else value
    return found


def _sums(steps: Iterable[int | None], last: int) -> list[int | None]:
    found: list[int | None] = []
    for step in steps:
        last += step or 0
        found.append(None if step is None else last)
    return found


def rows_of(table: Table, names: Iterable[str], columns: Columns, base: int) -> list[SimpleNamespace]:
    """The inverse of `columns_of`: rows with these columns, None or empty where nothing was kept."""
    many = max((len(values) for values in columns.values()), default=0)
    whole = {name: _read(table.columns[name], columns, base, many) for name in names}
    return [SimpleNamespace(**{name: values[at] for name, values in whole.items()}) for at in range(many)]


def _read(column: Column[Any], columns: Columns, base: int, many: int) -> Sequence[Any]:
    values = columns.get(column.name)
    if values is None:
        return [None if column.nullable else ""] * many
    if isinstance(column.type, Instant):
        return [None if value is None else from_millis(value) for value in _sums(values, base >> MOMENT_BITS)]
    if _is_id(column):
        pairs = zip(_sums(values, base >> MOMENT_BITS), _sums(columns[f"{column.name}+"], base & REST), strict=True)
        return [None if high is None or low is None else (high << MOMENT_BITS) | low for high, low in pairs]
    return values


@cache
def _is_id(column: Column[Any]) -> bool:
    named = column.name == "id" or column.name.endswith("_id")
    return named and isinstance(column.type, BigInteger) and not isinstance(column.type, Instant | Digest)
