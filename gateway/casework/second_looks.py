"""One of twenty closed complaints is looked at once more by a person: which ones, nobody chooses (CASEWORK 13).

Decided by the id alone, so that it cannot be steered and comes out the same however often it is counted.
"""

import hashlib
from datetime import timedelta

from sqlalchemy import select

from gateway.complaints.complaint import Status
from gateway.record import tasks
from gateway.record.walk import Walk
from gateway.storage import tables
from gateway.storage.store import Transaction

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
    complaint = tables.complaint.c
    walk = Walk(f"{PLACE}|part=at", f"{PLACE}|part=id", tx.now - SINCE)
    rows = walk.piece(tx, tx.now - SETTLED, PIECE, complaint.number, complaint.status, complaint.closed_at)
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
        walk.ended(tx, rows[-1])
    return many


def _is_new(tx: Transaction, number: str) -> bool:
    """Once in its life: a rating that comes later is no second closing."""
    task = tables.task.c
    return tx.one(select(task.id).where(task.kind == KIND, task.subject == number).limit(1)) is None
