"""What we hold about one reporter, for themselves: a copy as data and as a page, sealed with a password (SECURITY § 5).

Their own words as they wrote them; what others wrote as it is shown to them, through `gateway.privacy.privacy`. Nothing about
anybody else: no name of an officer, no note between offices.
"""

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select

from channels.messages import MessageKind
from gateway.audit import audit
from gateway.complaints.complaint import OF_REPORTER, ActionRefused, Actor, Visibility
from gateway.file_store import FileStore
from gateway.files import attachments
from gateway.people import contacts, further_addresses
from gateway.people.contacts import Contact
from gateway.privacy.privacy import Reader, masked_text, shown_to
from gateway.record import shelf
from gateway.record.said import events_in_order
from gateway.reporting.sealed_zip import sealed
from gateway.retention import privacy_requests
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

MOST_REPORTS = 1_000
MOST_BYTES = 100 * 1024 * 1024
"""Of files; what is left out, or lost, is named as not enclosed."""
DATA, PAGE = "data.json", "data.txt"


@dataclass(frozen=True, slots=True)
class Copy:
    """A ZIP under a password that only who asked knows."""

    name: str
    content: bytes
    details: Mapping[str, Any]
    """What the record says of it: counts, and its hash."""


@dataclass(frozen=True, slots=True, repr=False)
class Gathered:
    """What is to be packed; `stored`: where the files of the reports lie, by their id."""

    identity: int
    held: dict[str, Any]
    stored: Mapping[int, str]
    password: str


def gather(tx: Transaction, identity: int, actor: Actor) -> Gathered:
    """What the copy for a request that was granted holds, as things stand now. ActionRefused: `wrong_role`, `wrong_state`."""
    request = privacy_requests.copyable(tx, identity, actor)
    contact = contacts.by_id(tx, [request.contact_id]).get(request.contact_id)
    if contact is None:
        raise ActionRefused("wrong_state", "the contact is gone")
    held = gathered(tx, contact)
    password, stored = privacy_requests.password(tx, identity), _stored(tx, held["reports"])
    return Gathered(identity, held, stored, password)


def pack(found: Gathered, kept: FileStore) -> Copy:
    """Up to a hundred megabytes are read, compressed and sealed: outside any transaction, for others would wait."""
    held = found.held
    enclosed = _files(kept, held["reports"], found.stored)
    files = {DATA: msgspec.json.format(msgspec.json.encode(held), indent=2), PAGE: _page(held).encode(), **enclosed}
    content = sealed(files, found.password)
    details = {"files": len(files), "reports": len(held["reports"]), "sha256": hashlib.sha256(content).hexdigest()}
    return Copy(f"salinan-data-{id_text(found.identity)}.zip", content, details)


def note_taken(tx: Transaction, identity: int, actor: Actor, made: Copy) -> None:
    """Put it into the record before it is handed out. ActionRefused where it may not be any more."""
    privacy_requests.copyable(tx, identity, actor)
    audit.record(tx, actor, "copy_taken", "request", id_text(identity), details=made.details)


def gathered(tx: Transaction, contact: Contact) -> dict[str, Any]:
    """Everything as plain values: contact, reports with their words, messages and files, and requests."""
    complaint, request = tables.complaint, tables.privacy_request
    mine = select(complaint).where(complaint.c.contact_id == contact.id).order_by(complaint.c.id).limit(MOST_REPORTS)
    asked = select(request).where(request.c.contact_id == contact.id).order_by(request.c.id)
    return {
        "address": contacts.addresses(tx, {contact.id: contact})[contact.id].reveal(),
        "further_addresses": [one.reveal() for one in further_addresses.of(tx, contact)],
        "name": contacts.name_of(tx, contact.id),
        "reports": [_report(tx, contact, row) for row in tx.all(mine)],
        "requests": [
            {"kind": row.kind, "asked_at": row.asked_at, "state": row.state, "said": row.said, "answer": row.reason}
            for row in tx.all(asked)
        ],
        "made_at": tx.now,
    }


def _report(tx: Transaction, contact: Contact, row: Any) -> dict[str, Any]:
    shown = shown_to(Reader.REPORTER, row)
    return {
        "number": row.number,
        "channel": row.channel,
        "created_at": row.created_at,
        "closed_at": row.closed_at,
        "kind": row.kind,
        "topic": row.topic,
        "status": row.status,
        "agency": row.agency,
        "title": shown.title,
        "text": shown.text,
        "place": shown.place,
        "point": [row.latitude, row.longitude] if row.latitude is not None else None,
        "anonymous": row.anonymous,
        "confidential": row.confidential,
        "rating": row.rating,
        "rating_comment": row.rating_comment,
        "number_at_lapor": row.sp4n_id or "",
        "written": _written(tx, contact, row.id),
        "received": _received(tx, contact, row.id),
        "sent": _sent(tx, contact, row.id),
        "history": _history(tx, row.id),
        "files": [
            {
                "name": f"{row.number}-{at}{mimetypes.guess_extension(one.media_type) or '.bin'}",
                "type": one.media_type,
                "bytes": one.size,
                "sha256": one.sha256,
                "id": one.id,
            }
            for at, one in enumerate(attachments.stored(tx, row.id, OF_REPORTER), 1)
        ],
    }


