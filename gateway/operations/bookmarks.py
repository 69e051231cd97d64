"""How far a listener has come at a provider that does not remember it: one word per channel, as the adapter writes it."""

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
