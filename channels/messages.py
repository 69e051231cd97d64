"""What travels between a channel and the gateway: addresses, messages, reports, and raw requests.

Values only. Nothing here knows a provider, a complaint or a database. Source: docs/channels/README.md.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

NOTHING: Mapping[str, str] = MappingProxyType({})
MAX_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody can be reached: `tel:+62812…`, `tg:77`, `mailto:…`, `web:<nonce>`, `sender:INFO-X`.

    Prints as stars, so that no log or traceback ever shows whom we talk to.
    """

    scheme: str
    path: str

    def __repr__(self) -> str:
        return f"Address({self.scheme}:***)"

    def __str__(self) -> str:
        return f"{self.scheme}:***"

    def reveal(self) -> str:
        """The address in clear, for hashing, sealing and sending only."""
        return f"{self.scheme}:{self.path}"

    @classmethod
    def read(cls, text: str) -> "Address":
        """The inverse of `reveal`; ValueError when there is no scheme or no path."""
        scheme, colon, path = text.partition(":")
        if not (scheme and colon and path):
            raise ValueError("an address is written scheme:path")
        return cls(scheme, path)


class MessageKind(StrEnum):
    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    BUTTON = "button"
    COMMENT = "comment"
    """Public: its answer goes to the person alone."""
    ECHO = "echo"
    """Somebody of ours answered in the provider's own inbox; `sender` is the citizen who got it."""
    USSD_STEP = "ussd_step"
    SERVICE = "service"
    """Understood, but nothing a citizen wrote: acknowledged and kept as a row only."""
    UNSUPPORTED = "unsupported"
    """A type that this version cannot read; the citizen is told what can be sent (F99)."""


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A file that the provider keeps for us. `ref` is what `Fetcher.fetch` needs, or a staged file's name."""

    ref: str
    media_type: str = ""
    size: int | None = None
    name: str = ""
    caption: str = ""
    content: bytes | None = field(default=None, repr=False)
    """The file itself where the call already carried it (web form); the gateway stores it before it answers."""


