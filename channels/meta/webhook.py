"""Calls of Meta: signature over the raw body, handshake by GET, JSON. Pure.

Source: docs/channels/README.md. The signature is that of the app; all numbers and pages of one app share it.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from http import HTTPStatus

from channels.errors import SignatureInvalid
from channels.messages import RawRequest, RawResponse
from config.settings import Secret

HEADER = "x-hub-signature-256"
SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
CHALLENGE = re.compile(r"[0-9]{1,40}")


def is_handshake(request: RawRequest) -> bool:
    return request.method == "GET"


def verify(request: RawRequest, app_secrets: Sequence[Secret | None], verify_tokens: Sequence[Secret | None]) -> None:
    """SignatureInvalid unless a call is signed by one of the secrets, or a handshake brings one of the tokens.

    Two of each are valid while one replaces the other; empty ones prove nothing.
    """
    if is_handshake(request):
        _verify_handshake(request, verify_tokens)
    else:
        _verify_signature(request, app_secrets)


def challenge(request: RawRequest) -> RawResponse:
    """The answer to a handshake that was verified: the number that Meta wants to see again, and nothing else."""
    return RawResponse(HTTPStatus.OK, request.query.get("hub.challenge", "").encode(), "text/plain")


def _verify_signature(request: RawRequest, app_secrets: Sequence[Secret | None]) -> None:
    given = SIGNATURE.fullmatch(request.headers.get(HEADER, ""))
    if given is None:
        raise SignatureInvalid("meta: signature missing or no signature")
    digests = [hmac.new(one.reveal().encode(), request.body, hashlib.sha256).hexdigest() for one in app_secrets if one]
    matches = [hmac.compare_digest(given[1], digest) for digest in digests]
    if not any(matches):
        raise SignatureInvalid("meta: signature wrong")


def _verify_handshake(request: RawRequest, tokens: Sequence[Secret | None]) -> None:
    query = request.query
    given = query.get("hub.verify_token", "").encode()
    matches = [hmac.compare_digest(given, token.reveal().encode()) for token in tokens if token]
    is_whole = query.get("hub.mode") == "subscribe" and CHALLENGE.fullmatch(query.get("hub.challenge", ""))
    if not (any(matches) and is_whole):
        raise SignatureInvalid("meta: verify token missing or wrong")
