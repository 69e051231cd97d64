"""ISTILAH: the approved entry of the glossary, forgiving a slip of the finger, or three words near it."""

from rapidfuzz import fuzz

from gateway.conversation.dialogue import Lexicon
from gateway.conversation.turn import Reply

GOOD_ENOUGH = 80
"""Similarity in percent from which a word is taken for the term."""
SUGGESTED = 3


def explained(word: str, lexicon: Lexicon) -> Reply:
    """What the word means, or which terms exist instead."""
    wanted = word.strip(" \"'.?!").casefold()
    ranked = sorted(
        lexicon.glossary,
        key=lambda entry: (-max(fuzz.ratio(wanted, name.casefold()) for name in (entry[0], *entry[2])), entry[0]),
    )
    if not ranked:
        return Reply("glos.empty")
    term, meaning, synonyms = ranked[0]
    if max(fuzz.ratio(wanted, name.casefold()) for name in (term, *synonyms)) < GOOD_ENOUGH:
        nearest = ", ".join(name for name, _, _ in ranked[:SUGGESTED])
        return Reply("glos.none", {"istilah": word.strip(), "usulan": nearest})
    return Reply(
        "glos.entry",
        {
            "istilah": term[:1].upper() + term[1:],
            "arti": meaning,
            "versi": lexicon.glossary_version,
            "sk": lexicon.glossary_decree,
        },
    )
