"""Kannel's smsbox, played: sendsms, messages of citizens to the sms-service, delivery reports, and the phones behind.

Contract: docs/channels/kannel.md § Simulator. Only 200 and 202 count as taken; everything else is tried again every
`queue_delay_s`, `retry_limit` times (0, Kannel's own default, loses it at once).
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import Handsets, Sms, as_shown, coding_of, header, parts_of
from workers.simulators.settings import SimulatorSettings

ACCEPTED = "0: Accepted for delivery"
SUCCESS = {HTTPStatus.OK, HTTPStatus.ACCEPTED}
DELIVERED, FAILED, SUBMITTED = 1, 2, 8
STATES = {DELIVERED: "DELIVRD", FAILED: "UNDELIV", 16: "REJECTD", 34: "EXPIRED", 66: "UNKNOWN"}

PRESETS: Mapping[str, Action] = {
    "unavailable": Action(status=503, body="Temporal failure, try again later."),
    "unauthorised": Action(status=403, body="Authorization failed for sendsms"),
    "queued": Action(status=202, body="3: Queued for later delivery", record=True),
    "rejected": Action(status=400, body="Number is in black-list. Message rejected"),
    "reversed": Action(receipts=[DELIVERED, SUBMITTED]),
    "twice": Action(receipts=[SUBMITTED, DELIVERED, DELIVERED]),
    "failed": Action(receipts=[SUBMITTED, FAILED]),
    "expired": Action(receipts=[SUBMITTED, 34]),
    "lost_part": Action(lost_part=2),
}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`dlr_delay_s`: seconds after acceptance of the first, second … report. `combine`: join parts of citizens' SMS."""

    dlr_delay_s: list[float] = msgspec.field(default_factory=lambda: [1.0, 2.0])
    queue_delay_s: float = 10.0
    retry_limit: int = 100_000
    max_messages: int = 10
    combine: bool = True
    smsc: str = "simcontoh"


@dataclass(frozen=True, slots=True)
class Order:
    """One sendsms as smsbox understood it. `texts`: one per part."""

    to: str
    sender: str
    texts: tuple[str, ...]
    coding: int
    udh: bytes
    dlr_url: str
    dlr_mask: int

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def key(self) -> str:
        """Equal for the same message sent again: the report address carries the sender's own id."""
        return self.dlr_url or hashlib.blake2b(f"{self.to}\n{self.text}".encode(), digest_size=12).hexdigest()


