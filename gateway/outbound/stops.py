"""Channels that cannot send at all (credentials, payment): one alarm, however many of their messages find that out (F44)."""

from collections.abc import Collection
from functools import partial

from config.logging import get_logger
from gateway.storage import tables
from gateway.storage.rows import id_in, ids_json
from gateway.storage.store import Transaction, constant

log = get_logger(__name__)
AGAIN = "UPDATE channel_state SET stopped_at = NULL, stopped_reason = '' WHERE stopped_at > 0 AND channel IN {ids}"


def stop(tx: Transaction, channel: str, reason: str) -> None:
    """Its messages keep their places; people are told once."""
    state = tables.channel_state
    tx.insert_new(state, [{"channel": channel}], "channel")
    first = (state.c.channel == channel) & state.c.stopped_at.is_(None)
    if tx.execute(state.update().where(first).values(stopped_at=tx.now, stopped_reason=reason)).rowcount:
        tx.afterwards.append(partial(log.error, "channel_stopped", channel=channel, reason=reason))


def work_again(tx: Transaction, channels: Collection[str]) -> None:
    """What sends is not stopped any more, whoever mended it."""
    again = constant(AGAIN.format(ids=id_in(tx.dialect, "text")))
    if channels and tx.execute(again, {"ids": ids_json(sorted(channels))}).rowcount:
        tx.afterwards.append(partial(log.info, "channel_works_again", channels=sorted(channels)))
