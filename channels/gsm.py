"""The alphabet and the arithmetic of SMS: septets, segments, headers of parts, and what the operator will bill.

Source: docs/channels/sms.md (3GPP TS 23.038, 23.040). Vectors: tests/vectors/segments.json and concat.json.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from channels.errors import PayloadInvalid, RecipientRefused, SendRefused
from channels.messages import OutboundMessage, TextPart

ESCAPE = 0x1B
CARRIAGE_RETURN = 0x0D
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip
SEPTETS = {character: bytes([code]) for code, character in enumerate(BASIC) if code != ESCAPE} | {
    character: bytes([ESCAPE, code]) for code, character in EXTENSION.items()
}
ALPHABET = frozenset(SEPTETS)
TWO_SEPTETS = tuple(EXTENSION.values())
# What texts hold because they were typed in an office program; each of these alone would halve the room of an SMS.
PLAIN = str.maketrans(
    {
        "’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "•": "-", "\t": " ",
        "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ",
    }
)  # fmt: skip
CHANGED_ASCII = frozenset("`\t\r")


class Encoding(StrEnum):
    GSM7 = "GSM7"
    UCS2 = "UCS2"


SINGLE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
PART = {
    (Encoding.GSM7, 8): 153, (Encoding.GSM7, 16): 152,
    (Encoding.UCS2, 8): 67, (Encoding.UCS2, 16): 66,
}  # fmt: skip
"""Septets or UTF-16 units of one part, by encoding and bits of the reference."""


@dataclass(frozen=True, slots=True)
class Count:
    """`septets` are UTF-16 units where the encoding is UCS2; `segments` is what is billed."""

    encoding: Encoding
    septets: int
    characters: int
    segments: int


def fits_gsm(text: str) -> bool:
    return ALPHABET.issuperset(text)


def encoding_of(text: str) -> Encoding:
    """One character outside the alphabet sends the whole message as UCS-2."""
    return Encoding.GSM7 if fits_gsm(text) else Encoding.UCS2


def septets(text: str) -> int:
    """Length in septets. ValueError for a character outside the alphabet."""
    return len(encode_gsm(text))


def units(text: str) -> int:
    """Length in UTF-16 units: an emoji has two."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def size(text: str) -> int:
    """Septets or UTF-16 units, whichever the text needs."""
    return _size(text, encoding_of(text))


def _size(text: str, encoding: Encoding) -> int:
    return len(text) + sum(map(text.count, TWO_SEPTETS)) if encoding is Encoding.GSM7 else units(text)


def transliterate(text: str) -> str:
    """Typographic characters as their plain neighbours. For outbound texts only: what a citizen wrote stays."""
    if text.isascii() and not CHANGED_ASCII.intersection(text):
        return text
    return text.replace("\r\n", "\n").translate(PLAIN)


def count(text: str, reference_bits: int = 8) -> Count:
    """What this text costs as it stands (nothing is transliterated)."""
    encoding = encoding_of(text)
    used = _size(text, encoding)
    segments = 1 if used <= SINGLE[encoding] else len(_parts(text, encoding, reference_bits))
    return Count(encoding, used, len(text), segments)


def refuse_unsendable(message: OutboundMessage, segments: int, most: int) -> None:
    """RecipientRefused or SendRefused for what can never leave as SMS: no number, no text, more parts than are allowed."""
    if message.address.scheme != "tel":
        raise RecipientRefused("no_such_address", f"{message.address.scheme} cannot be reached by SMS")
    if not message.text or segments > most:
        reason = "too_long" if message.text else "empty"
        raise SendRefused(reason, f"{segments} segments, at most {most}", alert=True)


def split(text: str, reference_bits: int = 8, encoding: Encoding | None = None) -> tuple[str, ...]:
    """The texts of the parts, one for a short or empty text; in the encoding that it needs if none is given.

    Neither an escape pair nor a surrogate pair is ever divided; words are, because phones join parts without a space.
    """
    encoding = encoding or encoding_of(text)
    return (text,) if _size(text, encoding) <= SINGLE[encoding] else _parts(text, encoding, reference_bits)


