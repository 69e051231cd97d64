"""Complaints as rows of a table that leaves the house: masked, without the confidential and the sensitive ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.texts import Texts
from gateway.complaints.complaint import Sensitive
from gateway.queries import complaint_detail, complaint_list
from gateway.queries.complaint_detail import Item
from gateway.queries.complaint_list import Filters, Sorting
from gateway.queries.scope import Scope
from gateway.storage.store import Transaction

PAGE = 500
MOST_ROWS = 20_000
"""More than that is a task of its own with somebody's approval (SECURITY § 9)."""
COLUMNS = (
    "nomor", "masuk", "kanal", "jenis", "topik", "wilayah", "kantor", "keadaan", "sejak", "batas", "ditutup",
    "anonim", "judul", "isi", "jawaban", "nilai", "lapor",
)  # fmt: skip


@dataclass(slots=True)
class Exported:
    """What an export holds; counted while its rows are read. `complete` is false when it stopped at MOST_ROWS."""

    rows: int = 0
    left_out: int = 0
    complete: bool = True
    cases: set[int] = field(default_factory=set)
    """One id for all reports of one incident."""


def rows(tx: Transaction, scope: Scope, filters: Filters, counted: Exported) -> Iterator[tuple[str, ...]]:
    """The cells of COLUMNS for every complaint that may leave, oldest first."""
    cursor: str | None = ""
    while cursor is not None:
        page = complaint_list.find(tx, scope, filters, Sorting.OLDEST, cursor, PAGE)
        for item in complaint_detail.items(tx, scope, page.rows):
            if _stays(item):
                counted.left_out += 1
                continue
            if counted.rows >= MOST_ROWS:
                counted.complete = False
                return
            counted.rows += 1
            counted.cases.add(item.row.parent_id or item.row.id)
            yield _cells(tx, item)
        cursor = page.following


def _stays(item: Item) -> bool:
    return not item.words or item.row.confidential or item.row.sensitive != Sensitive.NONE


def _cells(tx: Transaction, item: Item) -> tuple[str, ...]:
    row, texts = item.row, tx.office.texts
    values: Mapping[str, Any] = {
        "nomor": row.number,
        "masuk": _moment(tx, row.created_at),
        "kanal": row.channel,
        "jenis": _label(texts, "kind", row.kind),
        "topik": row.topic,
        "wilayah": row.place_name,
        "kantor": row.agency,
        "keadaan": _label(texts, "status", row.status),
        "sejak": _moment(tx, row.status_since),
        "batas": _moment(tx, row.due_at),
        "ditutup": _moment(tx, row.closed_at),
        "anonim": "ya" if row.anonymous else "tidak",
        "judul": item.shown.title,
        "isi": item.shown.text,
        "jawaban": row.public_answer,
        "nilai": "" if row.rating is None else row.rating,
        "lapor": row.sp4n_id,
    }
    return tuple(str(values[column]) for column in COLUMNS)


def _label(texts: Texts, what: str, code: str) -> str:
    return texts(f"label.{what}.{code}")


def _moment(tx: Transaction, moment: datetime | None) -> str:
    return f"{tx.office.calendar.local(moment):%Y-%m-%d %H:%M}" if moment else ""
