"""Messages taken through the real intake in this process: to fill a database, and to see what the stages cost."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from time import thread_time

from gateway.app import Gateway
from gateway.intake import triage
from gateway.intake.arrival import Arrival
from gateway.intake.batching import BATCH
from gateway.intake.intake import receive
from gateway.queries.bench import Watch, watching
from workers.bench.messages import CHANNELS, channel_of, raw_request
from workers.classification.engine import KeywordClassifier
from workers.classify import BATCH as AT_ONCE

WARM = 2
"""Batches that are carried out before anything is measured."""
MICROSECONDS = 1_000_000
Moment = Callable[[], datetime]


def arrivals(gateway: Gateway, numbers: Sequence[int], channels: Sequence[str], now: datetime) -> list[Arrival]:
    """Verified and parsed as a webhook does it."""
    made = []
    for number in numbers:
        channel = gateway.office.channels[channel_of(number, channels)]
        request = raw_request(channel.name, number, int(now.timestamp()))
        channel.verify(request)
        assert channel.receiver is not None  # noqa: S101 - both channels of a bench receive
        made.append(Arrival(channel.name, channel.receiver.parse(request), request, now))
    return made


def fill(gateway: Gateway, numbers: range, channels: Sequence[str], now: Moment) -> Iterator[int]:
    """Take these messages in batches; tells how many were taken after each."""
    for at in range(0, len(numbers), BATCH):
        some = numbers[at : at + BATCH]
        moment = now()
        with gateway.store.transaction(moment) as tx:
            receive(tx, arrivals(gateway, some, channels, moment))
        yield at + len(some)


@dataclass(frozen=True, slots=True)
class Stages:
    """Processor time of one thread, µs per message. `step`: judging, sealing and everything else between statements."""

    parse: float
    step: float
    sql: float
    commit: float

    @property
    def accept(self) -> float:
        return self.step + self.sql + self.commit


def stages(gateway: Gateway, first: int, channels: Sequence[str], batch: int, batches: int) -> Stages:
    """What the stages of taking messages cost, in batches of this size, each message from a new sender; of all batches
    the median, because a busy machine now and then spoils one."""
    batch = max(1, min(batch, BATCH))
    numbers = range(first, first + batch * (batches + WARM))
    for _ in fill(gateway, numbers[: batch * WARM], channels, gateway.clock.now):
        pass
    spent: list[tuple[float, float, float, float]] = []
    for at in range(batch * WARM, len(numbers), batch):
        now = gateway.clock.now()
        began = thread_time()
        given = arrivals(gateway, numbers[at : at + batch], channels, now)
        parsed = thread_time()
        with _watched(gateway) as watch, gateway.store.transaction(now) as tx:
            receive(tx, given)
        ended = thread_time()
        step = watch.commit_began - parsed - watch.sql_s
        spent.append((parsed - began, step, watch.sql_s, ended - watch.commit_began))
    return Stages(*(round(median(seconds) * MICROSECONDS / batch, 1) for seconds in zip(*spent, strict=True)))


def judging(gateway: Gateway, messages: int) -> float:
    """Processor time of reading a report and taking the suggestion, SQL included, µs per message."""
    for _ in fill(gateway, range(messages), CHANNELS, gateway.clock.now):
        pass
    classifier = KeywordClassifier(gateway.office.reference)
    began = thread_time()
    judged = 0
    while True:
        with gateway.store.transaction() as tx:
            jobs = triage.claim(tx, AT_ONCE)
        if not jobs:
            return round((thread_time() - began) * MICROSECONDS / max(1, judged), 1)
        suggested = [(job, classifier.suggest(job.text)) for job in jobs]
        with gateway.store.reading() as tx:
            weighed = triage.weigh(tx, suggested)
        with gateway.store.transaction() as tx:
            triage.settle(tx, weighed)
        judged += len(jobs)


def _watched(gateway: Gateway) -> AbstractContextManager[Watch]:
    return watching(gateway.store, thread_time)
