"""Kannel: sms-service (in), sendsms (out), delivery reports on dlr-url.

Wire: docs/channels/kannel.md. Kannel texts our response body to the citizen unless the service is configured with
`max-messages = 0`; therefore `ack` has no body.
"""

import codecs
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import ClassVar, Literal
from urllib.parse import quote, urlencode

from channels import gsm
from channels.errors import (
    ChannelError,
    ChannelStopped,
    PayloadInvalid,
    SendError,
    SendRefused,
    SendUnknown,
    SignatureInvalid,
    TemporaryFailure,
    as_send_error,
)
from channels.messages import (
    Answer,
    DeliveryReport,
    DeliveryStatus,
    Inbound,
    InboundMessage,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendReceipt,
    clean_text,
)
from channels.phone import phone_address, unescaped
from channels.protocols import Capabilities, Http, HttpResponse
from config.settings import Secret

Fields = Mapping[str, bytes]

# Kannel's %d -> status. 4 is its own buffer, 8 the operator's word: both tell a citizen the same. 34 and 66 come from
# some builds only, 32 is in between and says nothing.
STATUS: Mapping[int, tuple[DeliveryStatus | None, str]] = {
    1: (DeliveryStatus.DELIVERED, ""),
    2: (DeliveryStatus.FAILED, "undelivered"),
    4: (DeliveryStatus.SENT, "buffered"),
    8: (DeliveryStatus.SENT, ""),
    16: (DeliveryStatus.FAILED, "rejected"),
    32: (None, "intermediate"),
    34: (DeliveryStatus.FAILED, "expired"),
    66: (DeliveryStatus.FAILED, "unknown"),
}
# Words of the operator's own report text (%A) -> why it failed; the first that is found.
REASONS = (
    ("EXPIRED", "expired"),
    ("REJECTD", "rejected"),
    ("DELETED", "deleted"),
    ("UNDELIV", "undelivered"),
    ("BLOCKED", "blocked"),
    ("DND", "blocked"),
)
# Headers of the post-url variant -> the parameters of get-url that they stand for.
HEADERS = {
    "x-kannel-from": "from",
    "x-kannel-to": "to",
    "x-kannel-time": "ts",
    "x-kannel-smsc": "smsc",
    "x-kannel-coding": "coding",
    "x-kannel-udh": "udh",
}
ESCAPED = tuple(quote(chr(code), safe="") for code in range(128))
"""How each character of ASCII stands in a query."""
CHARSET = re.compile(r'charset="?([\w.-]+)', re.IGNORECASE)
UCS2 = {"ucs-2": "utf-16-be", "ucs2": "utf-16-be", "utf-16": "utf-16-be"}
CODING_OCTETS, CODING_UCS2 = "1", "2"
ALL_REPORTS = 31
ACCEPTED = (b"0:", b"3:")
MAX_ID = 120

# Status of sendsms -> what it means for the message; what is missing here tells nothing certain.
REFUSALS: Mapping[int, Callable[[str], SendError]] = {
    HTTPStatus.BAD_REQUEST: lambda detail: SendRefused("bad_request", detail),
    HTTPStatus.UNAUTHORIZED: lambda detail: ChannelStopped("credentials", detail),
    HTTPStatus.FORBIDDEN: lambda detail: ChannelStopped("credentials", detail),
    HTTPStatus.NOT_FOUND: lambda detail: ChannelStopped("configuration", detail),
    HTTPStatus.SERVICE_UNAVAILABLE: lambda detail: TemporaryFailure("busy", detail),
}


@dataclass(frozen=True, slots=True)
class KannelSettings:
    number: str
    """The number that citizens write to."""
    send_url: str
    """The whole address of sendsms, on loopback or a private network: the password travels in it."""
    username: str
    password: Secret
    inbound_token: Secret
    previous_inbound_token: Secret | None = None
    """Still accepted while the configuration of Kannel changes over."""
    smsc: str = ""
    priority: int | None = field(default=None, metadata={"min": 0, "max": 3})
    validity_minutes: int | None = field(default=None, metadata={"min": 1})
    ucs2_form: Literal["utf16be", "utf8_charset"] = "utf16be"
    max_segments: int = field(default=10, metadata={"min": 1, "max": 20})
    """Not above `max-messages` of the sendsms-user: Kannel cuts silently what exceeds it."""
    dcs8_charset: str = ""
    """How 8-bit messages are read (latin-1); empty = they go to quarantine."""
    status_url: str = ""
    """status.xml of bearerbox, read by `gateway channels check`."""

    def __post_init__(self) -> None:
        if not self.send_url.startswith(("http://", "https://")):
            raise ValueError("send_url must be the whole address of sendsms, beginning with http")
        if self.dcs8_charset:
            _codec(self.dcs8_charset)


