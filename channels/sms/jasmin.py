"""Jasmin: HTTP API (out), deliverSm and DLR throwers (in).

Wire: docs/channels/jasmin.md. Jasmin repeats a call until it reads the very words `ACK/Jasmin`, then forgets the message.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Literal
from urllib.parse import quote

from channels import gsm
from channels.errors import (
    ChannelError,
    ChannelStopped,
    PayloadInvalid,
    ProviderBusy,
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
Meaning = tuple[DeliveryStatus | None, str]

ACKNOWLEDGED = b"ACK/Jasmin"
LONGEST_PASSWORD = 30
LONGEST_ID = 120
UCS2 = 8
SUCCESS = re.compile(r'^Success "([^"]{1,120})"$')
# The two headers of parts that there are; Jasmin hands over those that it does not join within the text.
PART_HEADERS = (bytes([5, 0, 3]), bytes([6, 8, 4]))
TAKEN_BY_OPERATOR = "ESME_ROK"
# The operator asks Jasmin to slow down, and Jasmin does: nothing for us to do.
SLOWED = frozenset({"ESME_RTHROTTLED", "ESME_RMSGQFUL"})
STATUS: Mapping[str, Meaning] = {
    "DELIVRD": (DeliveryStatus.DELIVERED, ""),
    "ACCEPTD": (DeliveryStatus.SENT, ""),
    "ENROUTE": (DeliveryStatus.SENT, ""),
    "EXPIRED": (DeliveryStatus.FAILED, "expired"),
    "DELETED": (DeliveryStatus.FAILED, "deleted"),
    "UNDELIV": (DeliveryStatus.FAILED, "undelivered"),
    "REJECTD": (DeliveryStatus.FAILED, "rejected"),
    "UNKNOWN": (DeliveryStatus.FAILED, "unknown"),
}
# Status and words of an answer -> what it means; the first that fits. Throughput and credit are told apart from a wrong
# login by their words only.
REFUSALS: tuple[tuple[int, str, Callable[[str], SendError]], ...] = (
    (400, r"username|password|authenti", lambda detail: ChannelStopped("credentials", detail)),
    (400, "", lambda detail: SendRefused("bad_request", detail)),
    (403, r"throughput", lambda _: ProviderBusy(1.0, whole_channel=True)),
    (403, r"charge|balance", lambda detail: ChannelStopped("credit", detail)),
    (403, "", lambda detail: ChannelStopped("credentials", detail)),
    (404, "", lambda detail: ChannelStopped("configuration", detail)),
    (412, "", lambda detail: TemporaryFailure("no_route", detail, alert=True)),
    (503, "", lambda detail: TemporaryFailure("busy", detail)),
)
NOTICE = (
    "Jasmin joins long SMS itself and loses or mixes them when parts come out of order or two citizens' phones use one"
    " reference; let citizens' SMS come by another channel where you can (docs/channels/jasmin.md)"
)


@dataclass(frozen=True, slots=True)
class JasminSettings:
    number: str
    """The number that citizens write to."""
    send_url: str
    """The whole address of /send, on loopback or a private network."""
    username: str
    password: Secret
    inbound_token: Secret
    previous_inbound_token: Secret | None = None
    """Still accepted while the connectors of Jasmin change over."""
    priority: int | None = field(default=None, metadata={"min": 0, "max": 3})
    validity_minutes: int | None = field(default=None, metadata={"min": 1})
    max_segments: int = field(default=10, metadata={"min": 1, "max": 20})
    """Not above `long_content_max_parts` of Jasmin, which cuts what exceeds it."""
    smsc_default_alphabet: Literal["gsm0338", "latin1", "ascii"] = "gsm0338"
    """What the operator means by coding 0."""
    dcs8_charset: str = ""
    """How 8-bit messages are read (latin-1); empty = they go to quarantine."""

    def __post_init__(self) -> None:
        if not self.send_url.startswith(("http://", "https://")) or not self.send_url.rstrip("/").endswith("/send"):
            raise ValueError("send_url must be the whole address, like http://127.0.0.1:1401/send")
        if len(self.password.reveal()) > LONGEST_PASSWORD:
            raise ValueError(f"password is longer than Jasmin takes ({LONGEST_PASSWORD} characters)")
        if self.dcs8_charset:
            try:
                "".encode(self.dcs8_charset)
            except LookupError:
                raise ValueError(f"dcs8_charset: unknown charset {self.dcs8_charset!r}") from None


class Jasmin:
    """Receiver, Sender and Checker."""

    Settings = JasminSettings
    capabilities: ClassVar[Capabilities] = Capabilities(max_length=1530, max_messages=10, gsm=True, reports=True)
    messages_per_second: ClassVar[float] = 5.0
    notice: ClassVar[str] = NOTICE

    def __init__(self, settings: JasminSettings) -> None:
        self._settings = settings

    @property
    def own(self) -> str:
        return self._settings.number

    def verify(self, request: RawRequest) -> None:
        given = request.octets.get("token", b"")
        accepted = [self._settings.inbound_token, self._settings.previous_inbound_token]
        matches = [hmac.compare_digest(given, token.reveal().encode()) for token in accepted if token]
        if not any(matches):
            raise SignatureInvalid("jasmin: token missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        # A form is read as a query is: its values are octets, and only `coding` says what they mean.
        fields = {**request.octets, **RawRequest("POST", raw_query=request.body).octets}
        if request.path.rstrip("/").endswith("/status"):
            return [_report(fields)]
        return [self._message(fields)]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        return RawResponse(HTTPStatus.OK, ACKNOWLEDGED, content_type="text/plain")

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        form = self._form(message)
        try:
            response = await http.request("POST", self._settings.send_url, form=form)
        except ChannelError as problem:
            raise as_send_error(problem) from problem
        return _outcome(response)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        """Asks whether Jasmin lives, and for the balance of our user: that needs the password and costs nothing."""
        settings = self._settings
        place = settings.send_url.rstrip("/").removesuffix("/send")
        login = [("username", settings.username), ("password", settings.password.reveal())]
        try:
            ping = await http.request("GET", f"{place}/ping")
            if b"PONG" not in ping.body:
                return [f"what answers at {place} is not Jasmin: send_url usually ends in :1401/send"]
            balance = await http.request("GET", f"{place}/balance", query=login)
        except ChannelError as problem:
            return [
                f"Jasmin does not answer at send_url ({problem.code}): is jasmind running, is the port of [http-api] right?"
            ]
        return _login_problems(balance)

    def _message(self, fields: Fields) -> InboundMessage:
        identity = _ascii(fields, "id")
        if not identity or len(identity) > LONGEST_ID:
            raise PayloadInvalid("jasmin: a message needs its id")
        octets, header = _content(fields)
        sender, reachable = phone_address(_number(fields, "from"))
        text = self._decode(octets, _coding(fields))
        part = header.part if header else None
        return InboundMessage(
            external_id=f"mo:{identity}",
            sender=sender,
            # Half of an emoji may end a part: it is cleaned when the parts are joined.
            text=text if part else clean_text(text),
            destination=_number(fields, "to") or self._settings.number,
            part=part,
            reply_possible=reachable,
            flags=frozenset({"bad_udh"} if header and header.bad else ()),
        )

    def _decode(self, octets: bytes, coding: int) -> str:
        settings = self._settings
        if coding != UCS2:
            return gsm.decode(octets, coding, settings.smsc_default_alphabet, settings.dcs8_charset)
        try:
            return octets.decode("utf-16-be", "surrogatepass")
        except UnicodeDecodeError as problem:
            raise PayloadInvalid("jasmin: text is no UTF-16BE") from problem

    def _form(self, message: OutboundMessage) -> dict[str, str]:
        settings = self._settings
        counted = gsm.count(message.text)
        gsm.refuse_unsendable(message, counted.segments, settings.max_segments)
        form = {
            "username": settings.username,
            "password": settings.password.reveal(),
            "to": message.address.path.removeprefix("+"),
            "from": message.sent_from or settings.number,
            **_text(message.text, counted.encoding),
        }
        if settings.priority is not None:
            form["priority"] = str(settings.priority)
        if settings.validity_minutes is not None:
            form["validity-period"] = str(settings.validity_minutes)
        return form | self._reports(message, counted.segments)

    def _reports(self, message: OutboundMessage, segments: int) -> dict[str, str]:
        if not message.report_url:
            return {"dlr": "no"}
        # Jasmin asks for a report of the last part only; `n` lets the report say so.
        parts = f"&n={segments}" if segments > 1 else ""
        url = f"{message.report_url}?token={quote(self._settings.inbound_token.reveal(), safe='')}{parts}"
        return {"dlr": "yes", "dlr-level": "3", "dlr-method": "POST", "dlr-url": url}


def _text(text: str, encoding: gsm.Encoding) -> dict[str, str]:
    if encoding is gsm.Encoding.GSM7:
        return {"coding": "0", "content": text}
    # In hexadecimal nobody on the way can guess a charset.
    return {"coding": str(UCS2), "hex-content": text.encode("utf-16-be", "replace").hex()}


def _content(fields: Fields) -> tuple[bytes, gsm.Header | None]:
    """The octets of the text, without the header of a part. `content` has been through a charset: `binary` wins."""
    octets = fields.get("content", b"")
    if "binary" in fields:
        try:
            octets = bytes.fromhex(_ascii(fields, "binary"))
        except ValueError:
            raise PayloadInvalid("jasmin: binary is no hexadecimal") from None
    elif "content" not in fields:
        raise PayloadInvalid("jasmin: neither binary nor content")
    if not octets.startswith(PART_HEADERS):
        return octets, None
    header = gsm.read_header(octets)
    return octets[header.length :], header


def _ascii(fields: Fields, name: str) -> str:
    return fields.get(name, b"").decode("ascii", "replace").strip()


def _number(fields: Fields, name: str) -> str:
    return unescaped(fields.get(name, b"")[:64].decode("utf-8", "replace"))


def _coding(fields: Fields) -> int:
    text = _ascii(fields, "coding") or "0"
    if not (text.isdecimal() and len(text) <= 3 and int(text) < 256):  # noqa: PLR2004 - one octet
        raise PayloadInvalid("jasmin: coding is no number of one octet")
    return int(text)


def _report(fields: Fields) -> DeliveryReport:
    theirs, word = _ascii(fields, "id"), _ascii(fields, "message_status").upper()
    if not theirs or len(theirs) > LONGEST_ID or not word:
        raise PayloadInvalid("jasmin: a report needs id and message_status")
    status, reason = _of_operator(word) if word.startswith("ESME_") else STATUS.get(word, (None, "unknown_code"))
    if status is DeliveryStatus.DELIVERED and fields.get("n"):
        reason = "last_part"
    return DeliveryReport(theirs, status, reason, by_provider_id=True)


def _of_operator(word: str) -> Meaning:
    """Level 1: whether the operator took it."""
    if word == TAKEN_BY_OPERATOR:
        return DeliveryStatus.SENT, ""
    return (None, "intermediate") if word in SLOWED else (DeliveryStatus.FAILED, "rejected")


def _outcome(response: HttpResponse) -> SendReceipt:
    body = response.body[:300].decode("utf-8", "replace").strip()
    if response.status == HTTPStatus.OK and (taken := SUCCESS.match(body)):
        return SendReceipt(taken[1])
    for status, words, refusal in REFUSALS:
        if response.status == status and re.search(words, body, re.IGNORECASE):
            raise refusal(body[:200])
    raise SendUnknown("unclear_answer", f"{response.status} {body[:200]}")


def _login_problems(response: HttpResponse) -> list[str]:
    if response.status == HTTPStatus.OK:
        return []
    if response.status in {HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED, HTTPStatus.BAD_REQUEST}:
        return ["Jasmin refuses the login: compare username and password with the user in jCli (user -l, http_balance)"]
    return [f"Jasmin answers {response.status} when asked for the balance: look at its http-api.log"]
