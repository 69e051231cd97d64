"""To which agency a complaint was given, when and why; the history behind the column `agency`."""

from datetime import datetime

from sqlalchemy import select

from gateway.complaints.complaint import Actor
from gateway.people import directory
from gateway.privacy.privacy import masked_text
from gateway.storage import tables
from gateway.storage.store import Transaction


def accepts(tx: Transaction, agency: str) -> bool:
    """Whether complaints can be given to this agency today; to the coordinator's always, who decides what becomes of them."""
    table = tables.agency
    found = select(table.c.code).where(table.c.code == agency, table.c.accepts.is_(True))
    if agency != directory.coordinator_agency(tx):
        found = found.where(directory.stands(tx.today))
    return tx.one(found) is not None


def give(tx: Transaction, complaint_id: int, agency: str, actor: Actor, reason: str = "") -> None:
    end(tx, complaint_id)
    tx.insert(
        tables.assignment,
        id=tx.new_id(),
        complaint_id=complaint_id,
        agency=agency,
        assigned_at=tx.now,
        actor_role=actor.role.value,
        reason=masked_text(reason)[:300],
    )


def end(tx: Transaction, complaint_id: int) -> None:
    table = tables.assignment
    open_ones = (table.c.complaint_id == complaint_id) & table.c.ended_at.is_(None)
    tx.execute(table.update().where(open_ones).values(ended_at=tx.now))


def resume(tx: Transaction, complaint_id: int, ended_at: datetime) -> None:
    """What ended at this moment did not end after all."""
    table = tables.assignment
    ended = (table.c.complaint_id == complaint_id) & (table.c.ended_at == ended_at)
    tx.execute(table.update().where(ended).values(ended_at=None))
