"""Server-sent events: what changed while a screen is open. Nothing needs them; pages ask again without (SCREENS § 1.2)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import msgspec
from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.complaints.inputs import whole_number
from gateway.web.hub import LiveEvent, TooManyListeners
from gateway.web.routes import CASE_READERS, CHANNEL_READERS, COORDINATION, Route
from gateway.web.sessions import session_of
from gateway.web.site import Site, site_of, user_of

HEARTBEAT_S = 15.0
CHECK_EVERY = 4
"""Heartbeats between two looks at whether the session still holds."""
RELOAD = b"event: reload\ndata: {}\n\n"
SEE_ALL = COORDINATION | {Role.PRIVACY_OFFICER}
Queue = asyncio.Queue[LiveEvent | None]


async def complaints(request: web.Request) -> web.StreamResponse:
    """`/admin/aduan/arus`: complaints that came or moved."""
    return await _stream(request, frozenset({"complaint"}))


async def channels(request: web.Request) -> web.StreamResponse:
    """`/admin/kanal/arus`: channels, and complaints as signs of traffic."""
    return await _stream(request, frozenset({"channel", "complaint"}))


async def _stream(request: web.Request, kinds: frozenset[str]) -> web.StreamResponse:
    site = site_of(request)
    try:
        with site.hub.listening() as queue:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
            # Whoever leaves a page is noticed here, at the next thing that is told; that is no failure.
            with suppress(ConnectionResetError):
                await response.prepare(request)
                # A page says how far it had come when it was made; after a break the browser itself knows better.
                seen = request.headers.get("Last-Event-ID") or request.query.get("sejak", "")
                await response.write(_missed(site, seen, kinds, _sees_all(request)))
                await _tell(request, response, queue, kinds)
            return response
    except TooManyListeners:
        return web.Response(status=web.HTTPServiceUnavailable.status_code, headers={"Retry-After": "60"})


async def _tell(request: web.Request, response: web.StreamResponse, queue: Queue, kinds: frozenset[str]) -> None:
    site, sees_all, quiet = site_of(request), _sees_all(request), 0
    while not site.hub.closing:
        try:
            event = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
        except TimeoutError:
            quiet += 1
            if quiet % CHECK_EVERY == 0 and not await _still_signed_in(request):
                return
            await response.write(b": heartbeat\n\n")
            continue
        if event is None:
            if not site.hub.closing:
                await response.write(RELOAD)
        elif event.values.get("kind") in kinds:
            await response.write(_written(site, event, sees_all=sees_all))


async def _still_signed_in(request: web.Request) -> bool:
    """Signing out, or an account that was closed, ends the streams of every open page."""
    # An open page alone is nobody at work: it must not keep the session alive.
    user = await session_of(request, keep_alive=False)
    return user is not None and user.token_hash == user_of(request).token_hash


def _missed(site: Site, last_event_id: str, kinds: frozenset[str], sees_all: bool) -> bytes:
    """The beginning of a stream: how soon to come back, and what was missed since `<process>-<number>`."""
    begin = b"retry: 5000\n\n"
    began, _, number = last_event_id.partition("-")
    if not (began.isdecimal() and number.isdecimal()):
        return begin
    missed = site.hub.since(whole_number(began, 2**63 - 1), whole_number(number))
    if missed is None:
        return begin + RELOAD
    told = [_written(site, event, sees_all=sees_all) for event in missed if event.values.get("kind") in kinds]
    return begin + b"".join(told)


def _written(site: Site, event: LiveEvent, *, sees_all: bool) -> bytes:
    # Other agencies' numbers are nobody's business: a screen that may not see all learns only that something changed.
    values: Mapping[str, str] = event.values if sees_all else {"kind": event.values.get("kind", "")}
    content = msgspec.json.encode(values).decode()
    return f"id: {site.hub.began}-{event.id}\nevent: change\ndata: {content}\n\n".encode()


def _sees_all(request: web.Request) -> bool:
    return user_of(request).role in SEE_ALL


ROUTES = (
    Route("GET", "/admin/aduan/arus", complaints, roles=CASE_READERS),
    Route("GET", "/admin/kanal/arus", channels, roles=CHANNEL_READERS),
)
