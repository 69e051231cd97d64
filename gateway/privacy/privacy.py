"""The one exit for identity and content: what a reader of a complaint may see (CASEWORK 9, SECURITY C3, C5, C35)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from gateway.complaints.leaving import cut_at_word, first_sentence
from gateway.complaints.masking import mask
from gateway.complaints.places import place_words, spot_of

EXCERPT = 80
TITLE = 100
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_SIGNS = re.compile(r"[^\w]+")


class Reader(StrEnum):
    REPORTER = "reporter"
    """With number and code, or writing from the same address."""
    COORDINATOR = "coordinator"
    OFFICER = "officer"
    """Of the responsible agency, on a screen or behind a link."""
    NOTICE = "notice"
    """A notice to an officer, on a phone that others may read."""
    FORWARD = "forward"
    """A system of record."""
    API = "api"
    PUBLIC = "public"
    """Everybody (gateway/privacy/publicity.py tells which complaints at all)."""


NAMELESS = frozenset({Reader.NOTICE, Reader.FORWARD, Reader.API, Reader.PUBLIC})
"""Who never reads a name."""
TRUSTED = frozenset({Reader.COORDINATOR, Reader.REPORTER})
"""Who sees photo and point also of the anonymous."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A complaint as one reader may see it; empty where it is kept back."""

    number: str
    title: str
    text: str
    place: str
    reporter: str
    """Masked name of the reporter, or how anonymity reads; never an address."""
    photos: bool
    point: bool


def shown_to(reader: Reader, row: Any, reporter: str = "") -> Shown:
    """What `reader` may see of a row of `complaint`; `reporter` is their masked contact, shown only where allowed."""
    hidden = _is_hidden(reader, row)
    return Shown(
        number=row.number,
        title="" if hidden else row.title,
        text=text_to(reader, row),
        place="" if hidden else _place(row),
        reporter="" if row.anonymous or reader in NAMELESS else reporter,
        photos=photos_to(reader, row),
        point=not row.anonymous or reader in TRUSTED,
    )


def text_to(reader: Reader, row: Any) -> str:
    """The masked text alone; empty where it is kept back."""
    return "" if _is_hidden(reader, row) else str(row.text_masked)


def photos_to(reader: Reader, row: Any) -> bool:
    """Whether `reader` may see photos of it."""
    is_kept = row.anonymous or row.sensitive != "none"
    return not _is_hidden(reader, row) and (reader in TRUSTED or not is_kept)


def _is_hidden(reader: Reader, row: Any) -> bool:
    return bool(row.confidential) and reader in {Reader.NOTICE, Reader.API, Reader.PUBLIC}


def _place(row: Any) -> str:
    return place_words(row.location_text or spot_of(row.text_masked), row.place, row.place_name)


@lru_cache(maxsize=512)  # the same words are masked for complaint, event and notice
def masked_text(text: str, known: tuple[str, ...] = ()) -> str:
    """What is kept of a text for reading: everything personal that we recognise is covered."""
    return mask(text, known).text if text else ""


def title_of(text: str) -> str:
    """The first sentence, cut at a word to at most 100 characters."""
    return cut_at_word(first_sentence(text), TITLE)


def without_insults(text: str, insults: frozenset[str], filler: frozenset[str]) -> str:
    """A text for a notice: sentences of nothing but anger left out. `filler`: words that add nothing to it.

    A word of the list within a real sentence stays: a monkey in the roof is no insult.
    """
    empty = {*insults, *filler}
    sentences = _SENTENCE_END.split(text)
    return " ".join(
        sentence
        for sentence in sentences
        if insults.isdisjoint(words := [_bare(word) for word in sentence.split()]) or not empty.issuperset(words)
    )


def _bare(word: str) -> str:
    return _SIGNS.sub("", word).casefold()


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word and marked with `..` (which every SMS alphabet has)."""
    folded = " ".join(text.split())
    if len(folded) <= limit:
        return folded
    head = folded[: limit - 3]
    return (head.rsplit(" ", 1)[0] if " " in head else head) + " .."
