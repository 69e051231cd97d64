"""What is kept of a file: noted at once, fetched by a worker, cleaned, stored by its hash outside the web root.

A failed file never delays a text. What came with a call waits sealed in the database, under the same commit as its
message, so that any worker on any machine can clean it; cleaned files stand in `tx.office.files`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from channels.messages import AttachmentRef
from gateway.complaints.complaint import OF_AGENCY, OF_RECORD, OF_REPORTER
from gateway.files import photo_moments, photo_prints
from gateway.privacy.privacy import masked_text
from gateway.sealing import open_seal, seal
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.store import Transaction

MOST_FILES = 10
LEASE = timedelta(seconds=180)


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file to be fetched and cleaned. `ref.content` is set when it came with its message."""

    id: int
    fence: int
    channel: str
    complaint_id: int
    ref: AttachmentRef
    attempts: int


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """`state`: stored (as `stored_as`), refused (`reason`), gone, or queued (again at `due_at`)."""

    id: int
    fence: int
    state: str
    reason: str = ""
    media_type: str = ""
    size: int = 0
    stored_as: str = ""
    sha256: str = ""
    due_at: datetime | None = None
    prints: tuple[str, ...] = ()
    """What a picture looks like, 16 hexadecimal digits each (gateway/files/photo_prints.py)."""
    taken: str = ""
    """When it was taken, as its camera wrote it (gateway/files/photo_moments.py)."""


def add(
    tx: Transaction,
    complaint_id: int,
    message_id: int | None,
    channel: str,
    refs: Sequence[AttachmentRef],
    origin: str = OF_REPORTER,
    state: str = "queued",
) -> int:
    """Note the files of a message; what came with the call is kept under the same commit."""
    if not refs:
        return 0
    attachment = tables.attachment
    # Each side has its own room: a reporter with many photos must not keep the agency from proving its work.
    same = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == origin)
    counted = tx.one(select(func.count()).select_from(attachment).where(same))
    room = MOST_FILES - (int(counted[0]) if counted else 0)
    for ref in refs[: max(room, 0)]:
        identity = tx.new_id()
        if ref.content is not None:
            keep_content(tx, identity, ref.content)
        tx.insert(
            attachment,
            id=identity,
            complaint_id=complaint_id,
            message_id=message_id,
            channel=channel,
            origin=origin,
            ref_sealed=seal(tx.office.keys.raw, ref.ref, f"attachment:{identity}"),
            media_type=ref.media_type[:80],
            size=ref.size,
            caption=masked_text(ref.caption),
            created_at=tx.now,
            state=state,
            due_at=tx.now,
        )
    tx.ring("attach")
    return min(len(refs), max(room, 0))


def keep_content(tx: Transaction, identity: int, content: bytes) -> None:
    """The file as it came, sealed, until a worker has cleaned it."""
    sealed = seal(tx.office.keys.raw, content, f"upload:{identity}")
    # Not among the gathered rows: megabytes have no place in the text of a batch.
    tx.execute(tables.attachment_upload.insert().values(attachment_id=identity, content_sealed=sealed))


def claim(tx: Transaction, limit: int) -> list[FileJob]:
    rows = claim_rows(tx, tables.attachment, limit=limit, lease=LEASE, working="working")
    return [_job(tx, row) for row in rows]


def _job(tx: Transaction, row: Any) -> FileJob:
    key = tx.office.keys.raw
    reference = open_seal(key, bytes(row.ref_sealed), f"attachment:{row.id}").decode()
    upload = tables.attachment_upload
    kept = tx.one(select(upload.c.content_sealed).where(upload.c.attachment_id == row.id))
    content = open_seal(key, bytes(kept.content_sealed), f"upload:{row.id}") if kept else None
    ref = AttachmentRef(reference, row.media_type, row.size, content=content)
    return FileJob(row.id, row.fence, row.channel, row.complaint_id, ref, row.attempts)


def name_of(sha256: str) -> str:
    """Where a cleaned file stands in the store; the same file is kept once."""
    return f"{sha256[:2]}/{sha256}"


