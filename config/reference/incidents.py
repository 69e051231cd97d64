"""By which words two reports of one incident are recognised: `config/data/same-incident.toml`, and how often words are said."""

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

DATA = files("config") / "data"
SENTENCES = ("examples", "languages")
"""Folders of `data/classifier/` with sentences that were written for this project, one a line."""
Groups = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class IncidentWords:
    """Code of a thing, a site, a trouble or another word -> how people say it, in one word or two."""

    things: Groups
    sites: Groups
    """Where it is rather than what it is."""
    troubles: Groups
    words: Groups
    never: frozenset[str]
    """What does not count, however rare it is."""
    streets: frozenset[str]
    spots: frozenset[str]
    """Behind these stands a name."""
    negations: frozenset[str]


@cache
def incident_words() -> IncidentWords:
    table = tomllib.loads((DATA / "same-incident.toml").read_text(encoding="utf-8"))
    never, marks = table["never"], table["marks"]
    return IncidentWords(
        table["things"],
        table["sites"],
        table["troubles"],
        table["words"],
        frozenset(never["words"]),
        *(frozenset(marks[name]) for name in ("streets", "spots", "negations")),
    )


def shipped_sentences() -> Iterator[str]:
    """A few thousand reports and everyday sentences, by which a word is called frequent or rare."""
    for folder in SENTENCES:
        for file in sorted((DATA / "classifier" / folder).iterdir(), key=lambda file: file.name):
            lines = file.read_text(encoding="utf-8").splitlines()
            # A table of examples has the sentence in its last column.
            yield from (row[-1] for row in csv.reader(lines[1:])) if file.name.endswith(".csv") else lines
