"""When somebody last wrote to a channel on which free texts go out only for a while after that (Meta)."""

from collections.abc import Iterable
from datetime import datetime

from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import from_millis

# With its channel: the key begins with that, and without it SQLite reads whoever ever wrote.
HEARD = "SELECT contact_id, at FROM heard WHERE channel = :channel AND contact_id IN {ids}"
Who = tuple[str, int]
"""Channel and contact."""


def hear(tx: Transaction, moments: Iterable[tuple[str, int, datetime]]) -> None:
    """They wrote then: (channel, contact, moment) each. A message that comes late does not open what a later one opened."""
    latest: dict[Who, datetime] = {}
    for channel, contact_id, moment in moments:
        latest[channel, contact_id] = max(moment, latest.get((channel, contact_id), moment))
    known = last_heard(tx, latest)
    rows = [
        {"channel": channel, "contact_id": contact_id, "at": moment}
        for (channel, contact_id), moment in sorted(latest.items())
        if moment > known.get((channel, contact_id), datetime.min.replace(tzinfo=moment.tzinfo))
    ]
    tx.upsert(tables.heard, rows, ("at",))


def last_heard(tx: Transaction, wanted: Iterable[Who]) -> dict[Who, datetime]:
    """The moments that are known."""
    asked: dict[str, set[int]] = {}
    for channel, contact_id in wanted:
        asked.setdefault(channel, set()).add(contact_id)
    return {
        (channel, row.contact_id): from_millis(row.at)
        for channel, ids in asked.items()
        for row in tx.in_ids(HEARD, ids, channel=channel)
    }
