"""Messages per second: one limit for all processes, kept with and without Redis."""

import asyncio
import time
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from channels.registry import build
from config.settings import ChannelTable
from workers import redis_server
from workers.limits import Limits, Rates

SLACK = 0.1
"""Seconds that a busy test machine may lose between two calls."""


async def test_the_first_message_of_a_quiet_channel_leaves_at_once_and_the_next_ones_in_turn(redis_url: str) -> None:
    limits = Limits(redis_url, "a", {"sms": 10})
    assert await limits.reserve("sms", 4) == pytest.approx([0, 0.1, 0.2, 0.3], abs=0.001)
    await limits.close()


async def test_a_channel_without_a_limit_never_waits(redis_url: str) -> None:
    limits = Limits(redis_url, "a", {"web": 0})
    assert await limits.reserve("web", 3) == [0, 0, 0]
    assert await limits.reserve("other") == [0]
    await limits.close()


async def test_two_processes_share_one_limit(redis_url: str) -> None:
    first, second = Limits(redis_url, "a", {"sms": 1}), Limits(redis_url, "b", {"sms": 1})
    await first.reserve("sms", 5)
    (wait,) = await second.reserve("sms")
    assert wait == pytest.approx(5, abs=SLACK)
    await first.close()
    await second.close()


async def test_the_limits_of_two_channels_do_not_touch(redis_url: str) -> None:
    limits = Limits(redis_url, "a", {"sms": 1, "tg": 1})
    await limits.reserve("sms", 50)
    assert await limits.reserve("tg") == pytest.approx([0], abs=SLACK)
    await limits.close()


async def test_a_channel_that_is_reloaded_with_another_rate_keeps_that_one() -> None:
    (channel,) = build([ChannelTable("sms", "sandbox", {}, 2.0)], absent_secret=str).values()
    channels = {"sms": channel}
    limits = Limits(None, "a", Rates(channels))
    assert await limits.reserve("sms", 2) == pytest.approx([0, 0.5], abs=SLACK)
    channels["sms"] = replace(channel, messages_per_second=0.5)
    assert await limits.reserve("sms", 2) == pytest.approx([1.0, 3.0], abs=SLACK)
    channels["sms"] = replace(channel, messages_per_second=0.0)
    assert await limits.reserve("sms", 2) == [0, 0]


async def test_without_redis_a_process_keeps_the_limit_by_itself() -> None:
    limits = Limits(None, "a", {"sms": 2})
    assert await limits.reserve("sms", 2) == pytest.approx([0, 0.5], abs=SLACK)
    assert await limits.reserve("sms", 1) == pytest.approx([1.0], abs=SLACK)


async def test_when_redis_goes_away_each_process_takes_its_share() -> None:
    server = redis_server.start(redis_server.find_binary())
    ours, other = Limits(server.url, "a", {"sms": 2}), Limits(server.url, "b", {"sms": 2})
    await other.reserve("sms")
    await ours.reserve("sms")
    server.stop()
    with capture_logs() as lines:
        waits = await ours.reserve("sms", 3)
        await ours.reserve("sms")
    assert waits == pytest.approx([0, 1, 2], abs=SLACK)
    assert [line["event"] for line in lines] == ["limit_unshared"]
    await other.close()
    await ours.close()


async def test_many_at_once_get_places_one_after_the_other(redis_url: str) -> None:
    limits = Limits(redis_url, "a", {"sms": 100})
    began = time.monotonic()
    await asyncio.gather(*(limits.reserve("sms") for _ in range(20)))
    (next_place,) = await limits.reserve("sms")
    # Twenty places of 10 ms are taken, whoever asked when: had two got the same one, the next would be free earlier.
    assert 0.2 - (time.monotonic() - began) <= next_place <= 0.2
    await limits.close()
