"""A USSD aggregator and the phones that dial: sessions, history, time-outs, end notices.

Contract: docs/channels/ussd_http.md. A page that a real phone could not show is reported as a problem.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, ControlRefused, Plane
from workers.simulators.faults import NOTHING, Action, Moment
from workers.simulators.handset import coding_of, width
from workers.simulators.settings import SimulatorSettings

FORM = "application/x-www-form-urlencoded"
UCS2_PAGE = 80
SESSIONS_KEPT = 2_000
PRESETS: Mapping[str, Action] = {}


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """`timeout_s` real seconds for an answer, then the callback is repeated `repeats` times before the session ends."""

    variant: str = "form"
    page_septets: int = 182
    timeout_s: float = 10.0
    repeats: int = 0
    end_notice: bool = False


@dataclass(slots=True)
class Session:
    """One dialled session. `typed` = inputs so far; `page` = what the phone shows now, without CON/END."""

    id: str
    phone: str
    code: str
    started_at: datetime
    typed: list[str] = field(default_factory=list)
    page: str = ""
    ends: bool = False
    problems: list[str] = field(default_factory=list)

    def view(self) -> dict[str, Any]:
        return {"session": self.id, "page": self.page, "ends": self.ends, "problems": self.problems}


@dataclass(frozen=True, slots=True)
class Answer:
    page: str
    ends: bool
    problems: tuple[str, ...] = ()


class Ussd:
    """Player of the aggregator."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options = Options(settings.ussd.variant, settings.ussd.page_septets)
        self.reset()

    def reset(self) -> None:
        self.sessions: dict[str, Session] = {}
        self._numbers = itertools.count(self.plane.faults.random.randrange(1, 1_000_000_000))

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", ""

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=429)

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """`script`, `dial`, `type`, `notice` or `hang_up`; shapes in docs/channels/ussd_http.md."""
        if "script" in item:
            return await self._run(item, action)
        if "dial" in item:
            session = self.dial(str(item.get("phone", "")), str(item["dial"]), str(item.get("session_id", "")))
            return await self.step(session, None, action)
        session = self._session(item)
        if "type" in item:
            return await self.step(session, str(item["type"]), action, item.get("history"))
        if item.get("hang_up"):
            session.ends = True
        if item.get("notice"):
            await self._notice(session, "Incomplete")
        return session.view()

    # -- the phone ------------------------------------------------------------------

    def dial(self, phone: str, code: str, session_id: str = "") -> Session:
        """A new session; the first page comes with `step(session, None, …)`."""
        session = Session(session_id or f"SIMid_{next(self._numbers):09d}", phone, code, self.plane.clock.now())
        self.sessions[session.id] = session
        while len(self.sessions) > SESSIONS_KEPT:
            del self.sessions[next(iter(self.sessions))]
        return session

    async def step(self, session: Session, typed: str | None, action: Action, history: object = None) -> dict[str, Any]:
        """Send one input (None: the session begins) and show the page that comes back."""
        if session.ends:
            raise ControlRefused(f"session {session.id} is over")
        if typed is not None:
            session.typed.append(typed)
        if action is NOTHING:
            action = self.plane.faults.take(Moment("event", "POST", "/ussd", session.phone, typed or ""))
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        # Some aggregators repeat a callback while the first is still open; the phone shows the answer to the first.
        calls = [self._ask(session, action, history) for _ in range(max(1, action.duplicate))]
        answers = await asyncio.gather(*calls)
        session.page, session.ends, session.problems = answers[0].page, answers[0].ends, list(answers[0].problems)
        if session.ends and self.options.end_notice:
            await self._notice(session, "Success")
        self.plane.wake()
        return session.view() | ({"pages": [answer.page for answer in answers]} if len(answers) > 1 else {})

    def current(self, phone: str) -> Session | None:
        """The latest session of a phone."""
        return next((session for session in reversed(self.sessions.values()) if session.phone == phone), None)

    def _session(self, item: dict[str, Any]) -> Session:
        session = self.sessions.get(str(item.get("session", "")))
        if session is None:
            raise ControlRefused("session: dial first and name the session that was given")
        return session

    async def _run(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """The same script on many phones at once."""
        code, *inputs = [str(step) for step in item["script"]]
        first = int(str(item.get("phone", "+6281200001000")).lstrip("+"))

        async def one(number: int) -> list[dict[str, Any]]:
            session = self.dial(f"+{first + number}", code)
            pages = [await self.step(session, None, action)]
            for typed in inputs:
                if session.ends:
                    break
                pages.append(await self.step(session, typed, action))
            return pages

        runs = await asyncio.gather(*(one(number) for number in range(int(item.get("sessions", 1)))))
        problems = Counter(problem for run in runs for page in run for problem in page["problems"])
        return {
            "sessions": len(runs),
            "ended": sum(run[-1]["ends"] for run in runs),
            "problems": problems,
            "pages": [page["page"] for page in runs[0]],
        }

    # -- the aggregator ---------------------------------------------------------------

    async def _ask(self, session: Session, action: Action, history: object) -> Answer:
        token = "salah" if action.wrong_signature else self.settings.ussd.inbound_token
        url = f"{self.settings.channel_url(self.settings.ussd.channel)}?token={token}"
        kind, body = self._callback(session, history)
        if action.malformed:
            body = body[: len(body) // 2]
        status, answer = 0, b""
        for _ in range(1 + self.options.repeats):
            status, _, answer = await self.plane.call_gateway(
                "event", "POST", url, headers={"Content-Type": kind}, body=body, timeout_s=self.options.timeout_s
            )
            if status:
                break
        return self._checked(self._read(status, answer))

    def _callback(self, session: Session, history: object) -> tuple[str, bytes]:
        whole = "*".join(session.typed)
        if self.options.variant == "json":
            last = session.typed[-1] if session.typed else ""
            fields: dict[str, Any] = {
                "sessionId": session.id,
                "serviceCode": session.code,
                "phoneNumber": session.phone,
                "text": str(history) if history is not None else last,
                "newRequest": int(not session.typed),
                "requestTime": f"{self.plane.clock.now():%Y-%m-%d %H:%M:%S}",
            }
            return JSON, msgspec.json.encode(fields)
        form = {
            "sessionId": session.id,
            "serviceCode": session.code,
            "phoneNumber": session.phone,
            "networkCode": "51010",
            "text": str(history) if history is not None else whole,
        }
        return FORM, urlencode(form).encode()

    def _read(self, status: int, body: bytes) -> Answer:
        """A 4xx, a 5xx or an answer of another form ends the session with an error on the phone."""
        if status != HTTPStatus.OK:
            return Answer("", ends=True, problems=(f"http_{status}" if status else "timeout",))
        if self.options.variant == "json":
            try:
                answer = msgspec.json.decode(body, type=dict[str, Any])
            except msgspec.MsgspecError:
                return Answer("", ends=True, problems=("missing_prefix",))
            action = answer.get("action")
            problems = () if action in ("CON", "END") else ("missing_prefix",)
            return Answer(str(answer.get("response", "")), action != "CON", problems)
        text = body.decode("utf-8", "replace")
        prefix, page = text[:4], text[4:]
        if prefix not in ("CON ", "END "):
            return Answer(text, ends=True, problems=("missing_prefix",))
        return Answer(page, ends=prefix == "END ")

    def _checked(self, answer: Answer) -> Answer:
        coding = coding_of(answer.page)
        room = self.options.page_septets if coding == 0 else UCS2_PAGE
        problems = list(answer.problems)
        if coding != 0:
            problems.append("not_gsm")
        if sum(width(character, coding) for character in answer.page) > room:
            problems.append("too_long")
        return Answer(answer.page, answer.ends, tuple(problems))

    async def _notice(self, session: Session, outcome: str) -> None:
        """Tell the gateway that the session is over."""
        now = self.plane.clock.now()
        fields = {
            "date": f"{session.started_at:%Y-%m-%d %H:%M:%S}",
            "sessionId": session.id,
            "serviceCode": session.code,
            "networkCode": "51010",
            "phoneNumber": session.phone,
            "status": outcome,
            "cost": "0",
            "durationInMillis": str(int((now - session.started_at).total_seconds() * 1000)),
            "hopsCount": str(len(session.typed) + 1),
            "input": "*".join(session.typed),
            "lastAppResponse": f"{'END' if session.ends else 'CON'} {session.page}",
            "errorMessage": "",
        }
        names = self.settings.ussd
        url = f"{self.settings.channel_url(names.channel, '/status')}?token={names.inbound_token}"
        await self.plane.call_gateway(
            "event", "POST", url, headers={"Content-Type": FORM}, body=urlencode(fields).encode()
        )


PLAYER = web.AppKey("ussd", Ussd)


def build(settings: SimulatorSettings) -> web.Application:
    """The aggregator's control plane; it has no routes of its own, the gateway never calls it."""
    plane = Plane(settings, PRESETS)
    ussd = Ussd(settings, plane)
    app = control.build(plane, ussd)
    app[PLAYER] = ussd
    return app
