"""Child processes that never outlive us: a killed parent takes them along, an orderly one asks and then insists."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def start_child(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    output: int | IO[bytes] | None = None,
    own_group: bool = True,
) -> "subprocess.Popen[bytes]":
    """Start `command`; on Linux it gets SIGTERM when this process dies, however it dies.

    Call it from the main thread: the kernel's signal comes when the *thread* that forked ends. `own_group` keeps the
    terminal's Ctrl-C away from the child, so that the parent decides the order of the end.
    """
    return subprocess.Popen(  # noqa: S603 - commands are ours, no shell
        [os.fspath(part) for part in command],
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        process_group=0 if own_group else None,
        preexec_fn=_die_with_parent if _libc else None,  # noqa: PLW1509 - one prctl, no Python locks are touched
    )


def _die_with_parent() -> None:
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_child(child: "subprocess.Popen[bytes]", within_s: float) -> int:
    """Ask to end, wait `within_s` seconds, then insist; the exit status (negative: killed by that signal)."""
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(within_s)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
