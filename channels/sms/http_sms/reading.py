"""Messages and delivery reports out of the provider's calls, by its own table of fields."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from channels import gsm
from channels.errors import PartlyInvalid, PayloadInvalid
from channels.messages import (
    MAX_PARAMETERS,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    RawRequest,
    TextPart,
    clean_text,
)
from channels.phone import phone_address, unescaped
from channels.sms.http_sms.paths import (
    TEXT_FORMATS,
    TIME_FORMATS,
    Form,
    Place,
    Reader,
    Test,
    condition,
    decoded,
    form_of,
    reader,
)
from channels.sms.http_sms.settings import InboundTable, Receipts
from channels.sms.http_sms.words import id_of
from channels.xml_reading import read_xml
from config.settings import SettingsError

MEANINGS: Mapping[str, tuple[DeliveryStatus | None, str]] = {
    "sent": (DeliveryStatus.SENT, ""),
    "delivered": (DeliveryStatus.DELIVERED, ""),
    "failed": (DeliveryStatus.FAILED, "undelivered"),
    "expired": (DeliveryStatus.FAILED, "expired"),
    "ignored": (None, "intermediate"),
}
UNKNOWN_WORD: tuple[DeliveryStatus | None, str] = (None, "unknown_code")
LIST = "[*]"
MOST_ITEMS = 1000
LONGEST_KEY = 120
LONGEST_NUMBER = 64
Readers = Mapping[str, Reader | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a call carries its items: JSON, XML, form or query; one item, or a list at `items`."""

    body_kind: str
    charset: str
    items: Place | None

    def items_of(self, request: RawRequest) -> Sequence[Any]:
        """PayloadInvalid for what is no such call."""
        if self.body_kind not in {"json", "xml"}:
            return [self._parameters(request)]
        tree = tree_of(request.body, form_of(self.body_kind), self.charset)
        if self.items is None:
            return [tree]
        found = self.items.items(tree)
        if found is None or len(found) > MOST_ITEMS:
            raise PayloadInvalid("http_sms: no list of messages at items_path")
        return found

    def _parameters(self, request: RawRequest) -> Mapping[str, str]:
        octets = request.raw_query if self.body_kind == "query" else request.body
        try:
            # Latin-1 only carries the octets through; the charset reads what stands behind the percent signs.
            pairs = parse_qsl(
                octets.decode("latin-1"), True, False, self.charset, "strict", max_num_fields=MAX_PARAMETERS
            )
        except ValueError as problem:
            raise PayloadInvalid(f"http_sms: no {self.charset} parameters") from problem
        return dict(reversed(pairs))  # of each name the first


def shape(table: InboundTable | Receipts, where: str) -> Shape:
    try:
        "".encode(table.charset)
    except LookupError as problem:
        raise SettingsError(f"{where}.charset", f"unknown {table.charset!r}") from problem
    if not table.items_path:
        return Shape(table.body_kind, table.charset, None)
    path = table.items_path
    form = form_of(table.body_kind)
    if form == "names" or (form == "json" and not path.endswith(LIST)):
        raise SettingsError(f"{where}.items_path", "is for JSON, where it ends in [*], and for XML")
    return Shape(table.body_kind, table.charset, Place.of(path.removesuffix(LIST), f"{where}.items_path", form))


def tree_of(body: bytes, form: Form, charset: str = "utf-8") -> Any:
    """JSON or XML as values. PayloadInvalid for what is none; XML names its charset itself."""
    try:
        return read_xml(body, attributes=True) if form == "xml" else msgspec.json.decode(body.decode(charset))
    except (msgspec.DecodeError, ValueError, RecursionError) as problem:
        raise PayloadInvalid(f"http_sms: no {form.upper()}") from problem


