"""What every handler works with: one `Site` per web process, and how a handler asks the database from the event loop."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

from aiohttp import web

from config.texts import Texts
from gateway.app import Gateway
from gateway.intake.batching import Writer
from gateway.people.accounts import SignedIn
from gateway.web.api_types import CountRecord
from gateway.web.callers import Caller
from gateway.web.counters import Counters
from gateway.web.hub import Hub
from gateway.web.limits import Limiter
from gateway.web.posted import Posted
from gateway.web.routes import Route

P = ParamSpec("P")
T = TypeVar("T")
THREADS = 6


@dataclass(slots=True)
class Site:
    """Held by the application from start to end; nothing in it is needed by another process."""

    gateway: Gateway
    writer: Writer
    counters: Counters
    limiter: Limiter
    callers: Mapping[str, Caller]
    """Callers of the API that the settings name, by the hash of their token."""
    hub: Hub
    routes: tuple[Route, ...]
    static: Mapping[str, str]
    """File name -> its address with the version of its content."""
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="web"))
    counts: dict[str, tuple[float, CountRecord]] = field(default_factory=dict)
    """Filters of a list -> until when (monotonic) which figure is good enough."""
    tokens: dict[str, tuple[float, Caller]] = field(default_factory=dict)
    """Hash of another token -> until when (monotonic) who it is need not be asked."""
    seen: dict[str, datetime] = field(default_factory=dict)
    """Session -> when this process last wrote that its owner is there."""
    sign_ins: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    is_current: bool = False
    """Whether the schema was found to be current."""
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process cannot go on: whoever started it ends it."""

    @property
    def texts(self) -> Texts:
        return self.gateway.texts

    @property
    def language(self) -> str:
        return self.gateway.settings.government.language

    def now(self) -> datetime:
        """The moment, aware, by the product's clock."""
        return self.gateway.office.now()

    def monotonic(self) -> float:
        return self.gateway.clock.monotonic()

    async def read(self, function: Callable[Concatenate[Any, P], T], *args: P.args, **named: P.kwargs) -> T:
        """`function(tx, …)` in a transaction that only reads, in a thread."""
        return await self.work(self._read, function, *args, **named)

    async def write(self, function: Callable[Concatenate[Any, P], T], *args: P.args, **named: P.kwargs) -> T:
        """`function(tx, …)` in a transaction of its own, in a thread; committed when this returns."""
        return await self.work(self._write, function, *args, **named)

    async def work(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        """Anything that would stop the event loop, in a thread. Log lines keep the id of the request."""
        call = partial(copy_context().run, partial(function, *args, **named))
        return await asyncio.get_running_loop().run_in_executor(self.threads, call)

    def _read(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        with self.gateway.store.reading() as tx:
            return function(tx, *args, **named)

    def _write(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        return self.gateway.store.run(lambda tx: function(tx, *args, **named))


SITE = web.AppKey("site", Site)
ROUTE = web.RequestKey("route", Route)
USER = web.RequestKey("user", SignedIn)
POSTED = web.RequestKey("posted", Posted)
REQUEST_ID = web.RequestKey("request_id", str)
HEARD = web.RequestKey("heard", str)
"""How far live events had come when the request did: what a page shows is at least as new."""
FORM_NONCE = web.RequestKey("form_nonce", str)
"""A fresh secret of a visitor's forms, to be put into a cookie with the answer."""


def site_of(request: web.Request) -> Site:
    return request.app[SITE]


def user_of(request: web.Request) -> SignedIn:
    """Who is signed in; only behind a route that names roles."""
    return request[USER]


def posted(request: web.Request) -> Posted:
    """The form of this POST, its token already checked."""
    return request[POSTED]
