"""Making a text fit: cut a quotation, break at lines and words, go on in further messages. Knows no channel, only `fits`."""

import re
from collections.abc import Callable

CUT = ".."
"""Ends what was cut; the ellipsis of print is no GSM character."""
Fits = Callable[[str], bool]
_PIECES = re.compile(r"\S+|\s+")


def cut_to_fit(compose: Callable[[str], str], quote: str, fits: Fits) -> str:
    """`compose(quote)` with as much of the quotation as fits, ended by `..` where something was left out."""
    if fits(whole := compose(quote)):
        return whole
    least, most = 0, len(quote)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(compose(_cut(quote, middle))) else (least, middle - 1)
    return compose(_cut(quote, least))


def wrapped(text: str, fits: Fits) -> list[str]:
    """The text in parts that fit: broken at line ends, within a long line at words, within a long word anywhere."""
    parts: list[str] = []
    for line in text.split("\n"):
        if parts and fits(f"{parts[-1]}\n{line}"):
            parts[-1] = f"{parts[-1]}\n{line}"
        else:
            parts += _by_words(line, fits)
    return parts


def go_on(text: str, prefix: Callable[[int, int], str], fits: Fits, most: int) -> list[str]:
    """The text in at most `most` messages, each from the second on behind `prefix(place, of)`; [] when that is too few."""
    for of in range(2, most + 1):
        parts: list[str] = []
        rest = text
        while rest and len(parts) < of:
            head = prefix(len(parts) + 1, of) if parts else ""
            taken = _first_words(rest, lambda part, head=head: fits(head + part))  # type: ignore[misc]
            parts.append(head + taken.rstrip())
            rest = rest[len(taken) :].lstrip()
        if not rest:
            return parts
    return []


def _cut(quote: str, length: int) -> str:
    return quote if length >= len(quote) else quote[:length].rstrip() + CUT


def _by_words(line: str, fits: Fits) -> list[str]:
    parts = []
    rest = line
    while not fits(rest):
        taken = _first_words(rest, fits)
        parts.append(taken.rstrip())
        rest = rest[len(taken) :].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _first_words(text: str, fits: Fits) -> str:
    """As many words of the beginning as fit; of a word that alone is too long, as many signs (at least one)."""
    taken = ""
    for piece in _PIECES.findall(text):
        if not fits((taken + piece).rstrip()):
            break
        taken += piece
    if taken.strip():
        return taken
    length = 1
    while length < len(text) and fits(text[: length + 1]):
        length += 1
    return text[:length]
