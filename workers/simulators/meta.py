"""The Graph API for one page and its Instagram account, played: messages, private replies, the wall, subscriptions, files.

Contract: docs/channels/messenger.md § Simulator. The window of 24 hours and the one private reply per comment hold in
virtual time.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.meta_errors import PRESETS, GraphError, refusal
from workers.simulators.meta_webhook import Outgoing, Webhook, stamp
from workers.simulators.meta_world import OBJECTS, Comment, Deed, Item, Said, Talk, World
from workers.simulators.settings import SimulatorSettings

WINDOW, HUMAN_WINDOW, REPLY_WITHIN = timedelta(hours=24), timedelta(days=7), timedelta(days=7)
LIMITS = {"messenger": 2000, "instagram": 1000}
FIELDS = "messages,messaging_postbacks,message_deliveries,message_reads,message_echoes,message_edits,feed"
APP_FIELDS = {"page": FIELDS, "instagram": "messages,messaging_postbacks,messaging_seen,comments,mentions"}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`seconds`: times of messages in seconds instead of milliseconds. `reads`: whoever gets a message looks at it."""

    seconds: bool = False
    reads: bool = False


class Meta:
    """Player of the Graph API for one app with one page and one Instagram account."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings, self.plane, self.names = settings, plane, settings.meta
        urls = {"page": self.names.page_channel, "instagram": self.names.instagram_channel}
        self._urls = {kind: settings.channel_url(name) for kind, name in urls.items() if name}
        self.webhook = Webhook(plane, self.names.app_secret, self._urls)
        self.options = Options()
        self.reset()

    def reset(self) -> None:
        self.world = World(
            self.names, f"{self.names.api_url}/berkas", self.plane.faults.random.randrange(10_000, 1_000_000_000)
        )
        self.webhook.restart()

    # -- Player -------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        try:
            call = _object(body)
        except GraphError:
            return "", ""
        recipient, message = call.get("recipient") or {}, call.get("message") or {}
        text = message if isinstance(message, str) else str(message.get("text", ""))
        return str(recipient.get("id", recipient.get("comment_id", ""))), text

    def throttled(self, retry_after: float) -> web.Response:
        return refusal(GraphError(613, "Calls to this api have exceeded the rate limit."))

    async def inject(self, item: Item, action: Action) -> Item:
        """One deed, or `batch`: several `items` in one call."""
        self.world.in_seconds = self.options.seconds
        items = item["items"] if item.get("type") == "batch" else [item]
        if item.get("type") == "raw":
            call = Outgoing(str(item.get("object", "page")), tuple(item.get("entries", ())), action)
            return {"brought": self.webhook.put(call)}
        deeds = [self.world.act(one, self.plane.clock.now()) for one in items]
        return self._bring([deed for deed in deeds if deed.platform], action)

    def _bring(self, deeds: list[Deed], action: Action) -> Item:
        """Each platform in a call of its own: `object` stands once in it."""
        brought, mids = False, []
        for platform, kind in OBJECTS.items():
            mine = [deed for deed in deeds if deed.platform == platform]
            hit = action
            if mine and hit is NOTHING:
                hit = self.plane.faults.take(Moment("event", "POST", f"/{mine[0].part}"))
            if mine:
                brought |= self.webhook.put(Outgoing(kind, tuple(self._entry(deed) for deed in mine), hit))
            mids += [(deed.element.get("message") or {}).get("mid", "") for deed in mine]
        return {"brought": brought, "mid": mids[0] if mids else "", "mids": mids}

    def _entry(self, deed: Deed) -> Item:
        at = stamp(self.plane.clock.now(), seconds=deed.part == "changes")
        return {"id": self.world.account(deed.platform), "time": at, deed.part: [deed.element]}

    # -- HTTP ---------------------------------------------------------------------

    async def call(self, request: web.Request, body: bytes) -> web.StreamResponse:
        # Where we are reached is known once somebody calls; files are served there, too.
        self.world.media_url = f"{request.url.origin()}{request.path.rpartition('/v')[0]}/berkas"
        place, edge = request.match_info["node"], request.match_info.get("edge", "")
        try:
            self._check_token(request, place)
            answer = await self._answer(request, place, edge, _object(body))
        except GraphError as refused:
            return refusal(refused)
        return web.Response(body=msgspec.json.encode(answer), content_type=JSON)

    async def _answer(self, request: web.Request, place: str, edge: str, call: Item) -> Item:
        known = (request.method, edge, place == self.names.page_id, place == self.names.app_id)
        match known:
            case ("POST", "messages", True, _):
                answer = self._send(call)
            case ("POST", "comments" | "replies", _, _):
                answer = self._below(place, call)
            case ("GET", "", False, False) if place == self.names.account_id:
                answer = self._mentioned(request.query.get("fields", ""))
            case ("GET", "", True, _):
                answer = {"id": place, "name": "Contoh", "instagram_business_account": {"id": self.names.account_id}}
            case ("GET", "subscribed_apps", True, _):
                app = {"id": self.names.app_id or "1", "subscribed_fields": FIELDS.split(",")}
                answer = {"data": [app] if self.webhook.subscribed else []}
            case ("POST", "subscribed_apps", True, _):
                self.webhook.subscribed = True
                answer = {"success": True}
            case ("GET", "subscriptions", _, True):
                answer = {"data": [self._hook(kind, url) for kind, url in self._urls.items()]}
            case _:
                raise GraphError(100, "Unsupported request", 33)
        return answer

    def _mentioned(self, fields: str) -> Item:
        name = fields.partition("comment_id(")[2].partition(")")[0]
        made = self._comment(name)
        said = {"text": made.text, "username": f"warga.{int(made.person) % 1000:03d}", "id": name}
        return {
            "mentioned_comment": said | {"timestamp": made.at.strftime("%Y-%m-%dT%H:%M:%S+0000")},
            "id": self.names.account_id,
        }

    def _hook(self, kind: str, url: str) -> Item:
        public = self.settings.public_url or self.settings.gateway_url
        fields = [{"name": name} for name in APP_FIELDS[kind].split(",")]
        path = url.removeprefix(self.settings.gateway_url)
        return {"object": kind, "callback_url": f"{public}{path}", "active": True, "fields": fields}

    def _check_token(self, request: web.Request, place: str) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        wanted = f"{self.names.app_id}|{self.names.app_secret}" if place == self.names.app_id else self.names.token
        if wanted and given != wanted:
            raise GraphError(190, "Error validating access token", status=401)

    async def media(self, request: web.Request, body: bytes) -> web.StreamResponse:
        content = self.world.files.get(request.match_info["file"])
        if content is None:
            return web.Response(status=404)
        kind = "image/jpeg" if request.match_info["file"].endswith(".jpg") else "audio/mp4"
        return web.Response(body=content, content_type=kind)

    # -- sending -----------------------------------------------------------------------

    def _send(self, call: Item) -> Item:
        now, message = self.plane.clock.now(), call.get("message") or {}
        text, recipient = str(message.get("text", "")), call.get("recipient") or {}
        if "comment_id" in recipient:
            talk = self._reply(str(recipient["comment_id"]), now)
        else:
            talk = self._reach(str(recipient.get("id", "")), str(call.get("tag", "")), now)
        size = len(text) if talk.platform == "messenger" else len(text.encode())
        if not text or size > LIMITS[talk.platform]:
            raise GraphError(100, "Length of param message[text] must be less than or equal to its limit", 2018065)
        mid, name = self.world.mid(talk.platform), str(message.get("metadata", ""))
        said = Said(mid, now, False, text, state="sent")
        talk.messages.append(said)
        details = {"mid": mid, "platform": talk.platform, "tag": call.get("tag", ""), "metadata": name}
        key = name or hashlib.blake2b(msgspec.json.encode([recipient, text]), digest_size=12).hexdigest()
        self.plane.journal.accept(now, talk.person, text, key, details | {"comment": recipient.get("comment_id", "")})
        action = self.plane.faults.take(Moment("receipt", recipient=talk.person, text=text))
        self.plane.spawn(self._receipts(talk, said, name, action))
        return {"recipient_id": talk.person, "message_id": mid}

    def _reach(self, person: str, tag: str, now: datetime) -> Talk:
        found = (self.world.talks.get((platform, person)) for platform in OBJECTS)
        talk = next((one for one in found if one and one.messages), None)
        if talk is None or talk.blocked:
            subcode = 2018001 if talk is None else 1545041
            raise GraphError(100 if talk is None else 200, "No matching user found", subcode)
        silent = now - talk.heard_at if talk.heard_at else HUMAN_WINDOW * 2
        if silent > (HUMAN_WINDOW if tag == "HUMAN_AGENT" else WINDOW):
            subcode = 2018278 if talk.platform == "messenger" else 2534022
            raise GraphError(10, "This message is sent outside of allowed window.", subcode)
        return talk

    def _reply(self, name: str, now: datetime) -> Talk:
        made = self._comment(name)
        if made.replied or now - made.at > REPLY_WITHIN:
            raise GraphError(100, "The comment was replied to already, or is too old", 2534014)
        made.replied = True
        return self.world.talk(made.platform, made.person)

    def _below(self, name: str, call: Item) -> Item:
        made, text = self._comment(name), str(call.get("message", ""))
        made.below.append(text)
        now, details = self.plane.clock.now(), {"below": name}
        self.plane.journal.accept(now, name, text, f"{name}:{text}", details)
        return {"id": f"{name}{len(made.below)}"}

    def _comment(self, name: str) -> Comment:
        if name not in self.world.comments:
            raise GraphError(100, "Object does not exist", 33)
        return self.world.comments[name]

    async def _receipts(self, talk: Talk, said: Said, name: str, action: Action) -> None:
        """The echo of what was sent, then on a page its delivery; both may be lost, late or early."""
        if action.drop_receipt:
            return
        wait = (action.late_receipt or 0.0) + (0.0 if action.early_receipt else 0.2)
        await self.plane.clock.wait_until(said.at + timedelta(seconds=wait))
        self.world.in_seconds = self.options.seconds
        now = self.plane.clock.now()
        content: Item = {"mid": said.mid, "text": said.text, "is_echo": True, "app_id": int(self.names.app_id or 1)}
        echo = self.world.event(talk, now, ours=True, message=content | ({"metadata": name} if name else {}))
        self._bring([Deed(talk.platform, "messaging", echo)], NOTHING)
        if talk.platform == "messenger":
            said.state = "delivered"
            watermark = stamp(now, seconds=self.options.seconds)
            delivery = {"mids": [said.mid], "watermark": watermark}
            told = self.world.event(talk, now, delivery=delivery)
            self._bring([Deed(talk.platform, "messaging", told)], NOTHING)
        if self.options.reads:
            self._bring([self.world.act({"type": "read", "on": talk.platform, "person": talk.person}, now)], NOTHING)


PLAYER = web.AppKey("meta", Meta)


def build(settings: SimulatorSettings) -> web.Application:
    """The Graph API with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    meta = Meta(settings, plane)
    app = control.build(plane, meta)
    app[PLAYER] = meta
    played = plane.play(meta, meta.call)
    app.router.add_get("/berkas/{file}", plane.play(meta, meta.media))
    app.router.add_route("*", r"/v{version:[0-9.]+}/{node}", played)
    app.router.add_route("*", r"/v{version:[0-9.]+}/{node}/{edge}", played)
    return app


def _object(body: bytes) -> Item:
    if not body:
        return {}
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise GraphError(100, "Invalid JSON") from None
