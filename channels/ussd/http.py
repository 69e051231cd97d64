"""USSD over HTTP callbacks: form with CON/END, JSON, and GET with other names.

Wire: docs/channels/ussd_http.md. The call is answered in the same request; anything but 200 with CON or END ends the
session on the phone with an error, so even a fault of ours is `200 END …`.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, unquote

import msgspec

from channels.errors import PayloadInvalid, SignatureInvalid
from channels.messages import (
    Address,
    Answer,
    Inbound,
    InboundMessage,
    MessageKind,
    RawRequest,
    RawResponse,
    SessionEvent,
    clean_text,
)
from channels.phone import phone_address
from channels.protocols import Capabilities
from config.settings import Secret

FORM_NAMES: Mapping[str, str] = {
    "session": "sessionId",
    "phone": "phoneNumber",
    "text": "text",
    "service_code": "serviceCode",
    "begins": "newRequest",
    "at": "requestTime",
    "status": "status",
    "input": "input",
}
"""Our name of a field -> the aggregator's, unless the setting `fields` says otherwise."""

ANSWER_NAMES: Mapping[str, str] = {
    "session": "sessionId",
    "text": "response",
    "action": "action",
    "continues": "CON",
    "ends": "END",
}
"""Names and action values of a JSON answer, and the prefixes of a plain one; the setting `respond` changes them."""

NETWORK_LIMITS = frozenset({160, 182})
"""Lengths at which networks cut an input without a word."""
MAX_SESSION_ID = 100
MAX_HISTORY = 8_000
ENCODED_TWICE = re.compile(r"%[0-9A-Fa-f]{2}")


@dataclass(frozen=True, slots=True)
class UssdSettings:
    service_code: str
    """What citizens dial, *708# or *123*17#."""
    inbound_token: Secret
    previous_inbound_token: Secret | None = None
    variant: Literal["at-form", "json"] = "at-form"
    text_mode: Literal["history", "last"] | None = None
    """Whether `text` is all that was typed or only the last input; None = history for at-form, last for json."""
    fields: Mapping[str, str] = field(default_factory=dict)
    respond: Mapping[str, str] = field(default_factory=dict)
    encoded_twice: bool = False
    page_septets: int = field(default=180, metadata={"min": 80, "max": 182})
    ucs2: bool = False
    sms_channel: str = ""
    """Which channel carries the receipt; empty = the first SMS channel."""
    draft_after_s: float = 300

    def __post_init__(self) -> None:
        for name, given, known in (("fields", self.fields, FORM_NAMES), ("respond", self.respond, ANSWER_NAMES)):
            if unknown := sorted(given.keys() - known.keys()):
                raise ValueError(f"{name} has unknown {', '.join(unknown)}; known: {', '.join(known)}")

    @property
    def whole_history(self) -> bool:
        return (self.text_mode or ("history" if self.variant == "at-form" else "last")) == "history"


