"""A command of ours that also notes two moments: when a commit rang for a queue, and when a drain of it looked.

`python -m workers.bench.stamped FILE QUEUE ARGUMENTS`: as `gateway ARGUMENTS`. All processes of a bench append to one file,
a line and a few microseconds per commit and per look: `12.345678 rang`, seconds since the machine started.
"""

import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from config import clock
from gateway.doorbell import Doorbell
from workers.counting import CountingWork
from workers.drain import Transaction

RANG, LOOKED = "rang", "looked"
Note = Callable[[str], None]


def noted_in(file: Path) -> Note:
    """Appends the present moment under a name."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    return lambda name: _write(descriptor, f"{clock.monotonic():.6f} {name}\n")


def _write(descriptor: int, line: str) -> None:
    os.write(descriptor, line.encode())


def stamp(note: Note, queue: str) -> None:
    """From now on this process notes rings for `queue`, right behind their commit, and looks of its drain, when they
    begin to read."""
    ring, claim = Doorbell.ring, CountingWork.claim

    def rung(self: Doorbell, queues: Iterable[str]) -> None:
        wanted = set(queues)
        if queue in wanted:
            note(RANG)
        ring(self, wanted)

    def claimed(self: CountingWork, tx: Transaction, under_way: Collection[Any]) -> Sequence[Any]:
        if self.queue == queue:
            note(LOOKED)
        return claim(self, tx, under_way)

    for kind, name, stamped in ((Doorbell, "ring", rung), (CountingWork, "claim", claimed)):
        setattr(kind, name, stamped)


def waits_s(file: Path) -> list[float]:
    """From each ring to the next look of whoever looked first, in order of their length; a ring behind the last look is
    left out."""
    moments: dict[str, list[float]] = {RANG: [], LOOKED: []}
    for line in file.read_text().splitlines() if file.exists() else ():
        moment, _, name = line.partition(" ")
        moments[name].append(float(moment))
    looked = sorted(moments[LOOKED])
    found = ((rang, bisect_left(looked, rang)) for rang in moments[RANG])
    return sorted(looked[at] - rang for rang, at in found if at < len(looked))


def main() -> None:
    file, queue, *arguments = sys.argv[1:]
    stamp(noted_in(Path(file)), queue)
    # Loaded here: what is measured is loaded as it always is, after the two above.
    from gateway.cli.main import main as command  # noqa: PLC0415

    command(arguments)


if __name__ == "__main__":
    main()
