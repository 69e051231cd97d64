"""The queue `poll`: what systems of record say about our reports now."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.logging import get_logger
from gateway.complaints.forward import PollJob, PollOutcome
from gateway.complaints.masters import MasterLists
from gateway.forwarding import forwarding, masters, remote_files
from gateway.forwarding.remote_files import RemoteFileJob, RemoteFileOutcome
from workers.drain import Transaction
from workers.forwarders import carrying
from workers.forwarders.protocols import ForwardError
from workers.targets import Target, Targets
from workers.tools import Tools

log = get_logger(__name__)
CARRY_S = 100.0
"""A report of many pages at one request per second; the lease of its row is 120 s."""


@dataclass(frozen=True, slots=True)
class Looked:
    target: str
    outcome: PollOutcome


@dataclass(frozen=True, slots=True)
class Masters:
    """An item of work: a target's own lists are due to be fetched."""

    target: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of it; `error` is empty where the lists came whole."""

    target: str
    lists: MasterLists
    error: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file beside a follow-up."""

    target: str
    job: RemoteFileJob
    outcome: RemoteFileOutcome | None
    """None: it was not begun, or cut off."""


Item = PollJob | Masters | RemoteFileJob
Done = Looked | Fetched | Brought


class Polls:
    """The `Work` of the queue `poll`."""

    carry_s = CARRY_S

    def __init__(self, targets: Targets, tools: Tools) -> None:
        self._targets = targets
        self._now = tools.now

    def claim(self, tx: Transaction, under_way: Collection[Item]) -> Sequence[Item]:
        busy = Counter(item.target for item in under_way)
        claimed: list[Item] = []
        for target in self._targets.open_ones(tx, under_way):
            # Probes are left to the queue `forward`: one read at a time is what a troubled target bears.
            if not isinstance(target, Target):
                continue
            room = target.forwarder.polls_at_once - busy[target.name]
            if room > 0 and target.forwarder.has_masters and masters.is_due(tx, target.name):
                masters.put_off(tx, target.name, done=False)
                claimed.append(Masters(target.name))
                room -= 1
            polls = forwarding.claim_polls(tx, target.name, room, target.forwarder.lateness) if room > 0 else []
            claimed += polls
            if room > len(polls):
                claimed += remote_files.claim(tx, target.name, 1)
        return claimed

    async def waits(self, items: Sequence[Item]) -> Sequence[float]:
        return [0.0] * len(items)

    async def carry(self, item: Item) -> Done:
        target = self._targets.by_name[item.target]
        if isinstance(item, Masters):
            return await _fetched(target)
        if isinstance(item, RemoteFileJob):
            return await _brought(target, item)
        return Looked(
            item.target, await carrying.look(target.forwarder, item, target.reading, self._now, random.random)
        )

    def settle(self, tx: Transaction, done: Sequence[Done]) -> datetime | None:
        soon: list[datetime | None] = []
        for each in done:
            if isinstance(each, Fetched):
                _keep(tx, each)
                continue
            if isinstance(each, Brought):
                soon.append(_kept(tx, each))
                continue
            forwarding.settle_poll(tx, each.outcome, each.target)
            self._targets.note(tx, each.target, each.outcome.health)
            soon.append(each.outcome.next_at)
        return min((moment for moment in soon if moment), default=None)

    def put_back(self, item: Item) -> Done:
        """Reading changes nothing over there: it is simply due again."""
        if isinstance(item, Masters):
            return Fetched(item.target, {}, "interrupted")
        if isinstance(item, RemoteFileJob):
            return Brought(item.target, item, None)
        same = PollOutcome(
            item.complaint_id,
            item.fence,
            item.due_at,
            misses=item.misses,
            missing_since=item.missing_since,
            failures=item.failures,
        )
        return Looked(item.target, same)

    def interrupted(self, item: Item) -> Done:
        return self.put_back(item)

    def let_go(self, tx: Transaction) -> None:
        self._targets.let_go(tx)


async def _fetched(target: Target) -> Fetched:
    """What is said of a list says nothing of the target: an account may be refused this one alone."""
    try:
        return Fetched(target.name, await target.forwarder.masters(target.reading))
    except ForwardError as problem:
        return Fetched(target.name, {}, problem.code)


async def _brought(target: Target, job: RemoteFileJob) -> Brought:
    try:
        content = await target.forwarder.fetch(job.address, target.reading)
    except ForwardError as problem:
        return Brought(target.name, job, RemoteFileOutcome(job.id, job.fence, error=problem.code))
    error = "" if content is not None else "gone"
    return Brought(target.name, job, RemoteFileOutcome(job.id, job.fence, content, error, gone=content is None))


def _kept(tx: Transaction, brought: Brought) -> datetime | None:
    if brought.outcome is None:
        remote_files.put_back(tx, brought.job)
        return None
    return remote_files.settle(tx, brought.job, brought.outcome)


def _keep(tx: Transaction, fetched: Fetched) -> None:
    if fetched.error:
        log.warning("masters_not_fetched", target=fetched.target, problem=fetched.error)
        return
    masters.keep_all(tx, fetched.target, fetched.lists)
    masters.put_off(tx, fetched.target, done=True)
    log.info("masters_fetched", target=fetched.target, lists=sorted(kind.value for kind in fetched.lists))


def open_work(tools: Tools) -> Polls:
    return Polls(tools.targets, tools)
