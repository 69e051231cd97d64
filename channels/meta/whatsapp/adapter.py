"""WhatsApp (Meta Cloud API): signed calls in, texts, buttons and templates out, files by their id.

Wire: docs/channels/whatsapp.md. Free texts go out only for a day after somebody's last message; after that the template of the
same meaning goes out, or nothing: then a person is asked. Our clock keeps ten minutes of that day for itself.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from channels.errors import ChannelError, SendError, SendHeld, SendUnknown, as_send_error
from channels.messages import (
    Address,
    Answer,
    AttachmentRef,
    FetchedFile,
    Inbound,
    OutboundMessage,
    RawRequest,
    RawResponse,
    SendReceipt,
)
from channels.meta import graph, webhook
from channels.meta.whatsapp import media, registration
from channels.meta.whatsapp.names import name_of, piece_id
from channels.meta.whatsapp.outcomes import REFUSALS
from channels.meta.whatsapp.reading import read
from channels.meta.whatsapp.settings import WhatsAppSettings
from channels.meta.whatsapp.writing import bodies, recipient, template
from channels.protocols import Capabilities, Http
from config import clock

WINDOW_S = 24 * 3600.0
MARGIN_S = 600.0


class WhatsApp:
    """Receiver, Sender, Fetcher, Checker and Starter."""

    Settings = WhatsAppSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=4096, max_messages=3, buttons=True, media=True, reports=True, window_s=WINDOW_S, unordered=True
    )
    messages_per_second: ClassVar[float] = 20.0
    max_body: ClassVar[int] = 3 * 1024 * 1024
    burst: ClassVar[int] = 3

    def __init__(self, settings: WhatsAppSettings, now: Callable[[], datetime] = clock.now) -> None:
        self._settings = settings
        self._now = now
        self._base = f"{settings.api_url.rstrip('/')}/{settings.api_version}"
        self._send_url = f"{self._base}/{settings.phone_number_id}/messages"
        self.account = settings.phone_number_id
        self.app = hashlib.sha256(settings.app_secret.reveal().encode()).hexdigest()

    @property
    def own(self) -> str:
        return self._settings.number

    def pace(self, address: Address) -> float:
        """Seconds between two messages to one person, after the first three."""
        return 6.0

    def verify(self, request: RawRequest) -> None:
        settings = self._settings
        webhook.verify(
            request,
            (settings.app_secret, settings.previous_app_secret),
            (settings.verify_token, settings.previous_verify_token),
        )

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return [] if webhook.is_handshake(request) else read(request.body)

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        return webhook.challenge(request) if webhook.is_handshake(request) else RawResponse(HTTPStatus.OK)

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        """Several pieces are sent one after the other, each under our id and its place: Meta reports each of them."""
        named = {"messaging_product": "whatsapp", "recipient_type": "individual", **recipient(message)}
        sent: list[str] = []
        parts = self._parts(message)
        for place, part in enumerate(parts, start=1):
            ours = {"biz_opaque_callback_data": piece_id(message.id, place, len(parts))}
            try:
                sent.append(await self._post({**named, **part, **ours}, http))
            except SendError as problem:
                if not sent:
                    raise
                # They have the beginning: sending all of it again would double that.
                raise SendUnknown("partly_sent", f"{len(sent)} of {len(parts)}, {problem.reason}") from problem
        return SendReceipt(sent[-1], parts=tuple(sent) if len(sent) > 1 else ())

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        return await media.fetch(attachment, http, self._settings, max_bytes)

    async def start(self, http: Http, webhook_url: str) -> None:
        await registration.subscribe(http, self._settings)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        return await registration.problems(http, self._settings, webhook_url, self._now())

    def _parts(self, message: OutboundMessage) -> list[dict[str, Any]]:
        heard = message.heard_ago_s
        if heard is not None and heard < WINDOW_S - MARGIN_S and not message.as_template:
            return bodies(message)
        found = template(message, self._settings.templates)
        if found is None:
            raise SendHeld("window", message.meaning)
        return [found]

    async def _post(self, body: dict[str, Any], http: Http) -> str:
        """The kept name of the new message."""
        try:
            answer = await graph.call(http, "POST", self._send_url, self._settings.token, json=body)
        except ChannelError as problem:
            raise as_send_error(problem) from problem
        if not answer.succeeded:
            raise graph.refusal(answer, REFUSALS)
        messages = answer.body.get("messages") if answer.body else None
        first = messages[0] if isinstance(messages, list) and messages else None
        identity = first.get("id") if isinstance(first, dict) else None
        if not isinstance(identity, str) or not identity:
            raise SendUnknown("unclear_answer", str(answer.status))
        return name_of(identity)
