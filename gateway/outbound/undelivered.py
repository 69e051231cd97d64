"""Messages whose fate only a person can settle: the provider's answer was lost, or the provider refused.

Sending again may reach somebody twice, so nobody but a person decides it (ARCHITECTURE § 2, outcomes).
"""

from collections.abc import Sequence

from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.outbound import outbound
from gateway.outbound.channel_states import LEAST_REASON, ChannelRefused
from gateway.queries import dispatch
from gateway.storage import tables
from gateway.storage.store import Transaction

MOST_AT_ONCE = 500


def resend(tx: Transaction, ids: Sequence[int], reason: str, actor: Actor) -> int:
    """Try these once more; how many were still undecided. Their receivers may get them twice."""
    chosen = list(ids)[:MOST_AT_ONCE]
    sent = outbound.resend(tx, chosen)
    _note(tx, "message_resent", chosen, sent, reason, actor)
    return sent


def resend_unknown(tx: Transaction, channel: str, reason: str, actor: Actor) -> int:
    """Try once more what left through this channel and was never answered, oldest first; how many those are."""
    if len(reason.strip()) < LEAST_REASON:
        raise ChannelRefused("no_reason")
    return resend(tx, dispatch.unknown_ids(tx, channel, MOST_AT_ONCE), reason, actor)


def unknown(tx: Transaction, channel: str) -> int:
    """How many messages `resend_unknown` would try again."""
    return len(dispatch.unknown_ids(tx, channel, MOST_AT_ONCE))


def assume_sent(tx: Transaction, ids: Sequence[int], reason: str, actor: Actor) -> int:
    """Take it that these arrived (the provider's own list shows them); how many were still unknown."""
    chosen = list(ids)[:MOST_AT_ONCE]
    outbox = tables.outbox
    unknown = outbox.c.id.in_(chosen) & (outbox.c.state == "unknown")
    values = {"state": "sent", "sent_at": tx.now, "provider_state": "by_person"}
    settled = tx.execute(outbox.update().where(unknown).values(**values)).rowcount
    _note(tx, "message_assumed_sent", chosen, settled, reason, actor)
    return settled


def _note(tx: Transaction, deed: str, ids: Sequence[int], done: int, reason: str, actor: Actor) -> None:
    details = {"first": min(ids, default=0), "last": max(ids, default=0), "asked": len(ids), "done": done}
    audit.record(tx, actor, deed, "message", str(ids[0]) if len(ids) == 1 else "", reason, details)
    tx.tell(kind="channel", channel="")
