"""Personal data in free text -> masked, with the places where it stood.

Source: SECURITY 6, whose rules and their order are normative; vectors in tests/vectors/masking.json. Deterministic and
idempotent; every pattern is bounded, so that no text takes long. Known limits: numbers in words, letters for digits,
names of third persons, addresses.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad")
# Stand-ins for what must not be touched, private characters in two kinds: text that only looks like a number (it may
# still stand between a bank's name and the account) and masks of an earlier run (nothing may reach across those, or a
# second run would mask more than the first).
KEPT, MASKED, END = "\ue000", "\ue001", "\ue002"
FIRST_INDEX = 0xF0000
STAND_IN = re.compile(f"[{KEPT}{MASKED}](.){END}", re.DOTALL)

KINDS = {
    "nik": "[NIK disamarkan]",
    "nomor": "[nomor disamarkan]",
    "telepon": "[telepon disamarkan]",
    "email": "[email disamarkan]",
    "plat": "[plat disamarkan]",
    "rekening": "[rekening disamarkan]",
    "npwp": "[NPWP disamarkan]",
    "nama": "[nama pelapor]",
}
TOKEN = re.compile("|".join(re.escape(token) for token in KINDS.values()))
SHORTEST_NAME = 4

SEPARATOR = r"[ .\-]?"
REGION = (
    "A|AA|AB|AD|AE|AG|B|BA|BB|BD|BE|BG|BH|BK|BL|BM|BN|BP|D|DA|DB|DC|DD|DE|DG|DH|DK|DL|DM|DN|DP|DR|DS|DT|DW"
    "|E|EA|EB|ED|F|G|H|K|KB|KH|KT|KU|L|M|N|P|PA|PB|R|S|T|W|Z"
)

DIGIT = re.compile(r"\d")
# What a rule needs at least, found at a fraction of the rule's own cost: nearly no report holds any of it.
LONG_NUMBER = re.compile(r"\d(?:[ .\-)]{0,2}\d){7}")
"""Eight digits, as any tax number, identity, account or telephone number has."""
TICKET_OR_POINT = re.compile(r"\d{9}|\d\.\d{4}")
BEFORE_LETTERS = re.compile(r"(?i)\d[ \-]?[A-Z]{1,3}(?![\w])")
AT = re.compile(r"(?i)@|[(\[]at[)\]]")
OWN = re.compile(r"\b[A-Z]{2,5}-?\d{9,10}\b(?!\d)|-?\d{1,3}\.\d{4,}\s*,\s*-?\d{1,3}\.\d{4,}")
"""Ticket numbers and coordinates: shown as they are."""
EMAIL = re.compile(r"(?i)(?<![\w.+-])[a-z0-9._%+-]{1,64}\s?(?:@|\(at\)|\[at\])\s?[a-z0-9-]+(?:\.[a-z0-9-]+)+")
NPWP = re.compile(r"(?<!\d)\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}(?!\d)")
SIXTEEN = re.compile(rf"(?<!\d)\d(?:{SEPARATOR}\d){{15}}(?!\d)")
ACCOUNT = re.compile(
    r"(?i)\b(?:(?:no\.? ?)?rek(?:ening)?|norek|bca|bri|bni|bsi|btn|mandiri|bank(?: \w+)?|virtual account|va)\b"
    rf"[^\n\d{MASKED}]{{0,25}}?(?<!\d)(\d(?:{SEPARATOR}\d){{7,17}})(?!\d)"
)
PHONE = re.compile(r"(?<!\w)\(?(?:\+?62|0)(?:[ .\-)]{0,2}\d){8,13}(?!\d)")
PLATE = re.compile(rf"(?i)(?<![\w-])({REGION})([ \-]?)(\d{{1,4}})([ \-]?)([A-Z]{{1,3}})(?![\w])")
VEHICLE = re.compile(
    r"(?:plat|pelat|nopol|no\.? ?pol|mobil|motor|truk|kendaraan|angkot|avanza|pick ?up)"
    rf"[^\w{MASKED}]+(?:\w+[^\w{MASKED}]+){{0,2}}$"
)
# Looked for first: a text may hold hundreds of things that look like plates, and the pattern above is not cheap.
VEHICLE_WORDS = ("plat", "pelat", "pol", "mobil", "motor", "truk", "kendaraan", "angkot", "avanza", "up")
STREET = (
    "blok", "gang", "gg", "gg.", "jl", "jl.", "jalan", "no", "no.", "kavling", "kav", "kav.", "lorong", "kamar", "ruang", "kelas",
)  # fmt: skip
BEFORE_PLATE = 40

Change = tuple[int, int, str]
"""From, to (in the text as it is now), and the kind of what stood there."""


@dataclass(frozen=True, slots=True)
class Found:
    """`start` and `end` count characters of the text that was given, before anything was changed."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    text: str
    found: tuple[Found, ...] = ()


