"""ISTILAH: the approved entry of the glossary, forgiving a slip of the finger, or three words near it."""

from rapidfuzz.distance import Levenshtein

from gateway.conversation.dialogue import Lexicon
from gateway.conversation.turn import Reply

GOOD_ENOUGH = 0.8
"""Similarity (1 less the share of letters to change) from which a word is taken for the term."""
SUGGESTED = 3


def explained(word: str, lexicon: Lexicon) -> Reply:
    """What the word means, or which terms exist instead."""
    wanted = word.strip(" \"'.?!").casefold()
    ranked = sorted(
        ((_likeness(wanted, (term, *synonyms)), term, meaning) for term, meaning, synonyms in lexicon.glossary),
        key=lambda found: (-found[0], found[1]),
    )
    if not ranked:
        return Reply("glos.empty")
    likeness, term, meaning = ranked[0]
    if likeness < GOOD_ENOUGH:
        nearest = ", ".join(name for _, name, _ in ranked[:SUGGESTED])
        return Reply("glos.none", {"istilah": word.strip(), "usulan": nearest})
    decree = {"versi": lexicon.glossary_version, "sk": lexicon.glossary_decree}
    return Reply("glos.entry", {"istilah": term[:1].upper() + term[1:], "arti": meaning, **decree})


def _likeness(wanted: str, names: tuple[str, ...]) -> float:
    return max(Levenshtein.normalized_similarity(wanted, name.casefold()) for name in names)