class Kannel:
    """Receiver, Sender and Checker."""

    Settings = KannelSettings
    capabilities: ClassVar[Capabilities] = Capabilities(max_length=1530, max_messages=10, gsm=True, reports=True)
    messages_per_second: ClassVar[float] = 5.0

    def __init__(self, settings: KannelSettings) -> None:
        self._settings = settings
        # What is the same in every message is quoted once.
        self._login = f"username={_quoted(settings.username)}&password={_quoted(settings.password.reveal())}"
        self._token = _quoted(settings.inbound_token.reveal())
        options = {"smsc": settings.smsc, "priority": settings.priority, "validity": settings.validity_minutes}
        chosen = {name: str(value) for name, value in options.items() if value not in {None, ""}}
        self._usual = "".join(f"&{name}={_quoted(value)}" for name, value in chosen.items())

    @property
    def own(self) -> str:
        return self._settings.number

    def verify(self, request: RawRequest) -> None:
        given = _fields(request).get("token", b"")
        accepted = [self._settings.inbound_token, self._settings.previous_inbound_token]
        if not any(hmac.compare_digest(given, token.reveal().encode()) for token in accepted if token):
            raise SignatureInvalid("kannel: token missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        fields = _fields(request)
        if request.path.rstrip("/").endswith("/status"):
            return [_report(fields)]
        return [self._message(fields, request)]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        # 200, not 204: Kannel counts only 200 and 202 as success.
        return RawResponse(HTTPStatus.OK, content_type="text/plain")

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        query = self._sendsms(message)
        try:
            response = await http.request("GET", self._settings.send_url, query=query)
        except ChannelError as problem:
            raise as_send_error(problem) from problem
        return _outcome(response)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Asks sendsms for a message to nobody: it checks the password first and refuses the rest."""
        settings = self._settings
        login = urlencode({"username": settings.username, "password": settings.password.reveal()}).encode()
        try:
            response = await http.request("GET", settings.send_url, query=login)
            problems = _login_problems(response)
            if settings.status_url:
                status = await http.request("GET", settings.status_url)
                problems += _status_problems(status.body.decode("utf-8", "replace"))
        except ChannelError as problem:
            return [f"smsbox does not answer at send_url ({problem.code}): is Kannel running, is sendsms-port right?"]
        return problems

    def _message(self, fields: Fields, request: RawRequest) -> InboundMessage:
        header = gsm.read_header(fields["udh"]) if fields.get("udh") else None
        sender, reachable = phone_address(_number(fields, "from"))
        text = _decode(fields, self._settings.dcs8_charset)
        is_part = header is not None and header.part is not None
        return InboundMessage(
            external_id=f"mo:{_identity(fields, request)}",
            sender=sender,
            # Half of an emoji may end a part: it is cleaned when the parts are joined.
            text=text if is_part else clean_text(text),
            sent_at=_moment(_ascii(fields, "ts")),
            destination=_number(fields, "to") or self._settings.number,
            part=header.part if header else None,
            reply_possible=reachable,
            flags=frozenset({"bad_udh"} if header and header.bad else ()),
        )

    def _sendsms(self, message: OutboundMessage) -> bytes:
        settings = self._settings
        counted = gsm.count(message.text)
        gsm.refuse_unsendable(message, counted.segments, settings.max_segments)
        query = (
            f"{self._login}&to={_quoted(message.address.path)}&from={_quoted(message.sent_from or settings.number)}"
            f"&{self._text(message.text, counted.encoding)}{self._options(message, counted.segments)}"
        )
        return query.encode()

    def _text(self, text: str, encoding: gsm.Encoding) -> str:
        if encoding is gsm.Encoding.GSM7:
            return f"text={_quoted(text)}&coding=0&charset=UTF-8"
        if self._settings.ucs2_form == "utf8_charset":
            return f"text={_quoted(text)}&coding=2&charset=UTF-8"
        # No charset: Kannel's default for coding 2 is UTF-16BE, and builds without iconv refuse to recode.
        return f"text={''.join(f'%{octet:02X}' for octet in text.encode('utf-16-be', 'replace'))}&coding=2"

    def _options(self, message: OutboundMessage, segments: int) -> str:
        if not message.report_url:
            return self._usual
        return f"{self._usual}&dlr-mask={ALL_REPORTS}&dlr-url={_quoted(self._report_url(message, segments))}"

    def _report_url(self, message: OutboundMessage, segments: int) -> str:
        # Kannel asks for a report of the first part only; `n` lets the report say so.
        parts = f"&n={segments}" if segments > 1 else ""
        return f"{message.report_url}?token={self._token}&m={_quoted(message.id)}{parts}&d=%d&smsc=%i&a=%A"


def _quoted(text: str) -> str:
    """Percent-encoded; for plain texts, as nearly all are, at less than half of the library's cost."""
    return text.translate(ESCAPED) if text.isascii() else quote(text, safe="")


def _fields(request: RawRequest) -> Fields:
    """Parameters as bytes, for text and UDH are no text yet; those of the post-url variant from headers and body."""
    fields = request.octets
    if request.method == "POST":
        fields = {**fields} | {
            name: request.headers[key].encode() for key, name in HEADERS.items() if key in request.headers
        }
        fields["text"] = request.body
        if charset := CHARSET.search(request.headers.get("content-type", "")):
            fields.setdefault("charset", charset[1].encode())
        if "x-kannel-udh" in request.headers:
            fields["udh"] = _hex(fields["udh"])
    return fields


def _hex(octets: bytes) -> bytes:
    try:
        return bytes.fromhex(octets.decode("ascii"))
    except ValueError:
        raise PayloadInvalid("kannel: X-Kannel-UDH is no hexadecimal") from None


def _ascii(fields: Fields, name: str) -> str:
    return fields.get(name, b"").decode("ascii", "replace").strip()


def _number(fields: Fields, name: str) -> str:
    return unescaped(fields.get(name, b"")[:64].decode("utf-8", "replace"))


def _decode(fields: Fields, octet_charset: str) -> str:
    """The text by charset if one is given, else by coding. PayloadInvalid keeps what cannot be read in quarantine."""
    if "text" not in fields and "from" not in fields:
        raise PayloadInvalid("kannel: neither text nor from")
    octets, charset, coding = fields.get("text", b""), _ascii(fields, "charset"), _ascii(fields, "coding")
    if not charset and coding == CODING_OCTETS:
        if not octet_charset:
            raise PayloadInvalid("kannel: 8-bit message, and dcs8_charset is not set")
        charset = octet_charset
    charset = charset or ("utf-16-be" if coding == CODING_UCS2 else "utf-8")
    try:
        codec = _codec(charset)
        return octets.decode(codec, "surrogatepass" if codec == "utf-16-be" else "strict")
    except (UnicodeDecodeError, ValueError) as problem:
        raise PayloadInvalid(f"kannel: text is no {charset[:40]}") from problem


def _codec(charset: str) -> str:
    """Python's name of a charset; ValueError for one that it does not know."""
    name = UCS2.get(charset.lower(), charset)
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"unknown charset {charset[:40]!r}") from None
    return name


