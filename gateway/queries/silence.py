"""Whether it is unusual that nothing comes in on a channel: a pure rule over the channel's own last weeks.

The same hours of the same weekdays are the measure, from the last message until now. Unusual is what would happen by chance
less than once in a thousand such times, were messages to come as often as they did, and what no known week saw: a week in
which these hours were just as still (a holiday) makes it usual. Few weeks make no alarm, and a channel on which little comes
never seems silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log
from statistics import mean

WEEKS = 4
LEAST_WEEKS = 3
"""With fewer weeks behind it a channel has no usual."""
LEAST = timedelta(hours=2)
"""Shorter is never called silence."""
LONGEST = timedelta(hours=24)
"""So much of a silence is compared; what is unusual by then stays so."""
CHANCE = 0.001
EXPECTED = -log(CHANCE)
"""With so many expected, none come by chance that seldom (Poisson): 6.9."""


@dataclass(frozen=True, slots=True)
class Silence:
    """`usual`: messages in such a time, on the average of `weeks` weeks."""

    is_unusual: bool = False
    usual: float = 0.0
    weeks: int = 0


def judge(silence: timedelta, weeks: Sequence[int]) -> Silence:
    """`weeks`: how many came in the same hours of each earlier week in which the channel was in use."""
    known = len(weeks)
    usual = mean(weeks) if weeks else 0.0
    enough = known >= LEAST_WEEKS and silence >= LEAST
    return Silence(enough and min(weeks) > 0 and usual >= EXPECTED, usual, known)
