"""The proof of a mail that a server hands over: HMAC-SHA-256 over moment and bytes, or over moment and a token.

The second is what mail services offer (docs/channels/email.md): it does not cover the mail, so it is taken only where asked for.
"""

import hashlib
import hmac
from collections.abc import Iterable

from channels.email.handed_over import fields_of, receivers_of, sender_of
from channels.email.reading import Envelope
from channels.errors import SignatureInvalid
from channels.messages import RawRequest
from config.settings import Secret

MOST_APART_S = 300
LONGEST_MOMENT = 12
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 200


def check(request: RawRequest, secrets: Iterable[Secret | None]) -> None:
    """SignatureInvalid unless whoever knows a secret signed these very bytes within five minutes."""
    moment = request.headers.get("x-timestamp", "")
    given = request.headers.get("x-signature", "").encode()
    if not _is_moment(moment):
        raise SignatureInvalid("email: no moment of signing")
    signed = moment.encode() + b"." + request.body
    expected = [
        f"sha256={hmac.new(secret.reveal().encode(), signed, hashlib.sha256).hexdigest()}".encode()
        for secret in secrets
        if secret
    ]
    matches = [hmac.compare_digest(given, one) for one in expected]
    _judge(any(matches), moment, request)


def check_token(request: RawRequest, secrets: Iterable[Secret | None]) -> None:
    """SignatureInvalid unless whoever knows a secret signed this moment and token within five minutes."""
    fields = fields_of(request)
    moment, token = fields.get("timestamp", b"").decode("ascii", "replace"), fields.get("token", b"")
    if not (_is_moment(moment) and SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN):
        raise SignatureInvalid("email: no moment or token of signing")
    signed, given = moment.encode() + token, fields.get("signature", b"")
    expected = [hmac.new(one.reveal().encode(), signed, hashlib.sha256).hexdigest().encode() for one in secrets if one]
    matches = [hmac.compare_digest(given, one) for one in expected]
    _judge(any(matches), moment, request)


def envelope_of(request: RawRequest) -> Envelope:
    fields = fields_of(request)
    receivers = request.headers.get("x-envelope-to", "") or receivers_of(fields)
    sender = request.headers.get("x-envelope-from", "") or sender_of(fields)
    return Envelope(sender, tuple(filter(None, map(str.strip, receivers.split(",")))))


def _is_moment(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_MOMENT


def _judge(is_signed: bool, moment: str, request: RawRequest) -> None:
    if not is_signed:
        raise SignatureInvalid("email: signature missing or wrong")
    now = request.received_at
    if now is None or abs(now.timestamp() - int(moment)) > MOST_APART_S:
        raise SignatureInvalid("email: signed too long ago, or a clock is wrong")
