"""How a system of record calls a report, in the columns of `forward`: short ids as they are, long ones beside their hash."""

import hashlib
from typing import Any

from sqlalchemy import select

from gateway.storage import tables
from gateway.storage.store import Transaction

SHORT = 24
"""Characters that the unique column holds."""
LONGEST = 200
HASHED = "~"


def columns(remote_id: str) -> dict[str, str]:
    """What a row keeps of an id. ValueError for one that nobody could have meant."""
    if len(remote_id) <= SHORT:
        return {"remote_id": remote_id, "remote_ref": ""}
    if len(remote_id) > LONGEST:
        raise ValueError(f"an id of {len(remote_id)} characters")
    digest = hashlib.sha256(remote_id.encode()).hexdigest()
    return {"remote_id": f"{HASHED}{digest[: SHORT - 1]}", "remote_ref": remote_id}


def shown(row: Any) -> str:
    """The whole id of a row of `forward`; empty while there is none."""
    return str(row.remote_ref or row.remote_id or "")


def holder(tx: Transaction, row: Any, remote_id: str) -> str:
    """Ticket number of another complaint that this id belongs to at the same system; empty where it is free."""
    forward = tables.forward
    same = (forward.c.target == row.target) & (forward.c.kind == "create") & (forward.c.id != row.id)
    other = tx.one(select(forward.c.marker).where(same, forward.c.remote_id == columns(remote_id)["remote_id"]))
    return str(other.marker) if other is not None else ""
