"""What `gateway doctor` found: one line per thing it looked at, in words out of the texts (`doctor.<check>.<code>`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """Worst last."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


MARKS: Mapping[Level, str] = {Level.OK: "✓", Level.WARNING: "!", Level.BROKEN: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """`values` fill the sentence in; `about` is the channel, folder or system that it is about."""

    check: str
    code: str
    level: Level = Level.OK
    about: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"doctor.{self.check}.{self.code}"


def fine(check: str, code: str = "ok", about: str = "", **values: object) -> Finding:
    return Finding(check, code, Level.OK, about, values)


def warning(check: str, code: str, about: str = "", **values: object) -> Finding:
    return Finding(check, code, Level.WARNING, about, values)


def broken(check: str, code: str, about: str = "", **values: object) -> Finding:
    return Finding(check, code, Level.BROKEN, about, values)


def worst(findings: Iterable[Finding]) -> Level:
    return max((finding.level for finding in findings), key=list(Level).index, default=Level.OK)
