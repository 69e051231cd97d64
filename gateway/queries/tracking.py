"""What a reporter sees of their complaint with number and code. Source: SCREENS 6, CASEWORK 3 and 9."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from gateway.complaints.complaint import Action, Case, Hold, Kind, Role, Status, Visibility
from gateway.complaints.sla import Clock, Running
from gateway.files import attachments
from gateway.files.attachments import StoredFile
from gateway.people import directory, readers
from gateway.privacy.privacy import Reader, shown_to
from gateway.queries.deadlines import Due, dues
from gateway.queries.milestones import Milestone, milestones, standing, told
from gateway.queries.offers import EVIDENCE, offers
from gateway.record import cases, known_incidents
from gateway.record.events import inputs_of
from gateway.record.said import events_in_order
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

QUESTIONS = frozenset({Action.ASK_MORE, Action.ASK_REPORTER})
FOR_REPORTERS = frozenset({Clock.AUTO_CLOSE, Clock.COMPLETION})
"""Clocks that wait for the reporter: when they run out nobody in the office was late."""
# Whose words an event tells: the reason of a disposition is for the house, the reason of a refusal is for the reporter.
WITH_WORDS = QUESTIONS | {
    Action.RECEIVE, Action.COMPLETE, Action.REPLY, Action.REPLY_TO_ANSWER, Action.CONTEST, Action.REOPEN,
    Action.RESTORE, Action.REPORT_PROGRESS, Action.ANSWER, Action.REFER_OUT, Action.ARCHIVE, Action.RATE,
    Action.FOLLOW_SP4N,
}  # fmt: skip
LISTED = WITH_WORDS | {
    Action.VERIFY, Action.ASSIGN, Action.REASSIGN, Action.MOVE_TO_INSPECTORATE, Action.START, Action.GRANT_TIME,
    Action.CONFIRM, Action.CLOSE_AUTOMATICALLY, Action.CANCEL, Action.ARCHIVE_INCOMPLETE, Action.LINK,
    Action.RAISE_ANONYMOUS, Action.RAISE_CONFIDENTIAL, Action.LOWER_ANONYMOUS, Action.LOWER_CONFIDENTIAL,
}  # fmt: skip
MANY_REOPENINGS = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history. `who`: you, agency, desk or sp4n; `detail` is an agency, an institution or a rating."""

    at: datetime
    action: str
    who: str
    agency: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tracking:
    """A complaint as its reporter sees it. `status` is the one they were told of."""

    number: str
    status: Status
    since: datetime
    title: str
    text: str
    place: str
    steps: tuple[Milestone, ...]
    agency: str
    due: Due | None
    """The nearest deadline that the reporter may know."""
    question: str
    answer: str
    answered_at: datetime | None
    evidence: tuple[StoredFile, ...]
    judges: bool
    """Whether the reporter is asked if the evidence is true: there is some, and they have not said."""
    own_files: int
    history: tuple[Entry, ...]
    """Newest first."""
    offers: tuple[str, ...]
    anonymous: bool
    confidential: bool
    held: bool
    rating: int | None
    sp4n_id: str
    ombudsman: bool
    """The office was late, or the complaint came back twice: there is somebody else to turn to."""
    known: str
    """What a coordinator says meanwhile of the incident that it is about; empty mostly."""


def page(tx: Transaction, row: Any, clocks: Sequence[Running]) -> Tracking:
    """The page of one row of `complaint`; `clocks` are those of the complaint."""
    case, settings = cases.case_of(row), tx.office.settings.casework
    kept = standing(_events(tx, case.id))
    events = told(kept, tx.now, settings.undo_s)
    hidden = kept[len(events)] if len(events) < len(kept) else None
    status = Status(events[-1].to_status) if hidden else case.status
    shown, names = shown_to(Reader.REPORTER, row), directory.agency_names(tx)
    waiting = dues(clocks, lambda clock: clock.rule.public, tx.now) if case.closed_at is None else ()
    is_late = any(due.is_overdue and due.clock not in FOR_REPORTERS for due in waiting)
    answer = "" if hidden and hidden.action == Action.ANSWER else row.public_answer
    evidence = tuple(attachments.evidence(tx, case)) if answer else ()
    return Tracking(
        number=case.number,
        status=status,
        since=events[-1].at if hidden else case.status_since,
        title=shown.title,
        text=shown.text,
        place=shown.place,
        steps=milestones(events, status),
        agency=_agency(case, names),
        due=waiting[0] if waiting else None,
        question=_question(events) if status is Status.INCOMPLETE else "",
        answer=answer,
        answered_at=row.answered_at if answer else None,
        evidence=evidence,
        judges=bool(evidence) and case.contact_id is not None and not _has_judged(kept, row.answered_at),
        own_files=_own_files(tx, case.id),
        history=_history(events, case, names),
        offers=offers(case, tx.now, settings.reopen_days, waits=hidden is not None),
        anonymous=case.anonymous,
        confidential=case.confidential,
        held=case.hold is not Hold.NONE,
        rating=case.rating,
        sp4n_id=row.sp4n_id,
        ombudsman=is_late or case.reopen_count >= MANY_REOPENINGS,
        known=known_incidents.about(tx, row),
    )


