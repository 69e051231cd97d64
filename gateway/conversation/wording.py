"""What a text says on its face: its words, whether it is only courtesy, whether it names a place or speaks of danger.

No guessing here: word lists of the lexicon, looked up. Understanding a text is the classifier's business, later. This runs
in the accepting request, so phrases are found by their first word, not one after the other.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.conversation.dialogue import Lexicon

ANALYSED = 4000
"""Characters that are looked at; a longer text is judged by its beginning."""
COURTESY_WORDS = 4
BRIEF_WORDS = 25
"""Words of a call for help …"""
LONGEST_CALL = 40
"""… and of one that also explains. What is longer tells a story, which the classifier reads later."""
LONGEST_PHRASE = 60
"""Characters of the longest message that is compared as one phrase."""
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SHOWN = (
    "maps.google.",
    "google.com/maps",
    "google.co.id/maps",
    "goo.gl/maps",
    "maps.app.goo.gl",
    "photos.app.goo.gl",
    "drive.google.",
)
"""Where citizens keep a place or a photo: what such a link shows belongs to a report."""
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_TRIPLES = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read once: its words, and the same in standard spelling (`tlg skrg` -> `tolong sekarang`)."""

    words: tuple[str, ...] = ()
    violence: str = ""
    """Code of `Sensitive` when it speaks of violence or suicide."""
    urgent: bool = False
    """Danger at this moment."""


def read(text: str, lexicon: Lexicon) -> Reading:
    words = tokens(text)
    known = lexicon.standard
    standard = words if known.keys().isdisjoint(words) else tuple(known.get(word, word) for word in words)
    if lexicon.alarms.keys().isdisjoint(standard):  # nearly every text
        return Reading(words)
    line = _line(standard)
    found = [
        entry for word in lexicon.alarms.keys() & standard for entry in lexicon.alarms[word] if _says(line, entry[1])
    ]
    violence = min((entry for entry in found if entry[2]), default=None)
    return Reading(words, violence[2] if violence else "", bool(found) and _is_now(standard, line, lexicon))


def plain(text: str) -> str:
    """NFKC, without invisible format characters, blanks collapsed and trimmed."""
    text = text[:ANALYSED]
    if not text.isascii():
        normal = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in normal if unicodedata.category(sign) != "Cf")
    return _BLANKS.sub(" ", text).strip()


def whole(text: str) -> str:
    """The message as one phrase to compare: plain, lower case, without punctuation at both ends; empty when it is long."""
    phrase = plain(text).casefold() if len(text) <= LONGEST_PHRASE else ""
    while phrase and not phrase[0].isalnum():
        phrase = phrase[1:]
    while phrase and not phrase[-1].isalnum():
        phrase = phrase[:-1]
    return phrase


def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers in lower case; `tolooong` counts as `tolong`, links are left out."""
    text = text[:ANALYSED].casefold() if text.isascii() else plain(text).casefold()
    if "://" in text or "www." in text:
        text = _LINK.sub(" ", text)
    if any(triple in text for triple in _TRIPLES):
        text = _DRAWN_OUT.sub(r"\1", text)
    return tuple(_WORD.findall(text))


def links(text: str) -> int:
    """How many links, without those to a place on a map or to a citizen's own photos."""
    found = _LINK.findall(text[:ANALYSED]) if "://" in text or "www." in text.casefold() else []
    return sum(not any(place in link.casefold() for place in _SHOWN) for link in found)


def has_letters(text: str, fewest: int) -> bool:
    beginning = sum(map(str.isalpha, text[: 2 * fewest]))
    return beginning >= fewest or sum(map(str.isalpha, text[:ANALYSED])) >= fewest


def is_courtesy(words: tuple[str, ...], text: str, lexicon: Lexicon) -> bool:
    """Greetings, thanks, ok and emoji: at most four words, all of them courtesy, no digits."""
    if words:
        return len(words) <= COURTESY_WORDS and all(word in lexicon.greetings for word in words)
    return any(unicodedata.category(sign) in ("So", "Sk") for sign in text[:ANALYSED])


def names(words: tuple[str, ...], known: Iterable[str], lexicon: Lexicon) -> frozenset[str]:
    """The place names and topic words among `words` that are not `known` already."""
    found = _found(words, lexicon.names)
    for place, word in enumerate(words[:-1]):
        if word in lexicon.place_cues:
            found.append(f"{word} {words[place + 1]}")
    return frozenset(found).difference(known)


def names_place(words: tuple[str, ...], lexicon: Lexicon) -> bool:
    if any(word in lexicon.place_cues for word in words[:-1]):
        return True
    return any(phrase in lexicon.places for phrase in _found(words, lexicon.names))


def count_of(words: tuple[str, ...], phrases: Mapping[str, tuple[str, ...]]) -> int:
    """How many different phrases of an index occur."""
    return len(set(_found(words, phrases)))


def _is_now(standard: tuple[str, ...], line: str, lexicon: Lexicon) -> bool:
    """Whoever calls for help is brief. A longer text must say that it goes on, one about the past as well."""
    if len(standard) > LONGEST_CALL:
        return False
    past, present = _found(standard, lexicon.past_index, line), _found(standard, lexicon.present_index, line)
    if len(standard) > BRIEF_WORDS:
        return bool(present) and not past
    return bool(present) or not past


def _found(words: tuple[str, ...], index: Mapping[str, tuple[str, ...]], line: str = "") -> list[str]:
    if index.keys().isdisjoint(words):
        return []
    line = line or _line(words)
    return [phrase for word in index.keys() & set(words) for phrase in index[word] if f" {phrase} " in line]


def _line(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _says(line: str, group: tuple[str, ...]) -> bool:
    return all(f" {part} " in line for part in group)
