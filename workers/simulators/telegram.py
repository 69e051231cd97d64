"""Telegram's Bot API, played: methods at `/bot<token>/<method>`, files, updates to a webhook, people who write.

Contract: docs/channels/telegram.md § Simulator. Error texts are those of the real server.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.settings import SimulatorSettings
from workers.simulators.telegram_calls import CallUnreadable, Upload, file_argument, read_arguments
from workers.simulators.telegram_chats import Chat, Chats, Item
from workers.simulators.telegram_errors import PRESETS, TOO_OLD, BotError, refusal
from workers.simulators.telegram_updates import Updates, Webhook

TEXT_LIMIT, CAPTION_LIMIT, BUTTON_DATA_LIMIT = 4096, 1024, 64
PHOTO_LIMIT, DOCUMENT_LIMIT, DOWNLOAD_LIMIT = 10 * 2**20, 50 * 2**20, 20 * 2**20


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`rate_meter`: answer 429 above the real limits. `strict_chats`: only chats that wrote first can be reached."""

    rate_meter: bool = False
    strict_chats: bool = False


class Meter:
    """The real limits: 30 messages/s in all, about 1/s in a chat (a burst of 3), 20/min in a group."""

    def __init__(self) -> None:
        self._sent: dict[int, deque[datetime]] = {}

    def retry_after(self, chat_id: int, now: datetime) -> int:
        """Seconds to wait; 0 = sent now."""
        limits = [(0, 30, 1), (chat_id, 20, 60) if chat_id < 0 else (chat_id, 3, 3)]
        for key, most, seconds in limits:
            sent = self._sent.setdefault(key, deque(maxlen=most))
            while sent and now - sent[0] >= timedelta(seconds=seconds):
                sent.popleft()
            if len(sent) == most:
                return max(1, round((sent[0] + timedelta(seconds=seconds) - now).total_seconds()))
        for key, _, _ in limits:
            self._sent[key].append(now)
        return 0


