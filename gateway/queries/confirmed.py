"""Cases that a classifier may learn from: the text as it is shown to officers, and what a person decided (ADR 0020)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select

from gateway.complaints.complaint import CONFLICT, ArchiveReason, Hold, Kind, Sensitive
from gateway.storage import tables
from gateway.storage.store import Transaction

complaint, ruling = tables.complaint, tables.ruling
WITHDRAWN = tuple(
    reason.value
    for reason in (ArchiveReason.DIBATALKAN_PELAPOR, ArchiveReason.PERMINTAAN_HAPUS_DATA, ArchiveReason.UJI_COBA)
)
MOST = 20_000
"""The newest ones: what an office did years ago is not how it works now."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`group`: who wrote it; the same person's texts are never split between what is learned and what is held out."""

    complaint_id: int
    text: str = field(repr=False)
    label: str
    group: str
    at: datetime


def open_to_all() -> ColumnElement[bool]:
    """Complaints that may be counted where others than their own readers see the count: nothing confidential or sensitive."""
    return and_(
        complaint.c.confidential.is_(False),
        complaint.c.sensitive == Sensitive.NONE.value,
        about_nobody_here(),
    )


def about_nobody_here() -> ColumnElement[bool]:
    """Complaints that say nothing of the government's own people."""
    return and_(
        complaint.c.kind != Kind.PENGADUAN_PENGAWASAN.value,
        complaint.c.flags.not_like(f"%{CONFLICT}%"),
    )


def learnable() -> ColumnElement[bool]:
    """Complaints whose words may teach: nothing secret, nothing taken back, nothing whose words are gone."""
    return and_(
        open_to_all(),
        complaint.c.anonymised_at.is_(None),
        complaint.c.text_masked != "",
        complaint.c.anonymous.is_(False),
        complaint.c.hold == Hold.NONE.value,
        complaint.c.training.is_(False),
        complaint.c.parent_id.is_(None),
        complaint.c.archive_reason.not_in(WITHDRAWN),
    )


def newest() -> ColumnElement[bool]:
    """Of several rulings on the same thing the last one holds."""
    later = ruling.alias("later")
    return ~exists().where(
        later.c.complaint_id == ruling.c.complaint_id,
        later.c.what == ruling.c.what,
        later.c.event_id > ruling.c.event_id,
    )


def confirmed(tx: Transaction, task: str, after: datetime | None = None) -> list[Confirmed]:
    """What people decided about `task` (topic, agency, kind), the oldest first.

    `after`: only what was decided since, to measure by: without what had gone on by itself, where a person rules only on
    what was wrong.
    """
    wanted = [ruling.c.what == task, newest(), learnable()]
    if after is not None:
        wanted += [ruling.c.at > after, ruling.c.acted.is_(False)]
    found: Sequence[Any] = tx.all(
        select(
            complaint.c.id,
            complaint.c.text_masked,
            complaint.c.location_text,
            complaint.c.contact_id,
            ruling.c.decided,
            ruling.c.at,
        )
        .join(ruling, ruling.c.complaint_id == complaint.c.id)
        .where(*wanted)
        .order_by(ruling.c.at.desc(), complaint.c.id.desc())
        .limit(MOST)
    )
    return [
        Confirmed(
            row.id,
            f"{row.text_masked}\n{row.location_text}".strip(),
            row.decided,
            f"p{row.contact_id}" if row.contact_id is not None else f"c{row.id}",
            row.at,
        )
        for row in reversed(found)
    ]