def _identity(fields: Fields, request: RawRequest) -> str:
    """Kannel's %I, stable over its retries; without one a hash of what the message is made of, within ten minutes."""
    if given := _ascii(fields, "id"):
        return given if len(given) <= MAX_ID else hashlib.sha256(given.encode()).hexdigest()
    when = _ascii(fields, "ts") or (str(int(request.received_at.timestamp()) // 600) if request.received_at else "")
    parts = (
        fields.get("from", b""),
        fields.get("to", b""),
        when.encode(),
        fields.get("udh", b""),
        fields.get("text", b""),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _moment(text: str) -> datetime | None:
    """The SMSC's time (%T in seconds, or as text in headers); it may be hours off and is only shown."""
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _report(fields: Fields) -> DeliveryReport:
    ours, code = _ascii(fields, "m"), _ascii(fields, "d")
    if not ours or len(ours) > MAX_ID or not code.isdecimal():
        raise PayloadInvalid("kannel: a report needs m and d")
    status, reason = STATUS.get(int(code[:6]), (None, "unknown_code"))
    if status is DeliveryStatus.FAILED:
        words = fields.get("a", b"").decode("utf-8", "replace").upper()
        reason = next((meaning for word, meaning in REASONS if word in words), reason)
    elif status is DeliveryStatus.DELIVERED and fields.get("n"):
        reason = "first_part"
    return DeliveryReport(ours, status, reason)


def _outcome(response: HttpResponse) -> SendReceipt:
    body = response.body.strip()
    if response.status == HTTPStatus.ACCEPTED or (response.status == HTTPStatus.OK and body.startswith(ACCEPTED)):
        return SendReceipt(detail="smsc_down" if body.startswith(b"3:") else "")
    detail = body[:200].decode("utf-8", "replace")
    refusal = REFUSALS.get(response.status)
    raise refusal(detail) if refusal else SendUnknown("unclear_answer", f"{response.status} {detail}")


def _login_problems(response: HttpResponse) -> list[str]:
    match response.status:
        case HTTPStatus.FORBIDDEN | HTTPStatus.UNAUTHORIZED:
            return ["sendsms refuses the login: compare username, password and user-allow-ip of the sendsms-user group"]
        case HTTPStatus.NOT_FOUND:
            return ["there is no sendsms at send_url: it usually ends in /cgi-bin/sendsms"]
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return ["smsbox has no connection to bearerbox: start bearerbox first, compare smsbox-port"]
        case _:
            return []


def _status_problems(status: str) -> list[str]:
    problems = []
    if re.search(r"<storage>\s*internal", status):
        problems.append("dlr-storage is internal: reports are lost when Kannel restarts; use a database or redis")
    states = re.findall(r"<smsc>.*?<status>([a-z-]+)", status, re.DOTALL)
    return problems + [f"an smsc link is {state}: look at bearerbox's log" for state in states if state != "online"]