def _written(tx: Transaction, contact: Contact, complaint_id: int) -> list[str]:
    text = tables.complaint_text
    rows = tx.all(select(text).where(text.c.complaint_id == complaint_id).order_by(text.c.id))
    return [contact.open(bytes(row.text_sealed), f"complaint_text:{row.id}") for row in rows]


def _received(tx: Transaction, contact: Contact, complaint_id: int) -> list[dict[str, Any]]:
    message = tables.message
    of_it = (message.c.complaint_id == complaint_id) & message.c.complaint_id.is_not(None)
    theirs = (message.c.contact_id == contact.id) & (message.c.kind != MessageKind.ECHO.value)
    rows = tx.all(select(message).where(of_it, theirs).order_by(message.c.id))
    return [
        {
            "at": row.received_at,
            "channel": row.channel,
            "text": contact.open(bytes(row.text_sealed), f"message:{row.id}:text") if row.text_sealed else "",
        }
        for row in rows
    ]


def _sent(tx: Transaction, contact: Contact, complaint_id: int) -> list[dict[str, Any]]:
    outbox = tables.outbox
    of_it = (outbox.c.complaint_id == complaint_id) & outbox.c.complaint_id.is_not(None)
    rows = tx.all(select(outbox).where(of_it, outbox.c.contact_id == contact.id).order_by(outbox.c.id))
    said = [
        {"at": row.sent_at or row.created_at, "text": contact.open(bytes(row.text_sealed), f"outbox:{row.id}")}
        for row in rows
        if row.text_sealed
    ]
    return [*_put_away(tx, contact, complaint_id), *said]


def _put_away(tx: Transaction, contact: Contact, complaint_id: int) -> list[dict[str, Any]]:
    history = shelf.load(tx, [complaint_id]).get(complaint_id)
    sealed_words = history.words.said if history and history.words else ()
    opened = [
        contact.open_bytes(one.sealed, f"{shelf.WORDS}:{complaint_id}")
        for one in sealed_words
        if one.contact_id == contact.id
    ]
    told = [words for one in opened for words, _ in msgspec.msgpack.decode(one, type=list[tuple[bytes | None, str]])]
    return [{"at": None, "text": words.decode()} for words in told if words]


def _history(tx: Transaction, complaint_id: int) -> list[dict[str, Any]]:
    """What is public of it; who acted is told by their office."""
    event = tables.complaint_event
    public = (event.c.complaint_id == complaint_id) & (event.c.visibility == Visibility.PUBLIC.value)
    return [
        {
            "at": row.said_at or row.at,
            "action": row.action,
            "status": row.to_status,
            "agency": row.agency,
            "text": masked_text(row.text_masked),
        }
        for row in events_in_order(tx.all(select(event).where(public).order_by(event.c.seq)))
    ]


def _stored(tx: Transaction, reports: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    attachment = tables.attachment
    wanted = [file["id"] for report in reports for file in report["files"]]
    asked = select(attachment.c.id, attachment.c.stored_as).where(attachment.c.id.in_(wanted))
    return {row.id: row.stored_as for row in tx.all(asked.order_by(attachment.c.id))} if wanted else {}


def _files(kept: FileStore, reports: Sequence[Mapping[str, Any]], stored: Mapping[int, str]) -> dict[str, bytes]:
    """What is enclosed, oldest first; each file of the reports is told whether it is."""
    found: dict[str, bytes] = {}
    wanted = {file["id"]: file for report in reports for file in report["files"]}
    room = MOST_BYTES
    for identity, name in stored.items():
        file = wanted[identity]
        if file["bytes"] <= room:
            # One that is lost is no reason to give out nothing.
            with suppress(FileNotFoundError):
                found[file["name"]] = kept.get(name)
                room -= file["bytes"]
        file["enclosed"] = file["name"] in found
    return found


def _page(held: Mapping[str, Any]) -> str:
    """The same for people: one line for each value, in order."""
    return "\n".join(_lines(msgspec.to_builtins(held), 0)) + "\n"


def _lines(value: Any, depth: int) -> list[str]:
    lines: list[str] = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value, 1):
        if isinstance(inner, dict | list):
            lines += ["  " * depth + f"{key}:", *_lines(inner, depth + 1)]
        elif inner not in ("", None):
            lines.append("  " * depth + f"{key}: {inner}")
    return lines
