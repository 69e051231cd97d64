"""Which messages may leave now: of each lane (a channel and an address) the head, while its channel is not paused.

One index leads to them, channel by channel and answers apart from the rest (`ix_outbox_heads`): a long queue of one channel,
or of what nobody waits for, is not read on the way to what may leave.
"""

from functools import cache

from sqlalchemy import TextClause

from gateway.storage.rows import apart
from gateway.storage.store import constant

QUEUED = "q.state IN ('queued','sending') AND q.state = 'queued' AND q.channel = :{channel} AND q.direct = {direct} AND q.due_at <= :now"
NOT_PAUSED = (
    "NOT EXISTS (SELECT 1 FROM channel_state s WHERE s.channel = :{channel}"
    " AND (s.paused_at IS NOT NULL OR s.resume_at > :now){apart})"
)
# The head of a lane: nothing planned before it is still on its way. A message planned for later blocks nobody.
HEAD_OF_LANE = (
    "q.expires_at > :now AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = q.lane"
    " AND e.state IN ('queued','sending')"
    " AND (e.planned_at < q.planned_at OR (e.planned_at = q.planned_at AND e.id < q.id)){apart})"
)


def heads(dialect: str, *, direct: bool) -> str:
    """A condition on the alias `q` for `claim`, with the name of the channel as `:channel`; `direct`: answers, or the rest."""
    end = apart(dialect)
    return (
        f"q.channel = :channel AND q.direct = {direct} AND {HEAD_OF_LANE.format(apart=end)}"
        f" AND {NOT_PAUSED.format(channel='channel', apart=end)}"
    )


@cache
def waiting(dialect: str, many: int) -> TextClause:
    """What is due on those of the channels `:c0`, `:c1` … that are not paused: rows of `place` (the number of the channel)
    and `direct` (1 for answers, 0 for the rest)."""
    both = ((number, direct) for number in range(many) for direct in (True, False))
    return constant(" UNION ALL ".join(_waits(dialect, number, direct=direct) for number, direct in both))


def _waits(dialect: str, number: int, *, direct: bool) -> str:
    channel = f"c{number}"
    queued = QUEUED.format(channel=channel, direct=direct)
    return (
        f"SELECT {number} AS place, {int(direct)} AS direct WHERE EXISTS (SELECT 1 FROM outbox q WHERE {queued})"  # noqa: S608
        f" AND {NOT_PAUSED.format(channel=channel, apart=apart(dialect))}"
    )