class UssdHttp:
    """Receiver. There is nothing to send: a page is the answer of its own request."""

    Settings = UssdSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=180, max_messages=1, gsm=True, sessions=True, sends=False, staff=False
    )

    def __init__(self, settings: UssdSettings) -> None:
        self._settings = settings
        self._names = {**FORM_NAMES, **settings.fields}
        self._answers = {**ANSWER_NAMES, **settings.respond}

    @property
    def own(self) -> str:
        return self._settings.service_code

    def verify(self, request: RawRequest) -> None:
        given = request.query.get("token", "").encode("utf-8", "replace")
        accepted = [self._settings.inbound_token, self._settings.previous_inbound_token]
        if not any(hmac.compare_digest(given, token.reveal().encode()) for token in accepted if token):
            raise SignatureInvalid("ussd: token missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        values = self._values(request)
        session_id = values.get("session", "").strip()
        if not session_id or len(session_id) > MAX_SESSION_ID:
            raise PayloadInvalid("ussd: no session id, or one that is none")
        if _is_status(request):
            return [self._notice(values, session_id, request)]
        return [self._step(values, session_id, request)]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        if _is_status(request):
            return RawResponse(HTTPStatus.OK)
        action = self._answers["ends" if answer.ends else "continues"]
        if self._settings.variant == "at-form":
            return RawResponse(HTTPStatus.OK, f"{action} {answer.text}".encode())
        names = self._answers
        body = {names["session"]: self._session_of(request), names["text"]: answer.text, names["action"]: action}
        return RawResponse(HTTPStatus.OK, msgspec.json.encode(body), "application/json; charset=utf-8")

    def _step(self, values: Mapping[str, str], session_id: str, request: RawRequest) -> InboundMessage:
        settings = self._settings
        typed = values.get("text", "")
        if len(typed) > MAX_HISTORY:
            raise PayloadInvalid("ussd: a history longer than any session")
        begins = self._begins(values, typed)
        typed = "" if begins and not settings.whole_history else typed
        sender, reachable = _sender(values, session_id)
        return InboundMessage(
            external_id=self._key(values, session_id, typed, request),
            sender=sender,
            text=typed,
            kind=MessageKind.USSD_STEP,
            destination=values.get("service_code", "")[:40] or settings.service_code,
            session=SessionEvent(
                session_id,
                typed,
                whole_history=settings.whole_history,
                begins=begins,
                page_septets=settings.page_septets,
                sms_channel=settings.sms_channel,
            ),
            reply_possible=reachable,
            flags=_flags(typed),
        )

    def _notice(self, values: Mapping[str, str], session_id: str, request: RawRequest) -> InboundMessage:
        sender, reachable = _sender(values, session_id)
        whole = self._settings.whole_history
        session = SessionEvent(session_id, values.get("input", "")[:MAX_HISTORY], whole_history=whole, ended=True)
        return InboundMessage(
            external_id=f"us:{session_id}:{_day(request)}:end",
            sender=sender,
            kind=MessageKind.USSD_STEP,
            session=session,
            reply_possible=reachable,
        )

    def _begins(self, values: Mapping[str, str], typed: str) -> bool:
        if self._settings.whole_history:
            return not typed
        return values.get("begins", "").lower() in {"1", "true"} or typed == self._settings.service_code

    def _key(self, values: Mapping[str, str], session_id: str, typed: str, request: RawRequest) -> str:
        """The same step has the same key. Session ids come back after days, so the day is a part of it.

        Of the last input alone a second "1" is no repetition: there the moment tells steps apart.
        """
        digest = hashlib.sha256(typed.encode()).hexdigest()
        if self._settings.whole_history:
            return f"us:{session_id}:{_day(request)}:{digest}"
        moment = request.received_at
        arrived = f"{moment.timestamp():.3f}" if moment else ""
        return f"us:{session_id}:{values.get('at', '')[:24] or arrived}:{digest}"

    def _values(self, request: RawRequest) -> dict[str, str]:
        """The call's fields by our names, wherever it carries them."""
        given: dict[str, str] = dict(request.query)
        if request.method != "GET":
            given |= self._body(request)
        values = {ours: clean_text(given[theirs]) for ours, theirs in self._names.items() if theirs in given}
        if self._settings.encoded_twice:
            values = {
                name: clean_text(unquote(text)) if ENCODED_TWICE.search(text) else text for name, text in values.items()
            }
        return values

    def _body(self, request: RawRequest) -> dict[str, str]:
        is_json = "json" in request.headers.get("content-type", "") or self._settings.variant == "json"
        if not is_json:
            text = request.body.decode("utf-8", "replace")
            try:
                return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
            except ValueError as problem:
                raise PayloadInvalid(f"ussd: {problem}") from problem
        try:
            tree = msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise PayloadInvalid(f"ussd: {type(problem).__name__}") from problem
        return {name: _plain(value) for name, value in tree.items()}

    def _session_of(self, request: RawRequest) -> str:
        """For the answer alone: a call that cannot be read is answered too."""
        try:
            return self._values(request).get("session", "")
        except PayloadInvalid:
            return ""


def _is_status(request: RawRequest) -> bool:
    return request.path.rstrip("/").endswith("/status")


def _sender(values: Mapping[str, str], session_id: str) -> tuple[Address, bool]:
    """The network's word for who calls; without one the session itself stands for the caller."""
    number = values.get("phone", "")[:64]
    if not number.strip():
        return Address("ussd", session_id), False
    # An unescaped + became a space on the way.
    return phone_address(f"+{number.strip()}" if number.startswith(" ") else number)


def _flags(typed: str) -> frozenset[str]:
    return frozenset({"maybe_truncated"} if len(typed.rpartition("*")[2]) in NETWORK_LIMITS else ())


def _day(request: RawRequest) -> str:
    return f"{request.received_at:%Y%m%d}" if request.received_at else "0"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None or isinstance(value, dict | list) else str(value)
