"""The newest deed of a complaint, and until when its author may take it back: one rule for the action and every screen.

A deed is an event that did something. Remarks (an edited message, a note, news that were passed on) come after deeds
without ending the time in which these can be taken back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Actor
from gateway.queries.milestones import DEEDS, UNDOABLE
from gateway.storage import tables
from gateway.storage.store import Transaction


@dataclass(frozen=True, slots=True)
class Deed:
    """`event` is a row of `complaint_event`; `undo_until` None: it cannot be taken back (any more)."""

    event: Any
    undo_until: datetime | None

    @property
    def action(self) -> str:
        return str(self.event.action)

    def is_by(self, actor: Actor) -> bool:
        return (self.event.actor_id, self.event.actor_role) == (actor.id, actor.role.value)


def newest(tx: Transaction, complaint_id: int) -> Deed | None:
    """None where nothing happened yet."""
    event = tables.complaint_event
    deeds = (event.c.complaint_id == complaint_id) & event.c.action.in_(DEEDS)
    row = tx.one(select(event).where(deeds).order_by(event.c.seq.desc()).limit(1))
    return Deed(row, _undo_until(tx, row)) if row is not None else None


def _undo_until(tx: Transaction, event: Any) -> datetime | None:
    until: datetime = event.at + timedelta(seconds=tx.office.settings.casework.undo_s)
    if event.action not in UNDOABLE or until <= tx.now or _is_told(tx, event):
        return None
    return until


def _is_told(tx: Transaction, event: Any) -> bool:
    """A message about it was written to the reporter: that cannot be called back."""
    log = tables.dispatch_log
    told = (log.c.event_id == event.id) & (log.c.recipient_kind == "reporter") & log.c.outbox_id.is_not(None)
    return tx.one(select(log.c.id).where(log.c.complaint_id == event.complaint_id, told).limit(1)) is not None
