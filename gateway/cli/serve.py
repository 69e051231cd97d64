"""`gateway serve`: the web process. Webhooks, pages and API until SIGTERM; what was accepted by then is answered."""

import asyncio
import errno
import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import uvloop
from aiohttp import web

from config.garbage import settled
from config.logging import get_logger
from config.settings import Settings
from gateway.app import Gateway
from gateway.cli.context import gateway_or_exit, refuse_old_schema
from gateway.dashboard.menu import SCREENS
from gateway.operations.hangup import Hangup
from gateway.operations.heart import Heart
from gateway.operations.vitals import Counted
from gateway.web.app import build
from gateway.web.site import SITE

log = get_logger(__name__)
SQLITE = "sqlite:///"
KEEP_ALIVE_S = 75.0
"""Longer than load balancers keep an idle connection; also what a connection may take to send its first request."""
MAX_LINE = 65_536
"""Ten SMS in one GET, every character written as %XX%XX%XX, are 50 KB."""
MAX_HEADER = 16_384
BACKLOG = 1024
SHARE_FOR_REQUESTS = 0.6
"""Part of `server.shutdown_s` in which running requests may end; the rest is for writing down what they brought."""


@click.command()
def serve() -> None:
    """Serve webhooks, pages and API until SIGTERM."""
    gateway = gateway_or_exit()
    try:
        with only_web_process(gateway.settings):
            refuse_old_schema(gateway)
            heart = Heart(gateway.store, "web", Counted())
            with heart, Hangup(gateway.store), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve_until_told(gateway))
    finally:
        gateway.close()


@contextmanager
def only_web_process(settings: Settings) -> Iterator[None]:
    """Two web processes on one SQLite file only wait for each other (PERFORMANCE rule 2): the second one is refused."""
    url = settings.storage.url
    if not url.startswith(SQLITE):
        yield
        return
    database = Path(url.removeprefix(SQLITE))
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.serve").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise click.ClickException(
                f"another gateway serve works on {database}: SQLite has room for one; end it, or use PostgreSQL"
            ) from None
        yield


async def serve_until_told(gateway: Gateway) -> None:
    """Listen; end in order when a signal comes, or with an error when the process cannot go on."""
    told = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, told.set)
    server = gateway.settings.server
    app = build(gateway, SCREENS)
    runner = web.AppRunner(
        app,
        access_log=None,  # addresses and queries do not belong into lines (SECURITY C24)
        auto_decompress=False,  # signatures are over the bytes that came; nothing unpacks itself in our memory
        keepalive_timeout=KEEP_ALIVE_S,
        max_line_size=MAX_LINE,
        max_field_size=MAX_HEADER,
        shutdown_timeout=max(1.0, server.shutdown_s * SHARE_FOR_REQUESTS),
    )
    await runner.setup()
    try:
        await _listen(runner, gateway.settings)
        settled()
        log.info("serving", host=server.host, port=server.port)
        broken = app[SITE].broken
        await asyncio.wait(
            [asyncio.ensure_future(told.wait()), asyncio.ensure_future(broken.wait())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        log.info("serving_ends", broken=broken.is_set())
    finally:
        await runner.cleanup()
    if broken.is_set():
        raise click.ClickException("the writer died; its traceback is in the log")


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    server = settings.server
    # Several processes share a port where the database allows several; a stranger on it is refused either way.
    shared = not settings.storage.url.startswith(SQLITE)
    try:
        await web.TCPSite(runner, server.host, server.port, backlog=BACKLOG, reuse_port=shared).start()
    except OSError as problem:
        why = "is in use" if problem.errno == errno.EADDRINUSE else f"cannot be used ({problem.strerror})"
        raise click.ClickException(
            f"server.port: {server.host}:{server.port} {why}; end the other program or set GATEWAY__SERVER__PORT"
        ) from problem
