"""The child that opens strangers' files: content on stdin, the clean one on stdout, behind a line that says what it is
and, of a picture, when it was taken and what it looks like.

Limits are set before the first byte is looked at. What breaks here breaks alone; the worker only sees that it ended.
"""

import resource
import sys

from workers.cleaning.kinds import cleaned
from workers.cleaning.moments import taken_of
from workers.cleaning.prints import prints_of
from workers.cleaning.problems import Refused

MEMORY = 400 * 1024 * 1024
CPU_S = 20
OUTPUT = 64 * 1024 * 1024
PICTURES = "image/"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content = sys.stdin.buffer.read()
    try:
        media_type, clean = cleaned(content)
    except Refused as refused:
        _answer(f"refused {refused.reason}", b"")
    except MemoryError:
        _answer("refused too_many_pixels", b"")
    else:
        seen = _seen(content, clean) if media_type.startswith(PICTURES) else ()
        _answer(" ".join((media_type, *seen)), clean)


def _seen(content: bytes, clean: bytes) -> tuple[str, ...]:
    """`@` with the moment first, where the file names one; then the prints."""
    taken = taken_of(content)
    return ((f"@{taken}",) if taken else ()) + prints_of(clean)


def _answer(line: str, content: bytes) -> None:
    sys.stdout.buffer.write(line.encode() + b"\n" + content)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
