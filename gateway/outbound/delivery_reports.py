"""What providers report of messages that left: sent, delivered, read, failed. Early, late, repeated, out of order, of strangers.

Source: docs/channels/README.md § 4.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, select

from channels.messages import DeliveryReport, DeliveryStatus
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text, to_millis

ID_PREFIX = "ob_"
"""Before our number of a message, where a provider repeats it."""
RANK = {"queued": 0, "sending": 0, "unknown": 1, "sent": 2, "delivered": 3, "read": 4}
RECEIPTS = frozenset({"sent", "delivered", "read"})
RESENT = "resent"
EARLY_REPORTS = timedelta(minutes=10)
"""How long a receipt waits for its message: providers use their numbers again."""


def report(tx: Transaction, channel: str, reports: Sequence[DeliveryReport]) -> None:
    """Receipts: state moves forward only; early ones wait for their message, repeated and strange ones change nothing."""
    for given in reports:
        if given.status is None:
            continue
        row = _reported(tx, channel, given)
        kept = {
            "id": tx.new_id(),
            "channel": channel,
            "message_ref": given.message_id,
            "by_provider_id": given.by_provider_id,
            "status": given.status.value,
            "reason": given.reason[:60],
            "received_at": tx.now,
            "outbox_id": row.id if row else None,
        }
        is_new = tx.insert_new(tables.delivery_report, [kept], "id", key=("channel", "message_ref", "status"))
        if row and (is_new or row.provider_state == RESENT):
            _advance(tx, row, given.status, given.reason)
    if reports:
        tx.notes.setdefault("last_report", set()).add(channel)


def _reported(tx: Transaction, channel: str, given: DeliveryReport) -> Any:
    outbox = tables.outbox
    found = select(outbox.c.id, outbox.c.state, outbox.c.provider_state)
    if given.by_provider_id:
        mine = and_(outbox.c.channel == channel, outbox.c.provider_id == given.message_id, outbox.c.provider_id != "")
        return tx.one(found.where(mine))
    identity = id_number(given.message_id.removeprefix(ID_PREFIX))
    if identity is None:
        return None
    return tx.one(found.where(outbox.c.id == identity, outbox.c.channel == channel))


def _advance(tx: Transaction, row: Any, status: DeliveryStatus, reason: str) -> None:
    """`failed` counts while nothing was delivered; `delivered` after `failed` is a carrier's correction and wins."""
    if status is DeliveryStatus.FAILED:
        # What waits to be tried again is decided by that attempt, not by the last one.
        moves = row.state != "queued" and RANK.get(row.state, 9) < RANK["delivered"]
    else:
        moves = RANK[status.value] > RANK.get(row.state, 0)
    if not moves:
        return
    outbox = tables.outbox
    values: dict[str, Any] = {"state": status.value, "reason": reason[:60], "lease_until": None}
    if status in {DeliveryStatus.DELIVERED, DeliveryStatus.READ}:
        values["delivered_at"] = tx.now
    tx.execute(outbox.update().where(outbox.c.id == row.id).values(**values))


def match_early(tx: Transaction, sent: Sequence[tuple[str, int, str]]) -> None:
    """Receipts that overtook the provider's answer were kept under our id or the provider's; (channel, id, provider's) each."""
    report_, outbox = tables.delivery_report, tables.outbox
    names = {(channel, ID_PREFIX + id_text(identity)): identity for channel, identity, _ in sent} | {
        (channel, name): identity for channel, identity, name in sent if name
    }
    if not names:
        return
    waiting = tx.in_ids(
        "SELECT id, channel, message_ref, status, reason FROM delivery_report"
        " WHERE outbox_id IS NULL AND received_at > :since AND message_ref IN {ids}",
        {reference for _, reference in names},
        "text",
        since=to_millis(tx.now - EARLY_REPORTS),
    )
    for early in waiting:
        identity = names.get((early.channel, early.message_ref))
        if identity is None:
            continue
        tx.execute(report_.update().where(report_.c.id == early.id).values(outbox_id=identity))
        row = tx.one(select(outbox.c.id, outbox.c.state).where(outbox.c.id == identity))
        _advance(tx, row, DeliveryStatus(early.status), early.reason)