def mask(text: str, known: Iterable[str] = ()) -> Masked:
    """Mask personal data in `text`. `known`: the reporter's own names and handles, hidden as well."""
    names = {name for name in (unicodedata.normalize("NFKC", name) for name in known) if len(name) >= SHORTEST_NAME}
    if not names and text.isascii() and not _suspicions(text):
        return Masked(text)
    draft = _Draft(text)
    rules = (*RULES, *((None, _name(name)) for name in sorted(names, key=lambda name: (-len(name), name))))
    before: str | None = None
    # Once more after a change: a mask may leave a neighbour standing alone that was part of something longer before.
    while before != draft.text:
        before = draft.text
        draft.shield(TOKEN, MASKED)
        if TICKET_OR_POINT.search(draft.text):
            draft.shield(OWN, KEPT)
        suspicions = _suspicions(draft.text)
        for needed, rule in rules:
            if needed is None or needed in suspicions:
                draft.apply(rule)
        draft.unshield()
    return Masked(draft.text, tuple(sorted(draft.found, key=lambda found: found.start)))


def _suspicions(text: str) -> set[re.Pattern[str]]:
    """What of all that rules need is there; most reports hold none of it and are let through at once."""
    found = {AT} if any(sign in text for sign in "@)]") and AT.search(text) else set()
    if DIGIT.search(text):
        found.update(pattern for pattern in (LONG_NUMBER, BEFORE_LETTERS) if pattern.search(text))
    return found


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some text, and for each of its characters from where to where it stood in the original."""

    text: str
    starts: list[int]
    ends: list[int]


class _Draft:
    """A text on its way to being masked."""

    def __init__(self, original: str) -> None:
        self.found: list[Found] = []
        self._shielded: list[_Piece] = []
        self._piece = _normalised(original)

    @property
    def text(self) -> str:
        return self._piece.text

    def apply(self, rule: "Rule") -> None:
        """Replace all that the rule finds by its masks."""
        changes = []
        for start, end, kind in rule(self.text):
            mark = self._mark(start, end, KINDS[kind])
            self.found.append(Found(kind, mark.starts[0], mark.ends[0]))
            changes.append((start, end, mark))
        self._rewrite(changes)

    def shield(self, pattern: re.Pattern[str], sign: str) -> None:
        changes = []
        for match in pattern.finditer(self.text):
            start, end = match.span()
            stand_in = f"{sign}{chr(FIRST_INDEX + len(self._shielded))}{END}"
            self._shielded.append(self._cut(start, end))
            changes.append((start, end, self._mark(start, end, stand_in)))
        self._rewrite(changes)

    def unshield(self) -> None:
        found = STAND_IN.finditer(self.text)
        self._rewrite([(*match.span(), self._shielded[ord(match[1]) - FIRST_INDEX]) for match in found])
        self._shielded.clear()

    def _cut(self, start: int, end: int) -> _Piece:
        piece = self._piece
        return _Piece(piece.text[start:end], piece.starts[start:end], piece.ends[start:end])

    def _mark(self, start: int, end: int, text: str) -> _Piece:
        first, last = self._piece.starts[start], self._piece.ends[end - 1]
        return _Piece(text, [first] * len(text), [last] * len(text))

    def _rewrite(self, changes: list[tuple[int, int, _Piece]]) -> None:
        """Put each piece in the place of `start:end`; changes are in order and do not overlap."""
        if not changes:
            return
        pieces: list[_Piece] = []
        reached = 0
        for start, end, piece in changes:
            pieces += self._cut(reached, start), piece
            reached = end
        pieces.append(self._cut(reached, len(self.text)))
        self._piece = _Piece(
            "".join(piece.text for piece in pieces),
            [place for piece in pieces for place in piece.starts],
            [place for piece in pieces for place in piece.ends],
        )


Rule = Callable[[str], Iterable[Change]]


def _normalised(original: str) -> _Piece:
    """The text in compatibility form without invisible characters."""
    if original.isascii():
        return _Piece(original, list(range(len(original))), list(range(1, len(original) + 1)))
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(original):
        visible = "".join(character for character in original[start:end] if character not in UNSEEN)
        folded = unicodedata.normalize("NFKC", visible)
        text.append(folded)
        starts += [start] * len(folded)
        ends += [end] * len(folded)
    return _Piece("".join(text), starts, ends)


UNSEEN = INVISIBLE | {KEPT, MASKED, END}


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that normalise by themselves: a character with all that may melt into it."""
    start = 0
    for position in range(1, len(text)):
        if _stands_alone(text[position]):
            yield start, position
            start = position
    if text:
        yield start, len(text)


