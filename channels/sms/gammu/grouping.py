"""Which files are parts of one message. smsd names each part by its own time, but writes them one right after another."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from channels.sms.gammu.names import ReceivedName, read_received

TOGETHER_NS = 60_000_000_000
"""Files of one message are written within this time, however slow the disk."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One file. `written_ns`: when it last changed, nanoseconds since 1970; `size` in octets."""

    written_ns: int
    sequence: int
    path: Path
    size: int
    name: ReceivedName


def part_of(path: Path) -> Part | None:
    """None for what is no file of a message, or vanished just now."""
    name = read_received(path.name)
    if name is None:
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Part(status.st_mtime_ns, name.sequence, path, status.st_size, name)


def messages(parts: Iterable[Part]) -> list[list[Part]]:
    """The parts of each message by sequence, messages in the order in which they were written."""
    found: list[list[Part]] = []
    by_sender: defaultdict[str, list[list[Part]]] = defaultdict(list)
    for part in sorted(parts):
        theirs = by_sender[part.name.sender]
        group = next((one for one in reversed(theirs) if _fits(part, one)), None)
        if group is None:
            theirs.append([part])
            found.append(theirs[-1])
        else:
            group.append(part)
            group.sort(key=lambda one: one.sequence)
    return found


def _fits(part: Part, group: list[Part]) -> bool:
    """Whether it may belong to this message of the same sender."""
    if any(one.sequence == part.sequence for one in group):
        return False
    if part.name.stem == group[0].name.stem:
        return True
    follows = part.sequence > group[-1].sequence
    return follows and part.written_ns - group[-1].written_ns <= TOGETHER_NS
