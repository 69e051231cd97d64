"""Evidence that can be believed: a photograph of an agency that looks like an earlier one of another complaint is shown.

Nothing is decided by it. The child that cleans a picture says what it looks like (workers/cleaning/prints.py); here the
prints are kept and compared. Two prints that differ in at most three of 64 bits share one of four bands of sixteen, so
that they are found by an index (CASEWORK 13).
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_AGENCY, OF_REPORTER
from gateway.storage import tables
from gateway.storage.store import Transaction

BITS, BANDS = 64, 4
BAND_BITS = BITS // BANDS
ALIKE = 3
ROW_BITS = 8
MOST = 500
"""Candidates of a band that are looked at, the newest first."""


def keep(tx: Transaction, file: Any, prints: Sequence[str]) -> None:
    """Remember what a picture looks like; one of an agency is compared with all earlier ones first."""
    if file.origin != OF_REPORTER:
        _compare(tx, file, [int(one, 16) for one in prints])
    new = [
        {
            "attachment_id": file.id,
            "part": part,
            "complaint_id": file.complaint_id,
            "print": one,
            **{f"band_{band}": value for band, value in enumerate(_bands(int(one, 16)))},
        }
        for part, one in enumerate(prints)
    ]
    tx.insert_new(tables.photo_print, new, "attachment_id")


def _compare(tx: Transaction, file: Any, prints: Sequence[int]) -> None:
    wanted = list(dict.fromkeys([*prints, *(mirrored(one) for one in prints)]))
    family = _family(tx, file.complaint_id)
    found: dict[int, int] = {}
    for row in _candidates(tx, wanted):
        bits = min((int(row.print, 16) ^ one).bit_count() for one in wanted)
        if bits <= ALIKE and row.complaint_id not in family:
            found[row.complaint_id] = min(bits, found.get(row.complaint_id, BITS))
    if found:
        other = min(found, key=lambda one: (found[one], one))
        row = {"attachment_id": file.id, "complaint_id": file.complaint_id, "other_id": other, "bits": found[other]}
        tx.insert_new(tables.photo_match, [{**row, "found_at": tx.now}], "attachment_id")


def _candidates(tx: Transaction, wanted: Iterable[int]) -> list[Any]:
    table = tables.photo_print
    rows: list[Any] = []
    for band in range(BANDS):
        values = {_bands(one)[band] for one in wanted}
        mine = select(table.c.complaint_id, table.c.print).where(table.c[f"band_{band}"].in_(values))
        rows += tx.all(mine.order_by(table.c.attachment_id.desc()).limit(MOST))
    return rows


def _family(tx: Transaction, complaint_id: int) -> set[int]:
    """The complaint itself and those about the same incident: there the same place is no wonder."""
    complaint = tables.complaint.c
    own = tx.one(select(complaint.parent_id).where(complaint.id == complaint_id))
    parent = own.parent_id if own is not None and own.parent_id is not None else complaint_id
    children = tx.all(select(complaint.id).where(complaint.parent_id == parent, complaint.parent_id.is_not(None)))
    return {complaint_id, parent, *(row.id for row in children)}


def _bands(value: int) -> tuple[int, ...]:
    return tuple(value >> BAND_BITS * band & (1 << BAND_BITS) - 1 for band in range(BANDS))


def mirrored(value: int) -> int:
    """The print of the same picture turned about: each row backwards, and what was brighter is darker."""
    turned = 0
    for row in range(BITS // ROW_BITS):
        line = value >> ROW_BITS * row & 0xFF
        backwards = int(f"{line:08b}"[::-1], 2)
        turned |= (backwards ^ 0xFF) << ROW_BITS * row
    return turned


def alike(tx: Transaction, complaint_id: int, origin: str = OF_AGENCY) -> Sequence[Any]:
    """The complaints whose earlier pictures the agency's evidence of this one looks like, whoever may see them.

    `origin`: of the pictures; that of a draft tells its officer before it is evidence.
    """
    match, attachment, complaint = tables.photo_match, tables.attachment, tables.complaint
    others = (
        select(match.c.other_id)
        .join_from(match, attachment, attachment.c.id == match.c.attachment_id)
        .where(match.c.complaint_id == complaint_id, attachment.c.origin == origin)
    )
    return tx.all(select(complaint).where(complaint.c.id.in_(others)).order_by(complaint.c.number))


def forget(tx: Transaction, attachment_ids: Sequence[int]) -> None:
    """The pictures are gone, and so is what they looked like."""
    for table in (tables.photo_print, tables.photo_match):
        tx.execute(table.delete().where(table.c.attachment_id.in_(list(attachment_ids))))
