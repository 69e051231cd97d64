"""The queue `forward`: reports, referrals and follow-ups on their way to systems of record."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.complaints.forward import ForwardJob, ForwardOutcome, ForwardState, Health
from gateway.forwarding import forwarding
from workers.drain import Transaction
from workers.forwarders import carrying, unknown
from workers.targets import Probe, Probed, Targets
from workers.tools import Tools

CARRY_S = 150.0
"""A report with photographs at one request per second; the lease of its row is 180 s."""

Item = ForwardJob | Probe


@dataclass(frozen=True, slots=True)
class Carried:
    target: str
    outcome: ForwardOutcome


class Forwards:
    """The `Work` of the queue `forward`."""

    carry_s = CARRY_S

    def __init__(self, targets: Targets, tools: Tools) -> None:
        self._targets = targets
        self._now = tools.now

    def claim(self, tx: Transaction, under_way: Collection[Item]) -> Sequence[Item]:
        busy = Counter(item.target for item in under_way)
        claimed: list[Item] = []
        for target in self._targets.open_ones(tx, under_way):
            if isinstance(target, Probe):
                claimed.append(target)
                continue
            room = target.forwarder.pace.max_in_flight - busy[target.name]
            if room > 0:
                claimed += forwarding.claim(tx, target.name, room)
        return claimed

    async def waits(self, items: Sequence[Item]) -> Sequence[float]:
        return [0.0] * len(items)

    async def carry(self, item: Item) -> Carried | Probed:
        if isinstance(item, Probe):
            return await self._targets.probe(item)
        target = self._targets.by_name[item.target]
        return Carried(item.target, await carrying.carry(target.forwarder, item, target.http, self._now, random.random))

    def settle(self, tx: Transaction, done: Sequence[Carried | Probed]) -> datetime | None:
        forwarding.settle(tx, [each.outcome for each in done if isinstance(each, Carried)])
        soon = [each.outcome.next_at for each in done if isinstance(each, Carried)]
        for each in done:
            health = each.outcome.health if isinstance(each, Carried) else each.health
            soon.append(self._targets.note(tx, each.target, health))
        return min((moment for moment in soon if moment), default=None)

    def put_back(self, item: Item) -> Carried | Probed:
        if isinstance(item, Probe):
            return _unprobed(item)
        return Carried(item.target, unknown.unchanged(item))

    def interrupted(self, item: Item) -> Carried | Probed:
        """It may have been written: it is looked for, never sent again unseen."""
        if isinstance(item, Probe):
            return _unprobed(item)
        outcome = replace(unknown.unchanged(item), state=ForwardState.UNKNOWN, written=True, error="interrupted")
        return Carried(item.target, outcome)

    def let_go(self, tx: Transaction) -> None:
        self._targets.let_go(tx)


def _unprobed(probe: Probe) -> Probed:
    return Probed(probe.target, Health.SILENT)


def open_work(tools: Tools) -> Forwards:
    return Forwards(tools.targets, tools)
