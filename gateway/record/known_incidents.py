"""What is said with a receipt while an incident is known: a coordinator's own line, for at most a day (CASEWORK 7).

It answers before anybody has read the report, so it goes by words of the text alone: named ones, or none for everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from channels import gsm
from gateway.audit import audit
from gateway.complaints.complaint import ActionRefused, Actor, Draft, Hold
from gateway.complaints.duplicates import normalised
from gateway.complaints.inputs import folded, whole_number
from gateway.complaints.masking import mask
from gateway.conversation.turn import Reply, Turn
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_number, id_text

LEAST, MOST = 10, 120
MOST_HOURS = 24
MOST_WORDS = 10
JUST_BEFORE = timedelta(days=1)
"""Whoever reported it so long before it was known reads of it on their page too; older reports are about something else."""
RECEIPT, KNOWN = "rx.receipt", "rx.known"


@dataclass(frozen=True, slots=True)
class Line:
    """`words`: small ones, of which a report must hold one; empty: every report."""

    id: str
    """As lists show it."""
    text: str
    words: tuple[str, ...]
    by: str
    begun_at: datetime
    expires_at: datetime

    def is_about(self, text: str) -> bool:
        return not self.words or not set(self.words).isdisjoint(normalised(text).split())


def begin(tx: Transaction, text: str, words: str, hours: str, actor: Actor) -> None:
    """Say this with each receipt from now on. `ActionRefused` on `line`, `words` or `hours`."""
    text, wanted = folded(text), normalised(words).split()
    if len(text) < LEAST:
        raise ActionRefused("too_short", f"at least {LEAST} characters", "line")
    if len(text) > MOST or not gsm.fits_gsm(text):
        raise ActionRefused("too_long", f"one SMS: at most {MOST} plain characters", "line")
    if mask(text).found:
        raise ActionRefused("personal_data", "many people read it", "line")
    if len(wanted) > MOST_WORDS:
        raise ActionRefused("limit", f"at most {MOST_WORDS}", "words")
    if not 1 <= whole_number(hours) <= MOST_HOURS:
        raise ActionRefused("too_late", f"1 to {MOST_HOURS} hours", "hours")
    tx.insert(
        tables.known_incident,
        id=tx.new_id(),
        line=text,
        words=" ".join(wanted)[:200],
        made_by=(actor.name or actor.id)[:80],
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=int(hours)),
    )
    audit.record(tx, actor, "known_incident_begun", "known_incident", details={"line": text, "hours": int(hours)})


def end(tx: Transaction, shown: str, actor: Actor) -> None:
    """Say it no more; nothing happens where it is over already."""
    table, identity = tables.known_incident, id_number(shown) or 0
    current = (table.c.id == identity) & (table.c.expires_at > tx.now)
    if tx.execute(table.update().where(current).values(expires_at=tx.now)).rowcount:
        audit.record(tx, actor, "known_incident_ended", "known_incident", str(identity))


def current(tx: Transaction) -> Sequence[Line]:
    """What is said now, the newest first; read once in a batch."""
    found: list[Line] | None = tx.notes.get("known_incidents")
    if found is None:
        table = tables.known_incident
        rows = tx.glance(select(table).where(table.c.expires_at > tx.now).order_by(table.c.id.desc()))
        found = tx.notes["known_incidents"] = [_line(row) for row in rows]
    return found


def _line(row: Any) -> Line:
    return Line(id_text(row.id), row.line, tuple(row.words.split()), row.made_by, row.created_at, row.expires_at)


def about(tx: Transaction, row: Any) -> str:
    """The line about this report, a row of `complaint`, on the pages of its reporter; empty where there is none."""
    if row.hold != Hold.NONE.value or row.closed_at is not None:
        return ""
    fresh = (line for line in current(tx) if row.created_at >= line.begun_at - JUST_BEFORE)
    return next((line.text for line in fresh if line.is_about(row.text_masked)), "")


def told(tx: Transaction, turn: Turn, draft: Draft, number: str) -> Turn:
    """The turn with the line behind its receipt, where there is one about this report."""
    place = next((place for place, reply in enumerate(turn.replies) if reply.key == RECEIPT), None)
    if place is None or draft.hold is not Hold.NONE:
        return turn
    line = next((line for line in current(tx) if line.is_about(draft.text)), None)
    if line is None:
        return turn
    known = Reply(KNOWN, {"kutipan": line.text}, number)
    return turn.with_(replies=(*turn.replies[: place + 1], known, *turn.replies[place + 1 :]))
