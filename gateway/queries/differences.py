"""Where a system of record says something else than we do and nobody has decided yet: both sides beside each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Status
from gateway.complaints.forward import ForwardKind, StatusRow
from gateway.forwarding import remote_ids, remote_words
from gateway.queries import complaint_detail
from gateway.queries.scope import Scope, Sight
from gateway.queries.tasks import IS_OPEN
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

KIND = "sp4n_mismatch"
DISPOSITION = "disposition "
"""So begins the detail of a task where they gave the report to somebody else; its number and name follow."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One open question. `theirs`: their status in their words; `institution`: whom they gave it to, where that is it."""

    id: str
    number: str
    status: Status
    theirs: str
    institution: str
    remote_id: str
    since: datetime
    may_follow: bool


def of(tx: Transaction, complaint_ids: Iterable[int]) -> list[Difference]:
    """Every open question about these complaints, oldest first."""
    task, complaint = tables.task, tables.complaint
    wanted = sorted(set(complaint_ids))
    found = tx.all(
        select(task, complaint.c.number, complaint.c.status)
        .join(complaint, complaint.c.id == task.c.complaint_id)
        .where(IS_OPEN, task.c.kind == KIND, task.c.complaint_id.in_(wanted))
        .order_by(task.c.id)
    )
    return [shown for row in found if (shown := _shown(tx, row))]


def one(tx: Transaction, scope: Scope, task_id: int) -> Difference | None:
    """The question with this id, where this reader may read the complaint."""
    task = tables.task
    row = tx.one(select(task.c.complaint_id).where(task.c.id == task_id, task.c.kind == KIND, IS_OPEN))
    found = [each for each in of(tx, [row.complaint_id]) if each.id == id_text(task_id)] if row else []
    item = complaint_detail.item_of(tx, scope, found[0].number) if found else None
    return found[0] if item is not None and item.sight is Sight.FULL else None


def _shown(tx: Transaction, row: Any) -> Difference | None:
    forward = forward_of(tx, row)
    if forward is None:
        return None
    return Difference(
        id=id_text(row.id),
        number=row.number,
        status=Status(row.status),
        theirs=theirs(forward),
        institution=institution(row),
        remote_id=remote_ids.shown(forward),
        since=row.created_at,
        may_follow=row.detail.startswith(DISPOSITION) or meaning(tx, forward) is not None,
    )


def forward_of(tx: Transaction, task: Any) -> Any:
    """The report over there that a task is about: by its own id, or the one that the complaint was filed as."""
    forward = tables.forward
    mine = (forward.c.complaint_id == task.complaint_id) & (forward.c.kind == ForwardKind.CREATE.value)
    rows = tx.all(select(forward).where(mine, forward.c.remote_id.is_not(None)).order_by(forward.c.id))
    named = [row for row in rows if str(row.id) == task.subject]
    return next(iter(named or rows), None)


def theirs(forward: Any) -> str:
    """Their present status in their words."""
    return str(forward.remote_status)


def institution(task: Any) -> str:
    """The name in a task about a disposition, else its number there; empty for every other task."""
    if not task.detail.startswith(DISPOSITION):
        return ""
    number, _, name = task.detail.removeprefix(DISPOSITION).partition(" ")
    return str(name or number)


def meaning(tx: Transaction, forward: Any) -> StatusRow | None:
    """What their present status is here; None: the word is unknown."""
    return remote_words.meaning_of(forward.remote_status, tx.office.settings.forwarder(forward.target))
