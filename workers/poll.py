"""The queue `poll`: what systems of record say about our reports now."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.complaints.forward import PollJob, PollOutcome
from gateway.forwarding import forwarding
from workers.drain import Transaction
from workers.forwarders import carrying
from workers.targets import Target, Targets
from workers.tools import Tools

CARRY_S = 100.0
"""A report of many pages at one request per second; the lease of its row is 120 s."""


@dataclass(frozen=True, slots=True)
class Looked:
    target: str
    outcome: PollOutcome


class Polls:
    """The `Work` of the queue `poll`."""

    carry_s = CARRY_S

    def __init__(self, targets: Targets, tools: Tools) -> None:
        self._targets = targets
        self._now = tools.now

    def claim(self, tx: Transaction, under_way: Collection[PollJob]) -> Sequence[PollJob]:
        busy = Counter(item.target for item in under_way)
        claimed: list[PollJob] = []
        for target in self._targets.open_ones(tx, under_way):
            # Probes are left to the queue `forward`: one read at a time is what a troubled target bears.
            if not isinstance(target, Target):
                continue
            room = target.forwarder.polls_at_once - busy[target.name]
            if room > 0:
                claimed += forwarding.claim_polls(tx, target.name, room, target.forwarder.lateness)
        return claimed

    async def waits(self, items: Sequence[PollJob]) -> Sequence[float]:
        return [0.0] * len(items)

    async def carry(self, item: PollJob) -> Looked:
        target = self._targets.by_name[item.target]
        return Looked(
            item.target, await carrying.look(target.forwarder, item, target.reading, self._now, random.random)
        )

    def settle(self, tx: Transaction, done: Sequence[Looked]) -> datetime | None:
        for each in done:
            forwarding.settle_poll(tx, each.outcome, each.target)
            self._targets.note(tx, each.target, each.outcome.health)
        return min((each.outcome.next_at for each in done if each.outcome.next_at), default=None)

    def put_back(self, item: PollJob) -> Looked:
        """Reading changes nothing over there: it is simply due again."""
        same = PollOutcome(
            item.complaint_id,
            item.fence,
            item.due_at,
            misses=item.misses,
            missing_since=item.missing_since,
            failures=item.failures,
        )
        return Looked(item.target, same)

    def interrupted(self, item: PollJob) -> Looked:
        return self.put_back(item)

    def let_go(self, tx: Transaction) -> None:
        self._targets.let_go(tx)


def open_work(tools: Tools) -> Polls:
    return Polls(tools.targets, tools)
