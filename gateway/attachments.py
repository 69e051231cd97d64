"""What is kept of a file: noted at once, fetched by a worker, cleaned, stored by its hash outside the web root.

A failed file never delays a text. Storage is a folder, `storage.attachments_dir`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from channels.messages import AttachmentRef
from gateway.privacy import masked_text
from gateway.sealing import open_seal, seal
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.store import Transaction

MOST_FILES = 10
STAGED = "staged:"
LEASE = timedelta(seconds=180)


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file to be fetched and cleaned. `ref.content` is set when it was staged here already."""

    id: int
    fence: int
    channel: str
    complaint_id: int
    ref: AttachmentRef
    attempts: int


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """`state`: stored, refused (`reason`), gone, or queued (again at `due_at`)."""

    id: int
    fence: int
    state: str
    reason: str = ""
    media_type: str = ""
    content: bytes = b""
    sha256: str = ""
    due_at: datetime | None = None


def add(
    tx: Transaction,
    complaint_id: int,
    message_id: int | None,
    channel: str,
    refs: Sequence[AttachmentRef],
    origin: str = "reporter",
) -> int:
    """Note the files of a message; what came with the call is put on the disk before anything is answered."""
    if not refs:
        return 0
    attachment = tables.attachment
    # Each side has its own room: a reporter with many photos must not keep the agency from proving its work.
    same = (attachment.c.complaint_id == complaint_id) & (attachment.c.origin == origin)
    counted = tx.one(select(func.count()).select_from(attachment).where(same))
    room = MOST_FILES - (int(counted[0]) if counted else 0)
    for ref in refs[: max(room, 0)]:
        identity = tx.new_id()
        reference = _stage(tx, identity, ref.content) if ref.content is not None else ref.ref
        tx.insert(
            attachment,
            id=identity,
            complaint_id=complaint_id,
            message_id=message_id,
            channel=channel,
            origin=origin,
            ref_sealed=seal(tx.office.keys.raw, reference, f"attachment:{identity}"),
            media_type=ref.media_type[:80],
            size=ref.size,
            caption=masked_text(ref.caption),
            created_at=tx.now,
            due_at=tx.now,
        )
    tx.ring("attach")
    return min(len(refs), max(room, 0))


def _stage(tx: Transaction, identity: int, content: bytes) -> str:
    folder = folder_of(tx) / "staged"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{identity}.part"
    write_durably(folder / name, content)
    return STAGED + name


def write_durably(path: Path, content: bytes) -> None:
    """Write, fsync, and only then give the file its name."""
    draft = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def folder_of(tx: Transaction) -> Path:
    return Path(tx.office.settings.storage.attachments_dir)


def claim(tx: Transaction, limit: int) -> list[FileJob]:
    rows = claim_rows(tx, tables.attachment, limit=limit, lease=LEASE, working="working")
    return [_job(tx, row) for row in rows]


def _job(tx: Transaction, row: Any) -> FileJob:
    reference = open_seal(tx.office.keys.raw, bytes(row.ref_sealed), f"attachment:{row.id}").decode()
    content = None
    if reference.startswith(STAGED):
        path = folder_of(tx) / "staged" / reference.removeprefix(STAGED)
        content = path.read_bytes() if path.exists() else None
    ref = AttachmentRef(reference, row.media_type, row.size, content=content)
    return FileJob(row.id, row.fence, row.channel, row.complaint_id, ref, row.attempts)


def settle(tx: Transaction, outcomes: Sequence[FileOutcome]) -> None:
    """Write what became of files; the content itself is on the disk before its row says so."""
    attachment = tables.attachment
    for outcome in outcomes:
        row = tx.one(select(attachment).where(attachment.c.id == outcome.id, attachment.c.fence == outcome.fence))
        if row is None or row.state != "working":
            continue
        values: dict[str, Any] = {"state": outcome.state, "lease_until": None, "last_error": outcome.reason[:300]}
        values["attempts"] = row.attempts + 1
        if outcome.state == "stored":
            values |= _store(tx, outcome)
        if outcome.due_at:
            values["due_at"] = outcome.due_at
        tx.execute(attachment.update().where(attachment.c.id == outcome.id).values(**values))
        if outcome.state != "queued":
            staged = folder_of(tx) / "staged" / f"{outcome.id}.part"
            tx.afterwards.append(partial(staged.unlink, missing_ok=True))


def _store(tx: Transaction, outcome: FileOutcome) -> dict[str, Any]:
    name = f"{outcome.sha256[:2]}/{outcome.sha256}"
    path = folder_of(tx) / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, outcome.content)
    return {
        "stored_as": name,
        "sha256": outcome.sha256,
        "media_type": outcome.media_type,
        "size": len(outcome.content),
        "ref_sealed": None,
    }


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A cleaned file as screens and systems of record get it; `path` is read when it is sent."""

    id: int
    complaint_id: int
    origin: str
    media_type: str
    size: int
    sha256: str
    path: Path


def stored(tx: Transaction, complaint_id: int, origin: str = "") -> list[StoredFile]:
    attachment = tables.attachment
    wanted = (attachment.c.complaint_id == complaint_id) & (attachment.c.state == "stored")
    rows = tx.all(select(attachment).where(wanted).order_by(attachment.c.id))
    return [_stored(tx, row) for row in rows if not origin or row.origin == origin]


def file(tx: Transaction, identity: int) -> StoredFile | None:
    attachment = tables.attachment
    row = tx.one(select(attachment).where(attachment.c.id == identity, attachment.c.state == "stored"))
    return _stored(tx, row) if row else None


def _stored(tx: Transaction, row: Any) -> StoredFile:
    path = folder_of(tx) / row.stored_as
    return StoredFile(row.id, row.complaint_id, row.origin, row.media_type, row.size or 0, row.sha256, path)


def move(tx: Transaction, message_id: int, complaint_id: int) -> None:
    """The files of this message belong to another complaint (BARU alone)."""
    attachment = tables.attachment
    tx.execute(attachment.update().where(attachment.c.message_id == message_id).values(complaint_id=complaint_id))
