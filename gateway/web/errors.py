"""What went wrong, told once: as a page to people, as problem+json to programs, with an id and never a traceback."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web

from config.logging import get_logger
from gateway.queries.readiness import is_database_away
from gateway.web import open311_refusals, pages, problems
from gateway.web.forms import FormRefused
from gateway.web.problems import Problem
from gateway.web.security import MACHINE_PATHS, new_request_id
from gateway.web.sessions import MandateNotBegun, MandateOver, NotSignedIn
from gateway.web.site import HEARD, REQUEST_ID, site_of

log = get_logger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PROGRAMS = ("/api/",)
"""Whoever calls here reads JSON."""
AWAY_S = "15"
"""Retry-After while the database is away."""
TEXTS = frozenset({400, 401, 403, 404, 405, 408, 413, 422, 429, 500, 503})
"""Statuses with words of their own (`error.<status>.…`); others borrow those of 400 or 500."""
WORDS: dict[type[web.HTTPException], str] = {
    FormRefused: "form",
    NotSignedIn: "session",
    MandateOver: "mandate_over",
    MandateNotBegun: "mandate_not_begun",
}
"""Refusals with words of their own beside those of their status."""


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Around every request: an id, a count, and an answer whatever happens inside."""
    if request.path.startswith(MACHINE_PATHS):
        return await handler(request)
    request_id = request[REQUEST_ID] = new_request_id()
    request[HEARD] = site_of(request).hub.position
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await _answer(request, handler)
    site_of(request).counters.responses[request.method, f"{response.status // 100}xx"] += 1
    return response


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problems.answer(request, problem)
    except web.HTTPException as refusal:
        if refusal.status < web.HTTPBadRequest.status_code:
            raise
        return tell(request, refusal.status, WORDS.get(type(refusal), ""), _kept_headers(refusal))
    except (asyncio.CancelledError, ConnectionResetError):
        raise
    except Exception as problem:
        if is_database_away(problem):
            log.warning("request_without_database", route=_route(request), problem=type(problem).__name__)
            return tell(request, web.HTTPServiceUnavailable.status_code, "", {hdrs.RETRY_AFTER: AWAY_S})
        log.exception("request_failed", route=_route(request), method=request.method)
        return tell(request, web.HTTPInternalServerError.status_code)


def tell(
    request: web.Request, status: int, words: str = "", headers: dict[str, str] | None = None
) -> web.StreamResponse:
    """An answer that only says what went wrong. `words` names texts `error.<words>.…` other than the status's own."""
    headers = headers or {}
    if request.path.startswith(PROGRAMS):
        return problems.answer(request, Problem.of_status(status, headers))
    if request.path.startswith(open311_refusals.BASE):
        return open311_refusals.of_status(request, status, headers)
    words = words or str(
        status if status in TEXTS else 500 if status >= web.HTTPInternalServerError.status_code else 400
    )
    # A printed page tells its address; that of a mishap may hold what somebody typed, or a token.
    return pages.render(request, "error.html", status=status, headers=headers, words=f"error.{words}", page_url="")


def _kept_headers(refusal: web.HTTPException) -> dict[str, str]:
    return {name: refusal.headers[name] for name in (hdrs.ALLOW, hdrs.RETRY_AFTER) if name in refusal.headers}


def _route(request: web.Request) -> str:
    """The pattern, never the address: that may hold a token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
