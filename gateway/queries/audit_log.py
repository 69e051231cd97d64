"""The newest lines of the audit chain, for reading: who did what to which object, why. Never a text of a citizen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from gateway.storage import tables
from gateway.storage.store import Transaction

PAGE = 50
WINDOW = 50_000
"""Lines that are looked through for somebody's own: nobody waits for the beginning of the chain."""


@dataclass(frozen=True, slots=True)
class LineShown:
    seq: int
    at: datetime
    role: str
    name: str
    """User name of an account; empty for systems and reporters."""
    agency: str
    action: str
    object_kind: str
    object_id: str
    reason: str
    hash: str
    rows: int = 0
    """How many rows it was about, where the line says so."""


def listed(tx: Transaction, before: int = 0, own: str = "", action: str = "", limit: int = PAGE) -> Sequence[LineShown]:
    """The newest first, beginning below `before`; `own` is the id of the account whose lines are wanted."""
    audit = tables.audit
    newest = tx.one(select(func.max(audit.c.seq).label("seq")))
    last = newest.seq if newest is not None and newest.seq else 0
    found = select(audit).where(audit.c.seq > last - WINDOW)
    if before:
        found = found.where(audit.c.seq < before)
    if own:
        found = found.where(audit.c.actor_id == own)
    if action:
        found = found.where(audit.c.action == action)
    rows = tx.all(found.order_by(audit.c.seq.desc()).limit(limit))
    names = _names(tx, rows)
    return [
        LineShown(
            row.seq,
            row.at,
            row.actor_kind,
            names.get(row.actor_id, ""),
            row.actor_agency,
            row.action,
            row.object_kind,
            row.object_id,
            row.reason,
            row.hash,
            int(row.details.get("rows", 0)),
        )
        for row in rows
    ]


def _names(tx: Transaction, rows: Sequence[Any]) -> dict[str, str]:
    account = tables.account
    ids = {int(row.actor_id) for row in rows if row.actor_id.isdecimal()}
    if not ids:
        return {}
    found = tx.all(select(account.c.id, account.c.username).where(account.c.id.in_(ids)))
    return {str(row.id): row.username for row in found}
