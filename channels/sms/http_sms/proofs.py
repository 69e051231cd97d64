"""How the provider proves who it is: a key in the address, a login, a header, or a signature over the very bytes."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

from channels.errors import SignatureInvalid
from channels.messages import RawRequest
from channels.sms.http_sms.settings import HttpSmsSettings, InboundAuth
from config.settings import SettingsError

SIGNED = re.compile(r"\{([a-z]+)\}")
COVERED = frozenset({"body", "timestamp", "query"})
LONGEST_MOMENT, IN_MILLISECONDS = 14, 12
Proof = Callable[[RawRequest], None]


def proof(auth: InboundAuth, settings: HttpSmsSettings) -> Proof:
    """The check of one call; it raises SignatureInvalid. SettingsError names the key that is missing or wrong."""
    match auth.kind:
        case "url_key":
            return _url_key(settings)
        case "basic":
            login = f"{auth.username}:{settings.secret(auth.password, 'inbound.auth.password')}".encode()
            return _header("authorization", f"Basic {base64.b64encode(login).decode()}")
        case "header":
            if not auth.header:
                raise SettingsError("inbound.auth.header", "is missing")
            return _header(auth.header.lower(), settings.secret(auth.value, "inbound.auth.value"))
        case _:
            return _signature(auth, settings)


def _url_key(settings: HttpSmsSettings) -> Proof:
    keys = [key.reveal().encode() for key in (settings.inbound_token, settings.previous_inbound_token) if key]
    if not keys:
        raise SettingsError("inbound_token", "is missing; inbound.auth of kind url_key needs it")

    def check(request: RawRequest) -> None:
        given = request.octets.get("token", b"")
        matches = [hmac.compare_digest(given, key) for key in keys]
        if not any(matches):
            raise SignatureInvalid("http_sms: token missing or wrong")

    return check


def _header(name: str, expected: str) -> Proof:
    octets = expected.encode()

    def check(request: RawRequest) -> None:
        if not hmac.compare_digest(request.headers.get(name, "").encode("utf-8", "replace"), octets):
            raise SignatureInvalid("http_sms: login missing or wrong")

    return check


def _signature(auth: InboundAuth, settings: HttpSmsSettings) -> Proof:
    if not auth.header:
        raise SettingsError("inbound.auth.header", "is missing")
    names = set(SIGNED.findall(auth.signed))
    if not names or names - COVERED or not names & {"body", "query"}:
        raise SettingsError(
            "inbound.auth.signed", "is made of {body}, {timestamp} and {query}, at least one of the call"
        )
    if ("timestamp" in names) != bool(auth.timestamp_header):
        raise SettingsError("inbound.auth.timestamp_header", "and {timestamp} in signed go together")
    references = [(auth.secret, "secret"), (auth.previous_secret, "previous_secret")]
    keys = [
        settings.secret(text, f"inbound.auth.{key}").encode() for text, key in references if text or key == "secret"
    ]

    def check(request: RawRequest) -> None:
        given = request.headers.get(auth.header.lower(), "").encode("utf-8", "replace")
        signed = _signed(auth, request)
        expected = [_digest(auth, key, signed) for key in keys]
        matches = [hmac.compare_digest(given, one) for one in expected]
        if not any(matches):
            raise SignatureInvalid("http_sms: signature missing or wrong")
        if auth.timestamp_header:
            _recent(auth, request)

    return check


def _signed(auth: InboundAuth, request: RawRequest) -> bytes:
    parts = {
        "body": request.body,
        "query": request.raw_query,
        "timestamp": request.headers.get(auth.timestamp_header.lower(), "").encode("utf-8", "replace"),
    }
    pieces = SIGNED.split(auth.signed)  # plain, name, plain, name, … plain
    return b"".join(parts[piece] if place % 2 else piece.encode() for place, piece in enumerate(pieces))


def _digest(auth: InboundAuth, key: bytes, signed: bytes) -> bytes:
    digest = hmac.new(key, signed, getattr(hashlib, auth.algorithm)).digest()
    text = digest.hex().encode() if auth.encoding == "hex" else base64.b64encode(digest)
    return auth.prefix.encode() + text


def _recent(auth: InboundAuth, request: RawRequest) -> None:
    """An old signature is a call that somebody kept and sends again."""
    moment = request.headers.get(auth.timestamp_header.lower(), "")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= LONGEST_MOMENT):
        raise SignatureInvalid("http_sms: no moment of signing")
    seconds = int(moment) / (1000 if len(moment) > IN_MILLISECONDS else 1)
    now = request.received_at
    if now is None or abs(now.timestamp() - seconds) > auth.tolerance_s:
        raise SignatureInvalid("http_sms: signed too long ago, or a clock is wrong")
