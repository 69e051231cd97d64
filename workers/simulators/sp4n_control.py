"""The control plane of the simulated LAPOR!: `/_sim/…`, for this machine only. It also keeps the request log.

The log holds names of headers and hashes of bodies: it can be shown without showing a key or a citizen's words.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from workers.simulators.control import from_here
from workers.simulators.sp4n_faults import Fault, Faults
from workers.simulators.sp4n_shapes import board_row
from workers.simulators.sp4n_world import STATUSES, Change, NoReport, Report, World

KEPT_REQUESTS = 20_000
T = TypeVar("T")


class Entry(msgspec.Struct):
    """One call of the API. `status` 0: the connection was closed without an answer."""

    seq: int
    at: datetime
    method: str
    path: str
    status: int
    fault: str
    header_names: list[str]
    body_sha256: str
    body_bytes: int


class RequestLog:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self._seq = 0

    def note(
        self, at: datetime, method: str, path: str, status: int, fault: str, headers: Iterable[str], body: bytes
    ) -> None:
        self._seq += 1
        digest = hashlib.sha256(body).hexdigest()
        names = sorted({name.lower() for name in headers})
        self._entries.append(Entry(self._seq, at, method, path, status, fault, names, digest, len(body)))

    def since(self, seq: int) -> list[Entry]:
        return [entry for entry in self._entries if entry.seq > seq]

    def summary(self) -> dict[str, int]:
        return dict(Counter(f"{entry.method} {entry.path} {entry.status}" for entry in self._entries))

    def clear(self) -> None:
        self._entries.clear()


class Refused(Exception):
    """A control call that makes no sense; answered with `status` and this text."""

    def __init__(self, problem: str, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status


@web.middleware
async def only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Control calls from this machine only; whatever is wrong with one is said in its answer."""
    if "/_sim/" not in request.path:
        return await handler(request)
    if not from_here(request):
        raise web.HTTPForbidden(text="the control plane answers this machine only\n")
    try:
        return await handler(request)
    except Refused as problem:
        return _json({"ok": False, "error": str(problem)}, problem.status)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as problem:
        return _json({"ok": False, "error": str(problem)}, 400)


class ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    set: datetime | None = None
    advance: timedelta | float | None = None
    rate: float | None = None


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    to: str = ""
    status_name: str = ""
    institution_id: int = 0
    note: str = ""


class ScriptStep(msgspec.Struct, forbid_unknown_fields=True):
    """`after` counts from the call."""

    after: timedelta
    to: str = ""
    status_name: str = ""
    institution_id: int = 0
    note: str = ""
    followup: str = ""


class Options(msgspec.Struct, forbid_unknown_fields=True):
    answers_unasked: bool


class Script(msgspec.Struct, forbid_unknown_fields=True):
    steps: list[ScriptStep]


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    content: str
    style: str = "flat"
    secret: int = 0
    institution_id: int = 0
    files: list[bytes] = []
    """In base 64."""


