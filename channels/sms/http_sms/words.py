"""Texts with placeholders: `{to.e164}`, `{text|hex_utf16}`. A fixed table of values and of filters; nothing is evaluated."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from channels import gsm
from channels.messages import OutboundMessage
from config.settings import SettingsError

Value = str | int | bool
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
OUR_ID = re.compile(f"ob_[{CROCKFORD}]{{13}}")
OURS = "ob_"
LONGEST_INT = 19


@dataclass(frozen=True, slots=True)
class Sending:
    """One message as its placeholders see it. `body` only where a signature covers it."""

    message: OutboundMessage
    number: str
    counted: gsm.Count
    status_url: str
    now: datetime
    body: str = ""


def _local(number: str) -> str:
    return f"0{number.removeprefix('+62')}" if number.startswith("+62") else number


def _as_number(ours: str) -> int:
    """Our id as a whole number, for providers that take nothing else; 0 for what is none of ours."""
    number = 0
    for digit in ours.removeprefix(OURS) if OUR_ID.fullmatch(ours) else "":
        number = number << 5 | CROCKFORD.index(digit)
    return number


def id_of(reference: str) -> str:
    """Our id as we gave it, out of `{out.id}` or `{out.id_int}` as the provider repeats it."""
    if not (reference.isascii() and reference.isdecimal()) or len(reference) > LONGEST_INT:
        return reference
    number = int(reference)
    return OURS + "".join(CROCKFORD[number >> bits & 31] for bits in range(60, -1, -5))


@dataclass(frozen=True, slots=True)
class Asking:
    """A question for new messages as its placeholders see it."""

    number: str
    now: datetime
    cursor: str


Context = Sending | Asking
Known = Mapping[str, Callable[[Any], Value]]
ASKING: Known = {
    "cursor": lambda a: a.cursor,
    "channel.address": lambda a: a.number,
    "now.unix": lambda a: int(a.now.timestamp()),
    "now.rfc3339": lambda a: a.now.isoformat(timespec="seconds"),
}
VALUES: Mapping[str, Callable[[Sending], Value]] = {
    "text": lambda s: s.message.text,
    "to.e164": lambda s: s.message.address.path,
    "to.e164_noplus": lambda s: s.message.address.path.removeprefix("+"),
    "to.local": lambda s: _local(s.message.address.path),
    "channel.address": lambda s: s.message.sent_from or s.number,
    "out.id": lambda s: s.message.id,
    "out.id_int": lambda s: _as_number(s.message.id),
    "is_ucs2": lambda s: s.counted.encoding is gsm.Encoding.UCS2,
    "segments": lambda s: s.counted.segments,
    "status_url": lambda s: s.status_url,
    "now.unix": lambda s: int(s.now.timestamp()),
    "now.rfc3339": lambda s: s.now.isoformat(timespec="seconds"),
}
SIGNING: Known = {**VALUES, "body": lambda s: s.body}
FILTERS: Mapping[str, Callable[[str], str]] = {
    "url": lambda text: quote(text, safe=""),
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "xml": lambda text: escape(text, {'"': "&quot;", "'": "&apos;"}),
    "hex_utf16": lambda text: text.encode("utf-16-be", "replace").hex().upper(),
    "b64": lambda text: base64.b64encode(text.encode()).decode(),
    "upper": str.upper,
}
ESCAPING = frozenset({"url", "json", "xml", "hex_utf16", "b64"})
TYPES: Mapping[str, type] = {"int": int, "bool": bool}
TYPED = {"is_ucs2": bool, "out.id_int": int, "segments": int, "now.unix": int}
TOKEN = re.compile(r"\{\{|\}\}|\{([a-zA-Z0-9_.]+)(?::([a-z]+))?((?:\|[a-z0-9_]+)*)\}|([{}])")


@dataclass(frozen=True, slots=True)
class _Piece:
    literal: str = ""
    value: Callable[[Any], Value] | None = None
    filters: tuple[Callable[[str], str], ...] = ()
    kind: type = str
    is_escaped: bool = False

    def __repr__(self) -> str:
        return "_Piece()"

    def shown(self, sending: Context) -> str:
        if self.value is None:
            return self.literal
        value = self.value(sending)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        for change in self.filters:
            text = change(text)
        return text


class Template:
    """A text read once, at the start. SettingsError at `where` for a placeholder, type or filter that there is not."""

    __slots__ = ("_pieces",)

    def __init__(
        self,
        text: str,
        where: str,
        secret: Callable[[str, str], str],
        known: Known = VALUES,
    ) -> None:
        self._pieces = tuple(_pieces(text, where, secret, known))

    @property
    def is_escaped(self) -> bool:
        """Whether every value passes a filter that makes it harmless where it stands."""
        return all(piece.value is None or piece.is_escaped for piece in self._pieces)

    def fill(self, sending: Context, each: Callable[[str], str] | None = None) -> str:
        """The text for one message; `each` changes what a placeholder gives, for example into its percent-encoding."""
        return "".join(
            each(piece.shown(sending)) if each and piece.value else piece.shown(sending) for piece in self._pieces
        )

    def typed(self, sending: Context) -> Value:
        """The value itself where the text is one typed placeholder: a number or a truth in JSON."""
        if len(self._pieces) == 1 and (only := self._pieces[0]).value and only.kind is not str:
            return only.value(sending)
        return self.fill(sending)


def address(url: Template, query: Mapping[str, Template], context: Context) -> str:
    """The URL with its parameters; what placeholders give is percent-encoded."""
    filled = url.fill(context, lambda text: quote(text, safe=""))
    if not query:
        return filled
    pairs = [(name, each.fill(context)) for name, each in query.items()]
    return filled + ("&" if "?" in filled else "?") + urlencode(pairs, quote_via=quote)


def _pieces(text: str, where: str, secret: Callable[[str, str], str], known: Known) -> list[_Piece]:
    pieces: list[_Piece] = []
    literal, position = "", 0
    for token in TOKEN.finditer(text):
        literal += text[position : token.start()]
        position = token.end()
        if token[4]:
            raise SettingsError(where, f"a lone {token[4]} in {text[:60]!r}; write it twice, or name a placeholder")
        if token[1] is None:
            literal += token[0][0]
            continue
        pieces += [_Piece(literal)] if literal else []
        pieces.append(_placeholder(token, where, secret, known))
        literal = ""
    literal += text[position:]
    return [*pieces, _Piece(literal)] if literal else pieces


def _placeholder(
    token: re.Match[str],
    where: str,
    secret: Callable[[str, str], str],
    known: Known,
) -> _Piece:
    name, kind, filters = token[1], token[2], [word for word in token[3].split("|") if word]
    unknown = [word for word in filters if word not in FILTERS]
    if unknown:
        raise SettingsError(where, f"unknown filter {unknown[0]!r}; known: {', '.join(sorted(FILTERS))}")
    if kind and (TYPES.get(kind) is not TYPED.get(name) or filters):
        raise SettingsError(where, f"{token[0]}: only {', '.join(sorted(TYPED))} have a type, without a filter")
    changes = tuple(FILTERS[word] for word in filters)
    is_escaped = bool(ESCAPING.intersection(filters)) or name in TYPED
    if name.startswith("secret."):
        meaning = secret(f"secret:{name.removeprefix('secret.')}", where)
        return _Piece(value=lambda _: meaning, filters=changes, is_escaped=is_escaped)
    if name not in known:
        raise SettingsError(where, f"unknown placeholder {{{name}}}; known: {', '.join(sorted(known))}, secret.NAME")
    return _Piece(value=known[name], filters=changes, kind=TYPES.get(kind or "", str), is_escaped=is_escaped)
