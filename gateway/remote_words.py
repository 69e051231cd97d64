"""What the words of a system of record mean here: the rows of `config/data/sp4n.toml`, the same for polls and for people.

Source: docs/forwarders/sp4n.md § Statuses.
"""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from gateway.complaints.complaint import Status
from gateway.complaints.forward import StatusRow, status_row

FILE = "data/sp4n.toml"


def tables() -> dict[str, Any]:
    """The shipped file, all of it."""
    return tomllib.loads(files("config").joinpath(FILE).read_text(encoding="utf-8"))


def rows_of(found: Mapping[str, Any]) -> tuple[StatusRow, ...]:
    """Its rows of statuses; KeyError or ValueError when one is no row."""
    return tuple(
        StatusRow(row["value"], Status(row["status"]), row["match"], row.get("text_key", "")) for row in found["status"]
    )


@lru_cache(maxsize=1)
def statuses() -> tuple[StatusRow, ...]:
    return rows_of(tables())


def meaning_of(name: str) -> StatusRow | None:
    """The row for a status as the other side writes it; None: the word is unknown here."""
    return status_row("", name, statuses())
