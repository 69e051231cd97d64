"""When to try again. Pure: time and chance are arguments, so that every row of a schedule can be tested."""

from collections.abc import Sequence
from datetime import datetime, timedelta

SPREAD = 0.2
"""Tries that failed together come back apart: ± 20 % of the wait."""


def try_again_at(now: datetime, attempts: int, schedule_s: Sequence[float], chance: float) -> datetime:
    """The moment of the next try after `attempts` failed ones (1 = the first just failed).

    `schedule_s` holds the waits in seconds, the last one repeats; `chance` in 0..1 spreads them by ± 20 %.
    """
    wait_s = schedule_s[min(max(attempts, 1), len(schedule_s)) - 1]
    return now + timedelta(seconds=wait_s * (1 - SPREAD + 2 * SPREAD * chance))


def asked_to_wait_until(now: datetime, retry_after_s: float, chance: float) -> datetime:
    """The end of a pause that the provider asked for: never earlier, up to 20 % later."""
    return now + timedelta(seconds=max(retry_after_s, 0.0) * (1 + SPREAD * chance))
