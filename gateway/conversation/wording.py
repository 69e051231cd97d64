"""What a text says on its face: its words, whether it is only courtesy, whether it names a place or speaks of danger.

No guessing here: word lists of the lexicon, looked up. Understanding a text is the classifier's business, later.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from gateway.conversation.dialogue import Lexicon

ANALYSED = 4000
"""Characters that are looked at; a longer text is judged by its beginning."""
LONGEST_NAME = 4
"""Words of the longest name or keyword that is looked up."""
COURTESY_WORDS = 4
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_BLANKS = re.compile(r"\s+")


def plain(text: str) -> str:
    """NFKC, without invisible format characters, blanks collapsed and trimmed."""
    normal = unicodedata.normalize("NFKC", text[:ANALYSED])
    return _BLANKS.sub(" ", "".join(sign for sign in normal if unicodedata.category(sign) != "Cf")).strip()


def whole(text: str) -> str:
    """The message as one phrase to compare: plain, lower case, without punctuation at both ends."""
    phrase = plain(text).casefold()
    while phrase and not phrase[0].isalnum():
        phrase = phrase[1:]
    while phrase and not phrase[-1].isalnum():
        phrase = phrase[:-1]
    return phrase


def tokens(text: str) -> tuple[str, ...]:
    """Words and numbers in lower case; `tolooong` counts as `tolong`, links are left out."""
    return tuple(_WORD.findall(_DRAWN_OUT.sub(r"\1", _LINK.sub(" ", plain(text)).casefold())))


def links(text: str) -> int:
    return len(_LINK.findall(text[:ANALYSED]))


def letters(text: str) -> int:
    return sum(sign.isalpha() for sign in text[:ANALYSED])


def is_courtesy(text: str, lexicon: Lexicon) -> bool:
    """Greetings, thanks, ok and emoji: at most four words, all of them courtesy, no digits."""
    words = tokens(text)
    if words:
        return len(words) <= COURTESY_WORDS and all(word in lexicon.greetings for word in words)
    return any(unicodedata.category(sign) in ("So", "Sk") for sign in text[:ANALYSED])


def is_thanks(text: str, lexicon: Lexicon) -> bool:
    return is_courtesy(text, lexicon) and any(word in lexicon.thanks for word in tokens(text))


def names(words: tuple[str, ...], known: Iterable[str], lexicon: Lexicon) -> frozenset[str]:
    """The place names and topic words among `words` that are not `known` already."""
    found = {
        phrase
        for size in range(1, LONGEST_NAME + 1)
        for phrase in _runs(words, size)
        if phrase in lexicon.places or phrase in lexicon.topic_words
    }
    found |= {f"{cue} {name}" for cue, name in pairwise(words) if cue in lexicon.place_cues}
    return frozenset(found - set(known))


def names_place(words: tuple[str, ...], lexicon: Lexicon) -> bool:
    return any(cue in lexicon.place_cues for cue in words[:-1]) or any(
        phrase in lexicon.places for size in range(1, LONGEST_NAME + 1) for phrase in _runs(words, size)
    )


def is_emergency(words: tuple[str, ...], lexicon: Lexicon) -> bool:
    """Danger at this moment. A text about the past is none, unless it also says that it goes on."""
    words = _standard(words, lexicon)
    if not any(_says(words, group) for group in lexicon.emergency):
        return False
    return not _says_any(words, lexicon.past) or _says_any(words, lexicon.present)


def violence(words: tuple[str, ...], lexicon: Lexicon) -> str:
    """Code of `Sensitive` when the text speaks of violence or suicide, else empty."""
    words = _standard(words, lexicon)
    return next((code for group, code in lexicon.violence if _says(words, group)), "")


def count_of(words: tuple[str, ...], phrases: frozenset[str]) -> int:
    """How many different `phrases` occur."""
    return sum(_says(words, (phrase,)) for phrase in phrases)


def _standard(words: tuple[str, ...], lexicon: Lexicon) -> tuple[str, ...]:
    """`tlg skrg` -> `tolong sekarang`."""
    return tuple(lexicon.standard.get(word, word) for word in words)


def _says_any(words: tuple[str, ...], phrases: frozenset[str]) -> bool:
    return any(_says(words, (phrase,)) for phrase in phrases)


def _says(words: tuple[str, ...], group: tuple[str, ...]) -> bool:
    line = f" {' '.join(words)} "
    return all(f" {part} " in line for part in group)


def _runs(words: tuple[str, ...], size: int) -> Iterable[str]:
    return (" ".join(words[at : at + size]) for at in range(len(words) - size + 1))
