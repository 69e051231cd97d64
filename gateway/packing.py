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
# What comes last is found nearest: the commonest stands at the end.
WORDS = (
    b"https://t.me/ Terima kasih atas laporan Anda. Silakan balas dengan angka 1 sampai 5. Nilai penanganan laporan"
    b" Laporan Anda digabung dengan laporan yang sama. Laporan tidak dapat kami tindak lanjuti karena"
    b" bukan kewenangan pemerintah daerah. Mohon lengkapi laporan Anda: di mana kejadiannya? kapan?"
    b" Laporan nomor sudah diverifikasi dan diteruskan ke Dinas Kecamatan Kelurahan Badan. Laporan sedang ditangani oleh"
    b" Laporan dijawab: Balas BELUM bila belum selesai. Laporan ditutup otomatis karena tidak ada tanggapan dari Anda."
    b" Laporan diterima. No kode Diperiksa paling lambat 2026. Balas STATUS utk cek, ANONIM utk sembunyikan identitas."
    b" Data Anda dijaga. Balas PRIVASI utk penjelasan. Jangan kirim NIK/PIN. Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov"
    b" mohon segera diperbaiki sudah lama belum ada kabar dari petugas warga jalan lampu sampah air di depan dekat"
    b"NO_HOLDER TOO_OLD SAME_PERSON OPTED_OUT SECRET_GUARD UNDONE DUP_EVENT SUPERSEDED NO_ROUTE failed delivered sent"
    b" staff deputy head coordinator team reporter rx.receipt pic.new st.verified st.assigned st.progress st.answer"
    b" st.closed st.autoclosed ask.rate ask.place webchat email wa ussd sms tg calendar_days hours working_days"
    b" laporan diterima verifikasi disposisi jawaban PermenPANRB 62/2018 PP 76/2013 Asia/Jayapura Asia/Makassar"
    b" Asia/Jakarta close_automatically archive start answer assign verify completion auto_close second_answer"
    b" acceptance follow_up resolution verification"
)
Columns = Mapping[str, Sequence[Any]]


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW, 9, zlib.Z_DEFAULT_STRATEGY, WORDS)
    return VERSION + packer.compress(content) + packer.flush()


def inflated(packed: bytes) -> bytes:
    """The inverse of `deflated`; ValueError for what was packed by a later version."""
    if packed[:1] != VERSION:
        raise ValueError(f"packed by a later version: {packed[:1]!r}")
    return zlib.decompressobj(RAW, WORDS).decompress(packed[1:])


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
        return {column.name: [None if value is None else to_millis(value) - began for value in values]}
    if _is_id(column):  # when it was made repeats from column to column, the rest does not
        return {
            column.name: [None if value is None else (value >> MOMENT_BITS) - began for value in values],
            f"{column.name}+": [0 if value is None else value & REST for value in values],
        }
    return {column.name: list(values)}


def rows_of(table: Table, names: Iterable[str], columns: Columns, base: int) -> list[SimpleNamespace]:
    """The inverse of `columns_of`: rows with these columns, None or empty where nothing was kept."""
    many = max((len(values) for values in columns.values()), default=0)
    began = base >> MOMENT_BITS
    whole = {name: _read(table.columns[name], columns, began, many) for name in names}
    return [SimpleNamespace(**{name: values[at] for name, values in whole.items()}) for at in range(many)]


def _read(column: Column[Any], columns: Columns, began: int, many: int) -> Sequence[Any]:
    values = columns.get(column.name)
    if values is None:
        return [None if column.nullable else ""] * many
    if isinstance(column.type, Instant):
        return [None if value is None else from_millis(value + began) for value in values]
    if _is_id(column):
        rest = columns[f"{column.name}+"]
        pairs = zip(values, rest, strict=True)
        return [None if high is None else ((high + began) << MOMENT_BITS) | low for high, low in pairs]
    return values


@cache
def _is_id(column: Column[Any]) -> bool:
    named = column.name == "id" or column.name.endswith("_id")
    return named and isinstance(column.type, BigInteger) and not isinstance(column.type, Instant | Digest)
