"""X: signed account activity in, or asked for now and then; direct messages out. Wire: docs/channels/x.md."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlsplit

from channels.errors import AddressRefused, AnswerLost, FileGone, SignatureInvalid
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
from channels.protocols import Bookmark, Capabilities, Http, Submit
from channels.x.calls import Calls
from channels.x.polling import poll
from channels.x.reading import read_activity
from channels.x.settings import XSettings
from config import clock

HEADER = "x-twitter-webhooks-signature"
CHALLENGE = re.compile(r"[A-Za-z0-9+/=_.-]{1,200}")
"""We sign what stands here with the key that signs calls: so it must never be able to be one, which begins with a brace."""
FILE_HOSTS = ("pbs.twimg.com", "video.twimg.com", "ton.twitter.com")


class X:
    """Receiver, Sender, Fetcher, Listener and Checker."""

    Settings = XSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_length=10_000, max_messages=1, media=True, staff=False, unordered=True
    )
    messages_per_second: ClassVar[float] = 0.2

    def __init__(self, settings: XSettings, now: Callable[[], datetime] = clock.now) -> None:
        self._settings = settings
        self._calls = Calls(settings, now)
        self._secrets = (settings.consumer_secret, settings.previous_consumer_secret)
        self.account = f"x:{settings.user_id}"
        self.app = hashlib.sha256(settings.consumer_secret.reveal().encode()).hexdigest()

    @property
    def own(self) -> str:
        return f"@{self._settings.username}" if self._settings.username else ""

    def pace(self, address: Address) -> float:
        """Seconds between two messages to one person."""
        return 1.0

    def verify(self, request: RawRequest) -> None:
        if request.method == "GET":
            if not CHALLENGE.fullmatch(request.query.get("crc_token", "")):
                raise SignatureInvalid("x: no challenge")
            return
        given = request.headers.get(HEADER, "").encode()
        matches = [hmac.compare_digest(given, _signed(one.reveal(), request.body)) for one in self._secrets if one]
        if not any(matches):
            raise SignatureInvalid("x: signature missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return () if request.method == "GET" else read_activity(request.body, self._settings.user_id)

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        if request.method != "GET":
            return RawResponse(HTTPStatus.OK)
        token = request.query.get("crc_token", "").encode()
        proof = _signed(self._settings.consumer_secret.reveal(), token).decode()
        return RawResponse(HTTPStatus.OK, json.dumps({"response_token": proof}).encode(), "application/json")

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        return await self._calls.send(message, http)

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        """Files of direct messages are shown to the account alone; only X's own hosts see its token."""
        url = urlsplit(attachment.ref)
        is_api = url.netloc == urlsplit(self._settings.api_url).netloc
        if not is_api and not (url.scheme == "https" and url.netloc in FILE_HOSTS):
            raise AddressRefused("x: not a host of X's files")
        headers = {"authorization": f"Bearer {self._calls.token}"}
        response = await http.request(
            "GET", attachment.ref, headers=headers, read_s=60.0, max_bytes=max_bytes, trusted=is_api
        )
        if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.GONE}:
            raise FileGone("x: file is gone")
        if response.status != HTTPStatus.OK:
            raise AnswerLost(f"x: file answered {response.status}")
        media_type = response.headers.get("content-type", "").partition(";")[0] or attachment.media_type
        return FetchedFile(response.body, media_type, attachment.name)

    def listens(self) -> bool:
        return self._settings.mode == "poll"

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        await poll(self._settings, self._calls, self.parse, submit, http, bookmark)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        return await self._calls.problems(webhook_url, http)


def _signed(secret: str, octets: bytes) -> bytes:
    return b"sha256=" + base64.b64encode(hmac.new(secret.encode(), octets, hashlib.sha256).digest())
