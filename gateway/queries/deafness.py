"""Whether a provider only reports what became of our messages and brings none of theirs.

So it is when the webhook lost the subscription to messages: reports flow, and everything looks well. Judged where both come
by the same webhook, and where nobody is written to who has not written first (Meta); no weeks of comparison are needed.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from channels.registry import Channel
from gateway.storage import tables
from gateway.storage.store import Transaction

AFTER = timedelta(hours=12)
"""A night without a message is none of it."""
LOOKED_BACK = timedelta(days=3)
LEAST = 5
"""So many messages of ours must have been reported since the last of theirs."""
ARRIVED = ("delivered", "read")


def is_deaf(tx: Transaction, channel: Channel, last_in: datetime | None) -> bool:
    """`last_in`: when somebody wrote last; None = never."""
    can = channel.capabilities
    if channel.receiver is None or not (can.reports and can.window_s):
        return False
    if last_in is not None and tx.now - last_in < AFTER:
        return False
    outbox, since = tables.outbox.c, max(last_in or tx.now - LOOKED_BACK, tx.now - LOOKED_BACK)
    reported = (outbox.channel == channel.name) & (outbox.created_at > since) & outbox.state.in_(ARRIVED)
    return len(tx.all(select(outbox.id).where(reported).limit(LEAST))) == LEAST
