"""What breaks us: put aside whole, acknowledged, looked at by a person, replayed after the fault is mended."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from channels.messages import RawRequest
from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.intake.arrival import freeze, thaw
from gateway.storage import tables
from gateway.storage.store import Transaction

DIGEST_CHARACTERS = 32


def put(tx: Transaction, channel: str, request: RawRequest, received_at: datetime, reason: str, detail: str) -> bool:
    """Keep a call that could not be understood or carried out; False when the very same call is here already."""
    identity = tx.new_id()
    content = b"\n".join((request.method.encode(), request.path.encode(), request.raw_query, request.body))
    row = {
        "id": identity,
        "channel": channel,
        "reason": reason[:60],
        "detail": detail[:300],
        "request_sealed": freeze(tx.office.keys.raw, channel, request, received_at),
        "digest": hashlib.sha256(content).hexdigest()[:DIGEST_CHARACTERS],
        "received_at": received_at,
    }
    return bool(tx.insert_new(tables.quarantine, [row], "id", key=("channel", "digest")))


@dataclass(frozen=True, slots=True)
class Quarantined:
    id: int
    channel: str
    reason: str
    detail: str
    state: str
    received_at: datetime
    request: RawRequest


def read(tx: Transaction, identity: int) -> Quarantined | None:
    table = tables.quarantine
    row = tx.one(select(table).where(table.c.id == identity))
    if row is None or not row.request_sealed:  # what was settled long ago is only known to have been here
        return None
    _, request, received_at = thaw(tx.office.keys.raw, bytes(row.request_sealed))
    return Quarantined(row.id, row.channel, row.reason, row.detail, row.state, received_at, request)


def settle(tx: Transaction, identity: int, state: str, actor: Actor) -> None:
    """`replayed` or `dismissed`, by whom; the first who says so counts."""
    table = tables.quarantine
    held = (table.c.id == identity) & (table.c.state == "held")
    if not tx.execute(table.update().where(held).values(state=state, settled_at=tx.now, settled_by=actor.id)).rowcount:
        return
    audit.record(tx, actor, f"quarantine_{state}", "quarantine", str(identity))
