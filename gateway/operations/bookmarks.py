"""How far a listener has come at a provider that does not remember it: one word per channel, as the adapter writes it.

And whether it has brought a message before: some providers give their messages no names.
"""

from datetime import datetime

from sqlalchemy import select

from gateway.storage import tables
from gateway.storage.store import Transaction


def read(tx: Transaction, channel: str) -> str:
    """Empty while nothing was ever read there."""
    bookmark = tables.bookmark
    row = tx.one(select(bookmark.c.position).where(bookmark.c.channel == channel))
    return str(row.position) if row else ""


def keep(tx: Transaction, channel: str, position: str) -> None:
    row = {"channel": channel, "position": position, "updated_at": tx.now}
    tx.upsert(tables.bookmark, [row], ("position", "updated_at"))


def earlier(tx: Transaction, channel: str, beginning: str, since: datetime, until: datetime) -> str:
    """The name of a message of this channel that begins so and came in that time; empty when there is none."""
    message = tables.message
    then = (message.c.channel == channel) & (message.c.received_at >= since) & (message.c.received_at < until)
    named = message.c.external_id.startswith(beginning, autoescape=True)
    row = tx.one(select(message.c.external_id).where(then, named).order_by(message.c.id).limit(1))
    return str(row.external_id) if row else ""
