"""A file that somebody sent: its address for five minutes, then its bytes, compared with what was announced.

Source: docs/channels/whatsapp.md § Files. The address needs our token, so it is called at Meta's own hosts alone.
"""

import base64
import binascii
import hashlib
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, FileGone
from channels.messages import AttachmentRef, FetchedFile
from channels.meta import graph
from channels.meta.whatsapp.settings import WhatsAppSettings
from channels.protocols import Http

HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
READ_S = 60.0
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
NO_SUCH_OBJECT = frozenset({100, 131052})
"""Codes of an id that is older than seven days, or never was."""


def ref_of(media_id: str, digest: str) -> str:
    """What is kept of a file until it is fetched: its id, and what its bytes must add up to."""
    return f"{media_id} {digest}".strip()


async def fetch(attachment: AttachmentRef, http: Http, settings: WhatsAppSettings, max_bytes: int) -> FetchedFile:
    """See `channels.protocols.Fetcher`. Bytes that differ from their sum are as good as none: they are asked for again."""
    media_id, _, announced = attachment.ref.partition(" ")
    url, digest, size = await _address(media_id, http, settings)
    if size > max_bytes:
        raise AnswerTooLarge(f"whatsapp: {size} bytes")
    host = urlsplit(url).hostname or ""
    own = urlsplit(settings.api_url).hostname or ""
    if host not in HOSTS | {own}:
        raise AddressRefused("whatsapp: a file at a host that is not Meta's")
    headers = {"authorization": f"Bearer {settings.token.reveal()}"}
    trusted = host == own  # the operator's own address of the API
    response = await http.request("GET", url, headers=headers, read_s=READ_S, max_bytes=max_bytes, trusted=trusted)
    if response.status in GONE:
        raise FileGone("whatsapp: file is gone")
    if response.status != HTTPStatus.OK:
        raise AnswerLost(f"whatsapp: file answered {response.status}")
    found = hashlib.sha256(response.body).digest()
    if any(found != expected for expected in (_digest(announced), _digest(digest)) if expected):
        raise AnswerLost("whatsapp: the file is not the one that was announced")
    return FetchedFile(response.body, attachment.media_type, attachment.name)


async def _address(media_id: str, http: Http, settings: WhatsAppSettings) -> tuple[str, str, int]:
    url = f"{settings.api_url.rstrip('/')}/{settings.api_version}/{quote(media_id, safe='')}"
    query = [("phone_number_id", settings.phone_number_id)]
    answer = await graph.call(http, "GET", url, settings.token, query=query)
    if answer.status in GONE or answer.code in NO_SUCH_OBJECT:
        raise FileGone("whatsapp: file is gone")
    if not answer.succeeded or not answer.body:
        raise AnswerLost(f"whatsapp: address of a file answered {answer.status} {answer.code or ''}".rstrip())
    size = answer.body.get("file_size")
    known = int(size) if isinstance(size, int) or (isinstance(size, str) and size.isdecimal()) else 0
    return str(answer.body.get("url") or ""), str(answer.body.get("sha256") or ""), known


def _digest(text: str) -> bytes:
    """Written in hex or base64; empty for what is neither, which proves nothing."""
    for read in (bytes.fromhex, lambda given: base64.b64decode(given, validate=True)):
        try:
            digest = read(text)
        except (ValueError, binascii.Error):
            continue
        if len(digest) == hashlib.sha256().digest_size:
            return digest
    return b""