def _has_judged(events: Sequence[Any], answered_at: datetime | None) -> bool:
    said = [event for event in events if event.action in EVIDENCE.values()]
    return any(answered_at is None or event.at >= answered_at for event in said)


def _events(tx: Transaction, complaint_id: int) -> Sequence[Any]:
    event = tables.complaint_event
    return tx.all(select(event).where(event.c.complaint_id == complaint_id).order_by(event.c.seq))


def _agency(case: Case, names: dict[str, str]) -> str:
    """Who works on it; empty while nobody does, and for supervision, where that is told to nobody."""
    return "" if case.kind is Kind.PENGADUAN_PENGAWASAN else names.get(case.agency, "")


def _question(events: Sequence[Any]) -> str:
    asked = [event.text_masked for event in events if event.action in QUESTIONS]
    return str(asked[-1]) if asked else ""


def _own_files(tx: Transaction, complaint_id: int) -> int:
    attachment = tables.attachment
    mine = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == "reporter")
    row = tx.one(select(func.count()).select_from(attachment).where(mine))
    return int(row[0]) if row else 0


def _history(events: Sequence[Any], case: Case, names: dict[str, str]) -> tuple[Entry, ...]:
    public = [event for event in reversed(events_in_order(events)) if event.visibility == Visibility.PUBLIC]
    return tuple(_entry(event, case, names) for event in public if event.action in LISTED)


def _entry(event: Any, case: Case, names: dict[str, str]) -> Entry:
    inputs = inputs_of(event)
    is_told = case.kind is not Kind.PENGADUAN_PENGAWASAN
    target = names.get(inputs.get("agency", ""), "") if is_told else ""
    return Entry(
        at=event.said_at or event.at,
        action=event.action,
        who=_who(event),
        agency=names.get(event.agency, "") if is_told else "",
        text=event.text_masked if event.action in WITH_WORDS else "",
        detail=inputs.get("institution") or inputs.get("rating") or target,
    )


def _who(event: Any) -> str:
    if event.actor_role in {Role.REPORTER, Role.SP4N}:
        return "you" if event.actor_role == Role.REPORTER else "sp4n"
    return "agency" if event.agency else "desk"


def file_key(file: StoredFile) -> str:
    """How a file is called in addresses: opaque, and never what its owner called it."""
    return id_text(file.id)


LEFT_OUT = ("file_type", "file_too_large", "too_many_files", "location_dropped")
"""Flags of a form's message that its sender should know of."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the page after sending shows. `has_route`: news can be sent, not only read here."""

    number: str
    code: str
    due_on: date | None
    has_route: bool
    left_out: tuple[str, ...]
    known: str = ""
    """As for `Tracking`; with the code only."""


def receipt(tx: Transaction, channel: str, nonce: str, number: str, code: str) -> Receipt:
    """Beside number and code (gateway.dialogue.facts.form_answer): until when it is looked at, and what was left out."""
    complaint, contact, message = tables.complaint, tables.contact, tables.message
    row = tx.one(
        select(
            complaint.c.due_at,
            complaint.c.created_at,
            complaint.c.closed_at,
            complaint.c.hold,
            complaint.c.text_masked,
            contact.c.scheme,
        )
        .join(contact, contact.c.id == complaint.c.contact_id, isouter=True)
        .where(complaint.c.number == number)
    )
    mine = (message.c.channel == channel) & (message.c.external_id == f"wf:{nonce}")
    sent = tx.one(select(message.c.flags).where(mine))
    flags = sent.flags.split() if sent else ()
    return Receipt(
        number,
        code,
        tx.office.calendar.local(row.due_at).date() if row and row.due_at else None,
        row is not None and bool(readers.channel_for(tx, row.scheme or "", channel)),
        tuple(flag for flag in LEFT_OUT if flag in flags),
        known_incidents.about(tx, row) if row and code else "",
    )
