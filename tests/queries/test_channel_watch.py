"""How a channel is judged: worst first, from what was counted."""

from datetime import datetime, timedelta

import pytest

from gateway.queries import channel_watch
from gateway.queries.channel_watch import ChannelState, Watched
from gateway.storage import tables
from gateway.storage.store import Store, Transaction
from tests.queries import filling


def watched(store: Store, name: str = "sms") -> Watched:
    with store.reading() as tx:
        return next(one for one in channel_watch.watch(tx) if one.name == name)


def state(tx: Transaction, channel: str, **values: object) -> None:
    tx.insert(tables.channel_state, channel=channel, **values)


def test_traffic_makes_a_channel_active(store: Store) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now - timedelta(minutes=5))
        filling.outbox(tx, state="sent", sent_at=tx.now)
        filling.outbox(tx, state="delivered", sent_at=tx.now - timedelta(seconds=9), delivered_at=tx.now)
        filling.outbox(tx, state="failed")
        filling.outbox(tx, state="unknown")
        filling.outbox(tx, state="sent", created_at=tx.now - timedelta(hours=30))
    channel = watched(store)
    assert channel.state is ChannelState.ACTIVE
    out = channel.outbound
    assert (channel.inbound.received, out.sent, out.delivered, out.failed_permanently, out.unknown) == (1, 2, 1, 1, 1)
    assert out.delivered_median_s == 9.0


def test_what_waits_too_long_makes_a_channel_late(store: Store) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now)
        filling.outbox(tx, created_at=tx.now - timedelta(seconds=61))
        filling.outbox(tx, planned_at=tx.now + timedelta(hours=3))
        filling.outbox(tx, attempts=2)
    channel = watched(store)
    assert channel.state is ChannelState.LATE
    assert (channel.outbound.queued, channel.outbound.oldest_queued_s, channel.outbound.failed) == (3, 61, 1)


def test_what_is_planned_for_later_is_not_late(store: Store) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now)
        filling.outbox(tx, created_at=tx.now - timedelta(hours=9), planned_at=tx.now + timedelta(hours=1))
    assert watched(store).outbound.oldest_queued_s is None
    assert watched(store).state is ChannelState.ACTIVE


def test_a_person_pauses_and_a_provider_stops_a_channel(store: Store) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now)
        filling.message(tx, "tg", tx.now)
        state(tx, "sms", paused_at=tx.now, paused_by="admin", paused_reason="pulsa habis")
        state(tx, "tg", stopped_at=tx.now, stopped_reason="credentials")
    assert (watched(store).state, watched(store).paused_reason) == (ChannelState.PAUSED, "pulsa habis")
    assert watched(store, "tg").state is ChannelState.DOWN


# fmt: off
SILENCES = [
    # since the last message    messages at this hour in the four weeks before    state
    (timedelta(minutes=119),    0,                                                ChannelState.ACTIVE),
    (timedelta(hours=25),       4,                                                ChannelState.QUIET),   # usually one an hour
    (timedelta(hours=4),        4,                                                ChannelState.QUIET),
    (timedelta(hours=2.5),      4,                                                ChannelState.ACTIVE),  # under three hours
    (timedelta(hours=4),        0,                                                ChannelState.ACTIVE),  # seldom used at all
    (timedelta(days=4),         0,                                                ChannelState.QUIET),
]
# fmt: on


@pytest.mark.parametrize(("silence", "usual", "expected"), SILENCES)
def test_silence_is_judged_by_what_is_usual_at_this_hour(
    store: Store, silence: timedelta, usual: int, expected: ChannelState
) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now - silence)
        for number in range(usual):
            filling.message(tx, "sms", tx.now - timedelta(weeks=number % 4 + 1))
    assert watched(store).inbound.state is expected


def test_a_channel_that_nobody_ever_used_is_quiet(store: Store) -> None:
    assert watched(store).state is ChannelState.QUIET


def test_what_waits_for_a_person_is_counted(store: Store) -> None:
    with store.transaction() as tx:
        for number, of in enumerate(("held", "held", "replayed")):
            tx.insert(
                tables.quarantine, id=tx.new_id(), channel="tg", reason="payload_invalid", request_sealed=b"x",
                digest=str(number), received_at=tx.now, state=of,
            )  # fmt: skip
    assert watched(store, "tg").inbound.quarantined == 2


def test_the_worst_come_first(store: Store) -> None:
    with store.transaction() as tx:
        moment: datetime = tx.now
        for channel in ("tg", "sms", "ussd", "web"):
            filling.message(tx, channel, moment)
        state(tx, "web", paused_at=moment)
        filling.outbox(tx, "sms", created_at=moment - timedelta(minutes=9))
        state(tx, "tg", stopped_at=moment)
    with store.reading() as tx:
        assert [one.name for one in channel_watch.watch(tx)] == ["tg", "sms", "web", "ussd"]
