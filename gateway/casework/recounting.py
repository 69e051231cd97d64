"""Open deadlines counted anew after the table of holidays changed; each change is explained in its case (CASEWORK 5.1).

Nobody gets a message for it: whoever looks at the complaint sees the new day, and which holidays moved it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import SYSTEM, Visibility
from gateway.complaints.moments import following
from gateway.complaints.sla import due_at, explain_moved
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from gateway.timing import clocks

MOVED = "deadline_moved"
"""The event in the history of a complaint."""
BATCH = 200
Place = tuple[datetime, int]
"""Deadline and id of a clock: where the next batch begins."""


def recount(store: Store) -> int:
    """Count every open deadline by today's table of holidays, a few hundred in each transaction; how many moved."""
    moved = 0
    place: Place | None = None
    while True:
        with store.transaction() as tx:
            batch = _running(tx, place)
            moved += _recount(tx, batch)
        if not batch:
            return moved
        place = batch[-1].due_at, batch[-1].id


def _running(tx: Transaction, after: Place | None) -> Sequence[Any]:
    """The next clocks in the order of their deadlines. A paused one is counted when it goes on."""
    clock = tables.clock
    wanted: list[ColumnElement[bool]] = [clock.c.stopped_at.is_(None), clock.c.paused_at.is_(None)]
    if after is not None:
        due, identity = after
        wanted.append(or_(clock.c.due_at > due, (clock.c.due_at == due) & (clock.c.id > identity)))
    columns = (clock.c.id, clock.c.complaint_id, clock.c.due_at)
    return tx.all(select(*columns).where(*wanted).order_by(clock.c.due_at, clock.c.id).limit(BATCH))


def _recount(tx: Transaction, running: Sequence[Any]) -> int:
    before = {row.id: row.due_at for row in running}
    complaints = sorted({row.complaint_id for row in running})
    moved = sum(_one(tx, identity, before) for identity in complaints)
    if moved:
        audit.record(tx, SYSTEM, "deadlines_recounted", "clock", details={"moved": moved})
    return moved


def _one(tx: Transaction, complaint_id: int, before: dict[int, datetime]) -> int:
    """The clocks of one complaint; how many moved."""
    complaint = tables.complaint
    # Whoever acts on it now waits, or has been waited for.
    tx.execute(select(complaint.c.id).where(complaint.c.id == complaint_id).with_for_update())
    every, case = clocks.read(tx, complaint_id), cases.by_id(tx, complaint_id)
    open_ones = [kept for kept in every if kept.id in before and kept.running.stopped_at is None]
    moved = [
        kept for kept in open_ones if not kept.running.is_paused and due_at(kept.running, tx.now) != before[kept.id]
    ]
    if not moved or case is None:
        return 0
    changes = [
        {
            "id": kept.id,
            "due_at": due_at(kept.running, tx.now),
            "next_at": following(kept.running, kept.reached, tx.now),
        }
        for kept in moved
    ]
    tx.update(tables.clock, changes, ("id",), ("due_at", "next_at"))
    cases.amend(tx, complaint_id, due_at=clocks.earliest(every, tx.now))
    for kept in moved:
        words = explain_moved(kept.running, before[kept.id], tx.now)
        casework.remark(tx, case, MOVED, SYSTEM, {"note": words}, Visibility.AGENCY)
    return len(moved)
