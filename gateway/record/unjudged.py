"""Words that a reporter adds once the first ones were judged: noted here, judged by gateway/intake/later_words.py.

Who adds something while the complaint waits for its first judgement adds to its text; what is said later stands in an event of
its own, and nobody in danger waits until an officer opens it.
"""

from gateway.storage import tables
from gateway.storage.store import Transaction


def note(tx: Transaction, complaint_id: int, event_id: int) -> None:
    """`event_id`: of the event with the words."""
    tx.insert(tables.later_words, id=event_id, complaint_id=complaint_id, created_at=tx.now, due_at=tx.now)
    tx.ring("classify")
