"""The load: what it counts, from when, and what it does when a connection breaks."""

import asyncio

from tests.bench.conftest import OK, Serve
from workers.bench.load import Load, Outcome, Plan
from workers.bench.meters import percentile


def plan(port: int, **more: object) -> Plan:
    given = {"mode": "closed", "rate": 100.0, "connections": 2, "seconds": 0.2, "repeat": 0.0, "grace_s": 5.0}
    return Plan(port=port, channels=("tg", "sms"), **{**given, **more})  # type: ignore[arg-type]


async def test_an_open_loop_counts_from_the_moment_a_message_was_due(serve: Serve) -> None:
    """A server that stands still for 0.4 s makes everybody wait whose message was due meanwhile."""
    loop = asyncio.get_running_loop()

    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        if number == 0:
            loop.call_later(0.4, writer.write, OK)
        else:
            writer.write(OK)

    async with serve(answer) as port:
        outcome = await Load(plan(port, mode="open", connections=1)).run()
    assert len(outcome.latencies_s) == 20
    assert min(outcome.latencies_s) > 0.15, "the last one was due after 0.2 s and waited as long again"
    assert percentile(sorted(outcome.latencies_s), 0.5) > 0.25


async def test_a_closed_loop_has_one_message_under_way_per_connection(serve: Serve) -> None:
    waiting: list[asyncio.StreamWriter] = []
    most = 0

    def answer(_: int, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        waiting.append(writer)
        most = max(most, len(waiting))
        asyncio.get_running_loop().call_later(0.01, lambda: waiting.pop(0).write(OK))

    async with serve(answer) as port:
        outcome = await Load(plan(port, connections=3)).run()
    assert most == 3
    assert sorted(outcome.acknowledged) == list(range(len(outcome.acknowledged)))
    assert outcome.statuses == {200: len(outcome.acknowledged)}
    assert outcome.unanswered == 0


async def test_a_message_whose_connection_broke_comes_again_and_counts_once(serve: Serve) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.close() if number == 3 else writer.write(OK)

    async with serve(answer) as port:
        outcome = await Load(plan(port, connections=1)).run()
    assert outcome.broken == 1
    assert len(set(outcome.acknowledged)) == len(outcome.acknowledged)
    assert sorted(outcome.acknowledged) == list(range(len(outcome.acknowledged)))


async def test_some_messages_come_twice_as_providers_send_them(serve: Serve) -> None:
    async with serve(lambda _, writer: writer.write(OK)) as port:
        outcome = await Load(plan(port, repeat=0.5)).run()
    twice = [number for number in outcome.acknowledged if number % 2 == 0]
    assert outcome.statuses[200] == len(outcome.acknowledged) + len(twice)


async def test_only_success_is_an_acknowledgement(serve: Serve) -> None:
    def answer(number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(OK if number else b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    async with serve(answer) as port:
        outcome = await Load(plan(port, connections=1)).run()
    assert outcome.statuses[503] == 1
    assert 0 not in outcome.acknowledged


async def test_an_answer_that_never_comes_is_told(serve: Serve) -> None:
    def answer(_number: int, _writer: asyncio.StreamWriter) -> None:
        """Never."""

    async with serve(answer) as port:
        outcome: Outcome = await Load(plan(port, seconds=0.05, grace_s=0.05)).run()
    assert outcome.unanswered == 2
