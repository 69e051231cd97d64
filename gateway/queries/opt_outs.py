"""Addresses that want no more messages, by channel: since when, and how they are shown to staff (by kind and mask only)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, text

from gateway.people import contacts
from gateway.storage import tables
from gateway.storage.store import Transaction

MOST = 50
HAS_LEFT = text("dialogue.opted_out_at IS NOT NULL")
"""Word for word the condition of its index."""


@dataclass(frozen=True, slots=True)
class OptedOut:
    channel: str
    to: str
    since: datetime


def newest(tx: Transaction, channel: str = "") -> Sequence[OptedOut]:
    """Who left last, at most `MOST`."""
    dialogue = tables.dialogue
    wanted = and_(HAS_LEFT, dialogue.c.channel.concat("") == channel) if channel else HAS_LEFT
    columns = (dialogue.c.channel, dialogue.c.contact_id, dialogue.c.opted_out_at)
    rows = tx.all(select(*columns).where(wanted).order_by(dialogue.c.opted_out_at.desc()).limit(MOST))
    people = contacts.by_id(tx, [row.contact_id for row in rows])
    where = contacts.addresses(tx, people)
    return [
        OptedOut(
            row.channel, contacts.masked(where[row.contact_id]) if row.contact_id in where else "", row.opted_out_at
        )
        for row in rows
    ]


def since(tx: Transaction, channel: str, contact_id: int) -> datetime | None:
    """Since when this address wants nothing on this channel; None while it does."""
    dialogue = tables.dialogue
    mine = (dialogue.c.channel == channel) & (dialogue.c.contact_id == contact_id)
    row = tx.one(select(dialogue.c.opted_out_at).where(mine))
    return row.opted_out_at if row else None
