"""Files that somebody adds to an answer on a screen: kept with the form until the answer is sent, then its evidence."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from channels.messages import AttachmentRef
from gateway.complaints.complaint import OF_AGENCY, Actor, Case
from gateway.files import attachments
from gateway.storage import tables
from gateway.storage.store import Transaction

DRAFT = "draft:"
"""Origin of files whose answer is still being looked over; nobody else sees them."""
KEPT = timedelta(hours=24)
NAME_CHARACTERS = 10


def keep(tx: Transaction, case: Case, actor: Actor, key: str, refs: Sequence[AttachmentRef]) -> int:
    """Keep uploads of the form with this key; how many there are for it now."""
    table = tables.attachment
    old = (table.c.complaint_id == case.id) & table.c.origin.startswith(DRAFT)
    tx.execute(table.delete().where(old, table.c.created_at < tx.now - KEPT))
    if refs:
        attachments.add(tx, case.id, None, case.channel, refs, origin=_draft(actor, key))
    return count(tx, case.id, actor, key)


def count(tx: Transaction, complaint_id: int, actor: Actor, key: str) -> int:
    table = tables.attachment
    mine = (table.c.complaint_id == complaint_id) & (table.c.origin == _draft(actor, key))
    row = tx.one(select(func.count()).select_from(table).where(mine))
    return int(row[0]) if row else 0


def adopt(tx: Transaction, complaint_id: int, actor: Actor, key: str) -> None:
    """The answer was sent: its files are evidence now."""
    table = tables.attachment
    mine = (table.c.complaint_id == complaint_id) & (table.c.origin == _draft(actor, key))
    tx.execute(table.update().where(mine).values(origin=OF_AGENCY))


def _draft(actor: Actor, key: str) -> str:
    return DRAFT + hashlib.sha256(f"{actor.id}|{key}".encode()).hexdigest()[:NAME_CHARACTERS]