@dataclass(frozen=True, slots=True)
class Location:
    """WGS84 degrees; `precision_m` in metres where the provider states it."""

    latitude: float
    longitude: float
    precision_m: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class TextPart:
    """One part of a long SMS (docs/channels/sms.md § Reassembly). `sequence` counts from 1."""

    reference: int
    total: int
    sequence: int
    reference_bits: int = 8


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One step of a USSD session.

    `history` is all that was typed so far as the aggregator joined it (`1*2*isi`), or only the last input when
    `whole_history` is false. `ended` marks a notice that the session is over.
    """

    session_id: str
    history: str
    whole_history: bool = True
    begins: bool = False
    ended: bool = False
    page_septets: int = 180
    sms_channel: str = ""


@dataclass(frozen=True, slots=True)
class FormReport:
    """The fields of the public form beside the text, already checked and trimmed by the adapter."""

    nonce: str
    title: str = ""
    place: str = ""
    incident_on: str = ""
    topic: str = ""
    unit: str = ""
    name: str = ""
    contact: Address | None = None
    anonymous: bool = False
    confidential: bool = False
    consent: bool = False
    suspicion: str = ""
    """Why this may be a bot (`honeypot`, `too_fast`, `links`): the report is held, never refused."""


class InboundMessage(msgspec.Struct, frozen=True):
    """One thing that somebody did towards us, whatever the channel. Changed by `msgspec.structs.replace`."""

    external_id: str
    """Unique in its channel for ever: the same value is the same event, sent again."""
    sender: Address
    text: str = ""
    sent_at: datetime | None = None
    """The sender's clock, aware; only shown, never ordered by."""
    kind: MessageKind = MessageKind.MESSAGE
    provider_id: str = ""
    """How replies, edits and reports name this message (`m:77:12`)."""
    reply_address: Address | None = None
    """Where answers go when that is not the sender (a group chat)."""
    destination: str = ""
    """Which of our numbers, bots or pages was written to; the answer leaves from it."""
    reply_to: str = ""
    target: str = ""
    """The provider id of the message that an edit or deletion is about."""
    album: str = ""
    """Photos sent together share this key."""
    button: str = ""
    callback_id: str = ""
    display_name: str = ""
    language_hint: str = ""
    unit: str = ""
    """The unit or service whose deep link or QR code was used."""
    title: str = ""
    """The subject that somebody gave a new mail; part of what was said, no command."""
    shared_contact: Address | None = None
    attachments: tuple[AttachmentRef, ...] = ()
    location: Location | None = None
    part: TextPart | None = None
    session: SessionEvent | None = None
    form: FormReport | None = None
    in_group: bool = False
    reply_possible: bool = True
    flags: frozenset[str] = frozenset()
    """Remarks of the adapter: `maybe_truncated`, `incomplete`, `forwarded`, `bad_udh`, `public` (an edited comment)."""
    also: Address | None = None
    """Another address of the very same person, named in the same call (a number beside an id of the app)."""
    account: str = ""
    """Which of our numbers or pages the call named; empty: that of the channel it came by."""

    @property
    def is_public(self) -> bool:
        """Whether everybody can read it."""
        return self.kind is MessageKind.COMMENT or "public" in self.flags


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What the provider says later about a message of ours.

    `message_id` is ours (`ob_…`) or, with `by_provider_id`, the provider's. `status` None: understood, nothing to do.
    """

    message_id: str
    status: DeliveryStatus | None
    reason: str = ""
    by_provider_id: bool = False
    part: int | None = None
    """Set: `message_id` names the whole, `provider_id` this one of the pieces that it was sent in, counted from 1."""
    is_last: bool = False
    """Of a piece: no other was to follow."""
    at: datetime | None = None
    provider_id: str = ""
    """The provider's name of it, where the report tells both names."""
    up_to: Address | None = None
    """Set: it is about everything that this person got until `at`, and `message_id` is empty."""
    account: str = ""
    """As in `InboundMessage`."""
    again_s: float | None = None
    """It failed for the time being: it may be tried again after so many seconds."""
    stops_channel: bool = False
    """It failed because the channel as a whole cannot send; `reason` says why."""
    others: tuple[str, ...] = ()
    """The provider's number in other spellings (hexadecimal, decimal), to be tried in this order."""
    tail: str = ""
    """Its last digits: they find the message too, if among those of the last days only one ends so."""
    recipient: Address | None = None
    reference: int | None = None
    """`short_reference` of the message, and whom it went to: they find it where nobody knows the provider's name of it."""


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Somebody blocked or unblocked us, or moved to another address."""

    external_id: str
    address: Address
    event: str
    """`blocked`, `unblocked`, `moved` or `opted_out` (of messages on this channel)."""
    new_address: Address | None = None
    account: str = ""
    """As in `InboundMessage`."""
    about: str = ""
    """The message of ours that only this person can have: where it is named, the event is about its receiver, whatever
    `address` says."""


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """What the provider says about our own account: quality, templates, limits. `serious`: somebody must look.

    `subject` is a short word (`quality`), `detail` at most 200 characters without anybody's address.
    """

    external_id: str
    subject: str
    detail: str = ""
    serious: bool = False
    account: str = ""
    """As in `InboundMessage`."""


Inbound = InboundMessage | DeliveryReport | ContactEvent | AccountNotice


@dataclass(frozen=True, slots=True)
class Button:
    """`data` comes back when pressed (at most 64 bytes); `url` opens a page instead; `asks` is `location` or empty."""

    label: str
    data: str = ""
    url: str = ""
    asks: str = ""


class OutboundMessage(msgspec.Struct, frozen=True):
    """One text for one address. `id` (`ob_…`) is given to the provider where it can carry an id of ours."""

    id: str
    address: Address
    text: str
    sent_from: str = ""
    """Our number or bot that the citizen wrote to; empty = the channel's own."""
    reply_to: str = ""
    buttons: tuple[tuple[Button, ...], ...] = ()
    callback_id: str = ""
    """Set: this only answers a button press (a toast), it is no message of its own."""
    report_url: str = ""
    """Where the provider shall bring delivery reports, without parameters of its own."""
    unsubscribe_url: str = ""
    """Where the recipient's program can say that no more of these are wanted; only of what one may do without."""
    written_at: datetime | None = None
    """When we wrote it, aware; a mail carries it as its date."""
    typed: bool = False
    """An officer's own words, no notice of ours: some providers let them leave later."""
    heard_ago_s: float | None = None
    """How long ago the recipient last wrote to this channel; only where `Capabilities.window_s` asks for it."""
    meaning: str = ""
    """Key of its text (`st.answer`): the name of what is said, for templates."""
    number: str = ""
    """The complaint that it is about; as `heard_ago_s`."""
    as_template: bool = False
    """The provider refused it as a free text."""
    sent_parts: tuple[str, ...] = ()
    """The provider's names of the first parts of it, which left in an earlier attempt (`SendError.parts`)."""


