"""What we ask of the Bot API, over python-telegram-bot: sending, files, registration, checks.

Only `channels.telegram.adapter` loads this, when somebody calls: the library takes as long to load as the rest of a web
process, which never needs it.
"""

from http import HTTPStatus

from telegram.error import BadRequest, TelegramError

from channels.errors import AnswerLost, AnswerTooLarge, FileGone
from channels.messages import AttachmentRef, FetchedFile, OutboundMessage, SendReceipt
from channels.protocols import Http
from channels.telegram.bot import Unreachable, open_bot
from channels.telegram.outcomes import says, send_error
from channels.telegram.registration import explain, set_commands, set_webhook, webhook_problems
from channels.telegram.sending import answer_press, send_text
from channels.telegram.settings import TelegramSettings


class Calls:
    """One bot over one `http`, kept for as long as that lives. The adapter's protocols say what each call does."""

    def __init__(self, settings: TelegramSettings, username: str, http: Http) -> None:
        """`username`: the bot's name without @, empty where the settings do not say it."""
        self._settings = settings
        self._username = username
        self._api_url = settings.api_url.rstrip("/")
        self._http = http
        self._send_url = f"{self._api_url}/bot{settings.token.reveal()}/sendMessage"
        self.bot = open_bot(settings.token.reveal(), self._api_url, http)

    async def send(self, message: OutboundMessage) -> SendReceipt:
        if message.callback_id:
            return await answer_press(self.bot, message)
        return await send_text(self._http, self._send_url, message)

    async def fetch(self, attachment: AttachmentRef, max_bytes: int) -> FetchedFile:
        """The link to a file holds the token and lives an hour: it is asked for now and never kept."""
        if attachment.size is not None and attachment.size > max_bytes:
            raise AnswerTooLarge(f"telegram: {attachment.size} bytes")
        path = await self._file_url(attachment.ref)
        response = await self._http.request("GET", path, read_s=60.0, max_bytes=max_bytes)
        if response.status == HTTPStatus.NOT_FOUND:
            raise FileGone("telegram: file is gone")
        if response.status != HTTPStatus.OK:
            raise AnswerLost(f"telegram: file answered {response.status}")
        media_type = attachment.media_type or response.headers.get("content-type", "")
        return FetchedFile(response.body, media_type, attachment.name)

    async def start(self, webhook_url: str) -> None:
        bot, settings = self.bot, self._settings
        try:
            if settings.mode == "polling":
                await bot.delete_webhook(drop_pending_updates=False)
            else:
                secret, certificate = settings.webhook_secret, settings.certificate
                await set_webhook(bot, webhook_url, secret, settings.max_connections, certificate)
            await set_commands(bot)
        except TelegramError as problem:
            raise send_error(problem) from problem

    async def check(self, webhook_url: str) -> list[str]:
        try:
            me, state = await self.bot.get_me(), await self.bot.get_webhook_info()
        except TelegramError as problem:
            return [explain(send_error(problem))]
        problems = webhook_problems(state, self._settings.mode, webhook_url)
        if self._username and (me.username or "").lower() != self._username.lower():
            problems.append(f"the token belongs to @{me.username}: the setting username says @{self._username}")
        return problems

    async def _file_url(self, file_id: str) -> str:
        try:
            file = await self.bot.get_file(file_id)
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