def settle(tx: Transaction, outcomes: Sequence[FileOutcome]) -> None:
    """Write what became of files; the content itself is in the store before its row says so."""
    attachment, upload = tables.attachment, tables.attachment_upload
    for outcome in outcomes:
        row = tx.one(select(attachment).where(attachment.c.id == outcome.id, attachment.c.fence == outcome.fence))
        if row is None or row.state != "working":
            continue
        values: dict[str, Any] = {"state": outcome.state, "lease_until": None, "last_error": outcome.reason[:300]}
        values["attempts"] = row.attempts + 1
        if outcome.state == "stored":
            values |= {
                "stored_as": outcome.stored_as,
                "sha256": outcome.sha256,
                "media_type": outcome.media_type,
                "size": outcome.size,
                "ref_sealed": None,
                "taken_at": _taken_at(tx, row, outcome.taken),
            }
        if outcome.due_at:
            values["due_at"] = outcome.due_at
        tx.execute(attachment.update().where(attachment.c.id == outcome.id).values(**values))
        if outcome.prints:
            photo_prints.keep(tx, row, outcome.prints)
        if outcome.state != "queued":
            tx.execute(upload.delete().where(upload.c.attachment_id == outcome.id))


def _taken_at(tx: Transaction, row: Any, taken: str) -> datetime | None:
    """Of evidence alone: when reporters were where they report of is theirs."""
    return (
        photo_moments.read(taken, tx.office.calendar, row.created_at) if taken and row.origin != OF_REPORTER else None
    )


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A cleaned file as screens and systems of record get it; `name` is what the store knows it by."""

    id: int
    complaint_id: int
    origin: str
    media_type: str
    size: int
    sha256: str
    name: str
    taken_at: datetime | None = None
    """When a picture of an agency was taken; None where its file does not say."""


def stored(tx: Transaction, complaint_id: int, origin: str = "", at: datetime | None = None) -> list[StoredFile]:
    """What is clean and kept, in order. `at`: only what came at that moment."""
    attachment = tables.attachment
    wanted = (attachment.c.complaint_id == complaint_id) & (attachment.c.state == "stored")
    if at is not None:
        wanted &= attachment.c.created_at == at
    rows = tx.all(select(attachment).where(wanted).order_by(attachment.c.id))
    return [_stored(row) for row in rows if not origin or row.origin == origin]


def between(
    tx: Transaction, complaint_id: int, origin: str, since: datetime | None, until: datetime
) -> list[StoredFile]:
    """What is clean and kept and came after `since` (None: whenever), at `until` at the latest; in order."""
    attachment = tables.attachment
    wanted = (attachment.c.complaint_id == complaint_id) & (attachment.c.state == "stored")
    wanted &= (attachment.c.origin == origin) & (attachment.c.created_at <= until)
    if since is not None:
        wanted &= attachment.c.created_at > since
    return [_stored(row) for row in tx.all(select(attachment).where(wanted).order_by(attachment.c.id))]


def came(tx: Transaction, complaint_id: int, at: datetime) -> int:
    """How many files of the reporter came at that moment, clean or not yet."""
    attachment = tables.attachment
    mine = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == OF_REPORTER)
    row = tx.one(select(func.count()).select_from(attachment).where(mine, attachment.c.created_at == at))
    return int(row[0]) if row else 0


def evidence(tx: Transaction, case: Any) -> list[StoredFile]:
    """What proves the answer of a complaint (its row or `Case`); of one that follows a parent the parent's pictures too.

    Whoever answered: our agency, or one at a system of record.
    """
    family = filter(None, [case.id, case.parent_id])
    return [file for one in family for file in stored(tx, one) if file.origin in {OF_AGENCY, OF_RECORD}]


def file(tx: Transaction, identity: int) -> StoredFile | None:
    attachment = tables.attachment
    row = tx.one(select(attachment).where(attachment.c.id == identity, attachment.c.state == "stored"))
    return _stored(row) if row else None


def _stored(row: Any) -> StoredFile:
    size = row.size or 0
    return StoredFile(
        row.id, row.complaint_id, row.origin, row.media_type, size, row.sha256, row.stored_as, row.taken_at
    )


def move(tx: Transaction, message_id: int, complaint_id: int) -> None:
    """The files of this message belong to another complaint (BARU alone)."""
    attachment = tables.attachment
    tx.execute(attachment.update().where(attachment.c.message_id == message_id).values(complaint_id=complaint_id))
