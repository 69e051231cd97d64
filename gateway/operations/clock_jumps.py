"""What a machine's clock that went back by hours leaves behind: claims that never end, and work due in a past future.

Order does not depend on it (ids go on rising), deadlines stay as they were promised. The rest is known by moments that
no right clock can have written, and counts by its age (F80).
"""

from datetime import timedelta

from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

LONGEST_LEASE = timedelta(minutes=5)
"""Every lease is shorter."""
IMPOSSIBLE = 2 * LONGEST_LEASE
"""A moment of our own that lies further ahead was written before the clock went back."""
# Table, state, rows that are held or wait, in the words of a partial index.
QUEUES = (
    ("outbox", "sending", "state IN ('queued','sending')"),
    ("notice", "working", "state IN ('queued','working')"),
    ("attachment", "working", "state IN ('queued','working')"),
    ("attachment", "fetching", "state IN ('elsewhere','fetching')"),
    ("later_words", "working", "state IN ('queued','working')"),
    ("forward", "sending", "state IN ('queued','sending','retry','unknown')"),
)
OTHER_LEASES = (
    ("forward", "poll_lease_until", "poll_due_at IS NOT NULL"),
    ("complaint", "suggestion_lease", "suggestion_state IN ('queued','working')"),
)
SHORTEN = "UPDATE {table} SET {lease} = :end WHERE {open} AND {lease} > :beyond"
DUE = "UPDATE {table} SET due_at = :now WHERE {open} AND created_at > :beyond AND due_at BETWEEN :beyond AND created_at + :soon"
STATEMENTS = (
    *(
        SHORTEN.format(table=name, lease="lease_until", open=f"{rows} AND state = '{held}'")
        for name, held, rows in QUEUES
    ),
    *(SHORTEN.format(table=name, lease=lease, open=rows) for name, lease, rows in OTHER_LEASES),
    *(DUE.format(table=name, open=f"{rows} AND state = 'queued'") for name, _, rows in QUEUES),
)


def mend(tx: Transaction) -> int:
    """End what a dead process holds within minutes, and let what was due at once leave now; how many rows that were.

    Whoever lives and holds something has as long as any lease to settle it.
    """
    given = {
        "now": to_millis(tx.now),
        "end": to_millis(tx.now + LONGEST_LEASE),
        "beyond": to_millis(tx.now + IMPOSSIBLE),
        "soon": IMPOSSIBLE // timedelta(milliseconds=1),
    }
    return sum(tx.execute(constant(statement), _wanted(statement, given)).rowcount for statement in STATEMENTS)


def _wanted(statement: str, given: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in given.items() if f":{name}" in statement}
