"""Messages that did not arrive for certain: outcome unknown, or failed. Who gets them is shown by kind and mask only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text

from gateway.people import contacts
from gateway.queries.scope import Scope, Sight, sight
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

PAGE = 50
LOOKED_BACK = timedelta(days=30)
"""Older messages are history: nobody sends them again."""
STATES: Mapping[str, tuple[str, ...]] = {
    "tak_pasti": ("unknown",),
    "gagal": ("failed",),
    "menunggu": ("queued", "sending"),
}
"""The tabs of the screen, in its order."""
IS_UNSENT = text("outbox.state IN ('unknown','failed','queued','sending')")
"""Word for word the condition of its index."""
NOT_OURS = frozenset({"superseded", "opt_out"})
"""Reasons that mean: not sent on purpose."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One message. `number` is empty where there is no complaint, or none that this reader may know of."""

    id: str
    channel: str
    key: str
    number: str
    to: str
    state: str
    reason: str
    attempts: int
    created_at: datetime
    due_at: datetime


def counts(tx: Transaction, channel: str = "") -> dict[str, int]:
    """How many messages of the last days stand in each tab."""
    outbox = tables.outbox
    wanted = [state for states in STATES.values() for state in states]
    found = tx.all(
        select(outbox.c.state, func.count().label("many"))
        .where(_recent(tx, channel), outbox.c.state.in_(wanted), outbox.c.reason.not_in(NOT_OURS))
        .group_by(outbox.c.state)
    )
    by_state = {row.state: row.many for row in found}
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in STATES.items()}


def listed(
    tx: Transaction, scope: Scope | None, tab: str, channel: str = "", before: str = "", limit: int = PAGE
) -> Sequence[Undelivered]:
    """The newest first, beginning after the one called `before`. `scope` None: ticket numbers are kept back."""
    outbox, complaint = tables.outbox, tables.complaint
    wanted = and_(_recent(tx, channel), outbox.c.state.in_(STATES.get(tab, ())), outbox.c.reason.not_in(NOT_OURS))
    last = tx.one(select(outbox.c.created_at, outbox.c.id).where(outbox.c.id == (id_number(before) or 0)))
    if last is not None:
        earlier = outbox.c.created_at < last.created_at
        wanted = and_(wanted, or_(earlier, and_(outbox.c.created_at == last.created_at, outbox.c.id < last.id)))
    # By time first: the index knows it, and a database that sorts by id would read message after message for it.
    newest = (outbox.c.created_at.desc(), outbox.c.id.desc())
    rows = tx.all(select(outbox).where(wanted).order_by(*newest).limit(limit))
    ids = {row.complaint_id for row in rows if row.complaint_id}
    about = {row.id: row for row in tx.all(select(complaint).where(complaint.c.id.in_(ids)))} if ids else {}
    where = _receivers(tx, rows)
    return [_shown(row, scope, about.get(row.complaint_id), where) for row in rows]


def ids_of(shown: Sequence[str]) -> list[int]:
    """Rows behind the ids of a form; what is no id is left out."""
    return [number for number in (id_number(one) for one in shown) if number is not None]


def unknown_ids(tx: Transaction, channel: str, most: int) -> list[int]:
    """Messages of a channel whose outcome is unknown, oldest first."""
    outbox = tables.outbox
    mine = and_(_recent(tx, channel), outbox.c.state == "unknown")
    return [row.id for row in tx.all(select(outbox.c.id).where(mine).order_by(outbox.c.id).limit(most))]


def _recent(tx: Transaction, channel: str) -> ColumnElement[bool]:
    # In the words of the index of what was not sent; the channel as no column, else SQLite reads all messages of it.
    outbox = tables.outbox
    names = [channel] if channel else list(tx.office.channels)
    return and_(IS_UNSENT, outbox.c.channel.concat("").in_(names), outbox.c.created_at > tx.now - LOOKED_BACK)


def _receivers(tx: Transaction, rows: Sequence[Any]) -> dict[int, str]:
    people = contacts.by_id(tx, [row.contact_id for row in rows])
    return {identity: contacts.masked(address) for identity, address in contacts.addresses(tx, people).items()}


def _shown(row: Any, scope: Scope | None, about: Any, where: Mapping[int, str]) -> Undelivered:
    may_know = about is not None and scope is not None and sight(scope, about) is not Sight.NONE
    # The address of an anonymous reporter is nobody's business, not even masked.
    hidden = about is not None and (about.anonymous or not may_know)
    return Undelivered(
        id=id_text(row.id),
        channel=row.channel,
        key=row.key,
        number=about.number if may_know else "",
        to="" if hidden else where.get(row.contact_id, ""),
        state=row.state,
        reason=row.reason,
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
    )