class Messages:
    """Reads messages of citizens."""

    def __init__(self, table: InboundTable, number: str, where: str = "inbound") -> None:
        fields, form = table.fields, form_of(table.body_kind)
        if not table.fields.id and not table.fields.time:
            raise SettingsError(
                f"{where}.fields", "need an id, or a time to tell one message from the same words later"
            )
        given = {name: getattr(fields, name) for name in ("to", "id", "encoding", "udh", "part", "parts", "ref")}
        self._readers: Readers = {
            name: reader(words, f"{where}.fields.{name}", form) for name, words in given.items()
        } | {
            "from": reader(fields.from_, f"{where}.fields.from", form),
            "text": reader(fields.text, f"{where}.fields.text", form, TEXT_FORMATS),
            "time": reader(fields.time, f"{where}.fields.time", form, TIME_FORMATS),
        }
        self._ignored = condition(table.ignore_if, f"{where}.ignore_if", form)
        self._table = table
        self._number = number

    def read(self, item: Any) -> InboundMessage | None:
        """None for what the table says to ignore; PayloadInvalid for what is no message."""
        if self._ignored and self._ignored.holds(item):
            return None
        raw = unescaped(_text(self._readers, "from", item)[:LONGEST_NUMBER])
        if not raw:
            raise PayloadInvalid("http_sms: a message needs a sender")
        part, bad = self._part(item)
        text = self._words(item)
        sender, reachable = phone_address(raw)
        time = self._readers["time"]
        return InboundMessage(
            external_id=f"mo:{self._identity(item, raw, text)}",
            sender=sender,
            # Half of an emoji may end a part: it is cleaned when the parts are joined.
            text=text if part else clean_text(text),
            sent_at=time.moment(item) if time else None,
            destination=unescaped(_text(self._readers, "to", item)[:LONGEST_NUMBER]) or self._number,
            part=part,
            reply_possible=reachable,
            flags=frozenset({"bad_udh"} if bad else ()),
        )

    def _words(self, item: Any) -> str:
        reader_ = self._readers["text"]
        assert reader_ is not None  # noqa: S101 - the table cannot be without it
        text = reader_.text(item)
        if self._table.double_decode:
            text = unquote(text, self._table.charset)
        return decoded(text, reader_.table.format or _text(self._readers, "encoding", item))

    def _part(self, item: Any) -> tuple[TextPart | None, bool]:
        if udh := _text(self._readers, "udh", item):
            try:
                header = gsm.read_header(bytes.fromhex(udh))
            except ValueError as problem:
                raise PayloadInvalid("http_sms: udh is no hexadecimal") from problem
            return header.part, header.bad
        numbers = [_text(self._readers, name, item) for name in ("ref", "parts", "part")]
        if not all(number.isdecimal() and len(number) < 6 for number in numbers):  # noqa: PLR2004 - at most 65535
            return None, False
        reference, total, sequence = map(int, numbers)
        return gsm.part_of(reference, total, sequence, 16), False

    def _identity(self, item: Any, sender: str, text: str) -> str:
        """The provider's id, else a hash of what the message is made of."""
        if given := _text(self._readers, "id", item):
            return given if len(given) <= LONGEST_KEY else hashlib.sha256(given.encode("utf-8", "replace")).hexdigest()
        parts = (sender, _text(self._readers, "to", item), text, _text(self._readers, "time", item))
        return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


class Reports:
    """Reads delivery reports."""

    def __init__(self, table: Receipts) -> None:
        fields, form = table.fields, form_of(table.body_kind)
        if not (fields.id or fields.reference):
            raise SettingsError("receipts.fields", "need id or reference")
        names = ("status", "id", "reference", "error", "time", "part")
        self._readers: Readers = {
            name: reader(
                getattr(fields, name),
                f"receipts.fields.{name}",
                form,
                TIME_FORMATS if name == "time" else frozenset(),
            )
            for name in names
        }
        self._meanings = {word.casefold(): MEANINGS[meaning] for word, meaning in table.map.items()}
        self.when: Test | None = condition(table.when, "receipts.when", form)

    def read(self, item: Any) -> DeliveryReport:
        """PayloadInvalid for what names no message of ours."""
        ours, theirs = (_text(self._readers, name, item)[:LONGEST_KEY] for name in ("reference", "id"))
        word = _text(self._readers, "status", item)
        if not (ours or theirs) or not word:
            raise PayloadInvalid("http_sms: a report needs a message and a status")
        status, reason = self._meanings.get(word.casefold(), UNKNOWN_WORD)
        if status is DeliveryStatus.FAILED:
            reason = _text(self._readers, "error", item)[:60] or reason
        part, time = _text(self._readers, "part", item), self._readers["time"]
        return DeliveryReport(
            id_of(ours) or theirs,
            status,
            reason,
            by_provider_id=not ours,
            part=int(part) if part.isdecimal() and len(part) < 4 else None,  # noqa: PLR2004 - at most 255 parts
            at=time.moment(item) if time else None,
        )


def read_all(items: Sequence[Any], read: Any) -> Sequence[Inbound]:
    """Every item that can be read. PartlyInvalid carries the good ones of a call with bad ones among them."""
    good: list[Inbound] = []
    problem: PayloadInvalid | None = None
    for item in items:
        try:
            good += [event] if (event := read(item)) is not None else []
        except PayloadInvalid as found:
            problem = found
    if problem is not None:
        raise PartlyInvalid(str(problem), good) if good else problem
    return good


def _text(readers: Readers, name: str, item: Any) -> str:
    found = readers[name]
    return found.text(item) if found else ""
