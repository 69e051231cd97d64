"""One line for each message that somebody should get: to whom it went and how, or why it did not (CASEWORK 10)."""

from typing import Any

from sqlalchemy import ColumnElement, select

from gateway.complaints.notices import Skip
from gateway.storage import tables
from gateway.storage.store import Transaction


def note(
    tx: Transaction,
    row: Any,
    kind: str,
    *,
    skip: Skip | None = None,
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
        skip=skip.value if skip else "",
        template_version=version,
        created_at=tx.now,
    )
    return identity


def put_off(tx: Transaction, row: Any) -> None:
    """The notice waits for the end of quiet hours: a line that lasts until it goes on, however often it is put off."""
    log = tables.dispatch_log
    if tx.one(select(log.c.id).where(_waits(row)).limit(1)) is None:
        note(tx, row, row.audience, skip=Skip.QUIET)


def go_on(tx: Transaction, row: Any) -> None:
    """The notice waits no more: it is told now, or nobody has to be told."""
    tx.execute(tables.dispatch_log.update().where(_waits(row)).values(ended_at=tx.now))


def _waits(row: Any) -> ColumnElement[bool]:
    log = tables.dispatch_log.c
    mine: ColumnElement[bool] = (log.complaint_id == row.complaint_id) & (log.notice_id == row.id)
    return mine & (log.skip == Skip.QUIET.value) & log.ended_at.is_(None)
