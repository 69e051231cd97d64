"""What channels cost: counted by day and purpose at the price of the day, capped in rupiah, told once, nothing lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from channels.messages import DeliveryStatus
from channels.registry import build
from config.settings import ChannelTable, SettingsError
from gateway.operations import vitals
from gateway.outbound import costs, outages, outbound
from gateway.outbound.outbound import Outcome, Said
from gateway.queries import channel_costs
from gateway.queries.channel_costs import Purpose
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import contact, count, said


def priced(store: Store, **values: object) -> Store:
    channels = {
        name: replace(one, **values) if name == "sms" else one  # type: ignore[arg-type]
        for name, one in store.office.channels.items()
    }
    store.office = replace(store.office, channels=channels)
    return store


def say(store: Store, many: int = 1, words: str = "Kabar", key: str = "st.verified") -> None:
    for number in range(many):
        to = contact(store, f"+62812990{number:05}", "tel")
        with store.transaction() as tx:
            outbound.say(tx, to, "sms", [(words, ())], Said(key, direct=False))


def send(store: Store, state: DeliveryStatus = DeliveryStatus.SENT) -> int:
    """Let leave what may leave now; how many."""
    many = 0
    while True:
        with store.transaction() as tx:
            parcels = outbound.claim(tx, 4, 60, ["sms"])
            if not parcels:
                return many
            outbound.settle(tx, [Outcome(one.id, one.fence, state) for one in parcels])
            many += len(parcels)


def today(store: Store) -> dict[Purpose, tuple[int, int, float]]:
    with store.reading() as tx:
        lines = channel_costs.counted(tx, "sms", tx.today)
    return {one.purpose: (one.messages, one.parts, one.rupiah) for one in lines}


def test_what_left_is_counted_by_purpose_in_parts_and_at_the_price_of_its_day(store: Store, moment: Moment) -> None:
    priced(store, price=350.5)
    say(store, 2)
    say(store, 1, "x" * 161, "rx.receipt")
    say(store, 1, "Kode 1234", "link.code")
    assert today(store) == {}, "nothing has left yet"
    send(store)
    first = {Purpose.NEWS: (2, 2, 701.0), Purpose.RECEIPT: (1, 2, 701.0), Purpose.CODE: (1, 1, 350.5)}
    assert today(store) == first
    assert (store.run(costs.count), store.run(costs.count)) == (3, 3)
    priced(store, price=400.0)
    assert today(store) == first, "a new price is for what comes"
    say(store, 1)
    send(store, DeliveryStatus.UNKNOWN)
    assert today(store)[Purpose.NEWS] == (3, 3, 1101.0)
    store.run(costs.count)
    store.run(lambda tx: tx.execute(tables.outbox.delete()))
    assert today(store)[Purpose.NEWS] == (3, 3, 1101.0), "packed away"
    moment.pass_(hours=24)
    assert today(store) == {}
    with store.reading() as tx:
        assert channel_costs.purses(tx)["sms"].month == 2152.5


@pytest.mark.parametrize("cap", [{"rupiah_per_day": 3500}, {"rupiah_per_month": 3500}, {"messages_per_day": 10}])
def test_c16_people_are_told_at_four_fifths_and_at_the_cap_and_what_waits_does_not_expire(
    store: Store, moment: Moment, cap: dict[str, int]
) -> None:
    """Ten messages at Rp 350 fill each of these caps."""
    priced(store, price=350.0, **cap)
    say(store, 8)
    send(store)
    assert (store.run(costs.tell), store.run(costs.tell)) == (1, 0)
    say(store, 6)
    assert send(store) == 2
    assert (store.run(costs.tell), store.run(costs.tell)) == (1, 0)
    moment.pass_(minutes=20)
    store.run(lambda tx: tx.execute(tables.outbox.update().where(tables.outbox.c.channel == "tg").values(state="sent")))
    with store.transaction() as tx:  # it has been on all the time
        now = int(tx.now.timestamp())
        vitals.keep(tx, outages.LOOKED, now - 60)
        vitals.keep(tx, outages.ON_SINCE, now - 86_400)
    assert store.run(outages.tell) == 0, "what waits for a cap is not late"
    words = [one for one in said(store, "chan.alert") if "Kanal sms" in one]
    assert (sum("80 %" in one for one in words) > 0, sum("4 pesan menunggu" in one for one in words) > 0) == (
        True,
        True,
    )
    waiting = tables.outbox.c.state == "queued"
    mine = waiting & (tables.outbox.c.channel == "sms")
    if "rupiah_per_month" not in cap:
        moment.pass_(hours=17)
        assert send(store) == 4
        return
    for _ in range(13):  # the ends of the messages come near, day after day
        _pass(store, moment)
    assert (send(store), count(store, tables.outbox, mine)) == (0, 4)
    for _ in range(5):
        _pass(store, moment)
    assert send(store) == 4, "the next month"


def _pass(store: Store, moment: Moment) -> None:
    moment.pass_(hours=11)
    store.run(costs.count)
    store.run(costs.tell)
    store.run(outbound.sweep)


def test_a_purse_that_cannot_pay_one_more_part_is_empty(store: Store) -> None:
    priced(store, price=350.0, rupiah_per_day=1000)
    say(store, 3)
    assert send(store) == 2
    store.run(costs.tell)
    assert any("tercapai" in one for one in said(store, "chan.alert"))


def test_a_cap_in_rupiah_needs_a_price() -> None:
    table = ChannelTable("sms", "sandbox", {"price": 350, "rupiah_per_month": 1_000_000})
    channel = build([table], absent_secret=str)["sms"]
    assert (channel.price, channel.rupiah_per_month) == (350.0, 1_000_000)
    for wrong in ({"rupiah_per_day": 5}, {"price": -1}, {"price": "many"}):
        with pytest.raises(SettingsError, match="price"):
            build([ChannelTable("sms", "sandbox", wrong)], absent_secret=str)


def test_c16_a_cap_counts_what_was_written_long_before_it_left(store: Store, moment: Moment) -> None:
    """They waited for a month's cap, a pause or their own moment, far longer than a message usually lives."""
    priced(store, price=350.0, messages_per_day=5)
    say(store, 12)
    store.run(lambda tx: tx.execute(tables.outbox.update().values(expires_at=tx.now + timedelta(days=30))))
    moment.pass_(days=8)
    assert send(store) == 5
    assert today(store)[Purpose.NEWS] == (5, 5, 1750.0)
    moment.pass_(days=1)
    assert send(store) == 5
    with store.reading() as tx:
        before = channel_costs.counted(tx, "sms", tx.today - timedelta(days=1))
    assert [one.messages for one in before] == [5]


def test_c16_a_month_s_cap_counts_the_last_minutes_of_yesterday_before_they_are_written_down(
    store: Store, moment: Moment
) -> None:
    priced(store, price=350.0, rupiah_per_month=3500)
    moment.pass_(hours=15, minutes=55)  # 23.55
    say(store, 6)
    assert send(store) == 6
    moment.pass_(minutes=10)
    say(store, 9)
    assert send(store) == 4
