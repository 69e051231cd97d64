"""What is measured from outside a process: processor time, memory, commands of Redis, how soon a ring is heard."""

import os
import threading
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
END_MARK = "bench-end"
MONITOR_ENDS_S = 5.0


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


class Bell:
    """From a ring's arrival at Redis to the first act of the worker that heard it, for one queue.

    Redis itself tells both moments (MONITOR); what lies before, from commit to ring, is the hop into the doorbell's thread.
    """

    def __init__(self, url: str, flag: str) -> None:
        self._url, self._flag = url, flag
        self._rang_at: float | None = None
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="bell", daemon=True)
        self.waits_s: list[float] = []

    def start(self) -> "Bell":
        self._thread.start()
        self._listening.wait(MONITOR_ENDS_S)
        return self

    def stop(self) -> list[float]:
        """No more is heard; the waits in order of their length, in seconds."""
        with redis.Redis.from_url(self._url) as client:
            client.echo(END_MARK)
        self._thread.join(MONITOR_ENDS_S)
        return sorted(self.waits_s)

    def heard(self, moment: float, command: str) -> None:
        """One command of anybody, as MONITOR writes it."""
        if command.startswith(f"SET {self._flag} ") and self._rang_at is None:
            self._rang_at = moment
        elif command == f"DEL {self._flag}" and self._rang_at is not None:
            self.waits_s.append(moment - self._rang_at)
            self._rang_at = None

    def _listen(self) -> None:
        with redis.Redis.from_url(self._url) as client, client.monitor() as monitor:
            self._listening.set()
            for one in monitor.listen():
                if END_MARK in one["command"]:
                    return
                self.heard(one["time"], one["command"])
