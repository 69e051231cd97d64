"""The history of a complaint: append-only, numbered, every text in it masked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Actor, Role, Status, Visibility
from gateway.privacy.privacy import masked_text
from gateway.storage import tables
from gateway.storage.store import Transaction

# Which input an event tells; what an officer or reporter wrote there is masked before it is kept.
TOLD = ("explanation", "text", "question", "note", "reason", "comment")
OUTSIDE = [Role.REPORTER.value, Role.SYSTEM.value, Role.SP4N.value]
NO_INPUTS: Mapping[str, str] = {}
AS_TOLD = ""
"""In the row: this input is the event's text, which is kept once. No input is empty."""


def append(
    tx: Transaction,
    complaint_id: int,
    action: str,
    before: Status | None,
    after: Status,
    actor: Actor,
    visibility: Visibility = Visibility.PUBLIC,
    inputs: Mapping[str, str] = NO_INPUTS,
    *,
    seq: int = 0,
    key: str = "",
    at: datetime | None = None,
    said_at: datetime | None = None,
) -> int:
    """Write one event; its id. `seq` is looked up on the complaint's counter where it is not given; `at` is now.

    `said_at`: when its words were written, where that is known (gateway/record/said.py).
    """
    identity = tx.new_id()
    masked = {name: masked_text(value) for name, value in inputs.items() if value}
    told = next((masked[name] for name in TOLD if masked.get(name)), "")
    tx.insert(
        tables.complaint_event,
        id=identity,
        complaint_id=complaint_id,
        seq=seq or _counted(tx, complaint_id),
        at=at or tx.now,
        action=action,
        from_status=before.value if before else "",
        to_status=after.value,
        actor_role=actor.role.value,
        actor_id=actor.id,
        actor_name="" if actor.role is Role.REPORTER else actor.name,
        agency=actor.agency,
        visibility=visibility.value,
        text_masked=told,
        inputs={name: AS_TOLD if value == told else value for name, value in masked.items()} or None,
        key=key or None,
        said_at=said_at,
    )
    return identity


def inputs_of(event: Any) -> dict[str, str]:
    """What was put in, masked, of a row of `complaint_event`."""
    return {name: event.text_masked if value == AS_TOLD else value for name, value in (event.inputs or {}).items()}


def seen(tx: Transaction, key: str) -> bool:
    """Whether an event with this key is there: its caller repeats itself."""
    return by_key(tx, key) is not None


def is_touched(tx: Transaction, complaint_id: int) -> bool:
    """Whether anybody of the staff has done anything about this complaint."""
    event = tables.complaint_event
    theirs = (event.c.complaint_id == complaint_id) & event.c.actor_role.not_in(OUTSIDE)
    return tx.one(select(event.c.id).where(theirs).limit(1)) is not None


def _counted(tx: Transaction, complaint_id: int) -> int:
    complaint = tables.complaint
    row = tx.one(select(complaint.c.events).where(complaint.c.id == complaint_id))
    return int(row.events) if row else 1


def by_key(tx: Transaction, key: str) -> Any:
    """The event that was written with this key; None when there is none."""
    event = tables.complaint_event
    return tx.one(select(event).where(event.c.key == key))


def last(tx: Transaction, complaint_id: int) -> Any:
    """The newest event of a complaint; None when there is none."""
    event = tables.complaint_event
    return tx.one(select(event).where(event.c.complaint_id == complaint_id).order_by(event.c.seq.desc()).limit(1))
