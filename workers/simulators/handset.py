"""A mobile phone for SMS: cuts what is typed into parts, joins what arrives, shows what its alphabet can show.

Written from docs/channels/sms.md, on purpose without the gateway's own code: what both got wrong would stay unseen.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
ALPHABET = EXTENDED.union(BASIC)
SINGLE = {0: 160, 2: 70}
PART = {0: 153, 2: 67}
PART_WIDE_REFERENCE = {0: 152, 2: 66}
MESSAGES_KEPT = 400


@dataclass(slots=True)
class Sms:
    """`incoming`: seen from the phone. `state`: `sending`, `sent`, `shown`, `delivered` or `failed`."""

    at: datetime
    other: str
    text: str
    incoming: bool
    state: str
    parts: int = 1


@dataclass(slots=True)
class Phone:
    number: str
    messages: deque[Sms] = field(default_factory=lambda: deque(maxlen=MESSAGES_KEPT))
    waiting: dict[tuple[str, bytes, int], dict[int, str]] = field(default_factory=dict)
    """Parts of long SMS that are not whole yet, by sender, reference and total."""


def coding_of(text: str) -> int:
    """0 = the 7-bit alphabet, 2 = UCS-2."""
    return 0 if ALPHABET.issuperset(text) else 2


def width(character: str, coding: int) -> int:
    """Septets, or UTF-16 units, that one character takes."""
    if coding == 0:
        return 2 if character in EXTENDED else 1
    return len(character.encode("utf-16-be")) // 2


def parts_of(text: str, coding: int, wide_reference: bool = False) -> list[str]:
    """The texts of the parts a phone sends; no character is ever torn apart."""
    if sum(width(character, coding) for character in text) <= SINGLE[coding]:
        return [text]
    room = (PART_WIDE_REFERENCE if wide_reference else PART)[coding]
    parts, used = [""], 0
    for character in text:
        if used + width(character, coding) > room:
            parts.append("")
            used = 0
        parts[-1] += character
        used += width(character, coding)
    return parts


def header(reference: int, total: int, sequence: int, bits: int = 8) -> bytes:
    """The user data header of one part."""
    if bits == 16:  # noqa: PLR2004 - the two sizes that exist
        return bytes((6, 8, 4, reference >> 8 & 255, reference & 255, total, sequence))
    return bytes((5, 0, 3, reference & 255, total, sequence))


def read_header(udh: bytes) -> tuple[bytes, int, int] | None:
    """Reference, total and sequence of a part; None when the header says nothing of parts."""
    rest = udh[1 : udh[0] + 1] if udh else b""
    while len(rest) >= 2:  # noqa: PLR2004 - element and length
        element, length, content = rest[0], rest[1], rest[2 : 2 + rest[1]]
        if (element, length) in {(0, 3), (8, 4)} and len(content) == length:
            return content[:-2], content[-2], content[-1]
        rest = rest[2 + length :]
    return None


def as_shown(text: str, coding: int) -> str:
    """What the phone's screen shows: outside UCS-2 a character that the alphabet lacks is a question mark."""
    if coding != 0:
        return text
    return text if ALPHABET.issuperset(text) else "".join(one if one in ALPHABET else "?" for one in text)


class Handsets:
    """All phones, by number."""

    def __init__(self) -> None:
        self.phones: dict[str, Phone] = {}
        self._references = itertools.count(17)

    def phone(self, number: str) -> Phone:
        return self.phones.setdefault(number, Phone(number))

    def next_reference(self) -> int:
        return next(self._references) & 255

    def write(self, number: str, to: str, text: str, at: datetime) -> Sms:
        """The owner sends a text."""
        sms = Sms(at, to, text, incoming=False, state="sending", parts=len(parts_of(text, coding_of(text))))
        self.phone(number).messages.append(sms)
        return sms

    def show(self, number: str, sender: str, texts: Sequence[str], at: datetime, udh: bytes = b"") -> Sms | None:
        """Texts of all parts arrive, or one part with its header; None while parts are still missing."""
        phone, part = self.phone(number), read_header(udh)
        parts = len(texts)
        if part is not None:
            reference, total, sequence = part
            arrived = phone.waiting.setdefault((sender, reference, total), {})
            arrived[sequence] = texts[0]
            if len(arrived) < total:
                return None
            del phone.waiting[(sender, reference, total)]
            texts, parts = [arrived[number] for number in sorted(arrived)], total
        sms = Sms(at, sender, "".join(texts), incoming=True, state="shown", parts=parts)
        phone.messages.append(sms)
        return sms