def _parts(text: str, encoding: Encoding, reference_bits: int) -> tuple[str, ...]:
    room = PART[encoding, reference_bits]
    parts: list[str] = []
    start = used = 0
    for position, character in enumerate(text):
        width = len(SEPTETS[character]) if encoding is Encoding.GSM7 else units(character)
        if used + width > room:
            parts.append(text[start:position])
            start, used = position, 0
        used += width
    return (*parts, text[start:])


def join_parts(texts: Mapping[int, str], total: int) -> str:
    """The text of a long SMS from its parts by sequence number; what is missing leaves a visible mark.

    A surrogate pair that some phone divided between two parts becomes one character again.
    """
    whole = (
        "".join(texts[sequence] for sequence in range(1, total + 1)) if len(texts) == total else _marked(texts, total)
    )
    return whole.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


def _marked(texts: Mapping[int, str], total: int) -> str:
    whole = ""
    for sequence in range(1, total + 1):
        if sequence in texts:
            whole += texts[sequence]
        else:
            whole = f"{whole.rstrip(' ')} [bagian {sequence}/{total} hilang] "
    return whole.strip(" ")


def encode_gsm(text: str) -> bytes:
    """One septet per octet. ValueError for a character outside the alphabet."""
    try:
        return b"".join(SEPTETS[character] for character in text)
    except KeyError as problem:
        raise ValueError(f"U+{ord(problem.args[0]):04X} is not in the GSM alphabet") from None


def decode_gsm(codes: bytes) -> str:
    """Text of unpacked septets. Never fails: an unknown extension shows its basic character, a lone escape a space."""
    return "".join(_characters(codes))


def _characters(codes: bytes) -> Iterator[str]:
    following = iter(codes)
    for code in following:
        if code == ESCAPE:
            extended = next(following, ESCAPE)
            yield " " if extended == ESCAPE else EXTENSION.get(extended) or _basic(extended)
        else:
            yield _basic(code)


def _basic(code: int) -> str:
    # An octet beyond the alphabet means that the operator's default is Latin-1 after all; its text is worth keeping.
    return BASIC[code] if code < len(BASIC) else chr(code)


def encode(text: str) -> tuple[bytes, Encoding]:
    """The octets of one part as SMPP and HTTP providers take them: unpacked septets, or UTF-16BE."""
    if fits_gsm(text):
        return encode_gsm(text), Encoding.GSM7
    return text.encode("utf-16-be", "surrogatepass"), Encoding.UCS2


def decode(octets: bytes, coding: int, default_alphabet: str = "gsm0338", octet_charset: str = "") -> str:
    """Text of an inbound message by its SMPP `data_coding` or GSM data coding scheme.

    `default_alphabet`: what the operator means by 0 (`gsm0338`, `latin1`, `ascii`). `octet_charset` reads 8-bit data that
    is known to be text; without it 8-bit data is PayloadInvalid.
    """
    charset = _charset(coding)
    if charset == "default":
        charset = default_alphabet
    if charset == "octets":
        charset = octet_charset
    if not charset:
        raise PayloadInvalid(f"8-bit data, coding 0x{coding:02X}: {octets.hex()}")
    if charset == "gsm0338":
        return decode_gsm(octets)
    return octets.decode(charset, "replace")


SMPP_CODINGS = {0: "default", 1: "ascii", 2: "octets", 3: "latin-1", 4: "octets", 8: "utf-16-be"}
# Bits 3 and 2 of a general data coding group, and the groups of four high bits above it (3GPP TS 23.038 § 4).
GENERAL = ("default", "octets", "utf-16-be", "octets")
GROUPS = {0xC: "default", 0xD: "default", 0xE: "utf-16-be"}
FIRST_RESERVED_GROUP, MESSAGE_CLASS_GROUP = 0x4, 0xF


