"""Channels that cannot send at all (credentials, payment): one alarm, however many of their messages find that out (F44)."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from config.logging import get_logger
from gateway.operations import vitals
from gateway.storage import tables
from gateway.storage.rows import id_in, ids_json
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

log = get_logger(__name__)
AGAIN = "UPDATE channel_state SET stopped_at = NULL, stopped_reason = '' WHERE stopped_at > 0 AND channel IN {ids}"
REPORTED = "channel_stop_reported"
NOT_REPORTED = (
    " AND NOT EXISTS (SELECT 1 FROM figure f WHERE f.name = :figure || channel_state.channel AND f.value = 1)"
)
BEFORE = " AND stopped_at < :sent_at"


def stop(tx: Transaction, channel: str, reason: str, *, reported: bool = False) -> None:
    """Its messages keep their places; people are told once.

    `reported`: its provider takes messages and says only later that none of them leaves (WhatsApp without payment)."""
    state = tables.channel_state
    tx.insert_new(state, [{"channel": channel}], "channel")
    first = (state.c.channel == channel) & state.c.stopped_at.is_(None)
    if tx.execute(state.update().where(first).values(stopped_at=tx.now, stopped_reason=reason)).rowcount:
        vitals.keep(tx, vitals.sample(REPORTED, channel=channel), int(reported))
        tx.afterwards.append(partial(log.error, "channel_stopped", channel=channel, reason=reason))


def work_again(tx: Transaction, channels: Collection[str]) -> None:
    """What sends is not stopped any more, whoever mended it; unless its stop was reported, which its sends do not show."""
    _end(tx, AGAIN + NOT_REPORTED, channels, figure=vitals.sample(REPORTED, channel=""))


def arrived(tx: Transaction, channel: str, sent_at: datetime) -> None:
    """A message that left then arrived: whatever stopped the channel before is over."""
    _end(tx, AGAIN + BEFORE, [channel], sent_at=to_millis(sent_at))


def _end(tx: Transaction, sql: str, channels: Collection[str], **values: int | str) -> None:
    again = constant(sql.format(ids=id_in(tx.dialect, "text")))
    if channels and tx.execute(again, {"ids": ids_json(sorted(channels)), **values}).rowcount:
        tx.afterwards.append(partial(log.info, "channel_works_again", channels=sorted(channels)))
