"""What a soak compares with what people said and heard: cases with their words and states, what was to be told, forwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from gateway.complaints.complaint import Action, Role
from gateway.storage import tables
from gateway.storage.store import Transaction

OPEN_FORWARDS = ("queued", "sending", "retry", "unknown")
"""What is unknown is looked for until it is found, sent again or held for a person."""
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass(frozen=True, slots=True)
class Case:
    """One complaint. `text` with what its reporter added later; `states`: every status it came to, in order."""

    number: str
    text: str
    status: str
    hold: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A message about a case on its way to somebody. `reason`: why it is where it is, for what did not arrive."""

    number: str
    key: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Forward:
    """What leaves for a system of record. `remote_status`: its word for the report when it was last read, `polled_at`."""

    number: str
    kind: str
    state: str
    remote_status: str = ""
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """All of it as of one moment. `quarantined`: calls that were put aside."""

    cases: tuple[Case, ...]
    told: tuple[Told, ...]
    forwards: tuple[Forward, ...]
    quarantined: int


def books(tx: Transaction) -> Books:
    """Everything; a soak has thousands of cases, not millions."""
    complaint, event, outbox, forward = tables.complaint.c, tables.complaint_event.c, tables.outbox.c, tables.forward.c
    states: dict[int, list[str]] = {}
    added: dict[int, str] = {}
    happened = select(event.complaint_id, event.action, event.to_status, event.actor_role, event.text_masked)
    for row in tx.all(happened.order_by(event.complaint_id, event.seq)):
        states.setdefault(row.complaint_id, []).append(row.to_status)
        if row.actor_role == Role.REPORTER and row.action != Action.RECEIVE:
            added[row.complaint_id] = f"{added.get(row.complaint_id, '')}\n{row.text_masked}"
    rows = tx.all(
        select(complaint.id, complaint.number, complaint.text_masked, complaint.status, complaint.hold).order_by(
            complaint.id
        )
    )
    numbers = {row.id: row.number for row in rows}
    told = tx.all(
        select(outbox.complaint_id, outbox.key, outbox.state, outbox.reason)
        .where(outbox.complaint_id.is_not(None))
        .order_by(outbox.id)
    )
    calls = select(forward.complaint_id, forward.kind, forward.state, forward.remote_status, forward.polled_at)
    forwards = tx.all(calls.order_by(forward.id))
    aside = tx.one(select(func.count(tables.quarantine.c.id)))
    return Books(
        tuple(
            Case(
                row.number,
                row.text_masked + added.get(row.id, ""),
                row.status,
                row.hold,
                _changes(states.get(row.id, ())),
            )
            for row in rows
        ),
        tuple(
            Told(numbers[row.complaint_id], row.key, row.state, row.reason)
            for row in told
            if row.complaint_id in numbers
        ),
        tuple(
            Forward(numbers[row.complaint_id], row.kind, row.state, row.remote_status, row.polled_at)
            for row in forwards
            if row.complaint_id in numbers
        ),
        int(aside[0]) if aside else 0,
    )


def open_forwards(tx: Transaction) -> int:
    """How many calls to systems of record are still to be made."""
    forward = tables.forward.c
    row = tx.one(select(func.count(forward.id)).where(forward.state.in_(OPEN_FORWARDS)))
    return int(row[0]) if row else 0


def cut_others(tx: Transaction) -> int:
    """End every other connection to this PostgreSQL database, as a fail-over does; how many there were."""
    return len(tx.all(text(CUT)))


def _changes(states: Sequence[str]) -> tuple[str, ...]:
    """Without remarks, which leave the status as it is."""
    kept: list[str] = []
    for state in states:
        if state and (not kept or kept[-1] != state):
            kept.append(state)
    return tuple(kept)
