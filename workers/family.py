"""All processes of one machine: started in order, brought back when one dies, ended together in reverse order.

Members are forked from a parent that has imported and prepared everything once: they start in a moment and share
that memory, which is what lets a whole gateway live on a small machine.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from config.logging import get_logger
from workers.flag import Flag

log = get_logger(__name__)

DEATHS = 3
WITHIN_S = 60.0
"""A member that dies three times in a minute will not be mended by a fourth start."""
BACK_AFTER_S = 1.0
INSIST_S = 0.5
ANSWERS_WITHIN_S, LOOK_AGAIN_S = 10.0, 0.02
PR_SET_PDEATHSIG = 1
STANDARD_INPUT = 0


class Started(Protocol):
    """A running process, as `multiprocessing` shows one."""

    @property
    def pid(self) -> int | None: ...

    @property
    def exitcode(self) -> int | None: ...

    def is_alive(self) -> bool: ...

    def join(self, timeout: float | None = None) -> None: ...


class MemberFailing(Exception):
    """A member died too often; the text names it."""


@dataclass(slots=True)
class Member:
    """One process: how it is started, and when it died lately."""

    name: str
    begin: Callable[[], Started]
    outlives_others: bool = False
    """Told to end when all others have ended."""
    answers: Callable[[], bool] | None = None
    """Those after it would call it at once: they start when this is true, or when patience ends."""
    reads_again: bool = False
    """Told when we are told (SIGHUP) to read the settings again; it lets the others know."""
    process: Started | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=DEATHS))
    back_at: float = float("inf")

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def start(self) -> None:
        self.process = self.begin()
        self.back_at = float("inf")

    def signal(self, number: int) -> None:
        if self.process is not None and self.process.pid is not None and self.is_alive:
            os.kill(self.process.pid, number)

    def join(self, timeout: float) -> None:
        if self.process is not None:
            self.process.join(timeout)


def forked(run: Callable[[], None]) -> Callable[[], Started]:
    """Starts a copy of this process that does `run` and nothing else."""

    def begin() -> Started:
        process = multiprocessing.get_context("fork").Process(target=_live, args=(run,))
        process.start()
        return process

    return begin


class Family:
    """Belongs to the main thread: it takes over SIGTERM, SIGINT, SIGCHLD and, where there is no terminal, SIGHUP."""

    def __init__(self, members: Sequence[Member], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._members = list(members)
        self._monotonic = monotonic
        self._news = Flag()
        self._told_to_end = False
        self._told_to_read = False

    @property
    def told_to_end(self) -> bool:
        return self._told_to_end

    def start(self) -> None:
        """Start all members, in order, and begin to hear signals."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGCHLD, self._look)
        if not os.isatty(STANDARD_INPUT):
            signal.signal(signal.SIGHUP, self._read_again)
        for member in self._members:
            member.start()
            self._wait_for(member)

    def _wait_for(self, member: Member) -> None:
        patience_until = self._monotonic() + ANSWERS_WITHIN_S
        while member.answers and member.is_alive and not self._told_to_end and not member.answers():
            if self._monotonic() >= patience_until:
                log.warning("member_slow", member=member.name)
                return
            self._news.wait(LOOK_AGAIN_S)

    def watch(self, until: Callable[[], bool] = lambda: False, look_every_s: float | None = None) -> None:
        """Until told to end, or `until` says so (asked every `look_every_s`): bring back who dies.

        MemberFailing when one dies three times in a minute.
        """
        while not (self._told_to_end or until()):
            self._news.wait(self._pause(look_every_s))
            self._news.clear()
            self._pass_on()
            self._count_deaths()
            for member in self._members:
                if member.back_at <= self._monotonic():
                    log.info("member_back", member=member.name)
                    member.start()

    def _pass_on(self) -> None:
        if self._told_to_read:
            self._told_to_read = False
            for member in self._members:
                if member.reads_again:
                    member.signal(signal.SIGHUP)

    def end(self, within_s: float) -> None:
        """Tell all to end, last started first; whoever lives on after `within_s` seconds is killed."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._end_these([member for member in self._members if not member.outlives_others], within_s)
        self._end_these([member for member in self._members if member.outlives_others], INSIST_S)

    def _end_these(self, members: Sequence[Member], within_s: float) -> None:
        for member in reversed(members):
            member.signal(signal.SIGTERM)
        deadline = self._monotonic() + within_s
        for member in members:
            member.join(max(deadline - self._monotonic(), 0.0))
        for member in members:
            if member.is_alive:
                log.warning("member_killed", member=member.name)
                member.signal(signal.SIGKILL)
        for member in members:
            member.join(INSIST_S)

    def _pause(self, look_every_s: float | None) -> float | None:
        soonest = min(member.back_at for member in self._members) - self._monotonic()
        pauses = [look_every_s] if look_every_s is not None else []
        if soonest != float("inf"):
            pauses.append(max(soonest, 0.0))
        return min(pauses, default=None)

    def _count_deaths(self) -> None:
        now = self._monotonic()
        for member in self._members:
            if member.process is None or member.is_alive or member.back_at != float("inf"):
                continue
            member.deaths.append(now)
            member.back_at = now + BACK_AFTER_S
            log.error("member_died", member=member.name, status=member.process.exitcode)
            if len(member.deaths) == DEATHS and now - member.deaths[0] < WITHIN_S:
                raise MemberFailing(f"{member.name} died {DEATHS} times within a minute")

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_end = True
        self._news.set()

    def _read_again(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_read = True
        self._news.set()

    def _look(self, _number: int, _frame: FrameType | None) -> None:
        self._news.set()


def _live(run: Callable[[], None]) -> None:
    """In the new process: die with the parent, keep the terminal's Ctrl-C away, forget the parent's signals."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it can read its settings again
    run()
