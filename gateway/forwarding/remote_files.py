"""Files beside the answers of agencies at a system of record: noted with the answer, fetched by whoever works that system.

Its own queue, because the system is called by one process at one pace; what was fetched is cleaned and kept like any other
file (gateway/files/attachments.py). Rules: docs/forwarders/sp4n.md § Files.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.messages import AttachmentRef
from gateway.complaints.complaint import OF_RECORD, OF_RECORD_SECRET
from gateway.complaints.forward import RemoteEvent
from gateway.files import attachments
from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.store import Transaction

ELSEWHERE, FETCHING = "elsewhere", "fetching"
"""States of a file before it is here."""
LEASE = timedelta(seconds=180)
MOST_TRIES = 8
AGAIN_FIRST, AGAIN_MAX = timedelta(minutes=5), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class RemoteFileJob:
    """A file to be fetched from a target."""

    id: int
    fence: int
    target: str
    address: str
    attempts: int


@dataclass(frozen=True, slots=True)
class RemoteFileOutcome:
    """`content` where it came; else `error`, and whether it is `gone` for good."""

    id: int
    fence: int
    content: bytes | None = None
    error: str = ""
    gone: bool = False


def note(tx: Transaction, row: Any, new: Iterable[RemoteEvent]) -> None:
    """The files of follow-ups that were not known; of our own there is nothing to fetch."""
    for event in new:
        refs = [AttachmentRef(file.address, file.media_type, name=file.name) for file in event.files if file.address]
        if refs and not event.ref:
            origin = OF_RECORD_SECRET if event.secret else OF_RECORD
            attachments.add(tx, row.complaint_id, None, row.target, refs, origin, ELSEWHERE)
            tx.ring("poll")


def claim(tx: Transaction, target: str, limit: int) -> list[RemoteFileJob]:
    """Files of this target that are due to be fetched, oldest first."""
    found = claim_rows(
        tx,
        tables.attachment,
        limit=limit,
        lease=LEASE,
        working=FETCHING,
        queued=(ELSEWHERE,),
        where="q.channel = :target",
        target=target,
    )
    return [
        RemoteFileJob(
            row.id,
            row.fence,
            target,
            open_seal(tx.office.keys.raw, bytes(row.ref_sealed), f"attachment:{row.id}").decode(),
            row.attempts,
        )
        for row in found
    ]


def settle(tx: Transaction, job: RemoteFileJob, outcome: RemoteFileOutcome) -> datetime | None:
    """What became of it; when it is tried again, where it is."""
    attachment = tables.attachment
    mine = (attachment.c.id == outcome.id) & (attachment.c.fence == outcome.fence) & (attachment.c.state == FETCHING)
    values: dict[str, Any] = {"lease_until": None, "last_error": outcome.error[:300]}
    again = None
    if outcome.content is not None:
        values |= {"state": "queued", "due_at": tx.now, "attempts": 0}
    elif outcome.gone or job.attempts + 1 >= MOST_TRIES:
        values |= {"state": "gone", "attempts": job.attempts + 1}
    else:
        again = tx.now + min(AGAIN_FIRST * 2**job.attempts, AGAIN_MAX)
        values |= {"state": ELSEWHERE, "due_at": again, "attempts": job.attempts + 1}
    if tx.execute(attachment.update().where(mine).values(**values)).rowcount and outcome.content is not None:
        attachments.keep_content(tx, outcome.id, outcome.content)
        tx.ring("attach")
    return again


def put_back(tx: Transaction, job: RemoteFileJob) -> None:
    """It was not begun, or cut off: fetching twice does no harm."""
    attachment = tables.attachment
    mine = (attachment.c.id == job.id) & (attachment.c.fence == job.fence) & (attachment.c.state == FETCHING)
    tx.execute(attachment.update().where(mine).values(state=ELSEWHERE, lease_until=None, due_at=tx.now))
