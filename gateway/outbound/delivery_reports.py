"""What providers report of messages that left: sent, delivered, read, failed. Early, late, repeated, out of order, of strangers.

Source: docs/channels/README.md § 4.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select

from channels.messages import Address, DeliveryReport, DeliveryStatus, short_reference
from gateway.outbound import nobody_there, sent_parts, stops
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text, to_millis

ID_PREFIX = "ob_"
"""Before our number of a message, where a provider repeats it."""
RANK = {"queued": 0, "sending": 0, "unknown": 1, "sent": 2, "delivered": 3, "read": 4}
RECEIPTS = frozenset({"sent", "delivered", "read"})
ARRIVALS = "arrivals"
ARRIVED = frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.READ})
RESENT = "resent"
AS_TEMPLATE = "as_template"
"""Mark of a message that was refused as a free text and is sent, or was sent, as a template."""
AGAIN = "again"
"""Mark of a message that the provider took and could not deliver at first."""
SENT_AGAIN = frozenset({RESENT, AS_TEMPLATE, AGAIN})
"""Marks of messages of which several attempts were reported, or will be."""
OVERTAKEN = "overtaken"
"""Reason of a kept report that named a moment and no message: it settles no doubt, and says nothing of a failure."""
WINDOW_CLOSED = "window_closed"
"""Reason of a report that asks for a template."""
MOST_ATTEMPTS = 3
"""Of a message that its provider takes and then does not deliver."""
STOPPED_S = 300.0
EARLY_REPORTS = timedelta(minutes=10)
"""How long a receipt waits for its message: providers use their numbers again."""
LOOKED_BACK = timedelta(days=3)
CLOCKS_DIFFER = timedelta(seconds=5)
"""We note that a message left when its answer came, which is a little after the provider did."""


def report(tx: Transaction, channel: str, reports: Sequence[DeliveryReport]) -> None:
    """Receipts: state moves forward only; early ones wait for their message, repeated and strange ones change nothing."""
    for given in reports:
        if given.status is None:
            continue
        if given.up_to is not None:
            _advance_all(tx, channel, given.up_to, given.status, given.at or tx.now)
            continue
        row, told = _found(tx, channel, given)
        kept = {
            "id": tx.new_id(),
            "channel": channel,
            "message_ref": told.message_id,
            "by_provider_id": told.by_provider_id,
            "status": (told.status or given.status).value,
            "reason": told.reason[:60],
            "received_at": tx.now,
            "outbox_id": row.id if row else None,
            "again_s": None if told.again_s is None else round(told.again_s),
            "stops_channel": told.stops_channel,
        }
        is_new = tx.insert_new(tables.delivery_report, [kept], "id", key=("channel", "message_ref", "status"))
        if row and (is_new or row.provider_state in SENT_AGAIN or _is_refined(row)) and not _is_stale(row, told):
            _take(tx, row, told, channel)
        if row and told.provider_id:
            _name(tx, channel, row.id, told.provider_id)
    if sent := tx.notes.pop(ARRIVALS, []):
        stops.arrived(tx, channel, max(sent))
    if reports:
        tx.notes.setdefault("last_report", set()).add(channel)


def _advance_all(tx: Transaction, channel: str, person: Address, status: DeliveryStatus, until: datetime) -> None:
    """Everything that this person got by then (the provider's clock): reports that name a moment instead of messages."""
    outbox, contact = tables.outbox, tables.contact
    digest = tx.office.keys.fingerprint(person.reveal())
    theirs = outbox.c.contact_id.in_(select(contact.c.id).where(contact.c.address_hash == digest))
    lower = outbox.c.state.in_([state for state in RECEIPTS if RANK[state] < RANK[status.value]])
    lately = (outbox.c.channel == channel) & outbox.c.created_at.between(until - LOOKED_BACK, until + CLOCKS_DIFFER)
    in_time = outbox.c.sent_at <= until + CLOCKS_DIFFER
    values = {"state": status.value, "delivered_at": tx.now}
    tx.execute(outbox.update().where(lately, lower, theirs, in_time).values(**values))
    # What is under way may be among it: its answer comes later than this report.
    under_way = (outbox.c.state == "sending") & (outbox.c.due_at <= until + CLOCKS_DIFFER)
    kept = [
        {
            "id": tx.new_id(),
            "channel": channel,
            "message_ref": ID_PREFIX + id_text(row.id),
            "by_provider_id": False,
            "status": status.value,
            "reason": OVERTAKEN,
            "received_at": tx.now,
            "outbox_id": None,
            "again_s": None,
            "stops_channel": False,
        }
        for row in tx.all(select(outbox.c.id).where(lately, theirs, under_way))
    ]
    if kept:
        tx.insert_new(tables.delivery_report, kept, "id", key=("channel", "message_ref", "status"))


def _name(tx: Transaction, channel: str, identity: int, provider_id: str) -> None:
    """The answer that would have told the provider's name was lost: what is reported by that name later is known now."""
    outbox = tables.outbox
    unnamed = (outbox.c.id == identity) & (outbox.c.provider_id == "")
    if tx.execute(outbox.update().where(unnamed).values(provider_id=provider_id)).rowcount:
        match_early(tx, [(channel, identity, provider_id)])


def _found(tx: Transaction, channel: str, given: DeliveryReport) -> tuple[Any, DeliveryReport]:
    """The message that a report is about, and what it says about the whole of it."""
    if given.part is not None:
        given = _of_a_piece(tx, channel, given)
    if given.by_provider_id:
        given = _of_its_message(tx, channel, given)
    row = _reported(tx, channel, given)
    if row is None and given.recipient is not None:
        row = _in_doubt(tx, channel, given.recipient, given.reference)
        given = replace(given, provider_id=given.message_id)
    return row, given


def _in_doubt(tx: Transaction, channel: str, person: Address, reference: int | None) -> Any:
    """The only message to this person with this reference of which nobody knows whether it left."""
    outbox, contact = tables.outbox, tables.contact
    digest = tx.office.keys.fingerprint(person.reveal())
    theirs = outbox.c.contact_id.in_(select(contact.c.id).where(contact.c.address_hash == digest))
    doubtful = outbox.c.state.in_(("sending", "unknown")) & (outbox.c.provider_id == "")
    lately = (outbox.c.channel == channel) & (outbox.c.created_at > tx.now - LOOKED_BACK)
    rows = [
        row
        for row in tx.all(_rows().where(lately, doubtful, theirs))
        if short_reference(ID_PREFIX + id_text(row.id)) == reference
    ]
    return rows[0] if len(rows) == 1 else None


def _of_a_piece(tx: Transaction, channel: str, given: DeliveryReport) -> DeliveryReport:
    """A report that names the whole and one piece of it: about that piece, by the provider's name.

    Where the answers that name the pieces were lost, the last one stands for all: it left after the others.
    """
    row = _reported(tx, channel, given)
    if row is not None and row.state == "unknown" and given.is_last:
        return given
    return replace(given, message_id=given.provider_id, by_provider_id=True, provider_id="")


def _reported(tx: Transaction, channel: str, given: DeliveryReport) -> Any:
    outbox = tables.outbox
    found = _rows()
    if given.by_provider_id:
        ours = and_(outbox.c.channel == channel, outbox.c.provider_id != "")
        for name in (given.message_id, *given.others):
            if row := tx.one(found.where(ours, outbox.c.provider_id == name)):
                return row
        return _by_tail(tx, found.where(ours), given.tail) if given.tail else None
    identity = id_number(given.message_id.removeprefix(ID_PREFIX))
    if identity is None:
        return None
    return tx.one(found.where(outbox.c.id == identity, outbox.c.channel == channel))


def _by_tail(tx: Transaction, found: Any, tail: str) -> Any:
    """The only message of these days whose name ends so; None where several do."""
    outbox = tables.outbox.c
    lately = outbox.created_at > tx.now - LOOKED_BACK
    rows = tx.all(found.where(lately, outbox.provider_id.endswith(tail, autoescape=True)).limit(2))
    return rows[0] if len(rows) == 1 else None


def _of_its_message(tx: Transaction, channel: str, given: DeliveryReport) -> DeliveryReport:
    """A report about one part of a long SMS as one about the whole; any other as it is."""
    for name in (given.message_id, *given.others):
        if given.status and (whole := sent_parts.note(tx, channel, name, given.status, given.reason)):
            failed_whole = whole.reason == given.reason
            return DeliveryReport(
                ID_PREFIX + id_text(whole.outbox_id),
                whole.status,
                whole.reason,
                # Sending all of it again would double what arrived.
                again_s=given.again_s if failed_whole else None,
                stops_channel=given.stops_channel and failed_whole,
            )
    return given


def _rows() -> Any:
    outbox = tables.outbox.c
    return select(
        outbox.id,
        outbox.state,
        outbox.provider_state,
        outbox.provider_id,
        outbox.attempts,
        outbox.contact_id,
        outbox.reason,
        outbox.sent_at,
    )


def _is_stale(row: Any, given: DeliveryReport) -> bool:
    """A report, repeated for days, of an attempt before the last one."""
    if not given.provider_id or row.provider_state not in {AS_TEMPLATE, AGAIN} or not row.provider_id:
        return False
    is_that = row.provider_id == given.provider_id
    return is_that if row.state in {"queued", "sending"} else not is_that


def _advance(tx: Transaction, row: Any, status: DeliveryStatus, reason: str, channel: str) -> None:
    """`failed` counts while nothing was delivered; `delivered` after `failed` is a carrier's correction and wins."""
    if status is DeliveryStatus.FAILED:
        # What waits to be tried again is decided by that attempt, not by the last one.
        moves = (row.state != "queued" and RANK.get(row.state, 9) < RANK["delivered"]) or _is_refined(row)
    else:
        moves = RANK[status.value] > RANK.get(row.state, 0)
    if not moves:
        return
    outbox = tables.outbox
    values: dict[str, Any] = {"state": status.value, "reason": reason[:60], "lease_until": None}
    if status in ARRIVED:
        values["delivered_at"] = tx.now
        tx.notes.setdefault(ARRIVALS, []).extend([row.sent_at] if row.sent_at else [])
    elif reason == nobody_there.NOT_REACHED:
        nobody_there.note(tx, channel, row.contact_id, reason)
    tx.execute(outbox.update().where(outbox.c.id == row.id).values(**values))


def _is_refined(row: Any) -> bool:
    """A piece had failed before the others; now it turns out that, and why, all of them did."""
    return bool(row.state == "failed" and row.reason == sent_parts.PARTS_FAILED)


def _take(tx: Transaction, row: Any, given: DeliveryReport, channel: str) -> None:
    if given.status is None or (given.status is DeliveryStatus.FAILED and _once_more(tx, row, given, channel)):
        return
    _advance(tx, row, given.status, given.reason, channel)


def _once_more(tx: Transaction, row: Any, given: DeliveryReport, channel: str) -> bool:
    """Whether it is sent again: as a template once, a few times after passing trouble; never what was delivered after all."""
    if row.state not in {"sending", "sent", "unknown"} and not _is_refined(row):
        return False
    mark, wait_s = row.provider_state if row.provider_state == AS_TEMPLATE else AGAIN, given.again_s
    if given.reason == WINDOW_CLOSED and mark != AS_TEMPLATE:
        mark, wait_s = AS_TEMPLATE, 0.0
    elif row.attempts >= MOST_ATTEMPTS:
        return False
    elif given.stops_channel:
        stops.stop(tx, channel, given.reason, reported=True)
        wait_s = STOPPED_S
    if wait_s is None:
        return False
    outbox, due = tables.outbox, tx.now + timedelta(seconds=wait_s)
    values = {
        "state": "queued",
        "provider_state": mark,
        "reason": given.reason[:60],
        "due_at": due,
        "lease_until": None,
        # The answer of an attempt under way comes too late to count it.
        "attempts": row.attempts + (row.state == "sending" and mark == AGAIN),
    }
    tx.execute(outbox.update().where(outbox.c.id == row.id).values(**values))
    if wait_s == 0:
        tx.ring("deliver")
    return True


def match_early(tx: Transaction, sent: Sequence[tuple[str, int, str]]) -> None:
    """Receipts that overtook the provider's answer were kept under our id or the provider's; (channel, id, provider's) each."""
    report_, outbox = tables.delivery_report, tables.outbox
    names = {(channel, ID_PREFIX + id_text(identity)): identity for channel, identity, _ in sent} | {
        (channel, name): identity for channel, identity, name in sent if name
    }
    if not names:
        return
    waiting = tx.in_ids(
        "SELECT id, channel, message_ref, by_provider_id, status, reason, again_s, stops_channel FROM delivery_report"
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
        row = tx.one(_rows().where(outbox.c.id == identity))
        if early.reason == OVERTAKEN and (row is None or row.state != "sent"):
            continue
        told = DeliveryReport(
            early.message_ref,
            DeliveryStatus(early.status),
            early.reason if early.reason != OVERTAKEN else "",
            again_s=early.again_s,
            stops_channel=bool(early.stops_channel),
        )
        _take(tx, row, _of_its_message(tx, early.channel, told), early.channel)
