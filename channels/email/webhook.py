"""The proof of a mail that our own mail server hands over: HMAC-SHA-256 over moment and bytes (docs/channels/email.md)."""

import hashlib
import hmac
from collections.abc import Iterable

from channels.email.reading import Envelope
from channels.errors import SignatureInvalid
from channels.messages import RawRequest
from config.settings import Secret

MOST_APART_S = 300
LONGEST_MOMENT = 12


def check(request: RawRequest, secrets: Iterable[Secret | None]) -> None:
    """SignatureInvalid unless whoever knows a secret signed these very bytes within five minutes."""
    moment = request.headers.get("x-timestamp", "")
    given = request.headers.get("x-signature", "").encode()
    if not (moment.isascii() and moment.isdigit() and len(moment) <= LONGEST_MOMENT):
        raise SignatureInvalid("email: no moment of signing")
    signed = moment.encode() + b"." + request.body
    expected = [
        f"sha256={hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()}".encode()
        for secret in secrets
        if secret
    ]
    matches = [hmac.compare_digest(given, one) for one in expected]
    if not any(matches):
        raise SignatureInvalid("email: signature missing or wrong")
    now = request.received_at
    if now is None or abs(now.timestamp() - int(moment)) > MOST_APART_S:
        raise SignatureInvalid("email: signed too long ago, or a clock is wrong")


def envelope_of(request: RawRequest) -> Envelope:
    receivers = request.headers.get("x-envelope-to", "")
    return Envelope(
        request.headers.get("x-envelope-from", ""), tuple(filter(None, map(str.strip, receivers.split(","))))
    )
