"""The plain design does its work: else a comparison with it would say nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis
from rq import Queue
from sqlalchemy import Engine

from workers.bench import compare
from workers.bench.naive import model
from workers.bench.naive.serve import QUEUE, Door, Settings

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = model.open_database(database_url)
    model.create(opened)
    yield opened
    model.drop(opened)
    opened.dispose()


def test_the_plain_design_keeps_every_message_once_and_owes_it_a_receipt(engine: Engine) -> None:
    first = model.keep(engine, "tg", "u:1", "7", "Lampu mati", NOON)
    assert model.keep(engine, "tg", "u:1", "7", "Lampu mati", NOON) is None
    assert model.keep(engine, "tg", "u:2", "7", "Jalan rusak", NOON) != first
    assert model.waiting(engine) == 2


def test_every_complaint_is_one_job(sqlite_url: str, redis_url: str) -> None:
    door = Door(Settings(sqlite_url, redis_url, "http://127.0.0.1:1"))
    for external_id in ("u:1", "u:2", "u:2"):
        door.keep("tg", external_id, "7", "Lampu mati")
    with redis.Redis.from_url(redis_url) as client:
        assert client.llen(f"{Queue.redis_queue_namespace_prefix}{QUEUE}") == 2
    door.close()


def test_turns_alternate_with_messages_of_their_own_and_their_medians_are_compared() -> None:
    ran: list[tuple[str, int]] = []

    def turn(who: str, rates: list[float], cost: float) -> compare.Turn:
        def take(first: int) -> tuple[dict[str, float], list[int]]:
            ran.append((who, first))
            return {"rate": rates.pop(0), "cpu_us_per_message": cost, "accepted": 5}, [first]

        return take

    ours, naive = turn("gateway", [90.0, 120.0, 100.0], 200.0), turn("naive", [9.0, 12.0, 10.0], 3_000.0)
    told, acknowledged = compare.in_turns(ours, naive, lambda _: None)
    assert [who for who, _ in ran] == ["gateway", "naive"] * 3
    assert len({first for _, first in ran}) == 6
    assert acknowledged == [first for who, first in ran if who == "gateway"]
    assert told["times_better"] == {"rate": 10.0, "cpu_us_per_message": 15.0}
    assert (told["gateway"]["rate"], told["naive"]["rate"]) == (100.0, 10.0)
