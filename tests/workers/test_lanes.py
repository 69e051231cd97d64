"""Who may send next: order within an address, room and pace of each channel."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec import structs
from sqlalchemy import text

from channels.messages import Address, DeliveryStatus, OutboundMessage
from channels.registry import Channel
from channels.sandbox import Sandbox, SandboxSettings
from config.load import load
from gateway.app import Gateway
from gateway.outbound.outbound import Parcel
from gateway.sealing import Keys
from tests.workers.conftest import Write
from workers.delivery import Delivery
from workers.lanes import MOST_UNDER_WAY, Lanes, room_of
from workers.limits import Limits
from workers.send_journal import SendJournal

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
REPORT = "Lampu jalan mati"
Make = Callable[..., Lanes]


def channel(messages_per_second: float, name: str = "sms") -> Channel:
    adapter = Sandbox(SandboxSettings())
    return Channel(name, "sandbox", adapter, None, adapter.capabilities, messages_per_second, sender=adapter)


def parcel(number: int, lane: str, channel: str = "sms") -> Parcel:
    message = OutboundMessage(f"ob_{number}", Address("tel", "+6281"), "teks")
    return Parcel(number, 1, channel, lane, message, 0, NOW, NOW + timedelta(hours=48))


class Chat(Sandbox):
    """A medium that wants a second between two messages to one person."""

    def pace(self, address: Address) -> float:
        return 1.0


@pytest.fixture
async def limits() -> AsyncIterator[Limits]:
    limits = Limits(None, "test", {"sms": 10})
    yield limits
    await limits.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SendJournal]:
    journal = SendJournal(tmp_path / "spool", Keys.derive("an-identity-key-that-opens-nothing-but-tests"))
    yield journal
    journal.close()


@pytest.fixture
def lanes(limits: Limits, journal: SendJournal) -> Make:
    return partial(_lanes, limits, journal)


def _lanes(limits: Limits, journal: SendJournal, *channels: Channel) -> Lanes:
    by_name = {each.name: each for each in channels}
    sending = Delivery(by_name, None, load(environ={}).outbound, lambda: NOW)  # type: ignore[arg-type]
    return Lanes(by_name, sending, limits, journal)


@pytest.mark.parametrize(("rate", "room"), [(0.1, 1), (1, 2), (25, 50), (1000, MOST_UNDER_WAY)])
def test_a_process_holds_what_a_channel_lets_out_in_two_seconds(rate: float, room: int) -> None:
    assert room_of(channel(rate)) == room


async def test_messages_of_a_channel_leave_at_its_rate(lanes: Make) -> None:
    waits = await lanes(channel(10)).waits([parcel(n, f"sms:{n}") for n in range(3)])
    assert waits == pytest.approx([0, 0.1, 0.2], abs=0.05)


async def test_two_messages_to_one_person_keep_the_pace_of_their_medium(lanes: Make) -> None:
    adapter = Chat(SandboxSettings())
    chat = replace(channel(1000, "tg"), adapter=adapter, sender=adapter)
    work = lanes(chat)
    first = await work.waits([parcel(1, "tg:a", "tg"), parcel(2, "tg:b", "tg")])
    second = await work.waits([parcel(3, "tg:a", "tg")])
    assert first == pytest.approx([0, 0], abs=0.01)
    assert second == pytest.approx([1], abs=0.05)


class Bursting(Chat):
    burst: ClassVar[int] = 3


async def test_a_few_messages_to_one_person_may_follow_each_other_before_the_pace_holds(lanes: Make) -> None:
    adapter = Bursting(SandboxSettings())
    work = lanes(replace(channel(1000, "tg"), adapter=adapter, sender=adapter))
    waits = [(await work.waits([parcel(number, "tg:a", "tg")]))[0] for number in range(1, 6)]
    assert waits == pytest.approx([0, 0, 0, 1, 2], abs=0.4)


@pytest.fixture
def slow(gateway: Gateway, journal: SendJournal) -> tuple[Gateway, Lanes]:
    """The channel `tg` of a real gateway, slowed to one message per second."""
    slowed = replace(gateway.channels["tg"], messages_per_second=1.0)
    sending = Delivery({"tg": slowed}, None, gateway.settings.outbound, gateway.clock.now)  # type: ignore[arg-type]
    return gateway, Lanes({"tg": slowed}, sending, Limits(None, "test", {}), journal)


def test_f33_a_slow_channel_is_claimed_a_little_at_a_time(slow: tuple[Gateway, Lanes], write: Write) -> None:
    """What is not claimed can be overtaken."""
    gateway, work = slow
    for number in range(5):
        write(gateway, REPORT, number)
    with gateway.store.transaction() as tx:
        claimed = list(work.claim(tx, []))
        assert len(claimed) == 2
        assert work.claim(tx, claimed) == []
        assert len(work.claim(tx, claimed[:1])) == 1


def test_f33_a_receipt_overtakes_a_broadcast(slow: tuple[Gateway, Lanes], write: Write) -> None:
    """What nobody waits for leaves between what somebody waits for."""
    gateway, work = slow
    for number in range(50):
        write(gateway, REPORT, number)
    with gateway.store.transaction() as tx:
        tx.execute(text("UPDATE outbox SET direct = false"))
        broadcast = list(work.claim(tx, []))
    write(gateway, REPORT, 99)
    with gateway.store.transaction() as tx:
        (receipt,) = work.claim(tx, broadcast[1:])
        assert receipt.message.address == Address("tg", "7099")
        assert len(work.claim(tx, [])) == 2


def test_a_flood_of_receipts_does_not_hold_up_the_rest_for_ever(slow: tuple[Gateway, Lanes], write: Write) -> None:
    gateway, work = slow
    write(gateway, REPORT, 1)
    with gateway.store.transaction() as tx:
        tx.execute(text("UPDATE outbox SET direct = false"))
    for number in range(2, 10):
        write(gateway, REPORT, number)
    with gateway.store.transaction() as tx:
        _, longest = work.claim(tx, [])
    assert longest.message.address == Address("tg", "7001")


async def test_one_address_has_one_message_under_way(gateway: Gateway, write: Write, lanes: Make) -> None:
    write(gateway, REPORT, 1)
    write(gateway, "STATUS", 1)
    work = lanes(gateway.channels["tg"])
    with gateway.store.transaction() as tx:
        (first,) = work.claim(tx, [])
    with gateway.store.transaction() as tx:
        assert work.claim(tx, [first]) == []
        work.settle(tx, [await work.carry(first)])
    with gateway.store.transaction() as tx:
        (second,) = work.claim(tx, [])
    assert second.lane == first.lane
    assert second.id != first.id


def test_a_retry_says_when_it_is_due(gateway: Gateway, write: Write, limits: Limits, journal: SendJournal) -> None:
    write(gateway, REPORT, 1)
    work = Lanes(gateway.channels, None, limits, journal)  # type: ignore[arg-type]
    with gateway.store.transaction() as tx:
        (claimed,) = work.claim(tx, [])
        later = tx.now + timedelta(seconds=5)
        retry = structs.replace(work.put_back(claimed), due_at=later)
        sent = structs.replace(retry, state=DeliveryStatus.SENT)
        assert work.settle(tx, [retry]) == later
        assert work.settle(tx, [sent]) is None


def test_what_is_put_back_can_be_claimed_again_with_its_attempts_as_they_were(
    gateway: Gateway, write: Write, limits: Limits, journal: SendJournal
) -> None:
    write(gateway, REPORT, 1)
    work = Lanes(gateway.channels, None, limits, journal)  # type: ignore[arg-type]
    with gateway.store.transaction() as tx:
        (claimed,) = work.claim(tx, [])
        work.settle(tx, [work.put_back(claimed)])
        (again,) = work.claim(tx, [])
    assert (again.id, again.attempts) == (claimed.id, 0)
    assert again.fence > claimed.fence
