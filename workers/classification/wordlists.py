"""The word lists of `config/data/classifier/`, read once and checked."""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

FOLDER = resources.files("config") / "data" / "classifier"

Table = Mapping[str, Any]


class WordListInvalid(ValueError):
    """A word list cannot be used; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence written for this project, with the topic it is about."""

    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class WordLists:
    languages: Table
    synonyms: Table
    kinds: Table
    topics: Table
    agencies: Table
    overlaps: tuple[Table, ...]
    danger: Table
    places: Table
    examples: tuple[Example, ...]

    @classmethod
    def load(cls) -> "WordLists":
        """The lists shipped with the product. Raises `WordListInvalid`."""
        return cls(
            languages=_toml("languages"),
            synonyms=_toml("synonyms"),
            kinds=_toml("kinds"),
            topics=_toml("topics"),
            agencies=_toml("agencies"),
            overlaps=tuple(_toml("overlaps")["rule"]),
            danger=_toml("danger"),
            places=_toml("places"),
            examples=tuple(_examples()),
        )

    def vocabulary(self) -> Iterator[str]:
        """Every phrase of every list: what the stemmer may cut words down to."""
        for table in (self.kinds, self.topics, self.agencies, self.danger):
            yield from _phrases(table)
        for rule in self.overlaps:
            yield from _phrases(rule)


def _phrases(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for phrase in node:
            yield from (part for part in str(phrase).split("+") if part.strip())
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _phrases(child)


def _toml(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise WordListInvalid(f"{path.name}: {problem}") from problem


def _examples() -> Iterator[Example]:
    lines = (FOLDER / "examples.csv").read_text(encoding="utf-8").splitlines()
    for line, row in enumerate(csv.DictReader(lines), start=2):
        if not row.get("topic") or not row.get("text"):
            raise WordListInvalid(f"examples.csv line {line}: topic and text are needed")
        yield Example(row["topic"], row["text"])
