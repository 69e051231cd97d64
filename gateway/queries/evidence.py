"""What people should look at in the pictures of an answer before they send it: never a refusal (CASEWORK 13)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import OF_AGENCY
from gateway.files import photo_prints
from gateway.queries.belongings import SCANS
from gateway.queries.relatives import shown
from gateway.queries.scope import Scope
from gateway.storage import tables
from gateway.storage.store import Transaction


@dataclass(frozen=True, slots=True)
class Doubts:
    """`alike`: numbers of complaints whose earlier pictures these look like, as far as they exist for the reader.

    `before`: when pictures were taken that show what was there before the report came in, earliest first.
    `pending`: files of which nothing is known yet.
    """

    alike: tuple[str, ...] = ()
    before: tuple[datetime, ...] = ()
    pending: int = 0


def doubts(tx: Transaction, scope: Scope, row: Any, origin: str = OF_AGENCY) -> Doubts:
    """Of the files of one row of `complaint` that are `origin`'s: evidence, or a draft of it."""
    attachment = tables.attachment.c
    mine = (attachment.complaint_id == row.id) & (attachment.origin == origin)
    files = tx.all(select(attachment.state, attachment.taken_at).where(mine))
    if not files:
        return Doubts()
    return Doubts(
        alike=tuple(one.number for one in shown(scope, photo_prints.alike(tx, row.id, origin))),
        before=tuple(sorted(file.taken_at for file in files if file.taken_at and file.taken_at < row.created_at)),
        pending=sum(SCANS.get(file.state) == "pending" for file in files),
    )