def _stands_alone(character: str) -> bool:
    if character.isascii():
        return True
    first = unicodedata.normalize("NFKC", character)[0]
    hangul_tail = "\u1160" <= first <= "\u11ff"
    return not (character in UNSEEN or unicodedata.category(first).startswith("M") or hangul_tail)


def _emails(text: str) -> Iterator[Change]:
    yield from ((*match.span(), "email") for match in EMAIL.finditer(text))


def _tax_numbers(text: str) -> Iterator[Change]:
    yield from ((*match.span(), "npwp") for match in NPWP.finditer(text))


def _sixteen_digits(text: str) -> Iterator[Change]:
    for match in SIXTEEN.finditer(text):
        yield *match.span(), "nik" if _is_nik(_digits(match.group())) else "nomor"


def _accounts(text: str) -> Iterator[Change]:
    yield from ((*match.span(1), "rekening") for match in ACCOUNT.finditer(text))


def _phones(text: str) -> Iterator[Change]:
    yield from ((*match.span(), "telepon") for match in PHONE.finditer(text) if _is_phone(match.group()))


def _plates(text: str) -> Iterator[Change]:
    for match in PLATE.finditer(text):
        before = text[max(0, match.start() - BEFORE_PLATE) : match.start()].lower()
        written_large = match[1].isupper() and match[5].isupper() and len(match[3]) > 1
        if not before.rstrip().endswith(STREET) and (written_large or _names_vehicle(before)):
            yield *match.span(), "plat"


def _names_vehicle(before: str) -> bool:
    return any(word in before for word in VEHICLE_WORDS) and VEHICLE.search(before) is not None


RULES: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (AT, _emails),
    (LONG_NUMBER, _tax_numbers),
    (LONG_NUMBER, _sixteen_digits),
    (LONG_NUMBER, _accounts),
    (LONG_NUMBER, _phones),
    (BEFORE_LETTERS, _plates),
)
"""What a text must hold, and the rule that is then tried."""


def _name(name: str) -> Rule:
    # Masks come first in the choice: a reporter called "Nomor" does not take one of them apart.
    pattern = re.compile(rf"(?i){TOKEN.pattern}|(?<!\w)(?P<name>{re.escape(name)})(?!\w)")

    def find(text: str) -> Iterator[Change]:
        return ((*match.span(), "nama") for match in pattern.finditer(text) if match["name"])

    return find


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _is_nik(digits: str) -> bool:
    """Province 11-94, day 1-31 (of women plus 40), month 1-12: the shape of NIK and KK numbers."""
    province, day, month = int(digits[:2]), int(digits[6:8]), int(digits[8:10])
    return 11 <= province <= 94 and 1 <= month <= 12 and (1 <= day <= 31 or 41 <= day <= 71)  # noqa: PLR2004


def _is_phone(written: str) -> bool:
    digits = _digits(written)
    number = digits[2:] if digits.startswith("62") else digits[1:]
    mobile = number[:1] == "8" and 9 <= len(number) <= 12  # noqa: PLR2004
    landline = number[:1] in set("234567") and written.lstrip("(+")[:1] == "0" and 9 <= len(number) <= 11  # noqa: PLR2004
    return mobile or landline
