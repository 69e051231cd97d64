"""One line for each message that somebody should get: to whom it went and how, or why it did not (CASEWORK 10)."""

from typing import Any

from gateway.storage import tables
from gateway.storage.store import Transaction


def note(
    tx: Transaction,
    row: Any,
    kind: str,
    *,
    skip: str = "",
    recipient: int | None = None,
    channel: str = "",
    outbox: int | None = None,
    version: int | None = None,
) -> int:
    """A line about the notice `row`; `skip` says why nobody was told by a message of its own. The id of the line.

    `version`: of the office's own words that were said; None for those of the product.
    """
    identity = tx.new_id()
    tx.insert(
        tables.dispatch_log,
        id=identity,
        notice_id=row.id,
        complaint_id=row.complaint_id,
        event_id=row.event_id,
        key=row.key,
        recipient_kind=kind,
        recipient_id=recipient,
        channel=channel,
        outbox_id=outbox,
        skip=skip,
        template_version=version,
        created_at=tx.now,
    )
    return identity
