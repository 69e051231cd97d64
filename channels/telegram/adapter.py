"""Telegram: updates in, sendMessage out, files by getFile; webhook or polling.

Wire: docs/channels/telegram.md. Telegram executes a `method` in the body of our answer, therefore `ack` has none.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar, Literal

from telegram import Bot
from telegram.error import BadRequest, TelegramError

from channels.errors import AnswerLost, AnswerTooLarge, FileGone, SignatureInvalid
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
from channels.protocols import Capabilities, Http, Submit
from channels.telegram.bot import Unreachable, open_bot
from channels.telegram.outcomes import says, send_error
from channels.telegram.polling import poll
from channels.telegram.reading import Me, read
from channels.telegram.registration import explain, set_commands, set_webhook, webhook_problems
from channels.telegram.sending import answer_press, send_text
from channels.telegram.updates import read_update
from config.settings import Secret

TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{3,}")
WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    token: Secret
    webhook_secret: Secret | None = None
    previous_webhook_secret: Secret | None = None
    """Still accepted while a new one spreads."""
    api_url: str = "https://api.telegram.org"
    mode: Literal["webhook", "polling"] = "webhook"
    username: str = ""
    """Name of the bot without @; needed only where several bots share a group."""
    max_connections: int = field(default=40, metadata={"min": 1, "max": 100})
    certificate: Path | None = None
    """Self-signed certificate of the webhook (PEM), uploaded to Telegram."""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token must look like 123456789:AA…, as @BotFather gave it")
        for name in ("webhook_secret", "previous_webhook_secret"):
            secret: Secret | None = getattr(self, name)
            if secret and not WEBHOOK_SECRET.fullmatch(secret.reveal()):
                raise ValueError(f"{name} may hold 1 to 256 of A-Z a-z 0-9 _ -")


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
        self._kept: tuple[Http, Bot] | None = None

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

    async def send(self, message: OutboundMessage, http: Http) -> SendReceipt:
        bot = self._bot(http)
        return await (answer_press if message.callback_id else send_text)(bot, message)

    async def fetch(self, attachment: AttachmentRef, http: Http, max_bytes: int) -> FetchedFile:
        """The link to a file holds the token and lives an hour: it is asked for now and never kept."""
        if attachment.size is not None and attachment.size > max_bytes:
            raise AnswerTooLarge(f"telegram: {attachment.size} bytes")
        path = await self._file_url(attachment.ref, http)
        response = await http.request("GET", path, read_s=60.0, max_bytes=max_bytes)
        if response.status == HTTPStatus.NOT_FOUND:
            raise FileGone("telegram: file is gone")
        if response.status != HTTPStatus.OK:
            raise AnswerLost(f"telegram: file answered {response.status}")
        media_type = attachment.media_type or response.headers.get("content-type", "")
        return FetchedFile(response.body, media_type, attachment.name)

    def listens(self) -> bool:
        return self._settings.mode == "polling"

    async def listen(self, submit: Submit, http: Http) -> None:
        url = f"{self._api_url}/bot{self._settings.token.reveal()}/getUpdates"
        await poll(url, self.parse, submit, http)

    async def start(self, http: Http, webhook_url: str) -> None:
        bot, settings = self._bot(http), self._settings
        try:
            if settings.mode == "polling":
                await bot.delete_webhook(drop_pending_updates=False)
            else:
                secret, certificate = settings.webhook_secret, settings.certificate
                await set_webhook(bot, webhook_url, secret, settings.max_connections, certificate)
            await set_commands(bot)
        except TelegramError as problem:
            raise send_error(problem) from problem

    async def check(self, http: Http, webhook_url: str) -> list[str]:
        bot = self._bot(http)
        try:
            me, state = await bot.get_me(), await bot.get_webhook_info()
        except TelegramError as problem:
            return [explain(send_error(problem))]
        problems = webhook_problems(state, self._settings.mode, webhook_url)
        if self._me.username and (me.username or "").lower() != self._me.username.lower():
            problems.append(f"the token belongs to @{me.username}: the setting username says @{self._me.username}")
        return problems

    def _bot(self, http: Http) -> Bot:
        if self._kept is None or self._kept[0] is not http:
            self._kept = http, open_bot(self._settings.token.reveal(), self._api_url, http)
        return self._kept[1]

    async def _file_url(self, file_id: str, http: Http) -> str:
        try:
            file = await self._bot(http).get_file(file_id)
        except Unreachable as problem:
            raise problem.problem from problem
        except BadRequest as problem:
            if says(problem, "file is too big"):
                raise AnswerTooLarge("telegram: larger than bots may fetch") from problem
            raise FileGone(f"telegram: {problem.message[:100]}") from problem
        except TelegramError as problem:
            raise AnswerLost(f"telegram: {send_error(problem).reason}") from problem
        url = file.file_path or ""
        if not url.startswith(f"{self._api_url}/file/bot"):
            raise FileGone("telegram: no path to the file")
        return url
