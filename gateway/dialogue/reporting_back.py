"""What reporters do to complaints that are there: add, edit, act, look up. Called while a turn is carried out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from channels.messages import InboundMessage, Location
from gateway.casework import casework
from gateway.casework.opening import Opened, keep_text
from gateway.complaints.complaint import SYSTEM, Action, Actor, Case, Role, Status, Visibility
from gateway.conversation.lookups import Outcome
from gateway.conversation.turn import Addition, CaseAction, Lookup, NewCode, Revision, StatusLookup, TermProposal, Wish
from gateway.files import attachments
from gateway.people import dialogues
from gateway.people.contacts import Contact
from gateway.privacy import anonymity
from gateway.privacy.privacy import masked_text
from gateway.record import cases, said, tasks, tracking, unjudged
from gateway.retention import privacy_requests
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

REPEATED = "repeated"
EDITABLE = frozenset({Status.RECEIVED, Status.INCOMPLETE})
SAID_LATER = (Action.REPLY.value, Action.COMPLETE.value, Action.RESTORE.value)
"""Events that carry words of the reporter beside the text of the complaint."""


def id_of(tx: Transaction, number: str) -> int | None:
    if not number:
        return None
    complaint = tables.complaint
    row = tx.one(select(complaint.c.id).where(complaint.c.number == number))
    return int(row.id) if row else None


def add(
    tx: Transaction,
    addition: Addition,
    contact: Contact,
    channel: str,
    message_id: int,
    said_at: datetime | None = None,
) -> int | None:
    """Something the reporter adds to a complaint; its id. `said_at`: see gateway/record/said.py."""
    case = cases.by_number(tx, addition.number)
    if case is None:
        return None
    actor = Actor(Role.REPORTER, str(contact.id))
    attachments.add(tx, case.id, message_id, channel, addition.attachments)
    written, addition = addition.text, addition.with_(text=_unnamed(tx, case, addition.text))
    if addition.repeated:
        casework.remark(tx, case, REPEATED, actor, {"text": addition.text}, Visibility.INTERNAL)
        return case.id
    action = addition.action or _joining(tx, case, addition)
    if addition.text:
        keep_text(tx, case.id, 1, written, contact, message_id)
    if action is None:
        _join(tx, case, addition, contact)
    else:
        who = SYSTEM if action is Action.RESTORE else actor
        casework.apply(tx, action, case, who, {"text": addition.text, "reason": addition.text}, said_at=said_at)
    _place(tx, case.id, addition.place, addition.location)
    cases.amend(tx, case.id, last_message_at=tx.now)
    return case.id


def _unnamed(tx: Transaction, case: Case, text: str) -> str:
    """Words of a reporter as others may have them."""
    return anonymity.cover_of(tx, case)(text) if text else text


def _joining(tx: Transaction, case: Case, addition: Addition) -> Action | None:
    """A burst joins the text while nobody has judged it; later it is a reply like any other.

    So it is after words that came later than the first text: whoever reads both reads them as they were said.
    """
    joins = case.status is Status.RECEIVED and not (addition.text and _has_said_more(tx, case))
    return None if joins else Action.REPLY


def _has_said_more(tx: Transaction, case: Case) -> bool:
    event = tables.complaint_event.c
    mine = (event.complaint_id == case.id) & event.action.in_(SAID_LATER) & (event.text_masked != "")
    return tx.one(select(event.id).where(mine).limit(1)) is not None


def _join(tx: Transaction, case: Case, addition: Addition, contact: Contact) -> None:
    complaint = tables.complaint
    if not addition.text:
        return
    kept = _texts(tx, case)
    if _as_said(tx, kept) != kept:
        _rebuild(tx, case, contact)
        return
    row = tx.one(select(complaint.c.text_masked, complaint.c.suggestion_state).where(complaint.c.id == case.id))
    if row is None:
        return
    text = f"{row.text_masked}\n{masked_text(addition.text)}"[:10_000]
    cases.amend(tx, case.id, text_masked=text, suggestion_state="queued")
    tx.ring("classify")


def _place(tx: Transaction, complaint_id: int, place: str, location: Location | None) -> None:
    values: dict[str, Any] = {}
    if location is not None:
        values = {"latitude": location.latitude, "longitude": location.longitude, "point_source": "gps"}
        values["point_precision_m"] = location.precision_m
        values["location_text"] = masked_text(location.name)[:300]
    if place:
        values["location_text"] = masked_text(place)[:300]
        values["suggestion_state"] = "queued"
        tx.ring("classify")
    if values:
        cases.amend(tx, complaint_id, **values)


def act(tx: Transaction, wish: CaseAction, actor: Actor) -> int | None:
    """An action of the reporter; `ActionRefused` goes to the caller, who tells them."""
    case = cases.by_number(tx, wish.number)
    if case is None:
        return None
    casework.apply(tx, wish.action, case, actor, wish.inputs)
    cases.amend(tx, case.id, last_message_at=tx.now)
    return case.id


def revise(
    tx: Transaction, channel: str, contact: Contact, said: InboundMessage, revisions: Sequence[Revision]
) -> None:
    """Edited or deleted messages. The old words stay sealed; what was judged already is only added to."""
    for revision in revisions:
        message = tables.message
        target = tx.office.keys.unnamed(said.reply_address or said.sender, revision.target)
        mine = (message.c.channel == channel) & (message.c.provider_id == target)
        row = tx.one(select(message.c.id, message.c.complaint_id).where(mine).order_by(message.c.id).limit(1))
        case = cases.by_id(tx, row.complaint_id) if row and row.complaint_id else None
        if case is None or row is None:
            continue
        actor = Actor(Role.REPORTER, str(contact.id))
        text = "" if revision.deleted else revision.text
        keep_text(tx, case.id, 2, text, contact, row.id)
        what = "delete" if revision.deleted else "edit"
        _reworded(tx, case, contact, what, actor, _unnamed(tx, case, text))


def complete(tx: Transaction, contact: Contact, complaint_id: int, message_id: int, text: str) -> None:
    """The missing part of a long SMS came after all: the same complaint, with the whole text (F56)."""
    case = cases.by_id(tx, complaint_id)
    if case is None:
        return
    keep_text(tx, case.id, 2, text, contact, message_id)
    _reworded(tx, case, contact, "completed", Actor(Role.REPORTER, str(contact.id)), _unnamed(tx, case, text))


def _reworded(tx: Transaction, case: Case, contact: Contact, what: str, actor: Actor, text: str) -> None:
    """Other words than before: of the text while it can be edited, beside it later."""
    if case.status in EDITABLE:
        _rebuild(tx, case, contact)
    event_id = casework.remark(tx, case, what, actor, {"text": text}, Visibility.AGENCY)
    if text and case.status not in EDITABLE:
        unjudged.note(tx, case.id, event_id)


def _rebuild(tx: Transaction, case: Case, contact: Contact) -> None:
    """The text as it reads now: the latest version of each message, in their order."""
    latest: dict[int | None, str] = {}
    for row in _as_said(tx, _texts(tx, case)):
        latest[row.message_id] = contact.open(bytes(row.text_sealed), f"complaint_text:{row.id}")
    text = _unnamed(tx, case, "\n".join(part for part in latest.values() if part))
    cases.amend(tx, case.id, text_masked=masked_text(text)[:10_000] or "-", suggestion_state="queued")
    tx.ring("classify")


def _texts(tx: Transaction, case: Case) -> list[Any]:
    """Every version of what the reporter wrote, as it came."""
    table = tables.complaint_text
    return list(tx.all(select(table).where(table.c.complaint_id == case.id).order_by(table.c.id)))


def _as_said(tx: Transaction, kept: Sequence[Any]) -> list[Any]:
    """The same in the order in which the messages were written (F32); a version stands where its message does."""
    moments = said.of_messages(tx, [row.message_id for row in kept])
    return said.in_order(kept, lambda row: moments.get(row.message_id))


def move_last(tx: Transaction, number: str, external_id: str, channel: str, opened: Opened) -> None:
    """BARU alone: the message appended last becomes a complaint of its own, with its files."""
    case = cases.by_number(tx, number)
    message = tables.message
    mine = (message.c.channel == channel) & (message.c.external_id == external_id)
    row = tx.one(select(message.c.id).where(mine))
    if row is not None:
        attachments.move(tx, row.id, opened.id)
        tx.execute(message.update().where(message.c.id == row.id).values(complaint_id=opened.id))
    if case is not None:
        casework.remark(tx, case, "moved_out", SYSTEM, {"note": opened.number}, Visibility.INTERNAL)


def look_up(tx: Transaction, lookup: Lookup, contact: Contact, channel: str, language: str) -> Outcome | None:
    """What the conversation on `channel` asked to be looked up; None where nothing has to be added."""
    match lookup:
        case StatusLookup():
            return _status(tx, lookup, contact)
        case NewCode():
            identity = id_of(tx, lookup.number)
            return Outcome(code=tracking.new_code(tx, identity, lookup.number)) if identity else Outcome()
        case TermProposal():
            tasks.add(tx, "term", str(tx.new_id()), masked_text(lookup.text))
        case Wish():
            subject = lookup.number or f"contact:{contact.id}"
            asked = privacy_requests.WISHES.get(lookup.kind)
            # Words about somebody's data stand with their request alone, and go with it.
            tasks.add(tx, lookup.kind, subject, "" if asked else masked_text(lookup.text), id_of(tx, lookup.number))
            if asked:
                privacy_requests.note(tx, contact, channel, language, asked, lookup.text)
    return None


def _status(tx: Transaction, lookup: StatusLookup, contact: Contact) -> Outcome:
    row = tx.one(constant(dialogues.BY_NUMBER), {"number": lookup.number})
    source = contact.address_hash
    if not lookup.code:
        left = tracking.attempts_left(tx, lookup.number, source)
        return Outcome(case=dialogues.known_case(tx, row) if _is_theirs(tx, row, contact) else None, attempts_left=left)
    tracked = tracking.find(tx, lookup.number, lookup.code, source)
    known = dialogues.known_case(tx, row) if tracked.row is not None and row is not None else None
    return Outcome(case=known, attempts_left=max(tracked.attempts_left, 0))


def _is_theirs(tx: Transaction, row: Any, contact: Contact) -> bool:
    """Whether this address may see it without the code: it is theirs, they kept nothing back, and were heard of lately."""
    if row is None or row.contact_id != contact.id or row.anonymous or row.confidential:
        return False
    return bool(row.last_message_at > to_millis(tx.now - dialogues.SILENT_FOR))
