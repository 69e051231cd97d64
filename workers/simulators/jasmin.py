"""Jasmin, played: the HTTP API, and the throwers of messages and delivery reports with their real rules of repetition.

Contract: docs/channels/jasmin.md § Simulator. Only 200 with `ACK/Jasmin` counts as taken; everything else is tried again every
`retry_delay_s`, `max_retries` times (3 by default), then purged for good.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import Handsets, as_shown, coding_of, header, parts_of
from workers.simulators.settings import SimulatorSettings
from workers.simulators.sms_line import DELIVERED, EXPIRED, FAILED, RECEIPT_FAULTS, SUBMITTED, Call, Line, shown_on

ACKNOWLEDGED = b"ACK/Jasmin"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STATES = {DELIVERED: "DELIVRD", FAILED: "UNDELIV", EXPIRED: "EXPIRED", 16: "REJECTD", 99: "SKIPPED"}
UCS2, WIDE = 8, 16
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}

PRESETS: Mapping[str, Action] = {
    **RECEIPT_FAULTS,
    "unavailable": Action(status=503, body='Error "Service unavailable"'),
    "unauthorised": Action(status=403, body='Error "Authentication failure for username:satupintu"'),
    "throughput": Action(status=403, body='Error "User throughput exceeded"'),
    "no_credit": Action(status=403, body='Error "Cannot charge submit_sm, check RouterPB log file for details"'),
    "no_route": Action(status=412, body='Error "No route found"'),
    "sent_and_500": Action(
        status=500, body='Error "Cannot send submit_sm, check SMPPClientManagerPB log file for details"', record=True
    ),
    "refused": Action(receipts=[16]),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`combine`: join parts of citizens' SMS, as Jasmin does. `wrong_content`: `content` as a wrong charset makes it."""

    dlr_delay_s: list[float] = msgspec.field(default_factory=lambda: [1.0, 2.0])
    retry_delay_s: float = 30.0
    max_retries: int = 3
    max_parts: int = 10
    combine: bool = True
    wrong_content: bool = False
    connector: str = "op_contoh"
    purged: int = 0
    """Messages and reports that were lost after the last try."""


