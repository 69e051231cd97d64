"""News that a channel holds back from a reporter: a person is asked to reach them otherwise (F41).

Outside the window of Meta's channels only approved templates leave; where there is none for what is to be said, or the provider
holds this number back, nothing by itself will reach them there. Officers are told by their next way (`fallback`).
"""

from datetime import timedelta

from sqlalchemy import select

from gateway.complaints.notices import NOTICES, Audience
from gateway.outbound.delivery_reports import WINDOW_CLOSED
from gateway.queries.dispatch import IS_UNSENT
from gateway.record import tasks
from gateway.storage import tables
from gateway.storage.store import Transaction

HELD = frozenset({"window", WINDOW_CLOSED, "quality", "ecosystem"})
"""Reasons that pass by themselves, or when the reporter writes again, but not before the news is old."""
ASKED = "person_asked"
"""Mark of a message about which there is, or was, a task."""
STAFF_KEYS = frozenset(key for key, rule in NOTICES.items() if Audience.REPORTER not in rule.audiences)
LOOKED_BACK = timedelta(days=5)
MOST = 100


def ask(tx: Transaction) -> int:
    """One turn; how many messages people are asked about. One open task for each complaint."""
    outbox, complaint = tables.outbox, tables.complaint
    held = (outbox.c.state == "failed") & outbox.c.reason.in_(HELD) & (outbox.c.provider_state != ASKED)
    recent = IS_UNSENT & (outbox.c.created_at > tx.now - LOOKED_BACK)
    found = tx.all(
        select(outbox.c.id, outbox.c.reason, complaint.c.id.label("complaint_id"), complaint.c.number)
        .join(complaint, complaint.c.id == outbox.c.complaint_id)
        .where(recent, held, outbox.c.key.not_in(STAFF_KEYS), complaint.c.closed_at.is_(None))
        .order_by(outbox.c.created_at)
        .limit(MOST)
    )
    for row in found:
        tasks.add(tx, tasks.NOT_TOLD, row.number, row.reason, row.complaint_id)
        tx.execute(outbox.update().where(outbox.c.id == row.id).values(provider_state=ASKED))
    return len(found)
