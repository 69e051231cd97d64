"""What the holder of an officer's link sees of one complaint, and which forms they get. Source: SCREENS 4, SECURITY C35."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.calendar import add_working_days
from gateway.complaints.complaint import (
    OF_AGENCY,
    OF_RECORD,
    OF_RECORD_SECRET,
    OF_REPORTER,
    Action,
    Case,
    Hold,
    Status,
    Visibility,
)
from gateway.complaints.inputs import MOST_EXTENSION
from gateway.complaints.lifecycle import steps_of
from gateway.complaints.sla import Clock, Running
from gateway.files import attachments
from gateway.files.attachments import StoredFile
from gateway.people import contacts, directory
from gateway.people.directory import Member
from gateway.privacy.anonymity import Cover, cover_of
from gateway.privacy.privacy import Reader, shown_to
from gateway.queries import deeds, evidence
from gateway.queries.deadlines import Due, dues
from gateway.queries.evidence import Doubts
from gateway.queries.milestones import standing
from gateway.queries.scope import Scope, scope_of
from gateway.record import cases
from gateway.record.events import inputs_of
from gateway.record.said import events_in_order
from gateway.storage import tables
from gateway.storage.store import Transaction

# Each word is the end of a form's address; together they stand on the page in this order.
FORMS: Mapping[str, Action] = {
    "terima": Action.START,
    "selesai": Action.ANSWER,
    "kabar": Action.REPORT_PROGRESS,
    "tanya": Action.ASK_REPORTER,
    "waktu": Action.REQUEST_TIME,
    "bukan": Action.DISPUTE_AUTHORITY,
}
FOR_OFFICERS = frozenset({Clock.ACCEPTANCE, Clock.FOLLOW_UP, Clock.RESOLUTION, Clock.SECOND_ANSWER})
LISTED = frozenset(
    {
        Action.ASSIGN, Action.REASSIGN, Action.START, Action.ASK_REPORTER, Action.COMPLETE, Action.REPLY,
        Action.REPLY_TO_ANSWER, Action.CONTEST, Action.REOPEN, Action.RESTORE, Action.CONFIRM, Action.REPORT_PROGRESS,
        Action.ANSWER, Action.REQUEST_TIME, Action.GRANT_TIME, Action.DENY_TIME, Action.DISPUTE_AUTHORITY,
        Action.CONTINUE_INCOMPLETE, Action.CLOSE_AUTOMATICALLY, Action.RATE, Action.FOLLOW_SP4N,
    }
) | {"edit", "delete", "completed", "answered_elsewhere"}  # fmt: skip
"""Deeds, and what reporters changed in a text that stands above as it was (F10)."""
MOST_EVENTS = 20


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history: `by` is a person's name, or empty for the reporter and the system (see `role`)."""

    at: datetime
    action: str
    role: str
    by: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class OwnDeed:
    """The newest deed, when this officer did it. `undo_until`: until then it can be taken back."""

    action: str
    at: datetime
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class OfficerPage:
    number: str
    topic: str
    status: Status
    since: datetime
    text: str
    place: str
    point: tuple[float, float] | None
    photos: tuple[StoredFile, ...]
    has_hidden_photos: bool
    evidence: tuple[StoredFile, ...]
    """The agency's, and what the agency at the system of record added."""
    doubts: Doubts
    """What to look at in the evidence."""
    reporter: str
    """Masked name; empty for an anonymous or sensitive report and where none was given."""
    anonymous: bool
    confidential: bool
    held: bool
    agency: str
    officer: str
    due: tuple[Due, ...]
    promised: str
    asked_for_time: bool
    """A request for more time waits for the head of the agency."""
    history: tuple[Happening, ...]
    """Newest first."""
    mine: OwnDeed | None
    forms: tuple[str, ...]
    agencies: tuple[tuple[str, str], ...]
    """(code, name) of whom else it may belong to."""
    institutions: tuple[tuple[str, str], ...]
    latest_date: date
    """The furthest day that more time can be asked for."""


