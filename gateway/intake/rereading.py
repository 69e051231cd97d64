"""Messages of kinds that an earlier version could not read, read again after an update (F99).

They were kept byte for byte, and their senders were told what can be sent. What is understood now becomes an ordinary
message of the moment at which it came.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from channels.errors import ChannelError
from channels.messages import Inbound, InboundMessage, MessageKind, RawRequest
from channels.protocols import Receiver
from gateway.intake import intake
from gateway.intake.arrival import Arrival
from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.storage.store import Store, Transaction

LOOKED_BACK = timedelta(days=30)
UNREAD = ":unread"
"""Ends the name of the row that could not be read, so that the message may come again under its own."""


def reread(store: Store) -> int:
    """Read the unread messages of the last days by today's adapters; how many were understood."""
    understood = 0
    for channel in store.office.channels.values():
        if channel.receiver is None:
            continue
        for identity in _unread(store, channel.name):
            with store.transaction() as tx:
                understood += _again(tx, channel.name, channel.receiver, identity)
    return understood


def _unread(store: Store, channel: str) -> Sequence[int]:
    message = tables.message
    with store.reading() as tx:
        recent = (message.c.channel == channel) & (message.c.received_at > tx.now - LOOKED_BACK)
        mine = recent & (message.c.kind == MessageKind.UNSUPPORTED.value) & message.c.raw_sealed.is_not(None)
        return [row.id for row in tx.all(select(message.c.id).where(mine).order_by(message.c.received_at))]


def _again(tx: Transaction, channel: str, receiver: Receiver, identity: int) -> bool:
    message = tables.message
    mine = (message.c.id == identity) & ~message.c.external_id.endswith(UNREAD)
    row = tx.one(select(message).where(mine).with_for_update())
    if row is None:
        return False
    body = open_seal(tx.office.keys.raw, bytes(row.raw_sealed), f"message:{row.id}:raw")
    request = RawRequest("POST", body=body, received_at=row.received_at)
    events = _understood(receiver, request)
    if not events:
        return False
    tx.execute(message.update().where(message.c.id == identity).values(external_id=f"{row.external_id}{UNREAD}"))
    intake.receive(tx, [Arrival(channel, events, request, row.received_at)])
    return True


def _understood(receiver: Receiver, request: RawRequest) -> Sequence[Inbound]:
    """What the call says; nothing while it is still of a kind that nobody knows."""
    try:
        events = receiver.parse(request)
    except ChannelError:
        return ()
    unknown = (isinstance(event, InboundMessage) and event.kind is MessageKind.UNSUPPORTED for event in events)
    return () if any(unknown) else events
