"""The web application: which doors there are, what stands around them, and what begins and ends with the process."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from importlib import import_module

from aiohttp import web

from config.logging import get_logger
from gateway.app import Gateway, open_writer
from gateway.outbound import pulse
from gateway.web import errors, forms, pages, security, sessions
from gateway.web.callers import callers
from gateway.web.counters import Counters
from gateway.web.hub import Hub
from gateway.web.limits import Limiter
from gateway.web.routes import Handler, Route, handler_of
from gateway.web.site import POSTED, ROUTE, SITE, Site

log = get_logger(__name__)
MODULES = (
    "gateway.web.webhooks",
    "gateway.web.data_deletion",
    "gateway.web.health",
    "gateway.web.login",
    "gateway.web.live",
    "gateway.web.files",
    "gateway.web.citizen",
    "gateway.web.tracking_pages",
    "gateway.web.officer",
    "gateway.web.public",
    "gateway.web.unsubscribing",
    "gateway.web.openapi",
    "gateway.web.open311",
    "gateway.web.open311_posting",
)
"""Every module with doors of its own; each offers `ROUTES`. A new one is a row here."""
PULSE_EVERY_S = 10.0


def routes() -> tuple[Route, ...]:
    """The doors of the site itself, without the dashboard's screens."""
    return tuple(route for module in MODULES for route in import_module(module).ROUTES)


def build(gateway: Gateway, screens: Iterable[Route] = ()) -> web.Application:
    """The application. `screens`: the dashboard's table (gateway/dashboard/menu.py), which lies above this package."""
    app = web.Application(middlewares=[errors.guard], client_max_size=gateway.settings.intake.max_body_files)
    doors = (*routes(), *screens)
    app[SITE] = Site(
        gateway=gateway,
        writer=open_writer(gateway),
        counters=Counters(),
        limiter=Limiter(gateway.clock.monotonic),
        callers=callers(gateway.settings),
        hub=Hub(began=int.from_bytes(os.urandom(4))),
        routes=doors,
        static=pages.static_addresses(),
    )
    pages.set_up(app, gateway)
    for route in doors:
        _add(app, route)
    app.router.add_static("/static", pages.STATIC)
    app.on_response_prepare.append(security.add_headers)
    app.cleanup_ctx.extend((_threads, _writing, _listening, _pulsing))
    app.on_shutdown.append(_end_streams)
    return app


def _add(app: web.Application, route: Route) -> None:
    entrance = _entrance(route)
    if route.method == "GET":
        app.router.add_get(route.path, entrance)  # HEAD comes with it
    else:
        app.router.add_route(route.method, route.path, entrance)


def _entrance(route: Route) -> Handler:
    """What happens between the guard and the handler: who may come in, and is the form one of ours."""
    handler = handler_of(route)
    takes_form = route.method == "POST" and route.form
    if route.path.startswith(security.MACHINE_PATHS):
        return handler  # the shortest way for the busiest door: nobody signs in here, and no form of ours comes

    async def enter(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        if route.roles is not None:
            await sessions.require(request, route.roles)
        if takes_form:
            request[POSTED] = await forms.take_form(request, route)
        return await handler(request)

    return enter


async def _threads(app: web.Application) -> AsyncIterator[None]:
    yield
    app[SITE].threads.shutdown()


async def _writing(app: web.Application) -> AsyncIterator[None]:
    """The Writer lives as long as anybody may still be waiting for it; it ends when everything is on the disk."""
    site = app[SITE]
    task = asyncio.create_task(site.writer.run(), name="writer")
    task.add_done_callback(lambda done: _note_end(site, done))
    yield
    site.writer.close()
    await asyncio.gather(task, return_exceptions=True)


def _note_end(site: Site, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        # Without it every message would take the slow way over the disk: better a fresh process.
        log.error("writer_died", exc_info=task.exception())
        site.broken.set()


async def _listening(app: web.Application) -> AsyncIterator[None]:
    site = app[SITE]
    task = asyncio.create_task(site.hub.run(site.gateway.doorbell.listen()), name="live")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _pulsing(app: web.Application) -> AsyncIterator[None]:
    """Now and then look after the spool's disk, and write what only this process saw: who called, who forged."""
    site = app[SITE]
    task = asyncio.create_task(_pulse_forever(site), name="pulse")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _pulse_forever(site: Site) -> None:
    told = pulse.Told()
    while True:
        await asyncio.sleep(PULSE_EVERY_S)
        try:
            await site.writer.keep_room()
            news = told.news(site.counters.last_in, site.counters.forged)
            if news:
                await site.write(pulse.beat, news)
                told.keep(news)
        except Exception:
            log.exception("pulse_not_written")


async def _end_streams(app: web.Application) -> None:
    app[SITE].hub.close()