class OrderRefused(Exception):
    """smsbox refuses a sendsms; `status` and the text are its answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Kannel:
    """Player of smsbox."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options()
        self.reset()

    def reset(self) -> None:
        self.handsets = Handsets()

    # -- Player -----------------------------------------------------------------------

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        try:
            order = self._read(_fields(request, body))
        except OrderRefused:
            return "", ""
        return order.to, order.text

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(
            status=503, text="Temporal failure, try again later.", headers={"Retry-After": f"{retry_after:g}"}
        )

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """A citizen sends an SMS. Several requests to the gateway when its parts are not joined."""
        try:
            number, text = str(item["from"]), str(item["text"])
        except KeyError as missing:
            raise ControlRefused(f"{missing.args[0]} is missing") from missing
        to, now = str(item.get("to", self.settings.kannel.number)), self.plane.clock.now()
        sms = self.handsets.write(number, to, text, now)
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "GET", f"/c/{self.settings.kannel.channel}", number, text))
        requests = self._requests(item, number, to, text, now, action)
        self.plane.spawn(self._bring(sms, [url for _, url in requests for _ in range(max(1, action.duplicate))]))
        return {"ids": [message_id for message_id, _ in requests], "parts": sms.parts}

    # -- sendsms ------------------------------------------------------------------------

    async def sendsms(self, request: web.Request, body: bytes) -> web.StreamResponse:
        try:
            order = self._read(_fields(request, body))
        except OrderRefused as refused:
            return web.Response(status=refused.status, text=str(refused), content_type="text/html")
        now = self.plane.clock.now()
        details = {"from": order.sender, "coding": order.coding, "parts": len(order.texts), "dlr_mask": order.dlr_mask}
        self.plane.journal.accept(now, order.to, order.text, order.key, details)
        moment = Moment("receipt", "GET", order.dlr_url, order.to, order.text)
        action = self.plane.faults.take(moment)
        reports = Reports(self, order, action, now)
        if action.early_receipt:
            await reports.bring()
        else:
            self.plane.spawn(reports.bring())
        return web.Response(status=HTTPStatus.ACCEPTED, text=ACCEPTED, content_type="text/html")

    def _read(self, fields: Mapping[str, bytes]) -> Order:
        given = {name: value.decode("utf-8", "replace") for name, value in fields.items()}
        names = self.settings.kannel
        if names.username and (given.get("username"), given.get("password")) != (names.username, names.password):
            raise OrderRefused(403, "Authorization failed for sendsms")
        if not given.get("to"):
            raise OrderRefused(400, "Missing receiver number, rejected")
        coding, udh = _number(given, "coding"), fields.get("udh", b"")
        text = as_shown(_decode(fields.get("text", b""), coding, given.get("charset", "")), coding)
        # What does not fit the user's max-messages is cut without a word, as the real one does.
        texts = [text] if udh else parts_of(text, 2 if coding == 2 else 0)[: self.options.max_messages]  # noqa: PLR2004
        mask = _number(given, "dlr-mask")
        sender = given.get("from") or names.number
        return Order(given["to"], sender, tuple(texts), coding, udh, given.get("dlr-url", ""), mask)

    # -- to the gateway -----------------------------------------------------------------

    async def get(self, direction: str, url: str) -> bool:
        """One GET as smsbox makes it; whether the gateway took it."""
        status, _, _ = await self.plane.call_gateway(direction, "GET", url, headers={"User-Agent": "Kannel/1.4.5"})
        return status in SUCCESS

    async def get_until_taken(self, direction: str, url: str) -> bool:
        """After a first failure: again and again, as far as the retry limit allows."""
        for _ in range(self.options.retry_limit):
            await self.plane.clock.wait_until(self.plane.clock.now() + timedelta(seconds=self.options.queue_delay_s))
            if await self.get(direction, url):
                return True
        return False

    async def _bring(self, sms: Sms, urls: list[str]) -> None:
        taken = [await self.get("event", url) or await self.get_until_taken("event", url) for url in urls]
        sms.state = "sent" if all(taken) else "failed"
        self.plane.wake()

    def _requests(
        self, item: dict[str, Any], number: str, to: str, text: str, at: datetime, action: Action
    ) -> list[tuple[str, str]]:
        """(id, URL) of each request, in the order in which smsbox makes them."""
        coding, bits = int(item.get("coding", coding_of(text))), int(item.get("ref_bits", 8))
        whole = not item.get("split", not self.options.combine)
        texts = [text] if whole else parts_of(text, coding, wide_reference=bits == 16)  # noqa: PLR2004
        reference = int(item.get("ref", self.handsets.next_reference()))
        lost = set(item.get("lose", ()))
        order = [sequence for sequence in item.get("order", range(1, len(texts) + 1)) if sequence not in lost]
        token = "salah" if action.wrong_signature else self.settings.kannel.inbound_token
        requests = []
        for sequence in order:
            message_id = str(item.get("id") or uuid.UUID(int=self.plane.faults.random.getrandbits(128), version=4))
            udh = header(reference, len(texts), sequence, bits) if len(texts) > 1 else b""
            charset = item.get("charset", "UTF-8")
            query = {
                "token": token,
                "id": message_id,
                "smsc": self.options.smsc,
                "from": number,
                "to": to,
                "text": texts[sequence - 1].encode(charset or "utf-16-be"),
                "ts": str(int(at.timestamp())),
                "coding": str(coding),
                "charset": charset or "",
                "udh": udh,
            }
            written = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
            if item.get("broken"):
                written = written.replace("&text=", "&text=%ZZ%4")
            requests.append((message_id, f"{self.settings.channel_url(self.settings.kannel.channel)}?{written}"))
        return requests


