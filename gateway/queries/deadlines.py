"""Deadlines as pages show them: when, how much is left, and the whole reckoning. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.complaints.sla import Clock, Running, days_left, due_at, explain, is_overdue


@dataclass(frozen=True, slots=True)
class Due:
    """One running clock. `left` in its own days, negative when overdue; `explanation` in the words of CASEWORK 5.4."""

    clock: Clock
    at: datetime
    left: int
    is_overdue: bool
    explanation: str


def dues(clocks: Sequence[Running], wanted: Callable[[Running], bool], now: datetime) -> tuple[Due, ...]:
    """The running clocks that are wanted, the nearest deadline first."""
    running = [clock for clock in clocks if clock.stopped_at is None and wanted(clock)]
    return tuple(sorted((_due(clock, now) for clock in running), key=lambda due: due.at))


def _due(running: Running, now: datetime) -> Due:
    return Due(
        running.rule.clock,
        due_at(running, now),
        days_left(running, now),
        is_overdue(running, now),
        explain(running, now),
    )
