"""Meta's Cloud API for WhatsApp, played: messages, statuses, files, templates, subscription, and the phones behind.

Contract: docs/channels/whatsapp.md § Simulator. Free texts are refused once a day has passed since somebody wrote, as by the real
one: in a status, after they were taken.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.meta_webhook import Outgoing, Webhook
from workers.simulators.settings import SimulatorSettings
from workers.simulators.whatsapp_errors import DELIVERED, PRESETS, READ, SENT, error
from workers.simulators.whatsapp_talks import Item, Note, Row, Talks

OBJECT = "whatsapp_business_account"
WORDS = {SENT: "sent", DELIVERED: "delivered", READ: "read"}
UNREACHABLE, WINDOW_CLOSED, NO_TEMPLATE, NO_OBJECT, TOKEN = 131026, 131047, 132001, 100, 190
PATIENCE = timedelta(days=7)
TEXT_LIMIT = 4096


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`status_delay_s`: seconds after acceptance of the first, second … status. `window_at_once`: 131047 as the answer.

    `milliseconds`: timestamps in them. `without_numbers`: people are named by their id alone.
    """

    status_delay_s: list[float] = msgspec.field(default_factory=lambda: [1.0, 2.0])
    window_at_once: bool = False
    milliseconds: bool = False
    without_numbers: bool = False


