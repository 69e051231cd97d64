"""What queues count for all to see: rows claimed, outcomes by kind (docs/metrics.md). A coat around a queue's work."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gateway.operations.vitals import Counted
from workers.drain import Steps, Transaction, Work

Labels = Mapping[str, str]

# Queue -> name of its figure and labels of one outcome, where an outcome says more than that it is done.
OUTCOMES: Mapping[str, tuple[str, Callable[[Any, Any], Labels]]] = {
    "deliver": ("sends_total", lambda item, done: {"channel": item.channel, "outcome": done.state.value}),
    "forward": (
        "forwards_total",
        lambda item, done: {
            "target": item.target,
            "outcome": done.outcome.state.value if hasattr(done, "outcome") else f"probe_{done.health.value}",
        },
    ),
    "hooks": ("webhooks_total", lambda _, done: {"outcome": done.verdict.value}),
}


class CountingWork:
    """A queue's `Work` that counts what it claims and what came of it."""

    def __init__(self, queue: str, work: Work[Any, Any], counted: Counted) -> None:
        self.carry_s = work.carry_s
        self.waits, self.settle = work.waits, work.settle
        self.put_back, self.let_go = work.put_back, work.let_go
        self.queue = queue
        self._work = work
        self._counted = counted

    def claim(self, tx: Transaction, under_way: Collection[Any]) -> Sequence[Any]:
        claimed = self._work.claim(tx, under_way)
        self._counted.add("claims_total", {"queue": self.queue}, len(claimed))
        return claimed

    async def carry(self, item: Any) -> Any:
        return self._noted(item, await self._work.carry(item))

    def interrupted(self, item: Any) -> Any:
        return self._noted(item, self._work.interrupted(item))

    def _noted(self, item: Any, done: Any) -> Any:
        if self.queue in OUTCOMES:
            name, labels = OUTCOMES[self.queue]
            self._counted.add(name, labels(item, done))
        return done


class CountingSteps:
    """A queue's `Steps` that counts the rows it worked off."""

    def __init__(self, queue: str, steps: Steps, counted: Counted) -> None:
        self._queue = queue
        self._steps = steps
        self._counted = counted

    def step(self) -> int:
        worked = self._steps.step()
        self._counted.add("claims_total", {"queue": self._queue}, worked)
        return worked
