"""A channel that is out is told of once, and once when it is back; what is usual for the hour is no outage."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels import registry
from config.settings import ChannelTable, Secret
from gateway.office import Office
from gateway.operations import vitals
from gateway.outbound import outages
from gateway.queries import channel_watch
from gateway.queries.silence import judge
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment, engine_at
from tests.gateway.short_ways import said
from tests.queries import filling

H = timedelta(hours=1)

# fmt: off
SILENCES = [
    # silence     the same hours of earlier weeks    unusual
    (3 * H,       [12, 9, 14, 11],                   True),
    (3 * H,       [12, 9, 14],                       True),
    (3 * H,       [12, 9],                           False),   # few data
    (3 * H,       [],                                False),
    (1.9 * H,     [40, 50, 60, 40],                  False),   # too short
    (2 * H,       [40, 50, 60, 40],                  True),
    (3 * H,       [30, 0, 28, 31],                   False),   # a holiday was as still
    (3 * H,       [6, 7, 7, 7],                      False),   # 6.75 expected: once in 850 times by chance
    (3 * H,       [7, 7, 7, 7],                      True),
    (20 * H,      [1, 2, 1, 0],                      False),   # a quiet channel stays quiet
    (9 * H,       [1, 1, 1, 1],                      False),
]
# fmt: on


@pytest.mark.parametrize(("silence", "weeks", "unusual"), SILENCES)
def test_silence_is_judged_by_the_same_hours_of_earlier_weeks(
    silence: timedelta, weeks: list[int], unusual: bool
) -> None:
    assert judge(silence, weeks).is_unusual is unusual


def alerts(store: Store, word: str) -> int:
    return sum(word in one for one in said(store, "chan.alert"))


def look(store: Store, on_for: timedelta = timedelta(days=2)) -> int:
    """One look of many: the one before it was a minute ago, and the first so long."""
    with store.transaction() as tx:
        now = int(tx.now.timestamp())
        vitals.keep(tx, outages.LOOKED, now - 60)
        vitals.keep(tx, outages.ON_SINCE, now - int(on_for.total_seconds()))
    return store.run(outages.tell)


def test_an_unusual_silence_is_told_once_until_somebody_writes_again(store: Store, moment: Moment) -> None:
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now - timedelta(weeks=5))
        for week in range(1, 5):
            for number in range(10):
                filling.message(tx, "sms", tx.now - timedelta(weeks=week) + timedelta(minutes=10 * number + 1))
        filling.message(tx, "sms", tx.now)
    told = []
    for _ in range(6):  # the usual hours pass, and the alarm stays one
        moment.pass_(hours=1)
        told.append(look(store))
        store.run(lambda tx: tx.execute(tables.outbox.update().values(state="sent")))
    assert told == [0, 1, 0, 0, 0, 0]
    readers = alerts(store, "biasanya 10")
    assert readers > 0
    with store.transaction() as tx:
        filling.message(tx, "sms", tx.now)
    assert (look(store), look(store)) == (1, 0)
    assert alerts(store, "Kanal sms berjalan lagi") == readers


def test_a_stop_and_a_jam_are_told_once_and_a_pause_never(store: Store, moment: Moment) -> None:
    state = tables.channel_state
    with store.transaction() as tx:
        tx.insert(state, channel="sms", stopped_at=tx.now, stopped_reason="credentials")
        filling.outbox(tx, "tg", created_at=tx.now - timedelta(minutes=14))
    assert (look(store), look(store)) == (1, 0)
    assert alerts(store, "ditolak penyedia") > 0
    moment.pass_(minutes=2)
    with store.transaction() as tx:
        tx.upsert(state, [{"channel": "tg", "paused_at": tx.now}], ["paused_at"])
    assert look(store) == 0
    store.run(lambda tx: tx.execute(state.update().values(paused_at=None)))
    assert (look(store), look(store)) == (1, 0)
    assert alerts(store, "lebih dari 15 menit") > 0
    store.run(lambda tx: tx.execute(state.update().values(stopped_at=None, stopped_reason="")))
    with store.transaction() as tx:
        tx.execute(tables.outbox.update().where(tables.outbox.c.lane.like("tg:%")).values(state="sent"))
        tx.execute(tables.outbox.update().where(tables.outbox.c.state == "queued").values(state="sent"))
    assert look(store) == 2


def test_what_stood_still_while_everything_was_off_is_no_outage(store: Store, moment: Moment) -> None:
    with store.transaction() as tx:
        filling.outbox(tx, "tg", created_at=tx.now - timedelta(minutes=1))
    assert store.run(outages.tell) == 0
    moment.pass_(hours=9)
    told = []
    for _ in range(5):  # it goes on, and the message still waits
        told.append(store.run(outages.tell))
        moment.pass_(minutes=4)
    assert told == [0, 0, 0, 0, 1]
    moment.pass_(hours=9)
    assert store.run(outages.tell) == 0, "neither back nor out again by being off"


@pytest.mark.parametrize(("hours", "reported", "told"), [(13, 5, 1), (11, 5, 0), (13, 4, 0)])
def test_reports_without_messages_are_told_where_both_come_by_one_webhook(
    office: Office, moment: Moment, hours: int, reported: int, told: int
) -> None:
    table = ChannelTable("wa", "whatsapp", {name: Secret("x") for name in ("token", "app_secret", "verify_token")})
    table = replace(table, values={**table.values, "phone_number_id": "100000000000001"})
    channels = {**office.channels, **registry.build([table], absent_secret=lambda label: label)}
    store = Store(engine_at(office.settings.storage.url), replace(office, channels=channels))
    with store.transaction() as tx:
        for channel in ("wa", "sms"):  # an SMS channel may do nothing but send
            filling.message(tx, channel, tx.now)
    moment.pass_(hours=hours)
    with store.transaction() as tx:
        for channel in ("wa", "sms"):
            for _ in range(reported):
                filling.outbox(tx, channel, "delivered", tx.now - timedelta(hours=1))
    with store.reading() as tx:
        assert {one.name for one in channel_watch.watch(tx) if one.is_deaf} == {"wa"} if told else True
    assert look(store) == told
    assert alerts(store, "langganan webhook") >= told
    store.close()
