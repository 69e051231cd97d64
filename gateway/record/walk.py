"""Complaints in the order of their last change, walked in pieces from where the walk ended last.

What changes later comes by again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, select, tuple_

from gateway.operations import vitals
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis, to_millis

complaint = tables.complaint.c
BEGINNING = from_millis(0)


@dataclass(frozen=True, slots=True)
class Walk:
    """`changed`, `last`: the figures that keep where it ended, the change and the id of the last complaint.

    `since`: what changed before is passed over.
    """

    changed: str
    last: str
    since: datetime = BEGINNING

    def ahead(self, tx: Transaction) -> ColumnElement[bool]:
        """What it has not passed."""
        kept = vitals.kept(tx, self.changed, self.last)
        since = max(from_millis(kept.get(self.changed, 0)), self.since)
        there = tuple_(literal(since, complaint.updated_at.type), literal(kept.get(self.last, 0), complaint.id.type))
        return tuple_(complaint.updated_at, complaint.id) > there

    def piece(self, tx: Transaction, before: datetime, most: int, *more: ColumnElement[Any]) -> Sequence[Any]:
        """The next ones that changed before then: id, last change and `more` of each."""
        found = select(complaint.id, complaint.updated_at, *more)
        found = found.where(self.ahead(tx), complaint.updated_at < before)
        return tx.all(found.order_by(complaint.updated_at, complaint.id).limit(most))

    def ended(self, tx: Transaction, row: Any) -> None:
        """At this complaint."""
        vitals.keep(tx, self.changed, to_millis(row.updated_at))
        vitals.keep(tx, self.last, row.id)
