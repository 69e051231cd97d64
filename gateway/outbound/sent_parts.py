"""Parts of long SMS that left, where the provider reports each of them: a message is delivered when all of its parts are.

Source: docs/channels/smpp.md § Delivery reports. Only channels whose answers name every part have rows here. Of a message
that was interrupted they also say where its next attempt goes on, whichever process makes it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from channels.messages import DeliveryStatus
from gateway.storage import tables
from gateway.storage.store import Transaction

PARTS_FAILED = "parts_failed"
"""Reason of a message of which a part did not arrive (F52)."""
FINAL = (DeliveryStatus.DELIVERED, DeliveryStatus.READ)
REST = DeliveryStatus.QUEUED
"""State of the row that stands for all parts that have not left yet."""
LEFT = "SELECT outbox_id, channel, part, provider_id, state FROM sent_part WHERE outbox_id IN {ids} ORDER BY outbox_id, part"


@dataclass(frozen=True, slots=True)
class Whole:
    """What a report about one part makes of its message."""

    outbox_id: int
    status: DeliveryStatus | None
    """None: nothing yet, for parts of it have not left."""
    reason: str = ""


def keep(tx: Transaction, channel: str, outbox_id: int, names: Sequence[str], *, rest: bool = False) -> None:
    """The provider's names of the parts of one message, in order; other ones of an earlier attempt are forgotten. `rest`:
    the other parts leave in the next attempt."""
    part = tables.sent_part
    mine = part.c.outbox_id == outbox_id
    told = {(row.part, row.provider_id): row.state for row in tx.all(select(part).where(mine))}
    tx.execute(part.delete().where(mine))
    states = [told.get((number, name), DeliveryStatus.SENT.value) for number, name in enumerate(names, start=1)]
    rows = [*zip(names, states, strict=True), *([("", REST.value)] if rest else [])]
    for number, (name, state) in enumerate(rows, start=1):
        tx.insert(
            part, id=tx.new_id(), channel=channel, outbox_id=outbox_id, part=number, provider_id=name, state=state
        )


def begun(tx: Transaction, channels: Mapping[int, str]) -> dict[int, tuple[str, ...]]:
    """Of those messages (id -> channel that they leave by now) that were interrupted: the names of the parts that left."""
    found: defaultdict[int, list[Any]] = defaultdict(list)
    for row in tx.in_ids(LEFT, channels) if channels else ():
        if row.channel == channels[row.outbox_id]:
            found[row.outbox_id].append(row)
    return {
        identity: tuple(row.provider_id for row in rows[:-1])
        for identity, rows in found.items()
        if rows[-1].state == REST.value
    }


def forget(tx: Transaction, ids: Select[tuple[int]]) -> None:
    """A person sends these once more: whole, and what left before speaks for none of them any more."""
    part = tables.sent_part
    tx.execute(part.delete().where(part.c.outbox_id.in_(ids)))


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
    if REST in states:
        return Whole(outbox_id, None)
    if DeliveryStatus.FAILED in states:
        is_all = set(states) == {DeliveryStatus.FAILED}
        return Whole(outbox_id, DeliveryStatus.FAILED, reason if is_all else PARTS_FAILED)
    if all(state in FINAL for state in states):
        return Whole(outbox_id, DeliveryStatus.DELIVERED)
    return Whole(outbox_id, DeliveryStatus.SENT)
