"""The control plane that every simulator has: `/_sim/…`, faults on calls, journal, clock, calls to the gateway.

Contract: docs/channels/README.md § Simulators. A simulator is a `Player` on a `Plane`.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from config import clock as machine_clock
from workers.simulators.clock import SimulatorClock
from workers.simulators.faults import NOTHING, Action, Fault, Faults, Moment, UnknownFault
from workers.simulators.journal import Journal
from workers.simulators.settings import SimulatorSettings

JSON = "application/json"
BODY_LIMIT = 60 * 1024 * 1024
HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ControlRefused(Exception):
    """A control call that makes no sense; answered 400 with this text."""


class Player(Protocol):
    """What differs from one simulator to the next."""

    options: Any
    """A msgspec Struct; `/_sim/options` reads and replaces it."""

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        """Recipient and text of a call, for faults to match; both may be empty."""
        ...

    def throttled(self, retry_after: float) -> web.Response:
        """How this provider says "too many requests"."""
        ...

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """Let a citizen do something; `action` is what goes wrong on the way to the gateway."""
        ...

    def reset(self) -> None: ...


Handler = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


class Plane:
    """Clock, faults, journal and session of one simulator, and the routes to steer them."""

    def __init__(self, settings: SimulatorSettings, presets: Mapping[str, Action]) -> None:
        self.settings = settings
        self.clock = settings.clock or SimulatorClock(machine_clock.now)
        self.faults = Faults(presets, settings.seed)
        self.journal = Journal()
        self.in_flight = 0
        self._changed = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the gateway calls us -------------------------------------------------

    def play(self, player: Player, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler with faults before, in place of or after it, and every call in the journal."""

        async def playing(request: web.Request) -> web.StreamResponse:
            self.in_flight += 1
            body, action, status, answer = b"", NOTHING, 0, ""
            try:
                action = self.faults.take(Moment("call", request.method, request.path, text=None))
                if not action.close_before_read:
                    body = await request.read()
                    if self.faults.await_calls():
                        recipient, text = player.describe(request, body)
                        action = self.faults.take(Moment("call", request.method, request.path, recipient, text))
                response = await self._answer(player, handler, request, body, action)
                status = response.status if response else 0
                answer = _shown(response)
                return response or _hang_up(request)
            finally:
                self.in_flight -= 1
                name = "" if action is NOTHING else msgspec.json.encode(action).decode()
                self.journal.note(self.clock.now(), "call", request.method, request.path_qs, status, body, answer, name)
                self.wake()

        return playing

    async def _answer(
        self, player: Player, handler: Handler, request: web.Request, body: bytes, action: Action
    ) -> web.StreamResponse | None:
        """What goes back to the gateway; None: the connection is closed without an answer."""
        if action is NOTHING:
            return await handler(request, body)
        if action.delay_ms:
            await asyncio.sleep(action.delay_ms / 1000)
        if action.close_before_read:
            return None
        if action.throttle is not None:
            return player.throttled(action.throttle)
        wrong = action.status is not None or action.malformed is not None
        carried_out = await handler(request, body) if action.record or not wrong else None
        if action.accept_then_close:
            return None
        if wrong:
            return _wrong_answer(action)
        return await _cut(request, carried_out) if action.half_body else carried_out

    # -- we call the gateway --------------------------------------------------

    async def call_gateway(
        self,
        direction: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | AsyncIterator[bytes] | None = None,
        timeout_s: float | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request to the gateway: status, headers, body; status 0 when no answer came within the time limit."""
        if self._session is None:
            raise ControlRefused("the simulator has not been started")
        status, answer, seen = 0, b"", ""
        answered: Mapping[str, str] = {}
        try:
            # Already percent-encoded where it must be: a simulator also sends what no decent client would.
            target, limit = URL(url, encoded=True), aiohttp.ClientTimeout(timeout_s or self.settings.webhook_timeout_s)
            async with self._session.request(
                method, target, headers=headers, data=body, allow_redirects=False, timeout=limit
            ) as got:
                answer = await got.read()
                status, answered = got.status, got.headers
                seen = answer[:500].decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError) as problem:
            seen = type(problem).__name__
        self.journal.note(
            self.clock.now(), direction, method, url, status, body if isinstance(body, bytes) else b"", seen, ""
        )
        self.wake()
        return status, answered, answer

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run it in the background until it ends or the simulator stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            task.get_loop().call_exception_handler({"message": "simulator task failed", "exception": problem})

    def stop_tasks(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    # -- whoever watches ------------------------------------------------------

    def wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def change(self, within_s: float) -> bool:
        """Wait until something happened here; False when nothing did in this time."""
        try:
            await asyncio.wait_for(self._changed.wait(), within_s)
        except TimeoutError:
            return False
        return True

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Clean-up context of the application."""
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        # aiohttp repeats a GET by itself when the other side hangs up; a provider's own rules decide about that here.
        self._session._retry_connection = False  # noqa: SLF001
        yield
        tasks = tuple(self._tasks)
        self.stop_tasks()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()


def build(plane: Plane, player: Player) -> web.Application:
    """An application with the control routes; the simulator adds its own."""
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_only_from_here])
    app.cleanup_ctx.append(plane.running)
    control = _Control(plane, player)
    app.router.add_routes(
        [
            web.post("/_sim/inject", control.inject),
            web.get("/_sim/outbox", control.outbox),
            web.get("/_sim/journal", control.journal),
            web.get("/_sim/faults", control.list_faults),
            web.post("/_sim/faults", control.add_faults),
            web.delete("/_sim/faults", control.clear_faults),
            web.get("/_sim/clock", control.show_clock),
            web.post("/_sim/clock", control.move_clock),
            web.get("/_sim/options", control.show_options),
            web.post("/_sim/options", control.set_options),
            web.get("/_sim/state", control.state),
            web.post("/_sim/seed", control.seed),
            web.post("/_sim/reset", control.reset),
        ]
    )
    return app