def short_reference(message_id: str) -> int:
    """Sixteen bits that stand for a message where a provider repeats no more. Several messages may have the same."""
    return zlib.crc32(message_id.encode()) & 0xFFFF


class SendReceipt(msgspec.Struct, frozen=True):
    """The provider took the message. `detail` is its finer word (`smsc_down`)."""

    provider_id: str = ""
    detail: str = ""
    parts: tuple[str, ...] = ()
    """The provider's names of the parts of a long SMS, in order, where it reports each of them; else none."""


@dataclass(frozen=True)  # no slots: what is read out of the query is kept, for it is asked for several times
class RawRequest:
    """A call as it reached us. `headers` have lower-case names; `path` begins after `/c/<name>` (`""` or `/status`)."""

    method: str
    path: str = ""
    raw_query: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: bytes = b""
    remote: str = ""
    received_at: datetime | None = None
    """When the call reached us, aware; the spool keeps it."""

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Its parameters as text; none when there are more than any provider sends: so there is no proof either."""
        try:
            text = self.raw_query.decode("utf-8", "replace")
            return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_PARAMETERS))
        except ValueError:
            return NOTHING

    @cached_property
    def octets(self) -> Mapping[str, bytes]:
        """Its parameters as bytes, whose charset another parameter may name; of each name the first."""
        found: dict[str, bytes] = {}
        for pair in self.raw_query.replace(b"+", b" ").split(b"&", MAX_PARAMETERS):
            name, _, value = pair.partition(b"=")
            found.setdefault(_unquoted(name).decode("utf-8", "replace"), _unquoted(value))
        return found


def _unquoted(octets: bytes) -> bytes:
    return unquote_to_bytes(octets) if b"%" in octets else octets


@dataclass(frozen=True, slots=True)
class RawResponse:
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway says in the same request: a USSD page, or what a form's caller needs."""

    text: str = ""
    ends: bool = True
    number: str = ""
    secret_code: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class FetchedFile:
    content: bytes
    media_type: str = ""
    name: str = ""


# What no text of a person needs and some screen, export or database breaks on: control characters, bidi overrides and
# isolates, lone surrogates, noncharacters. Zero-width joiners stay, emoji are made of them.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Scripts in use stack two or three marks; a thousand of them on one letter stop a page and cost quadratic time in NFC.
_PILED = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")


def clean_text(text: str) -> str:
    """The same words without what breaks screens, exports and databases (F72). Line ends become `\\n`."""
    if text.isascii() and text.isprintable():
        return text
    return _PILED.sub(r"\1", _HARMFUL.sub("", _LINE_ENDS.sub("\n", text)))
