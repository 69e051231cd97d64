"""Words that the history repeats in every row, kept as one capital letter or digit each.

A tenth of a large database were the same thirty words. Words without a letter are kept as they are, so that a new status
or action needs no line here; a letter never changes its meaning. No word of ours is a capital letter or a digit.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

# fmt: off
LETTERS: Mapping[str, str] = MappingProxyType({
    # states
    "received": "A", "incomplete": "B", "verified": "C", "assigned": "D", "in_progress": "E", "awaiting_reporter": "F",
    "reporter_replied": "G", "resolved": "H", "reopened": "I", "out_of_authority": "J", "archived": "K",
    # what was done
    "receive": "L", "verify": "M", "assign": "N", "start": "O", "answer": "P", "close_automatically": "Q", "note": "R",
    "report_progress": "S", "reassign": "T", "escalate": "U", "reply": "V", "rate": "W", "reopen": "X",
    # by whom, for whom, to what
    "reporter": "0", "system": "1", "coordinator": "2", "penghubung": "3", "deputi": "4", "kepala": "5", "anggota": "6",
    "public": "7", "agency": "8", "internal": "9", "complaint": "Z",
})
# fmt: on
WORDS: Mapping[str, str] = MappingProxyType({letter: word for word, letter in LETTERS.items()})


def letter_of(word: str) -> str:
    """The word itself where it has none."""
    return LETTERS.get(word, word)


class Word(TypeDecorator[str]):
    """A word in Python and in every comparison, its letter in the row."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else letter_of(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else WORDS.get(value, value)
