"""Telegram: updates in, sendMessage out, files by getFile; webhook or polling.

Wire: docs/channels/telegram.md. Telegram executes a `method` in the body of our answer, therefore `ack` has none. What
calls the Bot API stands in `channels.telegram.calls`, loaded by whoever calls: receiving needs no python-telegram-bot.
"""

import hmac
from collections.abc import Sequence
from http import HTTPStatus
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from channels.errors import SignatureInvalid
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
from channels.telegram.polling import poll
from channels.telegram.reading import Me, read
from channels.telegram.settings import TelegramSettings
from channels.telegram.updates import read_update

if TYPE_CHECKING:
    from channels.telegram.calls import Calls

CALLS = "channels.telegram.calls"


class Telegram:
    """Receiver, Sender, Fetcher, Listener, Checker and Starter."""

    Settings = TelegramSettings
    capabilities: ClassVar[Capabilities] = Capabilities(max_length=4096, max_messages=3, buttons=True, media=True)
    drawn: ClassVar[tuple[str, ...]] = ("webhook_secret",)
    messages_per_second: ClassVar[float] = 25.0

    def __init__(self, settings: TelegramSettings) -> None:
        self._settings = settings
        self._me = Me(int(settings.token.reveal().partition(":")[0]), settings.username.removeprefix("@"))
        self._api_url = settings.api_url.rstrip("/")
        self._kept: tuple[Http, Calls] | None = None

    @property
    def own(self) -> str:
        return f"@{self._me.username}" if self._me.username else ""

    def pace(self, address: Address) -> float:
        """Seconds between two messages to one chat: one a second, 18 a minute in groups."""
        return 60 / 18 if address.path.startswith("-") else 1.0

    def verify(self, request: RawRequest) -> None:
        given = request.headers.get("x-telegram-bot-api-secret-token", "").encode()
        accepted = [self._settings.webhook_secret, self._settings.previous_webhook_secret]
        matches = [hmac.compare_digest(given, secret.reveal().encode()) for secret in accepted if secret]
        if not any(matches):
            raise SignatureInvalid("telegram: secret token missing or wrong")

    def parse(self, request: RawRequest) -> Sequence[Inbound]:
        return [read(read_update(request.body), request.body, self._me)]

    def ack(self, request: RawRequest, answer: Answer) -> RawResponse:
        return RawResponse(HTTPStatus.OK)

    def load(self) -> None:
        """Load what calling needs (half a second, 25 MiB), for a process that will call as soon as it is ready."""
        import_module(CALLS)

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        return await self._calls(http).send(message)

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        return await self._calls(http).fetch(attachment, max_bytes)

    def listens(self) -> bool:
        return self._settings.mode == "polling"

    async def listen(self, submit: Submit, http: Http, bookmark: Bookmark) -> None:
        url = f"{self._api_url}/bot{self._settings.token.reveal()}/getUpdates"
        await poll(url, self.parse, submit, http)

    async def start(self, http: Http, webhook_url: str) -> None:
        await self._calls(http).start(webhook_url)

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        return await self._calls(http).check(webhook_url)

    def _calls(self, http: Http) -> "Calls":
        if self._kept is None or self._kept[0] is not http:
            self._kept = http, import_module(CALLS).Calls(self._settings, self._me.username, http)
        return self._kept[1]
