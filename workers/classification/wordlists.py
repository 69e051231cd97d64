"""The word lists of `config/data/classifier/`, read once and checked."""

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

FOLDER = resources.files("config") / "data" / "classifier"

Table = Mapping[str, Any]


class WordListInvalid(ValueError):
    """A word list cannot be used; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence written for this project, with the topic it is about and who takes care of that."""

    topic: str
    agency: str
    """Empty: nobody in particular."""
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message as citizens send them, written for this project, with every answer about it."""

    text: str
    kind: str
    topic: str
    """Empty, as `agency`, for what is no report."""
    agency: str
    secret: str
    """`none`, or a kind of `warnings/secrets_*.toml`."""
    hazard: str
    """`none`, or a hazard of `warnings/danger_*.toml`."""


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
    spam: Table
    meanings: Mapping[str, str]
    """Word -> what it means: the name of its group."""

    @classmethod
    def load(cls) -> "WordLists":
        """The lists shipped with the product. Raises `WordListInvalid`."""
        return cls(
            languages=_toml("languages"),
            synonyms=_toml("synonyms"),
            kinds=_toml("kinds"),
            topics=_toml("topics"),
            agencies=_toml("agencies"),
            overlaps=(*_toml("overlaps")["rule"], *_toml("outside")["rule"]),
            danger=_toml("danger"),
            places=_toml("places"),
            spam=_toml("spam"),
            meanings={word: group for group, words in _toml("meanings").items() for word in words.split()},
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
            parts = (part.strip() for part in str(phrase).split("+"))
            yield from (part for part in parts if part and not part.startswith(("@", "=")))
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _phrases(child)


def _toml(name: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as problem:
        raise WordListInvalid(f"{path.name}: {problem}") from problem


def examples() -> tuple[Example, ...]:
    """The sentences of `examples/`, in the order of files and lines. Raises `WordListInvalid`."""
    files = sorted((FOLDER / "examples").iterdir(), key=lambda file: file.name)
    return tuple(example for file in files for example in _examples(file))


def sentences() -> dict[str, tuple[str, ...]]:
    """Language (BCP 47) -> the sentences of `languages/` that were written in it."""
    files = sorted((FOLDER / "languages").iterdir(), key=lambda file: file.name)
    return {file.name.removesuffix(".txt"): tuple(file.read_text(encoding="utf-8").splitlines()) for file in files}


def _examples(file: Traversable) -> Iterator[Example]:
    lines = file.read_text(encoding="utf-8").splitlines()
    for line, row in enumerate(csv.DictReader(lines), start=2):
        if not row.get("topic") or not row.get("text"):
            raise WordListInvalid(f"{file.name} line {line}: topic and text are needed")
        yield Example(row["topic"], row["agency"] or "", row["text"])


def warning_examples(task: str) -> tuple[Example, ...]:
    """Messages of `warnings/<task>_*.toml`, by the hazard (`danger`) or the kind of what is secret (`secrets`) in the place of the topic.

    What only sounds like one stands in the tables `calm` and `open` and has the label `none`. Raises `WordListInvalid`.
    """
    names = sorted(file.name for file in (FOLDER / "warnings").iterdir() if file.name.startswith(f"{task}_"))
    return tuple(
        Example("none" if table in {"calm", "open"} else label, "", line)
        for name in names
        for table, groups in _toml(f"warnings/{name.removesuffix('.toml')}").items()
        for label, lines in groups.items()
        for line in lines.strip().splitlines()
    )


def messages() -> tuple[Message, ...]:
    """The whole messages of `messages/`, in the order of files and lines. Raises `WordListInvalid`."""
    files = sorted((FOLDER / "messages").iterdir(), key=lambda file: file.name)
    return tuple(message for file in files for message in _messages(file))


def _messages(file: Traversable) -> Iterator[Message]:
    for line, written in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(written)
            asked = (row["topic"] or "", row["agency"] or "", row["secret"], row["hazard"])
            yield Message(row["text"], row["kind"], *asked)
        except (ValueError, KeyError, TypeError) as problem:
            raise WordListInvalid(f"{file.name} line {line}: {problem!r}") from problem


def kind_examples() -> tuple[Example, ...]:
    """Messages by what the sender wants, the kind in the place of the topic. Raises `WordListInvalid`."""
    return tuple(
        Example(kind, "", line) for kind, lines in _toml("kind_examples").items() for line in lines.strip().splitlines()
    )