def _charset(coding: int) -> str:
    group = coding >> 4
    if group == 0:
        return SMPP_CODINGS.get(coding, "octets")
    if group < FIRST_RESERVED_GROUP:
        return GENERAL[coding >> 2 & 3]
    if group == MESSAGE_CLASS_GROUP:
        return GENERAL[coding >> 2 & 1]
    return GROUPS.get(group, "octets")


def pack(codes: bytes, fill_bits: int = 0) -> bytes:
    """Septets as packed octets; `fill_bits` zero bits first, behind a header. Seven spare bits hold a carriage return,
    because zeros there would read as an `@`."""
    if (len(codes) * 7 + fill_bits) % 8 == 1:
        codes += bytes([CARRIAGE_RETURN])
    bits = sum((code & 0x7F) << (7 * place) for place, code in enumerate(codes)) << fill_bits
    return bits.to_bytes((len(codes) * 7 + fill_bits + 7) // 8, "little")


def unpack(octets: bytes, number: int, fill_bits: int = 0) -> bytes:
    """The first `number` septets of packed octets. ValueError when there are fewer."""
    if number * 7 + fill_bits > len(octets) * 8:
        raise ValueError(f"{len(octets)} octets do not hold {number} septets")
    bits = int.from_bytes(octets, "little") >> fill_bits
    return bytes(bits >> (7 * place) & 0x7F for place in range(number))


def decode_packed(octets: bytes, number: int, fill_bits: int = 0) -> str:
    """Text of packed septets, without the carriage return that only filled the last octet."""
    codes = unpack(octets, number, fill_bits)
    padded = number > 0 and number % 8 == 0 and codes[-1] == CARRIAGE_RETURN
    return decode_gsm(codes[:-1] if padded else codes)


@dataclass(frozen=True, slots=True)
class Header:
    """What a user data header says. The text begins at octet `length`; `unknown` are element codes nobody reads here.

    `bad`: the header contradicts itself; the message is then taken as a single one.
    """

    part: TextPart | None = None
    length: int = 0
    bad: bool = False
    unknown: tuple[int, ...] = ()


PORTS = frozenset({0x04, 0x05})
REFERENCE_OCTETS = {0x00: 1, 0x08: 2}
"""Elements that number a part -> octets of their reference."""


def read_header(user_data: bytes) -> Header:
    """Read the header at the start of `user_data` (UDHL first). Elements may come in any order."""
    length = user_data[0] + 1 if user_data else 1
    if length > len(user_data):
        return Header(bad=True)
    part: TextPart | None = None
    bad = False
    unknown: list[int] = []
    position = 1
    while position < length:
        element = user_data[position]
        end = position + 2 + (user_data[position + 1] if position + 1 < length else length)
        if end > length:
            return Header(None, length, bad=True, unknown=tuple(unknown))
        if element in REFERENCE_OCTETS:
            found = _part(element, user_data[position + 2 : end])
            part, bad = found or part, bad or found is None
        elif element not in PORTS:
            unknown.append(element)
        position = end
    if bad or (part and part.total == 1):
        part = None
    return Header(part, length, bad, tuple(unknown))


def part_of(reference: int, total: int, sequence: int, reference_bits: int = 8) -> TextPart | None:
    """A numbered part as SAR fields or a provider's parameters state it; None for a single or an impossible one."""
    if total > 1 and 1 <= sequence <= total:
        return TextPart(reference, total, sequence, reference_bits)
    return None


def write_header(part: TextPart) -> bytes:
    """The header of one outbound part, with its length octet."""
    octets = 1 if part.reference_bits == 8 else 2  # noqa: PLR2004 - the two sizes there are
    element = 0x00 if octets == 1 else 0x08
    body = part.reference.to_bytes(octets, "big") + bytes([part.total, part.sequence])
    return bytes([len(body) + 2, element, len(body)]) + body


def _part(element: int, value: bytes) -> TextPart | None:
    octets = REFERENCE_OCTETS[element]
    if len(value) != octets + 2:
        return None
    total, sequence = value[octets], value[octets + 1]
    if not 1 <= sequence <= total:
        return None
    return TextPart(int.from_bytes(value[:octets], "big"), total, sequence, octets * 8)
