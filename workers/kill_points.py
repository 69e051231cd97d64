"""Lines at which a process can be made to die as by `kill -9`, for tests and soaks. In production they are comments.

A line `# kill point: <name>` marks a moment between two facts, such as "committed, and nobody was rung yet". `arm` puts
the death there, in this process alone, by compiling that one function anew; where nobody arms, nothing is executed.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ("gateway", "workers")
MARK = re.compile(r"^( +)# kill point: ([a-z_]+\.[a-z_]+)$")

_left: Counter[str] = Counter()


@dataclass(frozen=True, slots=True)
class KillPoint:
    """One marked line: `name` is `<path>.<what was just done>`."""

    name: str
    file: Path
    line: int

    @property
    def module(self) -> str:
        return ".".join(self.file.relative_to(ROOT).with_suffix("").parts)


@cache
def kill_points() -> Mapping[str, KillPoint]:
    """All marked lines by name. ValueError when a name marks two."""
    found: dict[str, KillPoint] = {}
    for point in _marks():
        if point.name in found:
            raise ValueError(f"{point.name} marks two lines: {found[point.name]} and {point}")
        found[point.name] = point
    return MappingProxyType(found)


def _marks() -> Iterator[KillPoint]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                if mark := MARK.match(line):
                    yield KillPoint(mark[2], file, number)


def arm(name: str, at_time: int = 1) -> None:
    """From now on this process dies when it comes to the line `name` for the `at_time`-th time. KeyError: no such line."""
    point = kill_points()[name]
    _left[name] = at_time
    lines = point.file.read_text(encoding="utf-8").splitlines(keepends=True)
    indent = " " * (len(lines[point.line - 1]) - len(lines[point.line - 1].lstrip()))
    lines[point.line - 1] = f"{indent}import workers.kill_points as k; k.reached({name!r})\n"
    armed = compile("".join(lines), str(point.file), "exec", dont_inherit=True)
    code, path = _function_at(armed, point.line)
    _function(point.module, path).__code__ = code


def reached(name: str) -> None:
    """An armed line: count down, and die without a last word."""
    _left[name] -= 1
    if _left[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def _function_at(module: CodeType, line: int) -> tuple[CodeType, Sequence[str]]:
    """The outermost function around a line, and the names that lead to it."""
    inside = [code for code in _nested(module) if line in {at for _, _, at in code.co_lines()}]
    for code in inside:
        if "<locals>" not in code.co_qualname and code.co_flags & 0x02:  # its own namespace: a function, no class body
            return code, code.co_qualname.split(".")
    raise ValueError(f"line {line} of {module.co_filename} is in no function")


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _function(module: str, path: Sequence[str]) -> Any:
    """The function itself: of a class by its dictionary, of a decorated one what is inside."""
    owner: Any = import_module(module)
    for name in path:
        owner = vars(owner)[name]
    while hasattr(owner, "__wrapped__"):
        owner = owner.__wrapped__
    return getattr(owner, "__func__", owner)
