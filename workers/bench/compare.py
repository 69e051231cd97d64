"""`--compare naive`: the plain design beside the gateway, in the same run, in turns, three times; medians and ratios.

Both are loaded by the same process with the same messages, on the same database server, Redis and simulators; while one
works the other is idle. What is compared is processor time first: rates swing with whatever else a machine does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median

from workers.bench.naive.stack import Naive, beside
from workers.bench.report import BETTER, Report
from workers.bench.site import Site

NAIVE = "naive"
TURNS = 3
FIRST, BETWEEN = 10**7, 10**6
"""Number of the first message of the first turn, and how far turns are apart: nobody writes twice."""

Turn = Callable[[int], tuple[Report, list[int]]]
"""One turn from this message number on: what was measured, and which messages were acknowledged."""


@contextmanager
def chosen(site: Site, name: str | None) -> Iterator[Naive | None]:
    """The design to compare with; None when nothing is compared."""
    if not name:
        yield None
        return
    with beside(site) as naive:
        yield naive


def in_turns(ours: Turn, naive: Turn, say: Callable[[str], None], turns: int = TURNS) -> tuple[Report, list[int]]:
    """Alternate; what the report calls `compare`, and everything that the gateway acknowledged."""
    taken: dict[str, list[Report]] = {"gateway": [], NAIVE: []}
    acknowledged: list[int] = []
    for turn in range(turns):
        first = FIRST + 2 * turn * BETWEEN
        told, more = ours(first)
        taken["gateway"].append(told)
        acknowledged += more
        taken[NAIVE].append(naive(first + BETWEEN)[0])
        say(f"compare: turn {turn + 1} of {turns} done")
    return compared(taken), acknowledged


def compared(taken: Mapping[str, Sequence[Report]]) -> Report:
    """Medians of the turns, and by how many times the gateway is better."""
    medians = {who: _medians(turns) for who, turns in taken.items()}
    return {**medians, "times_better": _ratios(medians["gateway"], medians[NAIVE]), "turns": dict(taken)}


def _medians(turns: Sequence[Report]) -> dict[str, float]:
    names = [name for name in BETTER if name in turns[0]]
    return {name: round(median(turn[name] for turn in turns), 2) for name in names}


def _ratios(ours: Mapping[str, float], naive: Mapping[str, float]) -> dict[str, float]:
    both = {name: (ours[name], naive[name]) for name in ours if ours[name] and naive.get(name)}
    return {name: round(one / other if BETTER[name] else other / one, 2) for name, (one, other) in both.items()}
