"""What is measured from outside a process: processor time, memory, commands of Redis."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import redis

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
AFTER_NAME = ") "
USER_AND_SYSTEM = slice(11, 13)
"""Of the fields that follow a process's name in /proc/<pid>/stat."""
STARTED = 19


class NotLinux(Exception):
    """What processes used is read from /proc, which this machine does not have."""


def cpu_s(pid: int) -> float:
    """Processor seconds of a living process, all threads; 0 when it has gone."""
    with suppress(OSError):
        fields = (PROC / str(pid) / "stat").read_text().rpartition(AFTER_NAME)[2].split()
        return sum(map(int, fields[USER_AND_SYSTEM])) / TICKS_PER_S
    return 0.0


def peak_mib(pid: int) -> float:
    """The most memory that a living process held at once; 0 when it has gone."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def pss_mib(pid: int) -> float:
    """Memory of a living process, its share of what it has in common with others; 0 when it has gone."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """The living children of a process, oldest first."""
    found = [
        int(one) for task in (PROC / str(pid) / "task").iterdir() for one in (task / "children").read_text().split()
    ]
    return sorted(found, key=_started)


def _started(pid: int) -> int:
    fields = (PROC / str(pid) / "stat").read_text().rpartition(AFTER_NAME)[2].split()
    return int(fields[STARTED])


def memory_mib() -> int:
    """Of the whole machine. NotLinux elsewhere."""
    try:
        first = (PROC / "meminfo").read_text().splitlines()[0]
    except OSError as problem:
        raise NotLinux("gateway bench reads /proc: it runs on Linux only") from problem
    return int(first.split()[1]) // 1024


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie; 0 when there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)


class Commands:
    """Commands that a Redis carried out since the last `restart`, ours beside those of everybody."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url)
        self._before = 0
        self.restart()

    def restart(self) -> None:
        self._before = self._total()

    def count(self) -> int:
        return self._total() - self._before - 1  # our own INFO

    def close(self) -> None:
        self._redis.close()

    def _total(self) -> int:
        return int(self._redis.info("stats")["total_commands_processed"])