class WhatsApp:
    """Player of the Cloud API for one number."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._names = names = settings.whatsapp
        url = settings.channel_url(names.channel) if names.channel else ""
        self._webhook = Webhook(plane, names.app_secret, {OBJECT: url}, PATIENCE)
        self.reset()

    def reset(self) -> None:
        people = (*self.settings.citizens, *self.settings.officers)
        named = {person.phone: person.name for person in people if person.phone}
        self.talks = Talks(named, lambda: self.plane.faults.random.getrandbits(60))
        self._webhook.restart()

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        given = _object(body)
        return _recipient(given), _shown(given)

    def throttled(self, retry_after: float) -> web.Response:
        return _refusal(130429, 429)

    async def inject(self, item: Item, action: Action) -> Item:
        """Somebody writes, or (`batch`) several things reach the gateway in one call."""
        given = item.get("batch") or [item]
        changes = [self._change(one) for one in given]
        text, who = str(given[0].get("text", "")), str(given[0].get("from", ""))
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "POST", f"/c/{self._names.channel}", who, text))
        entries = tuple({"id": self._names.waba_id, "changes": [change]} for change, _ in changes)
        self._webhook.put(Outgoing(OBJECT, entries, action))
        return {"ids": [identity for _, identity in changes]}

    def _change(self, item: Item) -> tuple[Item, str]:
        if "field" in item:  # something about the account
            return {"field": item["field"], "value": item.get("value", {})}, ""
        now, talk = self.plane.clock.now(), self.talks.talk(str(item.get("from", "")))
        wamid = str(item.get("id") or self.talks.new_name())
        content = self.talks.content(item, now)
        talk.wrote_at = now
        picture = content["type"] in {"image", "document"}
        self.talks.show(
            talk.number or talk.user_id, Note(wamid, now, str(item.get("text", "")), False, "sent", (), picture)
        )
        shows_number = bool(talk.number) and not self.options.without_numbers
        person: Item = {"profile": {"name": talk.name}, "user_id": talk.user_id}
        message: Item = {"from_user_id": talk.user_id, "id": wamid, "timestamp": self._stamp(), **content}
        if shows_number:
            person["wa_id"], message["from"] = talk.number, talk.number
        if item.get("of") and content["type"] in {"text", "interactive"}:
            message["context"] = {"from": self._names.number, "id": item["of"]}
        value = self._value(str(item.get("number_id") or self._names.number_id))
        return {"field": "messages", "value": {**value, "contacts": [person], "messages": [message]}}, wamid

    # -- HTTP -------------------------------------------------------------------------

    async def send(self, request: web.Request, body: bytes) -> web.StreamResponse:
        given = _object(body)
        who, text, ours = _recipient(given), _shown(given), str(given.get("biz_opaque_callback_data", ""))
        if refused := self._refused(request, request.match_info["node"] == self._names.number_id):
            return refused
        kind, talk = str(given.get("type", "")), self.talks.talk(who)
        if not who or not text or len(text) > TEXT_LIMIT:
            return _refusal(NO_OBJECT)
        if kind == "template" and str(given["template"].get("name")) not in self._names.templates:
            return _refusal(NO_TEMPLATE)
        now = self.plane.clock.now()
        closed = kind != "template" and not talk.is_open(now)
        if closed and self.options.window_at_once:
            return _refusal(WINDOW_CLOSED)
        wamid = self.talks.new_name()
        note = Note(wamid, now, text, True, "sending", _rows(given))
        if not closed:
            self.talks.show(who, note)
        self.plane.journal.accept(
            now, who, text, f"{ours}:{kind}:{hashlib.sha256(text.encode()).hexdigest()[:12]}", given
        )
        action = self.plane.faults.take(Moment("receipt", "POST", "/messages", who, text))
        if closed and action.receipts is None:
            action = msgspec.structs.replace(action, receipts=[-WINDOW_CLOSED])
        statuses = self._report(note, who, ours, action)
        if action.early_receipt:
            await statuses
        else:
            self.plane.spawn(statuses)
        contacts = [{"input": who, "wa_id": talk.number}] if talk.number else []
        return _json({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": wamid}]})

    async def node(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """The number, or a file by its id."""
        name, names = request.match_info["node"], self._names
        kept = self.talks.files.get(name)
        if refused := self._refused(request, kept is not None or name == names.number_id):
            return refused
        if kept is None:
            number = {"id": name, "display_phone_number": f"+{names.number}", "verified_name": self.settings.government}
            return _json({**number, "quality_rating": "GREEN", "status": "CONNECTED"})
        base = f"{request.url.origin()}{request.path.partition('/v')[0]}"
        about = {"id": name, "mime_type": kept.media_type, "file_size": len(kept.content), "sha256": kept.digest.hex()}
        return _json({**about, "messaging_product": "whatsapp", "url": f"{base}/file/{name}"})

    async def file(self, request: web.Request, body: bytes) -> web.StreamResponse:
        kept = self.talks.files.get(request.match_info["node"])
        if refused := self._refused(request, kept is not None):
            return refused
        assert kept is not None  # noqa: S101 - as `_refused` says
        return web.Response(body=kept.content, content_type=kept.media_type)

    async def upload(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._refused(request, request.match_info["node"] == self._names.number_id):
            return refused
        return _json({"id": self.talks.store(body, "application/octet-stream")})

    async def subscribe(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._refused(request, request.match_info["node"] == self._names.waba_id):
            return refused
        self._webhook.subscribed = True
        return _json({"success": True})

    async def subscriptions(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._refused(request, request.match_info["node"] == self._names.waba_id):
            return refused
        apps = [{"whatsapp_business_api_data": {"id": "1", "name": "satupintu"}}] if self._webhook.subscribed else []
        return _json({"data": apps})

    async def templates(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._refused(request, request.match_info["node"] == self._names.waba_id):
            return refused
        made = [{"name": name, "language": "id", "status": "APPROVED"} for name in self._names.templates]
        return _json({"data": made})

    def _refused(self, request: web.Request, is_known: bool) -> web.Response | None:
        token = self._names.token
        if token and request.headers.get("Authorization") != f"Bearer {token}":
            return _refusal(TOKEN, 401)
        return None if is_known else _refusal(NO_OBJECT)

    # -- to the gateway ---------------------------------------------------------------

    async def _report(self, note: Note, who: str, ours: str, action: Action) -> None:
        """The statuses of one accepted message."""
        codes = action.receipts if action.receipts is not None else [SENT, DELIVERED]
        delays, accepted_at = self.options.status_delay_s, self.plane.clock.now()
        for place, code in enumerate(codes if not action.drop_receipt else ()):
            delay = delays[min(place, len(delays) - 1)] if delays else 0.0
            late = (action.late_receipt or 0.0) + (0.0 if action.early_receipt else delay)
            await self.plane.clock.wait_until(accepted_at + timedelta(seconds=late))
            value = {**self._value(self._names.number_id), "statuses": [self._status(note.wamid, who, ours, code)]}
            entry = {"id": self._names.waba_id, "changes": [{"field": "messages", "value": value}]}
            call = Outgoing(OBJECT, (entry,), NOTHING)
            if action.early_receipt:
                await self._webhook.bring_once(call)
            else:
                self._webhook.put(call)
            note.state = {SENT: "sent", DELIVERED: "delivered", READ: "delivered"}.get(code, "failed")

    def _status(self, wamid: str, who: str, ours: str, code: int) -> Item:
        status: Item = {"id": wamid, "status": WORDS.get(code, "failed"), "timestamp": self._stamp()}
        status |= {"recipient_id": who} if who.isdecimal() else {"recipient_user_id": who}
        if ours:
            status["biz_opaque_callback_data"] = ours
        if code not in WORDS:
            failed = -code if code < 0 else UNREACHABLE
            status["errors"] = [{"code": failed, "title": "rekaan", "error_data": {"details": "rekaan"}}]
        return status

    def _value(self, number_id: str) -> Item:
        metadata = {"display_phone_number": self._names.number, "phone_number_id": number_id}
        return {"messaging_product": "whatsapp", "metadata": metadata}

    def _stamp(self) -> str:
        return str(int(self.plane.clock.now().timestamp() * (1000 if self.options.milliseconds else 1)))


PLAYER = web.AppKey("whatsapp", WhatsApp)


def build(settings: SimulatorSettings) -> web.Application:
    """The Cloud API with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    player = WhatsApp(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    version = r"/{version:v\d+\.\d+}/{node}"
    app.router.add_post(f"{version}/messages", plane.play(player, player.send))
    app.router.add_post(f"{version}/media", plane.play(player, player.upload))
    app.router.add_post(f"{version}/subscribed_apps", plane.play(player, player.subscribe))
    app.router.add_get(f"{version}/subscribed_apps", plane.play(player, player.subscriptions))
    app.router.add_get(f"{version}/message_templates", plane.play(player, player.templates))
    app.router.add_get(version, plane.play(player, player.node))
    app.router.add_get("/file/{node}", plane.play(player, player.file))
    return app


def _object(body: bytes) -> Item:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _recipient(given: Mapping[str, Any]) -> str:
    """The number wins where both are named."""
    return str(given.get("to") or given.get("recipient") or "")


def _shown(given: Mapping[str, Any]) -> str:
    """What the phone shows of a message."""
    content = given.get(str(given.get("type", "")))
    if not isinstance(content, dict):
        return ""
    if components := content.get("components"):
        filled = [str(part.get("text", "")) for one in components for part in one.get("parameters", ())]
        return f"[{content.get('name')}] {' · '.join(filled)}"
    body = content.get("body", "")
    return str(body.get("text", "") if isinstance(body, dict) else body)


def _rows(given: Mapping[str, Any]) -> tuple[Row, ...]:
    action = given.get("interactive", {}).get("action", {})
    listed = [row for section in action.get("sections", ()) for row in section.get("rows", ())]
    shown = [one.get("reply", {}) for one in action.get("buttons", ())] + listed
    return tuple((str(one.get("title", "")), str(one.get("id", ""))) for one in shown)


def _refusal(code: int, status: int = 400) -> web.Response:
    return _json(error(code), status)


def _json(content: Item, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type=JSON, status=status)
