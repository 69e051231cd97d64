"""Parts of long SMS that left, where the provider reports each of them: a message is delivered when all of its parts are.

Source: docs/channels/smpp.md § Delivery reports. Only channels whose answers name every part have rows here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from channels.messages import DeliveryStatus
from gateway.storage import tables
from gateway.storage.store import Transaction

PARTS_FAILED = "parts_failed"
"""Reason of a message of which a part did not arrive (F52)."""
FINAL = (DeliveryStatus.DELIVERED, DeliveryStatus.READ)


@dataclass(frozen=True, slots=True)
class Whole:
    """What a report about one part makes of its message."""

    outbox_id: int
    status: DeliveryStatus
    reason: str = ""


def keep(tx: Transaction, channel: str, outbox_id: int, names: Sequence[str]) -> None:
    """The provider's names of the parts of one message, in order; those of an earlier attempt are forgotten."""
    part = tables.sent_part
    tx.execute(part.delete().where(part.c.outbox_id == outbox_id))
    for number, name in enumerate(names, start=1):
        tx.insert(
            part,
            id=tx.new_id(),
            channel=channel,
            outbox_id=outbox_id,
            part=number,
            provider_id=name,
            state=DeliveryStatus.SENT.value,
        )


def note(tx: Transaction, channel: str, name: str, status: DeliveryStatus, reason: str) -> Whole | None:
    """Write what became of the part of this name; None when no part is called so."""
    part = tables.sent_part
    mine = (part.c.channel == channel) & (part.c.provider_id == name) & (part.c.provider_id != "")
    row = tx.one(select(part.c.id, part.c.outbox_id, part.c.state).where(mine).order_by(part.c.id.desc()).limit(1))
    if row is None:
        return None
    if status is not DeliveryStatus.SENT and row.state not in FINAL:
        tx.execute(part.update().where(part.c.id == row.id).values(state=status.value))
    states = [one.state for one in tx.all(select(part.c.state).where(part.c.outbox_id == row.outbox_id))]
    return _whole(row.outbox_id, states, reason)


def _whole(outbox_id: int, states: Sequence[Any], reason: str) -> Whole:
    if DeliveryStatus.FAILED in states:
        is_all = set(states) == {DeliveryStatus.FAILED}
        return Whole(outbox_id, DeliveryStatus.FAILED, reason if is_all else PARTS_FAILED)
    if all(state in FINAL for state in states):
        return Whole(outbox_id, DeliveryStatus.DELIVERED)
    return Whole(outbox_id, DeliveryStatus.SENT)
