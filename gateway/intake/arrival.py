"""One call of a provider on its way in, and how it is kept on disk or in quarantine."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from channels.messages import Inbound, RawRequest
from gateway.sealing import open_seal, seal

KEPT_BODY = 64 * 1024
"""Bytes of a raw body that a message row keeps; forms with files keep their fields, the files stand elsewhere."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one call said (`events`), the call itself, and when it reached us."""

    channel: str
    events: Sequence[Inbound]
    request: RawRequest
    received_at: datetime

    @property
    def is_session(self) -> bool:
        """Somebody holds a phone and waits for this answer."""
        return any(getattr(event, "session", None) is not None for event in self.events)


class Kept(msgspec.Struct, frozen=True):
    """A raw request as JSON; bytes in base64."""

    channel: str
    received_at: datetime
    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: str
    remote: str


def freeze(key: bytes, channel: str, request: RawRequest, received_at: datetime) -> bytes:
    """The call, sealed, to be thawed by the same installation."""
    kept = Kept(
        channel,
        received_at,
        request.method,
        _text(request.path),
        base64.b64encode(request.raw_query).decode(),
        _texts(request.headers),
        base64.b64encode(request.body).decode(),
        request.remote,
    )
    return seal(key, msgspec.json.encode(kept), "request")


def _texts(values: Mapping[str, str]) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in values.items()}


def _text(value: str) -> str:
    """Bytes that are no UTF-8 reach us as lone surrogates, which no JSON holds; query and body keep them untouched."""
    return value.encode("utf-8", "replace").decode()


def thaw(key: bytes, frozen: bytes) -> tuple[str, RawRequest, datetime]:
    """Channel, call and moment of arrival; `InvalidTag` when it is torn or of another installation."""
    kept = msgspec.json.decode(open_seal(key, frozen, "request"), type=Kept)
    request = RawRequest(
        kept.method,
        kept.path,
        base64.b64decode(kept.raw_query),
        kept.headers,
        base64.b64decode(kept.body),
        kept.remote,
        kept.received_at,
    )
    return kept.channel, request, kept.received_at
