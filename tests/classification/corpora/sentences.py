"""Messages written for this project, by task and label, in two halves: lists were made on the first, the second was written afterwards.

A file `<task>_<half>.toml` has a table per label, a key per kind of message, and one invented message a line.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HALVES = ("a", "b")


@dataclass(frozen=True, slots=True)
class Sentence:
    label: str
    group: str
    text: str


def sentences(task: str, half: str) -> list[Sentence]:
    tables = tomllib.loads((HERE / f"{task}_{half}.toml").read_text(encoding="utf-8"))
    return [
        Sentence(label, group, line)
        for label, groups in tables.items()
        for group, lines in groups.items()
        for line in lines.strip().splitlines()
    ]
