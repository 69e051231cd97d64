"""X, played for one account: signed activity with the hourly challenge, direct messages, public answers, tokens.

Contract: docs/channels/x.md § Simulator. A webhook that answers a challenge wrongly gets nothing until it passes again.
"""

import base64
import hashlib
import hmac
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.settings import SimulatorSettings

CHALLENGE_EVERY = timedelta(hours=1)
AGAIN_S, LONGEST_S, MOST_TRIES = 5.0, 300.0, 20
LONGEST_POST = 280
Item = dict[str, Any]


def _refused(status: int, title: str, **more: str) -> Action:
    return Action(status=status, body={"title": title, "status": status, **more})


PRESETS: Mapping[str, Action] = {
    "no_dm": _refused(403, "Forbidden", detail="You cannot send messages to this user."),
    "plan": _refused(403, "Client Forbidden", reason="client-not-enrolled"),
    "credits": _refused(402, "CreditsDepleted"),
    "token": _refused(401, "Unauthorized"),
    "away": Action(status=503, body=""),
    "away_recorded": Action(status=503, body="", record=True),
    "html_502": Action(status=502, malformed="html"),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`token_hours`: how long a token is good for; 0 = for ever."""

    token_hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """One post or message. `person`: whose talk it stands in."""

    id: str
    person: str
    text: str
    at: datetime
    mine: bool
    public: bool


class X:
    """Player of X for one app and one account."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings, self.plane, self.names = settings, plane, settings.x
        self.options = Options()
        self.reset()

    def posts_of(self, person: str) -> frozenset[str]:
        """Ids of this person's posts: what was said below them names the post, not the person."""
        return frozenset(said.id for said in self.said if said.public and said.mine and said.person == person)

    def reset(self) -> None:
        first = 1_990_000_000_000_000_000 + self.plane.faults.random.randrange(1_000_000_000)
        self._ids = itertools.count(first)
        self.said: list[Said] = []
        self.valid = True
        self.token, self.refresh_token = self.names.token, "segar-0"
        self._given_at = self.plane.clock.now()
        self._tokens = itertools.count(1)

    # -- Player -------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        person = request.path.partition("/with/")[2].partition("/")[0]
        return person, str(_object(body).get("text", ""))

    def throttled(self, retry_after: float) -> web.Response:
        reset = str(int(self.plane.clock.now().timestamp() + retry_after))
        return _answer({"title": "Too Many Requests"}, 429, {"x-rate-limit-reset": reset})

    async def inject(self, item: Item, action: Action) -> Item:
        kind, person = str(item.get("type", "dm")), str(item.get("person", ""))
        if kind == "challenge":
            return {"valid": await self.challenge()}
        if kind not in DEEDS or not person.isdigit():
            raise ControlRefused(
                f"type is one of challenge, {', '.join(sorted(DEEDS))}; person: the number of somebody"
            )
        content = DEEDS[kind](self, person, item)
        hit = action
        if hit is NOTHING:
            hit = self.plane.faults.take(Moment("event", "POST", f"/{kind}", person, str(item.get("text", ""))))
        if self.names.channel and self.valid:
            for _ in range(max(1, hit.duplicate)):
                self.plane.spawn(self._bring(content, hit))
        return {"id": self.said[-1].id if self.said else "", "brought": self.valid and bool(self.names.channel)}

    # -- what people do ---------------------------------------------------------------

    def _keep(self, person: str, item: Item, *, public: bool) -> Said:
        text, at = str(item.get("text", "")), self.plane.clock.now()
        said = Said(str(next(self._ids)), person, text, at, mine=True, public=public)
        self.said.append(said)
        return said

    def direct(self, person: str, item: Item) -> Item:
        said = self._keep(person, item, public=False)
        users = {person: self._user(person)}
        return {"direct_message_events": [self._direct(said, person, self.names.user_id)], "users": users}

    def _direct(self, said: Said, sender: str, receiver: str) -> Item:
        data = {"text": said.text, "entities": {}}
        created = {"target": {"recipient_id": receiver}, "sender_id": sender, "message_data": data}
        stamp = str(int(said.at.timestamp() * 1000))
        return {"type": "message_create", "id": said.id, "created_timestamp": stamp, "message_create": created}

    def post(self, person: str, item: Item) -> Item:
        """A post that names the account."""
        said = self._keep(person, item, public=True)
        mention = {"id_str": self.names.user_id, "screen_name": self.names.username}
        post = {"id_str": said.id, "text": f"@{self.names.username} {said.text}", "user": self._user(person)}
        post |= {"timestamp_ms": str(int(said.at.timestamp() * 1000)), "entities": {"user_mentions": [mention]}}
        return {"tweet_create_events": [post]}

    def delete(self, person: str, item: Item) -> Item:
        theirs = (said for said in reversed(self.said) if said.public and said.mine and said.person == person)
        said = next(theirs, None)
        if said is None:
            raise ControlRefused("there is no such post")
        self.said.remove(said)
        return {"tweet_delete_events": [{"status": {"id": said.id, "user_id": person}}]}

    def block(self, person: str, item: Item) -> Item:
        stamp = str(int(self.plane.clock.now().timestamp() * 1000))
        ends = {"source": self._user(person), "target": {"id": self.names.user_id}}
        return {"block_events": [{"type": str(item.get("what", "block")), "created_timestamp": stamp, **ends}]}

    def _user(self, person: str) -> Item:
        number = f"warga_{int(person) % 1000:03d}"
        return {"id": person, "id_str": person, "screen_name": number, "name": number.replace("_", " ").title()}

    # -- to the gateway -----------------------------------------------------------------

    async def _bring(self, content: Item, action: Action) -> None:
        body = msgspec.json.encode({"for_user_id": self.names.user_id, **content})
        if action.malformed:
            body = body[: len(body) // 2]
        proof = self._signed(body) if not action.wrong_signature else "sha256=AAAA"
        headers = {"Content-Type": JSON, "x-twitter-webhooks-signature": proof}
        pause, url = AGAIN_S, self.settings.channel_url(self.names.channel)
        for _ in range(MOST_TRIES):
            status, _, _ = await self.plane.call_gateway("event", "POST", url, headers=headers, body=body)
            if status == 200 or action.wrong_signature:  # noqa: PLR2004 - the only success
                return
            await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=pause))
            pause = min(pause * 2, LONGEST_S)

    async def challenge(self) -> bool:
        """Ask the gateway to sign something; whether the webhook is valid afterwards."""
        token = f"tantangan-{next(self._ids)}"
        url = self.settings.channel_url(self.names.channel, f"?crc_token={token}")
        status, _, body = await self.plane.call_gateway("event", "GET", url)
        said = _object(body).get("response_token")
        self.valid = status == 200 and said == self._signed(token.encode())  # noqa: PLR2004 - as above
        return self.valid

    async def challenging(self, _app: web.Application) -> AsyncIterator[None]:
        """Every hour, as long as the simulator runs."""
        task = self.plane.spawn(self._every_hour()) if self.names.channel else None
        yield
        if task:
            task.cancel()

    async def _every_hour(self) -> None:
        while True:
            await self.plane.clock.wait_until(self.plane.clock.now() + CHALLENGE_EVERY)
            await self.challenge()

    def _signed(self, octets: bytes) -> str:
        digest = hmac.new(self.names.consumer_secret.encode(), octets, hashlib.sha256).digest()
        return f"sha256={base64.b64encode(digest).decode()}"

    # -- HTTP -----------------------------------------------------------------------------

    async def direct_message(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._unknown(request):
            return refused
        person, text = request.match_info["user"], str(_object(body).get("text", ""))
        if not text:
            return _answer({"title": "Invalid Request"}, 400)
        if any(said.text == text and said.person == person and not said.mine for said in self.said):
            return _answer({"title": "Forbidden", "detail": "duplicate content"}, 403)
        said = Said(str(next(self._ids)), person, text, self.plane.clock.now(), mine=False, public=False)
        self.said.append(said)
        self.plane.journal.accept(said.at, person, text, f"{person}:{text}", {"id": said.id})
        if self.names.channel and self.valid:
            echo = {"direct_message_events": [self._direct(said, self.names.user_id, person)]}
            self.plane.spawn(self._bring(echo, NOTHING))
        return _answer({"data": {"dm_conversation_id": f"{person}-{self.names.user_id}", "dm_event_id": said.id}}, 201)

    async def tweet(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if refused := self._unknown(request):
            return refused
        call = _object(body)
        text, below = str(call.get("text", "")), str((call.get("reply") or {}).get("in_reply_to_tweet_id", ""))
        if not text or len(text) > LONGEST_POST:
            return _answer({"title": "Invalid Request"}, 400)
        if not any(said.id == below and said.public for said in self.said):
            return _answer({"title": "Forbidden", "detail": "the post was deleted"}, 403)
        said = Said(str(next(self._ids)), below, text, self.plane.clock.now(), mine=False, public=True)
        self.said.append(said)
        self.plane.journal.accept(said.at, below, text, f"{below}:{text}", {"below": below})
        return _answer({"data": {"id": said.id, "text": text}}, 201)

    async def me(self, request: web.Request, body: bytes) -> web.StreamResponse:
        return self._unknown(request) or _answer({"data": {"id": self.names.user_id, "username": self.names.username}})

    async def mentions(self, request: web.Request, body: bytes) -> web.StreamResponse:
        since = int(request.query.get("since_id", "0") or 0)
        found = [said for said in reversed(self.said) if said.public and said.mine and int(said.id) > since]
        rows = [
            {**_row(said), "author_id": said.person, "text": f"@{self.names.username} {said.text}"} for said in found
        ]
        return self._unknown(request) or _answer({"data": rows, "meta": {"result_count": len(rows)}})

    async def dm_events(self, request: web.Request, body: bytes) -> web.StreamResponse:
        found = [said for said in reversed(self.said) if not said.public]
        us = self.names.user_id
        rows = [{**_row(said), "sender_id": said.person if said.mine else us} for said in found]
        return self._unknown(request) or _answer({"data": rows, "meta": {"result_count": len(rows)}})

    async def renew(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """OAuth 2: a new pair for a refresh token, which is good for once."""
        form = await request.post()
        if form.get("refresh_token") not in {self.refresh_token, self.names.refresh_token}:
            return _answer({"error": "invalid_grant"}, 400)
        number = next(self._tokens)
        self.token, self.refresh_token = f"token-{number}", f"segar-{number}"
        self._given_at = self.plane.clock.now()
        return _answer({"access_token": self.token, "refresh_token": self.refresh_token, "expires_in": 7200})

    async def webhooks(self, request: web.Request, body: bytes) -> web.StreamResponse:
        public = self.settings.public_url or self.settings.gateway_url
        hook = {"id": "1", "url": f"{public}/c/{self.names.channel}", "valid": self.valid}
        if request.method == "GET":
            return _answer({"data": [hook]})
        return _answer({"data": {"valid": True}}) if await self.challenge() else _answer({"title": "CrcFailed"}, 400)

    def _unknown(self, request: web.Request) -> web.Response | None:
        """The refusal of a token that is not, or no longer, good."""
        hours = self.options.token_hours
        over = bool(hours) and self.plane.clock.now() - self._given_at >= timedelta(hours=hours)
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.token and (over or given != self.token):
            return _answer({"title": "Unauthorized"}, 401)
        return None


DEEDS: Mapping[str, Callable[[X, str, Item], Item]] = {
    "dm": X.direct,
    "post": X.post,
    "delete": X.delete,
    "block": X.block,
}
PLAYER = web.AppKey("x", X)


def build(settings: SimulatorSettings) -> web.Application:
    """X with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    x = X(settings, plane)
    app = control.build(plane, x)
    app[PLAYER] = x
    app.cleanup_ctx.append(x.challenging)
    routes = (
        ("POST", "/2/dm_conversations/with/{user}/messages", x.direct_message),
        ("POST", "/2/tweets", x.tweet),
        ("GET", "/2/users/me", x.me),
        ("GET", "/2/users/{user}/mentions", x.mentions),
        ("GET", "/2/dm_events", x.dm_events),
        ("POST", "/2/oauth2/token", x.renew),
        ("GET", "/2/webhooks", x.webhooks),
        ("PUT", "/2/webhooks/{id}", x.webhooks),
    )
    for method, path, handler in routes:
        app.router.add_route(method, path, plane.play(x, handler))
    return app


def _row(said: Said) -> Item:
    at = said.at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"id": said.id, "text": said.text, "created_at": at, "event_type": "MessageCreate"}


def _answer(tree: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode(tree), content_type=JSON, status=status, headers=headers)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any]) if body else {}
    except msgspec.MsgspecError:
        return {}