class Control:
    def __init__(self, world: World, faults: Faults, log: RequestLog, seed: int) -> None:
        self._world = world
        self._faults = faults
        self._log = log
        self._seed = seed

    def routes(self) -> list[web.RouteDef]:
        report = "/_sim/complaints/{id}/"
        return [
            web.get("/_sim/state", self.state),
            web.get("/_sim/clock", self.show_clock),
            web.post("/_sim/clock", self.move_clock),
            web.get("/_sim/complaints", self.board),
            web.post(report + "advance", self.advance),
            web.post(report + "script", self.script),
            web.post(report + "followup", self.followup),
            web.post(report + "remove", self.remove),
            web.post(report + "duplicate", self.duplicate),
            web.get("/_sim/faults", self.list_faults),
            web.post("/_sim/faults", self.add_faults),
            web.delete("/_sim/faults", self.clear_faults),
            web.get("/_sim/options", self.options),
            web.post("/_sim/options", self.set_options),
            web.post("/_sim/seed", self.seed),
            web.post("/_sim/reset", self.reset),
            web.get("/_sim/requests", self.requests),
        ]

    async def state(self, _request: web.Request) -> web.Response:
        self._world.catch_up()
        reports = [report for report in self._world.reports.values() if not report.removed]
        return _json(
            self._clock()
            | {
                "complaints": len(reports),
                "statuses": dict(Counter(report.status_name for report in reports)),
                "documents": len(self._world.documents),
                "faults": self._faults.pending(self._world.clock.now()),
                "requests": self._log.summary(),
            }
        )

    async def show_clock(self, _request: web.Request) -> web.Response:
        return _json(self._clock())

    async def move_clock(self, request: web.Request) -> web.Response:
        order = await _read(request, ClockOrder)
        clock = self._world.clock
        if order.set is not None:
            clock.set(order.set.astimezone(UTC))
        if order.advance is not None:
            clock.advance(order.advance if isinstance(order.advance, timedelta) else timedelta(seconds=order.advance))
        if order.rate is not None:
            clock.set_rate(order.rate)
        self._world.catch_up()
        return _json(self._clock())

    async def board(self, _request: web.Request) -> web.Response:
        self._world.catch_up()
        newest_first = sorted(self._world.reports.values(), key=lambda report: report.id, reverse=True)
        return _json({"items": [board_row(report) for report in newest_first]})

    async def advance(self, request: web.Request) -> web.Response:
        report, order = self._report(request), await _read(request, Advance)
        _check_status(order.to)
        change = Change(self._world.clock.now(), order.to, order.status_name, order.institution_id, order.note)
        self._world.apply(report, change)
        return _json(board_row(report))

    async def script(self, request: web.Request) -> web.Response:
        report, order = self._report(request), await _read(request, Script)
        now = self._world.clock.now()
        for step in order.steps:
            _check_status(step.to)
        steps = [
            Change(now + step.after, step.to, step.status_name, step.institution_id, step.note, step.followup)
            for step in order.steps
        ]
        self._world.script(report, steps)
        return _json(board_row(report))

    async def followup(self, request: web.Request) -> web.Response:
        report, order = self._report(request), await _read(request, Answer)
        if order.style not in {"flat", "nested", "placeholder"}:
            raise Refused(f"unknown style {order.style!r}; known: flat, nested, placeholder")
        sender = self._world.institution(order.institution_id) if order.institution_id else report.institution
        files = [self._world.add_file(content) for content in order.files]
        self._world.answer(report, order.content, style=order.style, secret=order.secret, sender=sender, files=files)
        return _json(board_row(report))

    async def remove(self, request: web.Request) -> web.Response:
        report = self._report(request)
        self._world.remove(report)
        return _json(board_row(report))

    async def duplicate(self, request: web.Request) -> web.Response:
        return _json(board_row(self._world.duplicate(self._report(request))))

    async def list_faults(self, _request: web.Request) -> web.Response:
        return _json({"items": self._faults.pending(self._world.clock.now())})

    async def add_faults(self, request: web.Request) -> web.Response:
        given = msgspec.json.decode(await request.read(), type=list[Fault] | Fault)
        for fault in given if isinstance(given, list) else [given]:
            self._faults.add(fault, self._world.clock.now())
        return await self.list_faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return await self.list_faults(request)

    async def options(self, _request: web.Request) -> web.Response:
        return _json({"answers_unasked": self._world.answers_unasked})

    async def set_options(self, request: web.Request) -> web.Response:
        self._world.answer_unasked((await _read(request, Options)).answers_unasked)
        return await self.options(request)

    async def seed(self, request: web.Request) -> web.Response:
        order = msgspec.json.decode(await request.read(), type=dict[str, int])
        self._faults.reseed(order.get("seed", self._seed))
        return _json({"ok": True})

    async def reset(self, _request: web.Request) -> web.Response:
        self._world.reset()
        self._faults.clear()
        self._faults.reseed(self._seed)
        self._log.clear()
        return _json({"ok": True})

    async def requests(self, request: web.Request) -> web.Response:
        return _json({"items": self._log.since(int(request.query.get("since", "0")))})

    def _report(self, request: web.Request) -> Report:
        self._world.catch_up()
        try:
            return self._world.report(int(request.match_info["id"]))
        except NoReport:
            raise Refused("no such complaint", web.HTTPNotFound.status_code) from None

    def _clock(self) -> dict[str, Any]:
        return {"now": self._world.clock.now(), "rate": self._world.clock.rate}


def _check_status(to: str) -> None:
    if to and to not in STATUSES:
        raise Refused(f"unknown status {to!r}; known: {', '.join(STATUSES)}")


async def _read(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)