class Reports:
    """The delivery reports of one accepted message: 8, then 1, or what a fault makes of it."""

    def __init__(self, kannel: Kannel, order: Order, action: Action, accepted_at: datetime) -> None:
        self._kannel = kannel
        self._order = order
        self._action = action
        self._accepted_at = accepted_at
        self._shown: Sms | None = None
        if action.lost_part is None or action.lost_part > len(order.texts):
            self._shown = kannel.handsets.show(order.to, order.sender, order.texts, accepted_at, order.udh)

    async def bring(self) -> None:
        action, delays = self._action, self._kannel.options.dlr_delay_s
        codes = action.receipts if action.receipts is not None else [SUBMITTED, DELIVERED]
        for number, code in enumerate(codes if not action.drop_receipt else ()):
            delay = delays[min(number, len(delays) - 1)] if delays else 0.0
            late = (action.late_receipt or 0.0) + (0.0 if action.early_receipt else delay)
            await self._kannel.plane.clock.wait_until(self._accepted_at + timedelta(seconds=late))
            await self._report(code)
        if self._shown and DELIVERED in codes:
            self._shown.state = "delivered"

    async def _report(self, code: int) -> None:
        asked = code > 31 or bool(self._order.dlr_mask & code)  # noqa: PLR2004 - the mask has five bits
        if not self._order.dlr_url or not asked:
            return
        url = self._url(code)
        if not await self._kannel.get("receipt", url):
            # A report that waits for its next try does not hold back the one after it.
            self._kannel.plane.spawn(_forget(self._kannel.get_until_taken("receipt", url)))

    def _url(self, code: int) -> str:
        now = self._kannel.plane.clock.now()
        fills = {
            "d": str(code),
            "i": self._kannel.options.smsc,
            "A": self._reply_text(code, now),
            "p": self._order.sender,
            "P": self._order.to,
            "T": str(int(now.timestamp())),
        }
        return re.sub(r"%([a-zA-Z])(?![0-9A-Fa-f])", lambda code: _filled(code, fills), self._order.dlr_url)

    def _reply_text(self, code: int, now: datetime) -> str:
        if self._action.receipt_text is not None:
            return self._action.receipt_text
        if code not in STATES:
            return "ACK/"
        arrived = "001" if code == DELIVERED else "000"
        return (
            f"id:0000000042 sub:001 dlvrd:{arrived} submit date:{self._accepted_at:%y%m%d%H%M} "
            f"done date:{now:%y%m%d%H%M} stat:{STATES[code]} err:000"
        )


PLAYER = web.AppKey("kannel", Kannel)


def build(settings: SimulatorSettings) -> web.Application:
    """smsbox with its control plane, to be mounted at the root or under a prefix."""
    plane = Plane(settings, PRESETS)
    kannel = Kannel(settings, plane)
    app = control.build(plane, kannel)
    app[PLAYER] = kannel
    app.router.add_route("*", "/cgi-bin/sendsms", plane.play(kannel, kannel.sendsms))
    return app


def _filled(code: re.Match[str], fills: Mapping[str, str]) -> str:
    return quote(fills[code[1]], safe="") if code[1] in fills else code[0]


def _fields(request: web.BaseRequest, body: bytes) -> dict[str, bytes]:
    """Query and form as bytes: the text may be UTF-16, which no text decoder of a framework would let through."""
    written = request.rel_url.raw_query_string.encode("utf-8", "surrogateescape")
    if request.content_type == "application/x-www-form-urlencoded":
        written += b"&" + body
    pairs = (pair.partition(b"=") for pair in written.split(b"&") if pair)
    return {name.decode(): unquote_to_bytes(value.replace(b"+", b" ")) for name, _, value in pairs}


def _number(given: Mapping[str, str], name: str) -> int:
    try:
        return int(given.get(name) or 0)
    except ValueError:
        raise OrderRefused(400, f"{name} misformed, rejected") from None


def _decode(text: bytes, coding: int, charset: str) -> str:
    try:
        return text.decode(charset or ("utf-16-be" if coding == 2 else "utf-8"))  # noqa: PLR2004 - Kannel's UCS-2
    except (UnicodeDecodeError, LookupError) as problem:
        raise OrderRefused(400, "Charset or body misformed, rejected") from problem


async def _forget(attempt: Any) -> None:
    await attempt
