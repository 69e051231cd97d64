"""Which messages may leave now: of each lane (a channel and an address) the head, while its channel is not paused."""

from gateway.storage.rows import apart, is_among
from gateway.storage.store import constant

ANY_DUE = constant(
    "SELECT 1 FROM outbox q WHERE q.state IN ('queued','sending') AND q.state = 'queued' AND q.due_at <= :now LIMIT 1"
)
CHANNEL = "q.channel || ''"
"""Not to be looked up by the index of a channel's whole history."""
# The head of a lane: nothing planned before it is still on its way. A message planned for later blocks nobody.
HEAD_OF_LANE = (
    "q.expires_at > :now AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = q.lane"
    " AND e.state IN ('queued','sending')"
    " AND (e.planned_at < q.planned_at OR (e.planned_at = q.planned_at AND e.id < q.id)){apart})"
    " AND NOT EXISTS (SELECT 1 FROM channel_state s WHERE s.channel = q.channel"
    " AND (s.paused_at IS NOT NULL OR s.resume_at > :now){apart})"
)


def heads(dialect: str, *, direct: bool) -> str:
    """A condition on the alias `q` for `claim`, with `:ids` for names of channels; `direct`: only answers."""
    named = f"{CHANNEL} {is_among(dialect, 'text')}"
    return f"{named} AND {HEAD_OF_LANE.format(apart=apart(dialect))}{' AND q.direct' if direct else ''}"
