"""Taking what a classifier sees in words that a reporter added: danger rings, a secret is kept close, at any status.

Topic, agency and place stay with the report itself and with those who work on it. What was seen is told in the history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from gateway.casework import casework
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import SYSTEM, Sensitive, Urgency, Visibility
from gateway.intake import alarms, triage
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.store import Transaction

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
HEARD = "words_heard"
"""The event that tells what was seen."""


@dataclass(frozen=True, slots=True)
class LaterWords:
    """Words to be judged, as others may read them. `id`: of their event."""

    id: int
    complaint_id: int
    text: str
    fence: int
    """How often they were claimed."""


Heard = tuple[LaterWords, Suggestion]


def any_wait(tx: Transaction) -> bool:
    """Whether any are there, due or not."""
    return tx.one(select(tables.later_words.c.id).limit(1)) is not None


def claim(tx: Transaction, limit: int) -> list[LaterWords]:
    table, event = tables.later_words, tables.complaint_event.c
    rows = claim_rows(tx, table, limit=limit, lease=LEASE, working="working")
    if not rows:
        return []
    # By complaint, of which there is an index.
    mine = event.complaint_id.in_({row.complaint_id for row in rows}) & event.id.in_([row.id for row in rows])
    asked = select(event.id, event.text_masked).where(mine)
    texts = {row.id: row.text_masked for row in tx.all(asked)}
    return [LaterWords(row.id, row.complaint_id, texts.get(row.id, ""), row.fence) for row in rows]


def give_up(tx: Transaction, words: LaterWords) -> None:
    """The classifier raised: try again, after three times it is left at that; whoever works on the complaint reads them anyway."""
    if words.fence >= MOST_ATTEMPTS:
        _done(tx, [words])
    else:
        tx.execute(tables.later_words.update().where(_of(words)).values(state="queued"))


def settle(tx: Transaction, heard: Sequence[Heard]) -> None:
    """Do what the words ask for, once: what another process has taken over meanwhile is left to it."""
    triage.hold(tx, [words.complaint_id for words, _ in heard])
    ours = _done(tx, [words for words, _ in heard])
    for words, suggestion in heard:
        if words.id in ours and (suggestion.emergency or suggestion.sensitive is not Sensitive.NONE):
            _act(tx, words, suggestion)


def _done(tx: Transaction, words: Iterable[LaterWords]) -> set[int]:
    """Take the rows away; which of them were still held by this claim."""
    table = tables.later_words
    mine = [one for one in words if tx.execute(table.delete().where(_of(one))).rowcount]
    tx.ring("notify")  # officers hear of these words now
    return {one.id for one in mine}


def _of(words: LaterWords) -> Any:
    table = tables.later_words.c
    return (table.id == words.id) & (table.fence == words.fence)


def _act(tx: Transaction, words: LaterWords, suggestion: Suggestion) -> None:
    complaint = tables.complaint
    row = tx.one(select(complaint).where(complaint.c.id == words.complaint_id))
    if row is None:
        return
    seen = []
    if suggestion.emergency and row.urgency != Urgency.DARURAT.value:
        alarms.raise_alarm(tx, row, suggestion, words.text)
        seen.append("danger")
    if suggestion.sensitive is not Sensitive.NONE and row.sensitive == Sensitive.NONE.value:
        cases.amend(tx, row.id, sensitive=suggestion.sensitive.value, **_shut(row))
        seen.append("secret")
    if seen:
        note = " ".join(tx.office.texts(f"heard.{what}") for what in seen)
        casework.remark(tx, cases.case_of(row), HEARD, SYSTEM, {"note": note}, Visibility.INTERNAL)


def _shut(row: Any) -> dict[str, Any]:
    return {} if row.confidential else {"confidential": True, "confidential_by": "rule"}
