"""Rows of `complaint`: read as the `Case` that casework decides on, and amended in everything but their status."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import bindparam, select

from gateway.complaints.complaint import Case, Hold, Kind, Sensitive, Status, Urgency
from gateway.storage import tables
from gateway.storage.store import Transaction

BY_ID = select(tables.complaint).where(tables.complaint.c.id == bindparam("identity"))
BY_NUMBER = select(tables.complaint).where(tables.complaint.c.number == bindparam("number"))


def by_id(tx: Transaction, identity: int) -> Case | None:
    row = tx.one(BY_ID, {"identity": identity})
    return case_of(row) if row else None


def by_number(tx: Transaction, number: str) -> Case | None:
    row = row_of(tx, number)
    return case_of(row) if row else None


def row_of(tx: Transaction, number: str) -> Any:
    """The whole row, by ticket number or by the number of the national system; None when there is none."""
    complaint = tables.complaint
    found = tx.one(BY_NUMBER, {"number": number})
    if found is not None or not number:
        return found
    # A look of its own: the index on national numbers leaves out the empty ones, and OR would read the whole table.
    return tx.one(select(complaint).where(complaint.c.sp4n_id == number, complaint.c.sp4n_id != "").limit(1))


def case_of(row: Any) -> Case:
    return Case(
        id=row.id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        kind=Kind(row.kind),
        agency=row.agency,
        channel=row.channel,
        contact_id=row.contact_id,
        created_at=row.created_at,
        status_since=row.status_since,
        return_status=Status(row.return_status) if row.return_status else None,
        hold=Hold(row.hold),
        anonymous=row.anonymous,
        confidential=row.confidential,
        sensitive=Sensitive(row.sensitive),
        urgency=Urgency(row.urgency),
        topic=row.topic,
        minor=row.minor,
        language=row.language,
        first_assigned_at=row.first_assigned_at,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        reopen_count=row.reopen_count,
        holder_id=row.holder_id,
        flags=frozenset(row.flags.split()),
        reported=row.reported,
        public_answer=row.public_answer,
        rating=row.rating,
        parent_id=row.parent_id,
    )


def shorten(tx: Transaction, kept: Mapping[int, Mapping[str, Any]]) -> None:
    """Keep so much of each `suggestion` and `text_hash`; no change that anybody is told of."""
    changes = [{"id": identity, **values} for identity, values in kept.items()]
    tx.update(tables.complaint, changes, ("id",), ("suggestion", "text_hash"))


def empty(tx: Transaction, ids: Collection[int], **values: Any) -> None:
    """Take away what need not be kept any more; no change that anybody is told of, and none of when it was changed."""
    complaint = tables.complaint
    if {"status", "version", "closed_at", "updated_at"} & set(values):
        raise ValueError("retention changes no state")
    tx.execute(complaint.update().where(complaint.c.id.in_(list(ids))).values(**values))


def amend(tx: Transaction, complaint_id: int, **values: Any) -> None:
    """Change what is no status: suggestion, place, national number, moment of the last message."""
    amend_all(tx, {complaint_id: values}, tuple(values))


def mark(tx: Transaction, complaint_id: int, flag: str, *, on: bool) -> None:
    """Put a flag on a complaint or take it off; one that is as wanted is left alone."""
    complaint = tables.complaint
    row = tx.one(select(complaint.c.flags).where(complaint.c.id == complaint_id))
    flags = set(row.flags.split()) if row else set()
    if row is not None and (flag in flags) is not on:
        amend(tx, complaint_id, flags=" ".join(sorted(flags | {flag} if on else flags - {flag})))


def amend_all(tx: Transaction, changes: Mapping[int, Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    """`amend` many in one statement, which sets the same columns of all."""
    if {"status", "version", "closed_at"} & set(columns):
        raise ValueError("a status changes by an action")
    # By the constant text of these columns: to build the statement anew each time costs more than to carry it out.
    rows = [{**values, "id": identity, "updated_at": tx.now} for identity, values in changes.items()]
    tx.update(tables.complaint, rows, ("id",), (*columns, "updated_at"))
