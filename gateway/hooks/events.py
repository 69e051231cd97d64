"""What registered addresses are told: one row of `webhook_delivery` per address, in the transaction of the deed itself.

Who is registered is remembered for seconds, so that where nobody is, a deed asks the database nothing. A new
address is told of what happens from `starts_at` on, when every process has looked again (docs/webhooks.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import select

from gateway.complaints.complaint import Action, Case, Hold, Status
from gateway.queries.scope import Scope, Sight, api_scope, sight
from gateway.storage import tables
from gateway.storage.store import Transaction

QUEUE = "hooks"
REMEMBERED = timedelta(seconds=5)
STARTS_AFTER = timedelta(seconds=10)
"""Longer than what is remembered and a commit takes: no process misses the first event."""
RECEIVED, CHANGED = "complaint.received", "complaint.status_changed"
ESCALATED, CHANNEL = "complaint.escalated", "channel.state_changed"
PING = "ping"
TYPES: Mapping[Action, str] = {
    Action.VERIFY: "complaint.verified",
    Action.ASSIGN: "complaint.assigned",
    Action.REASSIGN: "complaint.assigned",
    Action.MOVE_TO_INSPECTORATE: "complaint.assigned",
    Action.ANSWER: "complaint.answered",
    Action.REOPEN: "complaint.reopened",
    Action.LINK: "complaint.linked",
    Action.RELEASE: RECEIVED,
}
"""What an action is called outside; every other one that changes the status is CHANGED."""
Event = Literal[
    "complaint.received",
    "complaint.verified",
    "complaint.assigned",
    "complaint.status_changed",
    "complaint.answered",
    "complaint.resolved",
    "complaint.reopened",
    "complaint.escalated",
    "complaint.linked",
    "channel.state_changed",
]
"""What an address can ask to be told of."""
EVENTS: tuple[str, ...] = get_args(Event)
TOLD = ("active", "paused")
"""States in which an address gathers events; while it is paused they wait."""


@dataclass(frozen=True, slots=True)
class Hook:
    """As much of a registered address as decides what it is told. `scope`: that of a token of its agency."""

    id: int
    events: frozenset[str]
    scope: Scope
    confidential: bool
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """Who was registered at this moment."""

    at: datetime
    hooks: tuple[Hook, ...]


def acted(tx: Transaction, action: Action, case: Case, moved: Case, event_id: int, wait_s: float = 0.0) -> None:
    """An action was carried out on `case`, which is `moved` now. `wait_s`: for so long it may still be undone."""
    hooks = _hooks(tx)
    if not hooks or moved.hold is not Hold.NONE:
        return
    changed = moved.status is not case.status
    name = TYPES.get(action, "")
    if changed and moved.status is Status.RESOLVED:
        name = "complaint.resolved"
    names = (name, CHANGED) if changed else (name,)
    _tell(tx, hooks, names, moved, event_id, case.status.value, wait_s)


def opened(tx: Transaction, row: Mapping[str, Any], event_id: int) -> None:
    """A complaint was opened with these columns; one that is held is told of when it is let go."""
    hooks = _hooks(tx)
    if not hooks or row["hold"] != Hold.NONE.value:
        return
    content = _content(row["number"], 1, None, row["status"], "")
    everywhere = [hook for hook in hooks if hook.scope.agencies is None]
    _write(tx, everywhere, (RECEIVED, CHANGED), event_id, content, (row["id"], row["number"], 1), row["confidential"])


def escalated(tx: Transaction, case: Case, event_id: int) -> None:
    """A deadline of this complaint has come: those above are told."""
    hooks = _hooks(tx)
    if hooks and case.hold is Hold.NONE:
        _tell(tx, hooks, (ESCALATED,), case, event_id, case.status.value)


def channel_changed(tx: Transaction, channel: str, before: str, after: str) -> None:
    """A channel does otherwise than it did."""
    content = {"channel": channel, "from": before, "to": after}
    for hook in _hooks(tx):
        if CHANNEL in hook.events and hook.scope.agencies is None and hook.starts_at <= tx.now:
            _insert(tx, hook.id, CHANNEL, tx.new_id(), content, lane=f"channel:{channel}")


def withdraw(tx: Transaction, case: Case, event_id: int) -> None:
    """The action was undone before anybody was told of it."""
    delivery = tables.webhook_delivery
    for hook in _hooks(tx):
        mine = (delivery.c.webhook_id == hook.id) & (delivery.c.lane == case.number) & (delivery.c.event_id == event_id)
        tx.execute(delivery.delete().where(mine, delivery.c.state == "queued", delivery.c.attempts == 0))


def ping(tx: Transaction, hook_id: int) -> int:
    """The event by which an address proves that it wants to be told; the id of its delivery."""
    return _insert(tx, hook_id, PING, tx.new_id(), {})


def is_wanted(tx: Transaction, event: str) -> bool:
    """Whether anybody wants to be told of such events."""
    return any(event in hook.events for hook in _hooks(tx))


def _tell(
    tx: Transaction,
    hooks: tuple[Hook, ...],
    names: tuple[str, ...],
    case: Case,
    event_id: int,
    before: str,
    wait_s: float = 0.0,
) -> None:
    content = _content(case.number, case.version, before, case.status.value, case.agency)
    about = (case.id, case.number, case.version)
    theirs = [hook for hook in hooks if sight(hook.scope, case) is not Sight.NONE]
    _write(tx, theirs, names, event_id, content, about, case.confidential, wait_s)


def _content(number: str, version: int, before: str | None, after: str, agency: str) -> dict[str, Any]:
    return {"number": number, "version": version, "from": before, "to": after, "agency": agency or None}


def _write(
    tx: Transaction,
    hooks: Sequence[Hook],
    names: tuple[str, ...],
    event_id: int,
    content: Mapping[str, Any],
    about: tuple[int, str, int],
    confidential: bool,
    wait_s: float = 0.0,
) -> None:
    """Each address hears of a deed once, by the first of `names` that it asked for. `about`: id, number, position."""
    identity, number, position = about
    for hook in hooks:
        name = next((name for name in names if name in hook.events), "")
        if name and hook.starts_at <= tx.now and (hook.confidential or not confidential):
            _insert(tx, hook.id, name, event_id, content, identity, number, position, wait_s)


def _insert(
    tx: Transaction,
    hook_id: int,
    event: str,
    event_id: int,
    content: Mapping[str, Any],
    complaint_id: int | None = None,
    lane: str = "",
    position: int = 0,
    wait_s: float = 0.0,
) -> int:
    identity = tx.new_id()
    tx.insert(
        tables.webhook_delivery,
        id=identity,
        webhook_id=hook_id,
        event=event,
        event_id=event_id,
        complaint_id=complaint_id,
        lane=lane,
        position=position,
        content=dict(content),
        created_at=tx.now,
        due_at=tx.now + timedelta(seconds=wait_s),
    )
    tx.ring(QUEUE)
    return identity


def _hooks(tx: Transaction) -> tuple[Hook, ...]:
    known: _Known | None = tx.remembered.get(QUEUE)
    if known is None or not known.at <= tx.now < known.at + REMEMBERED:
        known = tx.remembered[QUEUE] = _Known(tx.now, tuple(_read(tx)))
    return known.hooks


def _read(tx: Transaction) -> list[Hook]:
    hook = tables.webhook
    rows = tx.glance(select(hook).where(hook.c.state.in_(TOLD), hook.c.starts_at.is_not(None)))
    office = tx.office
    return [
        Hook(
            row.id,
            frozenset(row.events),
            api_scope(office, row.agency),
            row.include_confidential,
            row.starts_at,
        )
        for row in rows
    ]
