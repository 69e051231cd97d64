"""A provider of SMS over HTTP, played from the very tables that the gateway reads: checks our requests, answers, calls, reports.

Contract: docs/channels/http_sms.md § Simulator. Every call that is not answered 2xx comes again every `retry_s`.
"""

import itertools
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from aiohttp import web

from workers.simulators import control, http_sms_xml
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import ALPHABET, Handsets, coding_of, parts_of
from workers.simulators.http_sms_tables import (
    DoesNotFit,
    Order,
    Tables,
    cursor_of,
    moment,
    path_of,
    put,
    read_order,
    write,
)
from workers.simulators.settings import SimulatorSettings
from workers.simulators.sms_line import DELIVERED, EXPIRED, FAILED, RECEIPT_FAULTS, SUBMITTED, Call, Line, shown_on

MEANINGS = {SUBMITTED: "sent", DELIVERED: "delivered", FAILED: "failed", EXPIRED: "expired"}
UNHEARD_OF = "KATA-BARU"
SUCCESS = range(200, 300)


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`answer_text`: the answer of a provider that answers in plain text. `signed_ago_s`: how old signatures pretend to be."""

    dlr_delay_s: list[float] = msgspec.field(default_factory=lambda: [1.0, 2.0])
    retry_s: float = 60.0
    retry_limit: int = 60
    answer_text: str = "0|{id}"
    signed_ago_s: float = 0.0


class HttpSms:
    """Player of the provider."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._names = settings.http_sms
        self._outbound: Tables = self._names.tables["outbound"]
        self._inbound: Tables = self._names.tables.get("inbound") or {}
        self._receipts: Tables = self._names.tables.get("receipts") or {}
        self._poll: Tables = self._names.tables.get("poll") or {}
        self.reset()

    def reset(self) -> None:
        self.handsets = Handsets()
        self._numbers = itertools.count(9001)
        self._waiting: list[dict[str, Any]] = []
        self._token = ""

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        try:
            order = read_order(self._outbound, request.path_qs, body)
        except DoesNotFit:
            return "", ""
        return order.to, order.text

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": f"{retry_after:g}"})

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen sends an SMS. `bad_item`: one without a sender comes in the same call, where a call has several."""
        try:
            number, text = str(item["from"]), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        heard = self._inbound or self._poll
        if not heard:
            raise ControlRefused("the provider's tables have neither inbound nor poll")
        now = self.plane.clock.now()
        sms = self.handsets.write(number, str(item.get("to", self._names.number)), text, now)
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "POST", f"/c/{self._names.channel}", number, text))
        identity = str(item.get("id") or uuid.UUID(int=self.plane.faults.random.getrandbits(128), version=4))
        message = self._message(heard, identity, number, str(item.get("to", self._names.number)), text)
        bad_item = bool(item.get("bad_item"))
        if not self._inbound:
            self._waiting += [{}, message] if bad_item else [message]
            sms.state = "sent"
            self.plane.wake()
            return {"ids": [identity], "parts": sms.parts}
        whole = self._in_list(self._inbound, [{}, message] if bad_item else [message])
        make = self._caller(self._inbound, "", whole, wrong=action.wrong_signature)
        self.plane.spawn(self._line().bring_all(sms, [make] * max(1, action.duplicate)))
        return {"ids": [identity], "parts": sms.parts}

    # -- the provider's API ---------------------------------------------------------------

    async def order(self, request: web.Request, body: bytes) -> web.StreamResponse:
        """Any path of ours: the tables decide whether the request is right."""
        if self._asks_for_token(request):
            return self._give_token(body)
        if self._poll and request.method == self._poll.get("method", "GET"):
            return self._polled(request)
        try:
            order = read_order(self._outbound, request.path_qs, body)
        except DoesNotFit as problem:
            return web.json_response({"error": {"code": "BAD_REQUEST", "message": str(problem)}}, status=400)
        if not self._is_known(request):
            return web.json_response({"error": {"code": "UNAUTHORIZED"}}, status=401)
        now, provider_id = self.plane.clock.now(), f"p-{next(self._numbers)}"
        sender = order.values.get("channel.address") or self._names.number
        texts = parts_of(order.text, coding_of(order.text))
        details = {"from": sender, "parts": len(texts), "id": provider_id}
        self.plane.journal.accept(now, order.to, order.text, order.reference or provider_id, details)
        action = self.plane.faults.take(Moment("receipt", "POST", "", order.to, order.text))
        shown = shown_on(self.handsets, order.to, sender, texts, now, action)
        reports = self._line().report(
            now, self.options.dlr_delay_s, action, lambda code: self._report(code, order, provider_id), shown
        )
        if action.early_receipt:
            await reports
        else:
            self.plane.spawn(reports)
        return self._accepted(provider_id)

    def _accepted(self, provider_id: str) -> web.Response:
        accept: Tables = self._outbound.get("accept", {})
        status = int((accept.get("status") or [HTTPStatus.OK])[0])
        if self._outbound.get("answer") == "text":
            return web.Response(status=status, text=self.options.answer_text.replace("{id}", provider_id))
        answer: dict[str, Any] = {}
        if accept.get("id_path"):
            put(answer, accept["id_path"], provider_id)
        if when := accept.get("when"):
            put(answer, when["path"], when["equals"][0])
        return _answered(self._outbound, answer, status)

    def _asks_for_token(self, request: web.Request) -> bool:
        auth: Tables = self._outbound.get("auth", {})
        return auth.get("kind") == "oauth2_client" and request.path.endswith(urlsplit(auth["token_url"]).path)

    def _give_token(self, body: bytes) -> web.Response:
        auth, said = self._outbound["auth"], dict(parse_qsl(body.decode("utf-8", "replace")))
        secret = self._names.keys.get(auth["client_secret"], "")
        if (said.get("client_id"), said.get("client_secret")) != (auth["client_id"], secret):
            return web.json_response({"error": "invalid_client"}, status=401)
        self._token = f"t-{next(self._numbers)}"
        return web.json_response({"access_token": self._token, "token_type": "Bearer", "expires_in": 3600})

    def _polled(self, request: web.Request) -> web.Response:
        """What was written since the position that is named; without positions each message once."""
        try:
            cursor = cursor_of(self._poll, request.path_qs)
        except DoesNotFit as problem:
            return web.json_response({"error": str(problem)}, status=400)
        if cursor is None:
            return web.json_response({"error": "no such path"}, status=404)
        if not self._is_known(request):
            return web.json_response({"error": "unauthorized"}, status=401)
        if path := self._poll.get("cursor_path"):
            whole = self._in_list(self._poll, self._waiting[int(cursor) if cursor.isdecimal() else 0 :])
            put(whole, path, str(len(self._waiting)))
        else:
            whole = self._in_list(self._poll, self._waiting)
            self._waiting = []
        return _answered(self._poll, whole, HTTPStatus.OK)

    def _is_known(self, request: web.Request) -> bool:
        auth: Tables = self._outbound.get("auth", {})
        keys = self._names.keys
        match auth.get("kind", "none"):
            case "bearer" | "oauth2_client" as kind:
                token = self._token if kind == "oauth2_client" else keys.get(auth["token"], "")
                return bool(token) and request.headers.get("Authorization") == f"Bearer {token}"
            case "header":
                return request.headers.get(auth["name"]) == keys.get(auth["value"], "")
            case "query":
                return request.query.get(auth["name"]) == keys.get(auth["value"], "")
            case "hmac":
                return bool(request.headers.get(auth["name"]))
            case "basic":
                return request.headers.get("Authorization", "").startswith("Basic ")
            case _:
                return True

    # -- to the gateway -----------------------------------------------------------------

    def _line(self) -> Line:
        return Line(self.plane, lambda status, _: status in SUCCESS, self.options.retry_s, self.options.retry_limit)

    def _message(self, table: Tables, identity: str, number: str, to: str, text: str) -> dict[str, Any]:
        fields: Tables = table["fields"]
        written: dict[str, Any] = {}
        given = {"id": identity, "from": number, "to": to, "text": _written(fields, text, written)}
        for name, value in given.items():
            if path := path_of(fields.get(name)):
                put(written, path, value)
        if time := fields.get("time"):
            put(written, path_of(time), moment(time, self.plane.clock.now()))
        return written

    def _in_list(self, table: Tables, messages: list[dict[str, Any]]) -> dict[str, Any]:
        path = str(table.get("items_path", ""))
        if not path:
            return messages[0] if messages else {}
        whole: dict[str, Any] = {}
        put(whole, path.removesuffix("[*]"), messages)
        return whole

    def _report(self, code: int, order: Order, provider_id: str) -> Call | None:
        if not self._receipts:
            return None
        fields, item = self._receipts["fields"], dict[str, Any]()
        words = {meaning: word for word, meaning in reversed(list(self._receipts["map"].items()))}
        word = words.get(MEANINGS.get(code, ""))
        if word is None:
            if code in MEANINGS:  # this provider has no word for it and says nothing
                return None
            word = UNHEARD_OF
        given = {"status": word, "id": provider_id, "reference": order.reference}
        for name, value in given.items():
            if (path := path_of(fields.get(name))) and value:
                put(item, path, value)
        if time := fields.get("time"):
            put(item, path_of(time), moment(time, self.plane.clock.now()))
        if when := self._receipts.get("when"):
            put(item, when["path"], when["equals"][0])
        where = "/status" if self._receipts.get("path", "status") else ""
        return self._caller(self._receipts, where, item)()

    def _caller(self, table: Tables, where: str, item: dict[str, Any], *, wrong: bool = False) -> Callable[[], Call]:
        auth: Tables = self._inbound.get("auth", {})
        keys = dict.fromkeys(self._names.keys, "salah") if wrong else self._names.keys
        url = self.settings.channel_url(self._names.channel, where)

        def call() -> Call:
            signed_at = self.plane.clock.now() - timedelta(seconds=self.options.signed_ago_s)
            written = write(table, item, auth, keys, signed_at)
            target = f"{url}?{written.query}" if written.query else url
            return Call(table.get("method", "POST"), target, written.headers, written.body)

        return call


def _answered(table: Tables, answer: dict[str, Any], status: int) -> web.Response:
    if table.get("answer") == "xml":
        return web.Response(status=status, body=http_sms_xml.written(answer), content_type="application/xml")
    return web.json_response(answer, status=status)


def _written(fields: Tables, text: str, item: dict[str, Any]) -> str:
    """The text, in UTF-16 as hexadecimal where the tables have a word for that and the alphabet does not do."""
    encoding = fields.get("encoding")
    words = encoding.get("map", {}) if isinstance(encoding, Mapping) else {}
    word = next((word for word, form in words.items() if form == "hex_utf16"), None)
    if word is None or ALPHABET.issuperset(text):
        return text
    put(item, path_of(encoding), word)
    return text.encode("utf-16-be").hex()


PLAYER = web.AppKey("http_sms", HttpSms)


def build(settings: SimulatorSettings) -> web.Application:
    """The provider with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, presets(settings.http_sms.tables["outbound"]))
    player = HttpSms(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    app.router.add_route("*", "/{path:.*}", plane.play(player, player.order))
    return app


def presets(outbound: Tables) -> dict[str, Action]:
    """The faults of this provider by name; an error within a 200 stands where its own tables look for it."""
    error: dict[str, Any] = {}
    if path := outbound.get("accept", {}).get("error_path"):
        codes = [*outbound.get("permanent", {}).get("codes", []), "SIMULATED"]
        put(error, path, codes[0])
    return {
        **RECEIPT_FAULTS,
        "unavailable": Action(status=503),
        "unauthorised": Action(status=401),
        "error_in_200": Action(status=200, body=error),
        "no_id": Action(status=200, body={}, record=True),
        "html": Action(status=200, malformed="html", record=True),
        "busy": Action(status=429, headers={"Retry-After": "30"}),
        "busy_without_time": Action(status=429),
    }
