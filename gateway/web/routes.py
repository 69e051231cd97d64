"""What an entrance of the site is: method, path, who may come in, and what stands behind the door.

Modules of the site offer `ROUTES`, the dashboard offers `SCREENS` (gateway/dashboard/menu.py); both are tuples of `Route`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module

from aiohttp import web

from gateway.complaints.complaint import OFFICERS, Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STAFF = frozenset(Role) - {Role.REPORTER, Role.SYSTEM, Role.SP4N}
"""Everybody who can sign in."""
COORDINATION = frozenset({Role.COORDINATOR, Role.CHANNEL_ADMIN})
CASE_READERS = COORDINATION | OFFICERS | {Role.INSPECTORATE, Role.REGIONAL_HEAD, Role.PRIVACY_OFFICER}
CASE_WORKERS = OFFICERS | {Role.COORDINATOR, Role.CHANNEL_ADMIN, Role.INSPECTORATE}
CHANNEL_READERS = COORDINATION | {Role.SYSTEM_ADMIN, Role.REGIONAL_HEAD}
CHANNEL_WORKERS = COORDINATION | {Role.SYSTEM_ADMIN}


@dataclass(frozen=True, slots=True)
class Route:
    """One door. `handler` is a function, or its name `"module:function"`, imported when first used."""

    method: str
    path: str
    handler: Handler | str
    roles: frozenset[Role] | None = None
    """Who may enter, signed in; None: everybody."""
    title: str = ""
    """Text key: the screen stands in the menu of its roles under this name."""
    part: str = ""
    """Screens of one part (`nav.part.<part>`) stand together in the menu, behind its name; without one in the open."""
    form: bool = True
    """A POST carries one of our forms: it is read, and refused without our token. False: the handler proves its caller."""
    files: bool = False
    """The form may carry files (`intake.max_body_files` instead of a form's usual size)."""
    seed: str = ""
    """Name of a secret part of the path that form tokens are bound to, for pages without session and cookie."""
    token: bool = True
    """False: the form needs no token of ours, because what is typed into it is itself the proof (number and code)."""


def handler_of(route: Route) -> Handler:
    """The function behind a route; a name is looked up once, at the first request."""
    if not isinstance(route.handler, str):
        return route.handler
    return _Named(route.handler)


def resolve(target: str) -> Handler:
    """The function that `"module:function"` names."""
    module, _, name = target.partition(":")
    found: Handler = getattr(import_module(module), name)
    return found


class _Named:
    """Stands for a handler until somebody comes: screens load when they are first looked at."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._found: Handler | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self._found is None:
            self._found = resolve(self._target)
        return await self._found(request)