def page(tx: Transaction, row: Any, member: Member, clocks: Sequence[Running]) -> OfficerPage:
    """One row of `complaint` for the member that the link belongs to; `clocks` are those of the complaint."""
    case = cases.case_of(row)
    events = standing(_events(tx, case.id))
    shown = shown_to(Reader.OFFICER, row, _reporter(tx, row))
    names = directory.agency_names(tx)
    pictures = tuple(attachments.stored(tx, case.id, OF_REPORTER))
    has_point = shown.point and row.latitude is not None and row.longitude is not None
    promised, asked = _extension(events)
    forms = forms_of(case, member)
    return OfficerPage(
        number=case.number,
        topic=_topic(tx, case.topic),
        status=case.status,
        since=case.status_since,
        text=shown.text,
        place=shown.place,
        point=(row.latitude, row.longitude) if has_point else None,
        photos=pictures if shown.photos else (),
        has_hidden_photos=bool(pictures) and not shown.photos,
        evidence=tuple(file for file in attachments.stored(tx, case.id) if file.origin in SEEN_BY_OFFICERS),
        doubts=evidence.doubts(tx, eyes(tx, member), row),
        reporter=shown.reporter,
        anonymous=case.anonymous,
        confidential=case.confidential,
        held=case.hold is not Hold.NONE,
        agency=names.get(member.agency, member.agency),
        officer=member.person,
        due=dues(clocks, lambda clock: clock.rule.clock in FOR_OFFICERS, tx.now),
        promised=promised,
        asked_for_time=asked,
        history=_history(events, names, cover_of(tx, row)),
        mine=_mine(tx, case.id, member),
        forms=forms,
        agencies=others(tx, case) if "bukan" in forms else (),
        institutions=institutions(tx) if "bukan" in forms else (),
        latest_date=add_working_days(tx.today, MOST_EXTENSION, tx.office.calendar),
    )


def eyes(tx: Transaction, member: Member) -> Scope:
    """What of all complaints exists for this officer."""
    return scope_of(tx.office, member.role, member.agency, str(member.id))


SEEN_BY_OFFICERS = frozenset({OF_AGENCY, OF_RECORD, OF_RECORD_SECRET})


def may_see_file(row: Any, file: StoredFile) -> bool:
    """Whether this file of the complaint may be opened from the page (SECURITY C35)."""
    if file.complaint_id != row.id:
        return False
    return file.origin in SEEN_BY_OFFICERS or (file.origin == "reporter" and shown_to(Reader.OFFICER, row).photos)


def _events(tx: Transaction, complaint_id: int) -> Sequence[Any]:
    event = tables.complaint_event
    return tx.all(select(event).where(event.c.complaint_id == complaint_id).order_by(event.c.seq))


def _topic(tx: Transaction, code: str) -> str:
    topic = tx.office.reference.topics.get(code)
    return topic.name if topic else ""


def _reporter(tx: Transaction, row: Any) -> str:
    """`B*** S***`: enough to greet somebody at the door, not to look them up."""
    if row.anonymous or row.sensitive != "none" or row.contact_id is None:
        return ""
    return " ".join(f"{word[0]}***" for word in contacts.name_of(tx, row.contact_id).split()[:3])


def forms_of(case: Case, member: Member) -> tuple[str, ...]:
    """The words of FORMS that this officer may use now."""
    possible = {step.action for step in steps_of(case, member.role)}
    return tuple(word for word, action in FORMS.items() if action in possible)


def others(tx: Transaction, case: Case) -> tuple[tuple[str, str], ...]:
    """(code, name) of the agencies that a complaint may belong to instead."""
    return tuple((code, name) for code, name in directory.accepting(tx) if code != case.agency)


def institutions(tx: Transaction) -> tuple[tuple[str, str], ...]:
    """(code, name) of the bodies outside that a complaint may belong to."""
    return tuple((entry.code, entry.name) for entry in tx.office.reference.out_of_authority.values())


def _extension(events: Sequence[Any]) -> tuple[str, bool]:
    """(the day that was granted, whether a request is open)."""
    asked = promised = ""
    for event in events:
        inputs = inputs_of(event)
        if event.action == Action.REQUEST_TIME:
            asked = inputs.get("date", "")
        elif event.action == Action.GRANT_TIME:
            promised, asked = inputs.get("date", "") or asked, ""
        elif event.action == Action.DENY_TIME:
            asked = ""
    return promised, bool(asked)


def _history(events: Sequence[Any], names: Mapping[str, str], cover: Cover) -> tuple[Happening, ...]:
    open_ones = [event for event in reversed(events_in_order(events)) if event.visibility != Visibility.INTERNAL]
    return tuple(_happening(event, names, cover) for event in open_ones if event.action in LISTED)[:MOST_EVENTS]


def _happening(event: Any, names: Mapping[str, str], cover: Cover) -> Happening:
    inputs = inputs_of(event)
    target = names.get(inputs.get("agency", ""), "")
    detail = inputs.get("institution") or inputs.get("date") or inputs.get("rating") or target
    said_at, by = event.said_at or event.at, event.actor_name
    return Happening(said_at, event.action, event.actor_role, by, cover(event.text_masked), detail)


def _mine(tx: Transaction, complaint_id: int, member: Member) -> OwnDeed | None:
    deed = deeds.newest(tx, complaint_id)
    if deed is None or not deed.is_by(member.actor):
        return None
    return OwnDeed(deed.action, deed.event.at, deed.undo_until)
