"""A mail taken apart, whatever is broken in it: headers as words, the text, the files. Values only; nothing is judged here.

The stdlib parser of the older policy is used on purpose: the newer one raises on headers that real mails have.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from email.utils import getaddresses

from channels.email.html_text import plain_of
from channels.errors import PayloadInvalid

MOST_BOUNDARIES = 300
"""Each level of nesting costs time at every line; nobody's mail has so many."""
MOST_WORK = 20_000_000
"""Levels times lines: the stdlib's parser asks at every line for the end of every level around it."""
MOST_PARTS = 200
MOST_TEXT = 400_000
"""Characters of a text part that are read; what is behind them nobody wrote by hand."""
SMALL_PICTURE = 5 * 1024
BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
FALLBACKS = ("utf-8", "windows-1252")
# Charsets that mails have. Codecs that are none, or that take quadratic time (idna, punycode), are not tried.
KNOWN_CHARSET = re.compile(
    r"utf-?(?:8|7|16(?:-?[lb]e)?)|iso-?8859-\d{1,2}|cp\d{3,4}|koi8-[ru]|gb(?:2312|k|18030)|big5\w*|shift_jis\w*"
    r"|euc_\w+|iso2022_\w+|mac-?roman|tis-?620|hz"
)


@dataclass(frozen=True, slots=True)
class File:
    """A part that is no text to be read. `inline`: shown within the text, most often a logo."""

    name: str
    content: bytes
    inline: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """`headers`: lower-case name -> values in order, decoded and on one line each."""

    headers: Mapping[str, tuple[str, ...]]
    text: str
    files: tuple[File, ...]
    tree: Message

    def header(self, name: str) -> str:
        """The first header of this name; empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")


def take_apart(raw: bytes) -> Mail:
    """PayloadInvalid only for what is nested beyond reading."""
    levels = len(BOUNDARY.findall(raw))
    if levels > MOST_BOUNDARIES or levels * raw.count(b"\n") > MOST_WORK:
        raise PayloadInvalid("email: nested too deep")
    try:
        tree = message_from_bytes(raw, policy=compat32)
        parts = [part for part, _ in zip(leaves(tree), range(MOST_PARTS), strict=False)]
    except (RecursionError, MessageError) as problem:
        raise PayloadInvalid("email: nested too deep") from problem
    words = [part for part in parts if _is_text(part)]
    return Mail(headers_of(tree), _text(words), tuple(_files(parts, words)), tree)


def addresses_in(values: Sequence[str]) -> list[tuple[str, str]]:
    """(name, address) of headers that hold addresses. PayloadInvalid for what nobody wrote."""
    try:
        found = getaddresses(list(values))
    except RecursionError as problem:  # thousands of brackets within each other
        raise PayloadInvalid("email: addresses nested too deep") from problem
    return [(name, address.strip().lower()) for name, address in found if "@" in address]


def leaves(tree: Message) -> Iterator[Message]:
    """The parts that hold something, in order; a mail within the mail is one of them."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(reversed(within(part)))
        else:
            yield part


def within(part: Message) -> list[Message]:
    """The parts of a part; of a leaf none, whose words are not asked for: the library stumbles over odd charsets."""
    inside = part.get_payload() if part.is_multipart() else ()
    return [one for one in inside if isinstance(one, Message)]


def headers_of(tree: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in tree.raw_items():
        found.setdefault(name.lower(), []).append(decoded(str(value)))
    return {name: tuple(values) for name, values in found.items()}


def decoded(value: str) -> str:
    """A header's words: encoded ones are read, eight-bit ones as UTF-8 or Windows-1252, folds are blanks."""
    text = " ".join(in_charset(value.encode("utf-8", "surrogateescape"), "").split())
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    words = (in_charset(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces)
    return " ".join("".join(words).split())


def in_charset(octets: bytes, charset: str) -> str:
    """As text: by its declared charset where that is one and fits, else by what it looks like."""
    for name in (_codec(charset), *FALLBACKS):
        try:
            return octets.decode(name) if name else octets.decode("ascii")
        except (UnicodeError, LookupError):
            continue
    return octets.decode("iso-8859-1")


def _codec(charset: str) -> str:
    """Its name; empty for what is no charset of mails."""
    try:
        name = codecs.lookup(charset.strip("'\" ").encode("ascii", "ignore").decode()).name
    except (LookupError, ValueError):
        return ""
    if name == "iso8859-1":  # what calls itself so is Windows-1252, everywhere
        return "windows-1252"
    return name if KNOWN_CHARSET.fullmatch(name) else ""


def content_of(part: Message) -> bytes:
    """Its octets; as they stand where the transfer encoding is none or broken."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    if isinstance(content, bytes):
        return content
    try:
        inside = part.get_payload()
    except TypeError:  # a charset in pieces
        return b""
    return inside.encode("utf-8", "surrogateescape") if isinstance(inside, str) else b""


def name_of(part: Message) -> str:
    try:
        return decoded(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):
        return ""


def _is_text(part: Message) -> bool:
    return part.get_content_type() in {"text/plain", "text/html"} and _disposition(part) != "attachment"


def _disposition(part: Message) -> str:
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def _text(words: list[Message]) -> str:
    """The first plain text that says anything, else the first page."""
    for kind, read in (("text/plain", str), ("text/html", plain_of)):
        for part in words:
            if part.get_content_type() != kind:
                continue
            text = read(in_charset(content_of(part), _charset(part))[:MOST_TEXT])
            if text.strip():
                return text.replace("\r\n", "\n").replace("\r", "\n")
    return ""


def _charset(part: Message) -> str:
    try:
        found = part.get_param("charset", "")
    except (ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) else str(found[2])


def _files(parts: list[Message], words: list[Message]) -> Iterator[File]:
    texts = {id(part) for part in words}
    for part in parts:
        if id(part) in texts or part.get_content_maintype() == "multipart":
            continue
        inline = _disposition(part) != "attachment" and part.get("content-id") is not None
        content = content_of(part)
        if not (inline and len(content) < SMALL_PICTURE):
            yield File(name_of(part), content, inline)
