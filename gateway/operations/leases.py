"""Leases: exactly one process leads the clock, listens to a channel or sends to a system of record.

The fence rises with every new owner; work done under an older one is recognised and refused.
"""

from datetime import timedelta

from sqlalchemy import or_, select

from gateway.operations.clock_jumps import IMPOSSIBLE
from gateway.storage import tables
from gateway.storage.store import Transaction


def acquire(tx: Transaction, name: str, owner: str, seconds: float) -> int | None:
    """Take or renew the lease; its fence, or None while somebody else holds it."""
    lease, until = tables.lease, tx.now + timedelta(seconds=seconds)
    tx.insert_new(lease, [{"name": name, "owner": owner, "fence": 0, "until": tx.now - timedelta(seconds=1)}], "name")
    row = tx.one(select(lease.c.owner, lease.c.fence, lease.c.until).where(lease.c.name == name).with_for_update())
    # One that ends too far ahead was written before the clock went back: its holder, if it lives, renews it in seconds.
    if row is None or (row.owner != owner and tx.now < row.until < tx.now + IMPOSSIBLE):
        return None
    fence: int = row.fence if row.owner == owner and row.fence else row.fence + 1
    tx.execute(lease.update().where(lease.c.name == name).values(owner=owner, fence=fence, until=until))
    return fence


def release(tx: Transaction, name: str, owner: str) -> None:
    lease = tables.lease
    mine = (lease.c.name == name) & (lease.c.owner == owner)
    tx.execute(lease.update().where(mine).values(until=tx.now - timedelta(seconds=1)))


def holder(tx: Transaction, name: str) -> str:
    """Who holds it now; empty when nobody does."""
    lease = tables.lease
    row = tx.one(select(lease.c.owner).where(lease.c.name == name, or_(lease.c.until > tx.now)))
    return row.owner if row else ""