class Telegram:
    """Player of the Bot API for one bot."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self.updates = Updates(plane, self._call_in_answer)
        self.reset()

    def reset(self) -> None:
        people = [*self.settings.citizens, *self.settings.officers]
        self.chats = Chats(self.settings.telegram, people, self.plane.faults.random.getrandbits(32))
        self.commands: list[Item] = []
        self._meter = Meter()
        names = self.settings.telegram
        known = Webhook(self.settings.channel_url(names.channel), names.webhook_secret)
        self.updates.restart(known if names.webhook_secret else None)

    # -- Player -------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        try:
            arguments = read_arguments(request.headers.get("Content-Type", ""), request.query, body)
        except CallUnreadable:
            return "", ""
        return str(arguments.get("chat_id", "")), str(arguments.get("text", arguments.get("caption", "")))

    def throttled(self, retry_after: float) -> web.Response:
        wait = round(retry_after)
        refused = BotError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        return refusal(refused, {"Retry-After": str(wait)})

    async def inject(self, item: Item, action: Action) -> Item:
        now, deeds, ids = self.plane.clock.now(), [], []
        for kind, content in self.chats.act(item, now):
            chat_id = int(item.get("chat", 0))
            text = str(content.get("text", content.get("caption", "")))
            hit = action
            if hit is NOTHING:
                hit = self.plane.faults.take(Moment("event", "POST", f"/{kind}", str(chat_id), text))
            ids.append(self.updates.put(kind, content, chat_id, hit))
            deeds.append(content)
        first = deeds[0] if deeds else {}
        return {
            "update_id": ids[0] if ids else 0,
            "update_ids": ids,
            "message_id": first.get("message_id", 0),
            "callback_id": first.get("id", "") if "data" in first else "",
        }

    # -- HTTP ---------------------------------------------------------------------

    async def call(self, request: web.Request, body: bytes) -> web.StreamResponse:
        try:
            self._check_token(request.match_info["token"])
            arguments = read_arguments(request.headers.get("Content-Type", ""), request.query, body)
            method = METHODS.get(request.match_info["method"].lower(), Telegram.no_method)
            outcome = await method(self, arguments)
        except BotError as refused:
            return refusal(refused)
        except CallUnreadable as problem:
            return refusal(BotError(400, f"Bad Request: can't parse the call: {problem}"))
        return web.Response(body=msgspec.json.encode({"ok": True, "result": outcome}), content_type=JSON)

    async def download(self, request: web.Request, body: bytes) -> web.StreamResponse:
        token, path = request.match_info["token"], request.match_info["path"]
        kept = next((kept for kept in self.chats.files.values() if kept.path == path), None)
        try:
            self._check_token(token)
        except BotError as refused:
            return refusal(refused)
        if kept is None:
            return refusal(BotError(404, "Not Found"))
        return web.Response(body=kept.content, content_type="application/octet-stream")

    def _check_token(self, token: str) -> None:
        if self.settings.telegram.token and token != self.settings.telegram.token:
            raise BotError(401, "Unauthorized")

    def _call_in_answer(self, headers: Mapping[str, str], answer: bytes) -> None:
        """A webhook may answer with a call; it is carried out, and nobody learns its outcome."""
        if not headers.get("Content-Type", "").startswith(JSON) or not answer:
            return
        try:
            arguments = msgspec.json.decode(answer, type=dict[str, Any])
        except msgspec.MsgspecError:
            return
        if method := METHODS.get(str(arguments.pop("method", "")).lower()):
            self.plane.spawn(_quietly(method(self, arguments)))

    # -- methods --------------------------------------------------------------------

    async def no_method(self, arguments: Item) -> Any:
        raise BotError(404, "Not Found: method not found")

    async def get_me(self, arguments: Item) -> Item:
        able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return self.chats.bot | able

    async def set_webhook(self, arguments: Item) -> bool:
        url, secret = str(arguments.get("url", "")), str(arguments.get("secret_token", ""))
        if url and not url.startswith(("https://", "http://")):
            raise BotError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if arguments.get("drop_pending_updates") in (True, "true", "True"):
            self.updates.drop_pending()
        allowed = tuple(arguments.get("allowed_updates") or ())
        connections = max(1, min(100, _integer(arguments, "max_connections", 40)))
        self.updates.set_webhook(Webhook(url, secret, connections, allowed) if url else None)
        return True

    async def delete_webhook(self, arguments: Item) -> bool:
        return await self.set_webhook({**arguments, "url": ""})

    async def get_webhook_info(self, arguments: Item) -> Item:
        webhook, failed = self.updates.webhook, self.updates.last_error
        about: Item = {
            "url": webhook.url if webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": self.updates.pending,
        }
        if webhook:
            about |= {"max_connections": webhook.max_connections, "ip_address": "127.0.0.1"}
            about |= {"allowed_updates": list(webhook.allowed)} if webhook.allowed else {}
        if failed:
            about |= {"last_error_date": int(failed[0].timestamp()), "last_error_message": failed[1]}
        return about

    async def get_updates(self, arguments: Item) -> list[Item]:
        if self.updates.webhook:
            raise BotError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            )
        limit = max(1, min(100, _integer(arguments, "limit", 100)))
        timeout = max(0, min(50, _integer(arguments, "timeout", 0)))
        return await self.updates.fetch(_integer(arguments, "offset", 0), limit, timeout)

    async def send_message(self, arguments: Item) -> Item:
        text = str(arguments.get("text", "")).strip()
        if not text:
            raise BotError(400, "Bad Request: message text is empty")
        if _utf16_units(text) > TEXT_LIMIT:
            raise BotError(400, "Bad Request: message is too long")
        return self._send("sendMessage", arguments, {"text": text})

    async def send_photo(self, arguments: Item) -> Item:
        kept = self._file(arguments, "photo", PHOTO_LIMIT)
        return self._send("sendPhoto", arguments, {"photo": [kept | {"width": 960, "height": 720}]})

    async def send_document(self, arguments: Item) -> Item:
        return self._send("sendDocument", arguments, {"document": self._file(arguments, "document", DOCUMENT_LIMIT)})

    async def edit_text(self, arguments: Item) -> Item:
        text = str(arguments.get("text", ""))
        return self._edit(arguments, {"text": text, "reply_markup": _markup(arguments)})

    async def edit_markup(self, arguments: Item) -> Item:
        return self._edit(arguments, {"reply_markup": _markup(arguments)})

    async def answer_callback(self, arguments: Item) -> bool:
        chat = self.chats.callbacks.pop(str(arguments.get("callback_query_id", "")), None)
        if chat is None:
            raise BotError(400, TOO_OLD)
        chat.toast = str(arguments.get("text", ""))
        return True

    async def set_commands(self, arguments: Item) -> bool:
        self.commands = list(arguments.get("commands") or [])
        return True

    async def get_commands(self, arguments: Item) -> list[Item]:
        return self.commands

    async def chat_action(self, arguments: Item) -> bool:
        self._reach(arguments)
        return True

    async def get_file(self, arguments: Item) -> Item:
        kept = self.chats.files.get(str(arguments.get("file_id", "")))
        if kept is None:
            raise BotError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(kept.content) > DOWNLOAD_LIMIT:
            raise BotError(400, "Bad Request: file is too big")
        return {
            "file_id": kept.file_id,
            "file_unique_id": kept.file_id,
            "file_size": len(kept.content),
            "file_path": kept.path,
        }

    # -- sending -----------------------------------------------------------------------

    def _reach(self, arguments: Item) -> Chat:
        if "chat_id" not in arguments:
            raise BotError(400, "Bad Request: chat_id is empty")
        chat_id = _integer(arguments, "chat_id", 0)
        if not chat_id or (self.options.strict_chats and chat_id not in self.chats.chats):
            raise BotError(400, "Bad Request: chat not found")
        chat = self.chats.chat(chat_id)
        if self.options.strict_chats and not chat.wrote:
            raise BotError(403, "Forbidden: bot can't initiate conversation with a user")
        if chat.blocked:
            raise BotError(403, "Forbidden: bot was blocked by the user")
        if chat.migrated_to is not None:
            moved = "Bad Request: group chat was upgraded to a supergroup chat"
            raise BotError(400, moved, migrate_to_chat_id=chat.migrated_to)
        return chat

    def _send(self, method: str, arguments: Item, content: Item) -> Item:
        chat, now = self._reach(arguments), self.plane.clock.now()
        if markup := _markup(arguments):
            content["reply_markup"] = markup
        if caption := str(arguments.get("caption", "")):
            if _utf16_units(caption) > CAPTION_LIMIT:
                raise BotError(400, "Bad Request: message caption is too long")
            content["caption"] = caption
        if replied := self._replied(chat, arguments):
            content["reply_to_message"] = replied
        if self.options.rate_meter and (wait := self._meter.retry_after(chat.id, now)):
            raise BotError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
        chat.keyboard = markup.get("keyboard", [] if markup.get("remove_keyboard") else chat.keyboard)
        message = self.chats.message(chat, self.chats.bot, now, content)
        text = str(content.get("text", caption))
        self.plane.journal.accept(now, str(chat.id), text, _fingerprint(method, arguments), message)
        # The real answer holds inline keyboards only, and no keyboard of a reply.
        return {name: value for name, value in message.items() if name != "reply_markup" or "inline_keyboard" in value}

    def _replied(self, chat: Chat, arguments: Item) -> Item | None:
        parameters = arguments.get("reply_parameters") or {}
        wanted = parameters.get("message_id", arguments.get("reply_to_message_id"))
        if not wanted:
            return None
        message = self.chats.find(chat, int(wanted))
        if message is None and not parameters.get("allow_sending_without_reply"):
            raise BotError(400, "Bad Request: message to be replied not found")
        return {name: value for name, value in message.items() if name != "reply_to_message"} if message else None

    def _edit(self, arguments: Item, change: Item) -> Item:
        chat = self._reach(arguments)
        message = self.chats.find(chat, _integer(arguments, "message_id", 0))
        if message is None or not message["from"]["is_bot"]:
            raise BotError(400, "Bad Request: message to edit not found")
        if all(message.get(name, {}) == value for name, value in change.items()):
            raise BotError(400, "Bad Request: message is not modified")
        message.update(change, edit_date=int(self.plane.clock.now().timestamp()))
        if not message.get("reply_markup"):  # an edit without a keyboard takes the old one away
            message.pop("reply_markup", None)
        return message

    def _file(self, arguments: Item, name: str, limit: int) -> Item:
        given = file_argument(arguments, name)
        if isinstance(given, Upload):
            if len(given.content) > limit:
                raise BotError(413, "Request Entity Too Large")
            kept = self.chats.store_file(given.content, f"{name}s/{given.name}", "application/octet-stream")
            return kept | {"file_name": given.name}
        if isinstance(given, str) and given in self.chats.files:
            return {"file_id": given, "file_unique_id": given, "file_size": len(self.chats.files[given].content)}
        raise BotError(400, f"Bad Request: there is no {name} in the request")


METHODS: Mapping[str, Callable[[Telegram, Item], Awaitable[Any]]] = {
    "getme": Telegram.get_me,
    "setwebhook": Telegram.set_webhook,
    "deletewebhook": Telegram.delete_webhook,
    "getwebhookinfo": Telegram.get_webhook_info,
    "getupdates": Telegram.get_updates,
    "sendmessage": Telegram.send_message,
    "sendphoto": Telegram.send_photo,
    "senddocument": Telegram.send_document,
    "sendchataction": Telegram.chat_action,
    "editmessagetext": Telegram.edit_text,
    "editmessagereplymarkup": Telegram.edit_markup,
    "answercallbackquery": Telegram.answer_callback,
    "setmycommands": Telegram.set_commands,
    "getmycommands": Telegram.get_commands,
    "getfile": Telegram.get_file,
}

PLAYER = web.AppKey("telegram", Telegram)


def build(settings: SimulatorSettings) -> web.Application:
    """The Bot API with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    telegram = Telegram(settings, plane)
    app = control.build(plane, telegram)
    app[PLAYER] = telegram
    app.on_shutdown.append(telegram.updates.release)
    app.router.add_route("*", "/bot{token}/{method}", plane.play(telegram, telegram.call))
    app.router.add_get("/file/bot{token}/{path:.+}", plane.play(telegram, telegram.download))
    return app


def _markup(arguments: Item) -> Item:
    markup = arguments.get("reply_markup") or {}
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if len(str(button.get("callback_data", "")).encode()) > BUTTON_DATA_LIMIT:
                raise BotError(400, "Bad Request: BUTTON_DATA_INVALID")
            if not button.get("text") or not any(button.get(kind) for kind in ("callback_data", "url", "web_app")):
                raise BotError(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
    return dict(markup)


def _integer(arguments: Item, name: str, default: int) -> int:
    try:
        return int(arguments.get(name, default))
    except (TypeError, ValueError):
        raise BotError(400, f"Bad Request: {name} must be a number") from None


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _fingerprint(method: str, arguments: Item) -> str:
    """Equal for the same message sent again: Telegram has no id of the sender's to tell by."""
    plain = {name: repr(value) for name, value in sorted(arguments.items())}
    return hashlib.blake2b(msgspec.json.encode([method, plain]), digest_size=12).hexdigest()


async def _quietly(call: Awaitable[Any]) -> None:
    try:
        await call
    except (BotError, asyncio.CancelledError):
        return
