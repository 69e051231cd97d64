"""Calls that name something without saying it: their provider is asked, and the answer becomes an ordinary message.

Kept as rows with the flag `not_read_yet`; workers ask (workers/asking.py), for nothing is called before a call is answered.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from channels.messages import Inbound, RawRequest
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.storage.store import Store, Transaction

NOT_READ_YET, READ = "not_read_yet", "read"
ASKED_FOR = timedelta(days=7)
"""Afterwards nobody is asked any more."""
MOST = 20
Kept = tuple[int, RawRequest]
"""The row of a call, and the call."""


def waiting(store: Store, channel: str) -> Sequence[Kept]:
    """The oldest calls of the last days that nobody has read yet."""
    message = tables.message
    with store.reading() as tx:
        recent = (message.c.channel == channel) & (message.c.received_at > tx.now - ASKED_FOR)
        mine = recent & (message.c.flags == NOT_READ_YET) & message.c.raw_sealed.is_not(None)
        rows = tx.all(select(message).where(mine).order_by(message.c.received_at).limit(MOST))
        keys = tx.office.keys
    return [(row.id, _call(keys.raw, row)) for row in rows]


def answered(store: Store, channel: str, kept: Kept, events: Sequence[Inbound]) -> None:
    """What the provider said about it; nothing where it is gone."""
    store.run(partial(_take, channel=channel, kept=kept, events=events))


def _take(tx: Transaction, *, channel: str, kept: Kept, events: Sequence[Inbound]) -> None:
    identity, request = kept
    message = tables.message
    mine = (message.c.id == identity) & (message.c.flags == NOT_READ_YET)
    if not tx.execute(message.update().where(mine).values(flags=READ)).rowcount:
        return  # another process was faster
    if events:
        intake.receive(tx, [Arrival(channel, events, request, request.received_at or tx.now)])


def _call(key: bytes, row: object) -> RawRequest:
    sealed, identity = bytes(getattr(row, "raw_sealed")), getattr(row, "id")  # noqa: B009 - a row of any shape
    body = open_seal(key, sealed, f"message:{identity}:raw")
    return RawRequest("POST", body=body, received_at=getattr(row, "received_at"))  # noqa: B009