@web.middleware
async def _only_from_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if "/_sim/" in request.path and not from_here(request):
        raise web.HTTPForbidden(text="the control plane answers this machine only\n")
    try:
        return await handler(request)
    except (ControlRefused, UnknownFault, msgspec.DecodeError, msgspec.ValidationError) as problem:
        if "/_sim/" not in request.path:
            raise
        return _json({"ok": False, "error": str(problem)}, status=400)


def from_here(request: web.BaseRequest) -> bool:
    """Whether the caller is a program on this machine, and no page of another site in its browser."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


class _Control:
    def __init__(self, plane: Plane, player: Player) -> None:
        self._plane = plane
        self._player = player

    async def inject(self, request: web.Request) -> web.Response:
        items = []
        for item in _list_of_objects(await request.read()):
            given = item.pop("with", None)
            action = self._plane.faults.resolve(msgspec.convert(given, Action)) if given else NOTHING
            items.append(await self._player.inject(item, action))
        self._plane.wake()
        return _json({"ok": True, "items": items})

    async def outbox(self, request: web.Request) -> web.Response:
        since, recipient = _number(request, "since"), request.query.get("recipient")
        return _json(
            {
                "items": [
                    message
                    for message in self._plane.journal.outbox
                    if message.seq > since and recipient in (None, message.recipient)
                ]
            }
        )

    async def journal(self, request: web.Request) -> web.Response:
        since, limit = _number(request, "since"), _number(request, "limit", 2_000)
        entries = [entry for entry in self._plane.journal.entries if entry.seq > since]
        return _json({"items": entries[-limit:] if limit else []})

    async def list_faults(self, request: web.Request) -> web.Response:
        return _json({"items": self._plane.faults.listed()})

    async def add_faults(self, request: web.Request) -> web.Response:
        body = await request.read()
        faults = msgspec.json.decode(body, type=list[Fault] | Fault)
        self._plane.faults.add(faults if isinstance(faults, list) else [faults])
        return await self.list_faults(request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._plane.faults.clear(request.query.get("tag", ""))
        return await self.list_faults(request)

    async def show_clock(self, request: web.Request) -> web.Response:
        return _json(self._clock())

    async def move_clock(self, request: web.Request) -> web.Response:
        order = msgspec.json.decode(await request.read(), type=_ClockOrder)
        if order.set is not None:
            self._plane.clock.set(order.set.astimezone(UTC))
        if order.advance is not None:
            delta = order.advance if isinstance(order.advance, timedelta) else timedelta(seconds=order.advance)
            self._plane.clock.advance(delta)
        if order.rate is not None:
            self._plane.clock.set_rate(order.rate)
        return _json(self._clock())

    async def show_options(self, request: web.Request) -> web.Response:
        return _json(self._player.options)

    async def set_options(self, request: web.Request) -> web.Response:
        kept = msgspec.to_builtins(self._player.options)
        given = msgspec.json.decode(await request.read(), type=dict[str, Any])
        self._player.options = msgspec.convert(kept | given, type(self._player.options))
        return _json(self._player.options)

    async def state(self, request: web.Request) -> web.Response:
        plane = self._plane
        return _json(
            self._clock()
            | {
                "accepted_unique": plane.journal.accepted_unique,
                "accepted_duplicates": plane.journal.accepted_duplicates,
                "in_flight": plane.in_flight,
                "faults": plane.faults.listed(),
                "options": self._player.options,
            }
        )

    async def seed(self, request: web.Request) -> web.Response:
        seed = msgspec.json.decode(await request.read(), type=dict[str, int])
        self._plane.faults.reseed(seed.get("seed", self._plane.settings.seed))
        return _json({"ok": True})

    async def reset(self, request: web.Request) -> web.Response:
        plane = self._plane
        plane.stop_tasks()
        plane.journal.clear()
        plane.faults.clear()
        plane.faults.reseed(plane.settings.seed)
        self._player.reset()
        plane.wake()
        return _json({"ok": True})

    def _clock(self) -> dict[str, Any]:
        return {"now": self._plane.clock.now(), "rate": self._plane.clock.rate}


class _ClockOrder(msgspec.Struct, forbid_unknown_fields=True):
    set: datetime | None = None
    advance: timedelta | float | None = None
    rate: float | None = None


def _list_of_objects(body: bytes) -> list[dict[str, Any]]:
    given = msgspec.json.decode(body, type=list[dict[str, Any]] | dict[str, Any])
    return given if isinstance(given, list) else [given]


def _number(request: web.Request, name: str, default: int = 0) -> int:
    try:
        return max(0, int(request.query.get(name, default)))
    except ValueError:
        raise ControlRefused(f"{name} is a number") from None


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type=JSON, status=status)


def _wrong_answer(action: Action) -> web.Response:
    status = action.status or (502 if action.malformed == "html" else 200)
    if action.malformed == "html":
        return web.Response(status=status, text=HTML_PAGE, content_type="text/html", headers=action.headers)
    if action.malformed is not None:
        text = '["wrong", "type"]' if action.malformed == "wrong_type" else '{"ok": tru'
        return web.Response(status=status, text=text, content_type=JSON, headers=action.headers)
    if isinstance(action.body, str) or action.body is None:
        return web.Response(status=status, text=action.body or "", headers=action.headers)
    return web.Response(status=status, body=msgspec.json.encode(action.body), content_type=JSON, headers=action.headers)


async def _cut(request: web.Request, whole: web.StreamResponse | None) -> web.StreamResponse | None:
    """The first half of the answer under a Content-Length of the whole, then the connection closes."""
    if not isinstance(whole, web.Response) or not isinstance(whole.body, bytes):
        return None
    cut = web.StreamResponse(status=whole.status, headers={"Content-Type": whole.content_type})
    cut.content_length = len(whole.body)
    await cut.prepare(request)
    await cut.write(whole.body[: len(whole.body) // 2])
    _hang_up(request)
    return cut


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _shown(response: web.StreamResponse | None) -> str:
    body = response.body if isinstance(response, web.Response) else None
    return body[:500].decode("utf-8", "replace") if isinstance(body, bytes) else ""
