"""One of twenty closed complaints is looked at once more by a person: which ones, nobody chooses (CASEWORK 13).

Decided by the id alone, so that it cannot be steered and comes out the same however often it is counted.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import literal, select, tuple_

from gateway.complaints.complaint import Status
from gateway.operations import vitals
from gateway.record import tasks
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, to_millis

KIND = "second_look"
ONE_OF = 20
PIECE = 500
SINCE = timedelta(days=7)
"""Of what was closed longer ago nobody remembers enough."""
SETTLED = timedelta(minutes=1)
"""What is younger may still be overtaken by a commit that began before it."""
PLACE = "second_looks_up_to"


def is_chosen(complaint_id: int) -> bool:
    return int.from_bytes(hashlib.sha256(str(complaint_id).encode()).digest()[:4]) % ONE_OF == 0


def propose(tx: Transaction) -> int:
    """A task for each chosen one among those that changed since the last look; how many."""
    complaint, figure = tables.complaint.c, tables.figure
    kept = {
        row.name: row.value for row in tx.all(select(figure).where(figure.c.name.in_([_place("at"), _place("id")])))
    }
    since = max(from_millis(kept.get(_place("at"), 0)), tx.now - SINCE)
    there = tuple_(literal(since, complaint.updated_at.type), literal(kept.get(_place("id"), 0), complaint.id.type))
    rows = tx.all(
        select(complaint.id, complaint.number, complaint.status, complaint.closed_at, complaint.updated_at)
        .where(tuple_(complaint.updated_at, complaint.id) > there, complaint.updated_at < tx.now - SETTLED)
        .order_by(complaint.updated_at, complaint.id)
        .limit(PIECE)
    )
    many = 0
    for row in rows:
        if (
            row.closed_at is not None
            and row.status == Status.RESOLVED
            and is_chosen(row.id)
            and _is_new(tx, row.number)
        ):
            many += tasks.add(tx, KIND, row.number, row.number, row.id)
    if rows:
        vitals.keep(tx, _place("at"), to_millis(rows[-1].updated_at))
        vitals.keep(tx, _place("id"), rows[-1].id)
    return many


def _is_new(tx: Transaction, number: str) -> bool:
    """Once in its life: a rating that comes later is no second closing."""
    task = tables.task.c
    return tx.one(select(task.id).where(task.kind == KIND, task.subject == number).limit(1)) is None


def _place(part: str) -> str:
    return vitals.sample(PLACE, part=part)
