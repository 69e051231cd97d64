"""Complaints that are about the same incident, or may be: the children of a parent, and what looks alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.privacy.privacy import shown_to
from gateway.queries.scope import Scope, Sight, sight
from gateway.storage import tables
from gateway.storage.store import Transaction

complaint = tables.complaint


@dataclass(frozen=True, slots=True)
class Relative:
    """Another complaint as this reader may know of it; `title` is empty where its words are kept back."""

    number: str
    title: str
    status: str
    at: datetime


def children(tx: Transaction, scope: Scope, parent_id: int) -> list[Relative]:
    """Those that follow this one, oldest first."""
    mine = (complaint.c.parent_id == parent_id) & complaint.c.parent_id.is_not(None)
    return shown(scope, tx.all(select(complaint).where(mine).order_by(complaint.c.id)))


def shown(scope: Scope, rows: Sequence[Any]) -> list[Relative]:
    """Those of these rows that exist for this reader."""
    return [_relative(scope, row) for row in rows if sight(scope, row) is not Sight.NONE]


def _relative(scope: Scope, row: Any) -> Relative:
    title = shown_to(scope.reader, row).title if sight(scope, row) is Sight.FULL else ""
    return Relative(row.number, title, row.status, row.created_at)
