"""Complaints as everybody may read them through Open311. Source: docs/forwarders/open311.md § Reading.

What must not be told is absent, exactly like what never was: nothing here says which of the two it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from gateway.complaints.complaint import CLOSED, OPEN, Kind, Status
from gateway.complaints.sla import Clock
from gateway.files import attachments
from gateway.files.attachments import StoredFile
from gateway.people import directory
from gateway.privacy.privacy import Reader, photos_to, text_to
from gateway.privacy.publicity import Spot, is_public, spot
from gateway.record import shelf
from gateway.record.events import inputs_of
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

complaint = tables.complaint
LONGEST = timedelta(days=90)
AT_MOST = 1000
"""Rows for a caller that knows no pages: the cap of the standard."""
DEEPEST = 20_000
"""Rows that a page may skip."""
PHOTOS = ("image/jpeg", "image/png", "image/webp")
OF_STATUS: Mapping[str, frozenset[Status]] = {"open": OPEN, "closed": CLOSED}
COLUMNS = tuple(
    complaint.c[name]
    for name in (
        "id", "number", "created_at", "updated_at", "text_masked", "kind", "topic", "place", "latitude", "longitude",
        "agency", "status", "status_since", "closed_at", "anonymous", "confidential", "sensitive", "public_answer",
        "archive_reason", "channel_kind",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests. `ids` (ticket numbers) overrides everything else; `since` and `until` bound the time of asking."""

    since: datetime
    until: datetime
    ids: tuple[str, ...] | None = None
    topics: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    """`open`, `closed`; empty = both."""
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    skip: int = 0
    limit: int = AT_MOST


@dataclass(frozen=True, slots=True)
class Referred:
    """To whom a complaint outside our authority was sent, and why (masked)."""

    institution: str
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """A complaint as everybody may read it: masked, without identity, its place coarse."""

    number: str
    status: Status
    since: datetime
    settled: bool
    """Whether the status can no longer be taken back by whoever set it."""
    kind: Kind
    topic: str
    text: str
    agency: str
    """Name of the agency; empty while there is none."""
    requested_at: datetime
    updated_at: datetime
    expected_at: datetime | None
    place: Spot
    answer: str
    archive_reason: str
    referred: Referred | None
    channel_kind: str
    photo: str
    """Id of the first photo that may be shown, as addresses write it; empty where there is none."""


def find(tx: Transaction, wanted: Wanted) -> tuple[list[Request], bool]:
    """One page, newest first, and whether more follow."""
    rows = tx.all(
        select(*COLUMNS)
        .where(is_public(tx.office), *_conditions(wanted))
        .order_by(complaint.c.created_at.desc(), complaint.c.id.desc())
        .limit(wanted.limit + 1)
        .offset(wanted.skip)
    )
    return _requests(tx, rows[: wanted.limit]), len(rows) > wanted.limit


def one(tx: Transaction, number: str) -> Request | None:
    """None when there is none, and when it is not for everybody."""
    row = tx.one(select(*COLUMNS).where(is_public(tx.office), complaint.c.number == number))
    return _requests(tx, [row])[0] if row is not None else None


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.ids is not None:
        return [complaint.c.number.in_(wanted.ids)]
    found = [complaint.c.created_at >= wanted.since, complaint.c.created_at <= wanted.until]
    if wanted.topics:
        found.append(complaint.c.topic.in_(wanted.topics))
    if wanted.status:
        named = {status.value for word in wanted.status for status in OF_STATUS[word]}
        found.append(complaint.c.status.in_(sorted(named)))
    if wanted.updated_after:
        found.append(complaint.c.updated_at >= wanted.updated_after)
    if wanted.updated_before:
        found.append(complaint.c.updated_at <= wanted.updated_before)
    return found


def _requests(tx: Transaction, rows: Sequence[Any]) -> list[Request]:
    if not rows:
        return []
    expected, referred, photos = _expected(tx, rows), _referred(tx, rows), _photos(tx, rows)
    names = directory.agency_names(tx)
    final = tx.now - timedelta(seconds=tx.office.settings.casework.undo_s)
    return [
        Request(
            number=row.number,
            status=Status(row.status),
            since=row.status_since,
            settled=row.status_since <= final,
            kind=Kind(row.kind),
            topic=row.topic,
            text=text_to(Reader.PUBLIC, row),
            agency=names.get(row.agency, ""),
            requested_at=row.created_at,
            updated_at=row.updated_at,
            expected_at=expected.get(row.id),
            place=spot(tx.office, row),
            answer=row.public_answer,
            archive_reason=row.archive_reason,
            referred=referred.get(row.id),
            channel_kind=row.channel_kind,
            photo=photos.get(row.id, ""),
        )
        for row in rows
    ]


def _expected(tx: Transaction, rows: Sequence[Any]) -> dict[int, datetime]:
    """When each is to be settled by: the clock of resolution, also where it was put away."""
    clock, name = tables.clock, Clock.RESOLUTION.value
    chosen = (clock.c.complaint_id.in_([row.id for row in rows]), clock.c.name == name)
    found = {
        row.complaint_id: row.due_at for row in tx.all(select(clock.c.complaint_id, clock.c.due_at).where(*chosen))
    }
    over = [row.id for row in rows if row.closed_at is not None and row.id not in found]
    for identity, history in shelf.load(tx, over, (clock,)).items():
        due = [kept.due_at for kept in history.rows[clock] if kept.name == name]
        found |= {identity: due[-1]} if due else {}
    return found


def _referred(tx: Transaction, rows: Sequence[Any]) -> dict[int, Referred]:
    event, wanted = tables.complaint_event, Status.OUT_OF_AUTHORITY.value
    ids = [row.id for row in rows if row.status == wanted]
    if not ids:
        return {}
    chosen = (event.c.complaint_id.in_(ids), event.c.to_status == wanted, event.c.from_status != wanted)
    found = {}
    for row in tx.all(select(event).where(*chosen).order_by(event.c.complaint_id, event.c.seq)):
        inputs = inputs_of(row)
        found[row.complaint_id] = Referred(inputs.get("institution", ""), inputs.get("reason", ""))
    return found


def _photos(tx: Transaction, rows: Sequence[Any]) -> dict[int, str]:
    if not tx.office.settings.open311.publish_media:
        return {}
    shown = [row.id for row in rows if photos_to(Reader.PUBLIC, row)]
    if not shown:
        return {}
    attachment = tables.attachment
    chosen = (attachment.c.complaint_id.in_(shown), *_is_photo())
    found = tx.all(select(attachment.c.complaint_id, attachment.c.id).where(*chosen).order_by(attachment.c.id.desc()))
    return {row.complaint_id: id_text(row.id) for row in found}


def _is_photo() -> tuple[ColumnElement[bool], ...]:
    attachment = tables.attachment
    return (
        attachment.c.state == "stored",
        attachment.c.origin == "reporter",
        attachment.c.media_type.in_(PHOTOS),
    )


def photo(tx: Transaction, name: str) -> StoredFile | None:
    """A photo that everybody may see; None for every other file."""
    attachment, identity = tables.attachment, id_number(name)
    if identity is None:
        return None
    known = tx.one(select(attachment.c.complaint_id).where(attachment.c.id == identity, *_is_photo()))
    if known is None or not tx.office.settings.open311.publish_media:
        return None
    row = tx.one(select(*COLUMNS).where(is_public(tx.office), complaint.c.id == known.complaint_id))
    return attachments.file(tx, identity) if row is not None and photos_to(Reader.PUBLIC, row) else None
