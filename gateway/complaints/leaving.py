"""How a report reads when it leaves for a system of record: title, content with marker, tags.

The same words go through the API and onto the work list that people type from. Source: docs/forwarders/sp4n.md § Text.
"""

import re

from gateway.complaints.forward import RemoteState, Report

CUT = "…"
# A full stop after these ends no sentence: a title that stops at "Jl." helps nobody.
# fmt: off
ABBREVIATIONS = frozenset({
    "jl", "jln", "gg", "kel", "kec", "kab", "prov", "ds", "dsn", "rt", "rw", "no", "nmr", "bpk", "sdr", "dr", "drs", "ir", "hj",
    "tgl", "km", "dll", "dsb", "dst", "dkk", "yth",
})
# fmt: on
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)|\n")
_LAST_WORD = re.compile(r"(\w+)$")
LONGEST_WORD = 24
"""Characters that are looked at for an abbreviation; searching the whole text for its end costs more than masking it."""


def title_of(report: Report, longest: int = 100) -> str:
    """The reporter's title, else the first sentence; cut at a word, with `…` only where it was cut."""
    return cut_at_word(report.title or first_sentence(report.content), longest)


def content_of(report: Report, longest: int = 4000) -> str:
    """The text, then the marker on a line of its own. The marker always fits; the text gives way."""
    return f"{cut_at_word(report.content.strip(), longest - len(report.marker) - 2, folded=False)}\n\n{report.marker}"


def tag_of(report: Report) -> str:
    """`#KBR260001235`: the ticket number in the form that tags allow."""
    return "#" + report.number.replace("-", "")


def first_sentence(text: str) -> str:
    """Up to the first end of sentence that is no abbreviation; the end itself is left out."""
    text = text.strip()
    for end in _SENTENCE_END.finditer(text):
        before = text[: end.start()]
        word = _LAST_WORD.search(before[-LONGEST_WORD:])
        if before and not (end.group() == "." and word and _is_short(word[1])):
            return before + end.group().strip(". \n")
    return text.rstrip(".")


def _is_short(word: str) -> bool:
    return word.casefold() in ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def cut_at_word(text: str, longest: int, *, folded: bool = True) -> str:
    """At most `longest` characters including the `…`. `folded`: line breaks and runs of spaces become one space."""
    if folded:
        text = " ".join(text.split())
    if len(text) <= longest:
        return text
    kept = text[: longest - len(CUT)]
    at_space = max(kept.rfind(" "), kept.rfind("\n"))
    # A single endless word has no boundary: cutting inside it beats sending nothing.
    if not text[len(kept)].isspace() and at_space > longest // 2:
        kept = kept[:at_space]
    return kept.rstrip(" \n,;:-") + CUT


def is_same(report: Report, state: RemoteState) -> bool:
    """Whether what stands over there under a number is this report: by our marker, else by its title."""
    ours = " ".join(title_of(report).casefold().split())
    theirs = " ".join(state.title.casefold().split())
    return state.has_marker is True or (bool(ours) and ours == theirs)