class Jasmin:
    """Player of Jasmin."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self._names = settings.jasmin
        self.reset()

    def reset(self) -> None:
        self.handsets = Handsets()
        self.options.purged = 0

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        fields = _fields(request, body)
        return f"+{fields.get('to', '')}", _text(fields)

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=403, text='Error "User throughput exceeded"')

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen sends an SMS; several calls when its parts are not joined (`split`, `ref`, `ref_bits`, `order`, `lose`)."""
        try:
            number, text = str(item["from"]), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        to, now = str(item.get("to", self._names.number)), self.plane.clock.now()
        sms = self.handsets.write(number, to, text, now)
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "POST", f"/c/{self._names.channel}", number, text))
        throws = self._throws(item, number, to, text, wrong=action.wrong_signature)
        makes = [make for _, make in throws for _ in range(max(1, action.duplicate))]
        self.plane.spawn(self._line().bring_all(sms, makes))
        return {"ids": [identity for identity, _ in throws], "parts": sms.parts}

    # -- HTTP API ---------------------------------------------------------------------

    async def send(self, request: web.Request, body: bytes) -> web.StreamResponse:
        fields = _fields(request, body)
        if refusal := self._refusal(fields):
            return refusal
        now, to = self.plane.clock.now(), f"+{fields['to']}"
        identity = str(uuid.UUID(int=self.plane.faults.random.getrandbits(128), version=4))
        coding = int(fields.get("coding") or 0)
        shown_text = as_shown(_text(fields), 2 if coding == UCS2 else 0)
        # Longer texts are cut without a word, as the real one does.
        texts = parts_of(shown_text, 2 if coding == UCS2 else 0)[: self.options.max_parts]
        sender = fields.get("from") or self._names.number
        details = {"from": sender, "coding": coding, "parts": len(texts), "id": identity}
        self.plane.journal.accept(now, to, "".join(texts), identity, details)
        action = self.plane.faults.take(Moment("receipt", "POST", fields.get("dlr-url", ""), to, shown_text))
        shown = shown_on(self.handsets, to, sender, texts, now, action)
        reports = self._line().report(
            now, self.options.dlr_delay_s, action, lambda code: self._report(code, identity, fields), shown
        )
        if action.early_receipt:
            await reports
        else:
            self.plane.spawn(reports)
        return web.Response(text=f'Success "{identity}"')

    async def ping(self, _request: web.Request, _body: bytes) -> web.StreamResponse:
        return web.Response(text="Jasmin/PONG")

    async def balance(self, request: web.Request, body: bytes) -> web.StreamResponse:
        if not self._is_known(_fields(request, body)):
            return web.Response(status=403, text='"Authentication failure for username"')
        return web.Response(text=json.dumps({"balance": "ND", "sms_count": "ND"}), content_type="application/json")

    def _is_known(self, fields: Mapping[str, str]) -> bool:
        names = self._names
        return not names.username or (fields.get("username"), fields.get("password")) == (
            names.username,
            names.password,
        )

    def _refusal(self, fields: Mapping[str, str]) -> web.Response | None:
        for name in ("username", "password", "to"):
            if not fields.get(name):
                return web.Response(status=400, text=f'Error "Mandatory argument [{name}] is not found."')
        if not self._is_known(fields):
            return web.Response(status=403, text=f'Error "Authentication failure for username:{fields["username"]}"')
        if not fields["to"].isdecimal() or (fields.get("coding") or "0") not in {"0", "8"}:
            return web.Response(status=400, text='Error "Argument [to] has an invalid value."')
        return None

    # -- to the gateway -----------------------------------------------------------------

    def _line(self) -> Line:
        def taken(status: int, body: bytes) -> bool:
            return status == 200 and body.strip() == ACKNOWLEDGED  # noqa: PLR2004 - OK

        return Line(self.plane, taken, self.options.retry_delay_s, self.options.max_retries, self._lost)

    def _lost(self) -> None:
        self.options.purged += 1

    def _throws(
        self, item: dict[str, Any], number: str, to: str, text: str, *, wrong: bool
    ) -> list[tuple[str, Callable[[], Call]]]:
        coding, bits = UCS2 if coding_of(text) else 0, int(item.get("ref_bits", 8))
        whole = not item.get("split", not self.options.combine)
        texts = [text] if whole else parts_of(text, coding_of(text), wide_reference=bits == WIDE)
        reference = int(item.get("ref", self.handsets.next_reference()))
        lost = set(item.get("lose", ()))
        throws = []
        for sequence in item.get("order", range(1, len(texts) + 1)):
            if sequence in lost:
                continue
            udh = header(reference, len(texts), sequence, bits) if len(texts) > 1 else b""
            identity = str(item.get("id") or uuid.UUID(int=self.plane.faults.random.getrandbits(128), version=4))
            octets = udh + _octets(texts[sequence - 1], coding)
            throws.append((identity, self._thrower(identity, number, to, coding, octets, wrong=wrong)))
        return throws

    def _thrower(
        self, identity: str, number: str, to: str, coding: int, octets: bytes, *, wrong: bool
    ) -> Callable[[], Call]:
        fields = {
            "id": identity,
            "from": number.removeprefix("+"),
            "to": to,
            "origin-connector": self.options.connector,
            "priority": "0",
            "coding": str(coding),
        }
        content = b"?" * len(octets) if self.options.wrong_content else octets
        body = f"{urlencode(fields)}&content={quote_from_bytes(content, safe='')}&binary={octets.hex()}".encode()
        token = "salah" if wrong else self._names.inbound_token
        url = f"{self.settings.channel_url(self._names.channel)}?token={token}"
        return lambda: Call("POST", url, FORM | {"User-Agent": "Jasmin gateway/1.0 deliverSmHttpThrower"}, body)

    def _report(self, code: int, identity: str, order: Mapping[str, str]) -> Call | None:
        if order.get("dlr") != "yes" or not order.get("dlr-url"):
            return None
        fields = {"id": identity, "message_status": "ESME_ROK", "level": "1", "connector": self.options.connector}
        if code != SUBMITTED:
            now = f"{self.plane.clock.now():%y%m%d%H%M}"
            fields |= {
                "message_status": STATES.get(code, "UNKNOWN"),
                "level": order.get("dlr-level", "2"),
                "err": "000",
            }
            fields |= {"id_smsc": "2567", "subdate": now, "donedate": now, "sub": "001", "dlvrd": "001", "text": ""}
        headers = FORM | {"User-Agent": "Jasmin gateway/1.0 DLRHttpThrower"}
        return Call(order.get("dlr-method", "POST"), order["dlr-url"], headers, urlencode(fields).encode())


PLAYER = web.AppKey("jasmin", Jasmin)


def build(settings: SimulatorSettings) -> web.Application:
    """Jasmin with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    player = Jasmin(settings, plane)
    app = control.build(plane, player)
    app[PLAYER] = player
    for path, handler in (("/send", player.send), ("/ping", player.ping), ("/balance", player.balance)):
        app.router.add_route("*", path, plane.play(player, handler))
    return app


def _fields(request: web.BaseRequest, body: bytes) -> dict[str, str]:
    return dict(request.query) | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _text(fields: Mapping[str, str]) -> str:
    if "hex-content" not in fields:
        return fields.get("content", "")
    try:
        return bytes.fromhex(fields["hex-content"]).decode("utf-16-be", "replace")
    except ValueError:
        return ""


def _octets(text: str, coding: int) -> bytes:
    if coding == UCS2:
        return text.encode("utf-16-be")
    return b"".join(bytes([0x1B, EXTENSION[one]]) if one in EXTENSION else bytes([BASIC.index(one)]) for one in text)
