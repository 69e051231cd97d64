"""How a complaint begins: number, secret code, first clock, first event; in the transaction that took the message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.complaints.complaint import Action, Actor, Draft, Role, Status
from gateway.complaints.duplicates import text_hash
from gateway.complaints.number import CODES, format_number, secret_code
from gateway.hooks import events as hook_events
from gateway.people.contacts import Contact
from gateway.privacy.privacy import masked_text, title_of
from gateway.record import events
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.timing import clocks


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report came from: channel, sender, own number written to, message, and when it reached us (else now)."""

    channel: str
    channel_kind: str
    contact: Contact
    destination: str = ""
    message_id: int | None = None
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A new complaint: its row's id, what the citizen is told once, and when it will have been looked at."""

    id: int
    number: str
    code: str
    due_on: date


def open_complaint(tx: Transaction, draft: Draft, origin: Origin) -> Opened:
    """Make a complaint of a draft: number, secret code, first clock, first event. Told to the sender by the caller."""
    identity, came_at = tx.new_id(), _came_at(tx, origin)
    number, code = next_number(tx), secret_code(tx.office.draw(CODES))
    due_at = clocks.first_due(tx, identity, draft.kind, came_at)
    masked = _masked(draft, draft.text)
    point = draft.point
    row = {
        "id": identity,
        "number": number,
        "secret_hash": tx.office.keys.secret_hash(number, code.replace("-", "")),
        "training": tx.office.settings.training.enabled,
        "channel": origin.channel,
        "channel_kind": origin.channel_kind,
        "destination": origin.destination,
        "contact_id": origin.contact.id,
        "created_at": came_at,
        "updated_at": tx.now,
        # Whether the next message belongs to it is judged by when both are taken.
        "last_message_at": tx.now,
        "due_at": due_at,
        "incident_on": draft.incident_on,
        "incident_text": draft.incident_text,
        # Cut after masking: half a phone number at the cut would not be recognised as one.
        "title": (_masked(draft, draft.title) if draft.title else title_of(masked))[:120],
        "text_masked": masked,
        "text_hash": text_hash(draft.text),
        "language": draft.language,
        "kind": draft.kind.value,
        "topic": draft.topic,
        "urgency": draft.urgency.value,
        "place": draft.place,
        "location_text": masked_text(draft.location_text),
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "point_precision_m": point.precision_m if point else None,
        "point_source": point.source if point else "",
        "agency_named": draft.agency_named,
        "unit": draft.unit or draft.service,
        "status": Status.RECEIVED.value,
        "status_since": tx.now,
        "anonymous": draft.anonymous,
        "anonymous_by": Role.REPORTER.value if draft.anonymous else "",
        "confidential": draft.confidential,
        "confidential_by": Role.REPORTER.value if draft.confidential else "",
        "sensitive": draft.sensitive.value,
        "hold": draft.hold.value,
        "flags": " ".join(sorted(draft.flags)),
        "events": 1,
    }
    tx.insert(tables.complaint, **row)
    keep_text(tx, identity, 0, draft.text, origin.contact, origin.message_id)
    # An event is never changed: whoever turns anonymous later must not stand in this one.
    _begin_history(tx, row, _nameless(masked, draft.reporter_name))
    tx.ring("classify")
    tx.tell(kind="complaint", number=number, status=Status.RECEIVED.value, channel=origin.channel)
    return Opened(identity, number, code, tx.office.calendar.local(due_at).date())


def _begin_history(tx: Transaction, row: Mapping[str, Any], text: str) -> None:
    actor, at = Actor(Role.REPORTER, str(row["contact_id"])), row["created_at"]
    told = {"text": text}
    event_id = events.append(
        tx, row["id"], Action.RECEIVE.value, None, Status.RECEIVED, actor, inputs=told, seq=1, at=at
    )
    hook_events.opened(tx, row, event_id)


def _came_at(tx: Transaction, origin: Origin) -> datetime:
    """A report is as old as its message: what waited on the disk or in quarantine lost no day of its deadline (F11, F74)."""
    return min(origin.received_at or tx.now, tx.now)


def _masked(draft: Draft, text: str) -> str:
    name = draft.reporter_name
    return masked_text(text, (name,)) if name and draft.anonymous else masked_text(text)


def _nameless(masked: str, name: str) -> str:
    """Without the reporter's own name. A pattern per name costs more than looking whether the name is there at all."""
    plain = masked.isascii() and name.isascii()
    absent = not name or (plain and name.lower() not in masked.lower())
    return masked if absent else masked_text(masked, (name,))


def next_number(tx: Transaction) -> str:
    """The next ticket number of this year; gaps are allowed, reuse never (CASEWORK 12)."""
    settings = tx.office.settings
    year = tx.today.year
    name = f"{settings.government.ticket_prefix}-{year}"
    taken: dict[str, int] = tx.notes.setdefault("numbers", {})
    if name not in taken:
        taken[name] = _last_number(tx, name)
        if len(taken) == 1:
            tx.last_step.append(_keep_numbers)
    taken[name] += 1
    return format_number(settings.government.ticket_prefix, year, taken[name])


def _last_number(tx: Transaction, name: str) -> int:
    """Locked until the commit, so that no other process gives the same numbers."""
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    statement = constant(f"SELECT last FROM number_sequence WHERE name = :name{lock}")  # noqa: S608
    row = tx.one(statement, {"name": name})
    if row is None:  # the first complaint of a year
        tx.insert_new(tables.number_sequence, [{"name": name, "last": 0}], "name")
        row = tx.one(statement, {"name": name})
    return row.last if row else 0


def _keep_numbers(tx: Transaction) -> None:
    for name, last in tx.notes["numbers"].items():
        tx.execute(constant("UPDATE number_sequence SET last = :last WHERE name = :name"), {"name": name, "last": last})


def keep_text(
    tx: Transaction, complaint_id: int, revision: int, text: str, contact: Contact, message_id: int | None
) -> None:
    """The words as they were written, sealed with the reporter's own key."""
    identity = tx.new_id()
    tx.insert(
        tables.complaint_text,
        id=identity,
        complaint_id=complaint_id,
        revision=revision,
        message_id=message_id,
        kind="original" if revision == 0 else "revision",
        text_sealed=contact.seal(text, f"complaint_text:{identity}"),
        created_at=tx.now,
    )
