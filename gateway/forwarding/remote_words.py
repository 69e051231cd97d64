"""What the words of a system of record mean here: the rows of `config/data/sp4n.toml`, the same for polls and for people.

Source: docs/forwarders/sp4n.md § Statuses.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any

from config.settings import ForwarderTable
from gateway.complaints.complaint import Status
from gateway.complaints.forward import StatusRow, normalise_status, status_row

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


def with_own(rows: Sequence[StatusRow], own: Mapping[str, str]) -> tuple[StatusRow, ...]:
    """Before these rows those that an operator added: their word -> our status, told in the words of that status.

    ValueError for a status that is none of ours.
    """
    words = {row.status: row.text_key for row in reversed(rows)}
    added = [(normalise_status(name), Status(status)) for name, status in own.items()]
    return (*(StatusRow(name, status, text_key=words.get(status, "")) for name, status in added), *rows)


def meaning_of(name: str, target: ForwarderTable | None = None) -> StatusRow | None:
    """The row for a status as the other side (`target`) writes it; None: the word is unknown here."""
    own = target.values.get("statuses", {}) if target else {}
    return status_row("", name, with_own(statuses(), own if isinstance(own, Mapping) else {}))
