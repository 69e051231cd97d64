"""The purse: a channel sends so many messages a day, and a crowd of new numbers is answered later (SECURITY C16)."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from channels.messages import DeliveryStatus
from channels.registry import Channel, build
from config.settings import ChannelTable, SettingsError
from gateway.intake.arrival import Arrival
from gateway.outbound import outbound
from gateway.outbound.outbound import Outcome, Parcel, Said
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.conftest import Moment
from tests.gateway.short_ways import REPORT, contact, count, receive, rows

Sends = Callable[..., Arrival]
CAP = 10


@pytest.fixture
def thrifty(store: Store) -> Store:
    """The SMS channel may send ten messages a day."""
    channels: Mapping[str, Channel] = {
        name: replace(channel, messages_per_day=CAP) if name == "sms" else channel
        for name, channel in store.office.channels.items()
    }
    store.office = replace(store.office, channels=channels)
    return store


def say(store: Store, many: int, channel: str = "sms") -> None:
    scheme = "tel" if channel == "sms" else "tg"
    for number in range(many):
        to = contact(store, f"+62812990{number:05}" if scheme == "tel" else str(number), scheme)
        with store.transaction() as tx:
            outbound.say(tx, to, channel, [("Kabar", ())], Said("st.verified", direct=False))


def claim(store: Store, limit: int = 4) -> list[Parcel]:
    with store.transaction() as tx:
        return outbound.claim(tx, limit, 60)


def send_all(store: Store) -> list[str]:
    """Channels of what leaves now, in order."""
    left: list[str] = []
    while parcels := claim(store):
        with store.transaction() as tx:
            outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.SENT) for one in parcels])
        left += [one.channel for one in parcels]
    return left


def test_c16_what_is_over_the_cap_of_a_day_waits_until_tomorrow(thrifty: Store, moment: Moment) -> None:
    say(thrifty, 25)
    say(thrifty, 3, "tg")
    with capture_logs() as lines:
        left = send_all(thrifty)
    assert (left.count("sms"), left.count("tg")) == (CAP, 3)
    assert [line["event"] for line in lines] == ["daily_limit_near", "daily_limit_reached"], "once each"
    waiting = tables.outbox.c.state == "queued"
    assert count(thrifty, tables.outbox, waiting) == 15, "held, not dropped"
    moment.pass_(hours=15)  # 23.00 of the same day
    assert send_all(thrifty) == []
    moment.pass_(hours=2)
    assert len(send_all(thrifty)) == CAP


def test_c16_what_is_under_way_or_unknown_counts_like_what_was_sent(thrifty: Store) -> None:
    say(thrifty, 25)
    taken = claim(thrifty, 8)
    assert len(taken) == 8
    assert len(claim(thrifty, 8)) == CAP - 8
    with thrifty.transaction() as tx:
        outbound.settle(tx, [Outcome(one.id, one.fence, DeliveryStatus.UNKNOWN) for one in taken])
    assert claim(thrifty, 8) == []


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_c16_workers_that_claim_at_the_same_moment_share_one_cap(thrifty: Store) -> None:
    say(thrifty, 25)
    with ThreadPoolExecutor(6) as workers:
        taken = list(workers.map(lambda _: claim(thrifty, 5), range(12)))
    assert sum(len(parcels) for parcels in taken) == CAP


def test_c16_a_channel_without_a_cap_sends_everything(store: Store) -> None:
    say(store, 25)
    assert len(send_all(store)) == 25


def test_c16_a_block_of_new_numbers_is_answered_later_and_nobody_else(store: Store, sms: Sends, moment: Moment) -> None:
    """Twenty are a village; the ones after them wait, as do their like for a minute. A known number never does."""
    for number in range(30):
        receive(store, sms(f"{REPORT} nomor {number}", sender=f"+6281299{number:06}"))
    receive(store, sms(f"{REPORT} dari tetangga", sender="+6281399000001"))
    receipts = tables.outbox.c.key == "rx.receipt"
    planned = list({row.lane: row.planned_at for row in rows(store, tables.outbox, receipts)}.values())
    late = [at for at in planned if at > moment.now]
    assert (len(planned), len(late)) == (31, 10)
    assert planned[-1] == moment.now, "another block"
    assert count(store, tables.complaint) == 31, "nothing is lost"
    moment.pass_(minutes=2)
    receive(store, sms("STATUS", sender="+6281299000029"))
    receive(store, sms(REPORT, sender="+6281299000777"))
    later = rows(store, tables.outbox, tables.outbox.c.created_at == moment.now)
    assert later
    assert {row.planned_at for row in later} == {moment.now}


def test_c16_a_cap_is_a_number_of_messages() -> None:
    table = ChannelTable("sms", "sandbox", {"messages_per_day": 500})
    assert build([table], absent_secret=str)["sms"].messages_per_day == 500
    for wrong in (-1, "many"):
        with pytest.raises(SettingsError):
            build([ChannelTable("sms", "sandbox", {"messages_per_day": wrong})], absent_secret=str)
