"""Meta's call when somebody takes the app off and wants their data deleted: a signed request. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.parse import parse_qs

from channels.errors import PayloadInvalid, SignatureInvalid
from channels.messages import Address, RawRequest
from channels.meta.pages.entries import PERSON
from config.settings import Secret

MOST_FIELDS = 10


def who_asks(request: RawRequest, app_secrets: Sequence[Secret | None], scheme: str) -> Address:
    """Whose data shall go. SignatureInvalid unless the request is signed by the app's secret; PayloadInvalid if unclear."""
    try:
        form = parse_qs(request.body.decode("ascii"), max_num_fields=MOST_FIELDS)
        signature, _, payload = form["signed_request"][0].partition(".")
        given = _octets(signature)
    except (KeyError, ValueError, binascii.Error):
        raise SignatureInvalid("meta: no signed request") from None
    digests = [hmac.new(one.reveal().encode(), payload.encode(), hashlib.sha256).digest() for one in app_secrets if one]
    matches = [hmac.compare_digest(given, digest) for digest in digests]
    if not any(matches):
        raise SignatureInvalid("meta: signature of the request wrong")
    return Address(scheme, _person(payload))


def _person(payload: str) -> str:
    try:
        said = json.loads(_octets(payload))
        number = str(said["user_id"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PayloadInvalid("meta: a request for deletion without user") from None
    if not PERSON.fullmatch(number):
        raise PayloadInvalid("meta: a request for deletion of nobody")
    return number


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
