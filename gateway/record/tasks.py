"""What only a person can do: one open task per kind and subject, shown until somebody ticks it off."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.storage import tables
from gateway.storage.store import Transaction

THIRD_REOPENING = "third_reopen"
OFFICER_REPLY = "officer_reply"
PROVIDER_NOTICE = "provider_notice"
NOT_TOLD = "not_told"
WITH_WORDS = (THIRD_REOPENING, OFFICER_REPLY)
"""Kinds whose detail is what somebody said about a complaint; that of the others is a number, a code or a state."""
BREACH_NOTED, BREACH_DUE = "breach_noted", "breach_due"
OF_DATA_KEEPERS = (BREACH_NOTED, BREACH_DUE)
"""Kinds for the privacy officer alone, who sees them beside what they are about; they end with it."""


def add(tx: Transaction, kind: str, subject: str, detail: str = "", complaint_id: int | None = None) -> bool:
    """Note a task; False when the same one is open already."""
    row = {
        "id": tx.new_id(),
        "kind": kind,
        "complaint_id": complaint_id,
        "subject": subject[:80],
        "detail": detail[:300],
        "created_at": tx.now,
    }
    tx.flush()
    return bool(tx.insert_new(tables.task, [row], "id"))


def done(tx: Transaction, identity: int, actor: Actor) -> None:
    task = tables.task
    values = {"done_at": tx.now, "done_by": actor.id, "open": False}
    mine = (task.c.id == identity) & task.c.done_at.is_(None) & task.c.kind.not_in(OF_DATA_KEEPERS)
    tx.execute(task.update().where(mine).values(**values))
    audit.record(tx, actor, "task_done", "task", str(identity))


def settle(tx: Transaction, kind: str, subject: str, by: str = "system") -> None:
    """The matter took care of itself."""
    task = tables.task
    mine = (task.c.kind == kind) & (task.c.subject == subject) & task.c.done_at.is_(None)
    tx.execute(task.update().where(mine).values(done_at=tx.now, done_by=by, open=False))


def of_data_keepers(tx: Transaction) -> Sequence[Any]:
    """Their open tasks, the oldest first."""
    task = tables.task
    mine = task.c.kind.in_(OF_DATA_KEEPERS) & task.c.done_at.is_(None)
    return tx.all(select(task).where(mine).order_by(task.c.created_at, task.c.id))


def waiting(tx: Transaction, kind: str) -> int:
    task = tables.task
    return len(tx.all(select(task.c.id).where(task.c.kind == kind, task.c.done_at.is_(None))))
