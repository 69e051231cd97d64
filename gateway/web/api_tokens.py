"""Who calls the API: bearer tokens, what each may do, how often it may ask (docs/api.md § 1)."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.people import tokens
from gateway.web.callers import Caller, caller_of
from gateway.web.limits import Allowance
from gateway.web.problems import Problem
from gateway.web.routes import Handler
from gateway.web.security import lies_in, networks, remote, source
from gateway.web.site import Site, site_of

log = get_logger(__name__)
MINUTE_S = 60.0
GUESSES_PER_MINUTE = 30
SCHEME = "bearer "
REMEMBERED_S = 2.0
"""How long a revoked token may still get in."""
MOST_TOKENS = 1_000
USED_EVERY_S = 60.0
IN_THE_QUERY = ("token", "access_token", "api_key")
"""Where a token must never come: addresses end up in logs."""


Operation = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


def guarded(scope: str, operation: Operation) -> Handler:
    """An operation behind its scope and limit; how much of the limit is left stands on every answer."""

    async def enter(request: web.Request) -> web.StreamResponse:
        site = site_of(request)
        caller = await _caller(request, site)
        limit = site.gateway.settings.limits.api_per_minute
        allowance = site.limiter.take("api", caller.key, limit, MINUTE_S)
        try:
            response = await _carry_out(request, caller, allowance, scope, operation)
        except Problem as problem:
            problem.headers |= _told(allowance)
            raise
        response.headers.update(_told(allowance))
        return response

    return enter


async def _carry_out(
    request: web.Request, caller: Caller, allowance: Allowance, scope: str, operation: Operation
) -> web.StreamResponse:
    if not allowance.allowed:
        raise Problem("rate_limited", headers={hdrs.RETRY_AFTER: str(allowance.reset_s)})
    if scope not in caller.scopes:
        site = site_of(request)
        raise Problem("missing_scope", site.texts("error.api.scope", site.language, scope=scope))
    return await operation(request, caller)


async def _caller(request: web.Request, site: Site) -> Caller:
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    misplaced = [name for name in IN_THE_QUERY if name in request.query]
    if given.lower().startswith(SCHEME) and not misplaced:
        known = await caller_by(request, given[len(SCHEME) :].strip())
        if known is not None:
            return known
    if not await may_guess_on(request, "api", given=bool(given or misplaced)):
        raise Problem("rate_limited", headers={hdrs.RETRY_AFTER: str(round(MINUTE_S))})
    where = "error.api.token_in_query" if misplaced else "error.api.token"
    raise Problem("unauthenticated", site.texts(where, site.language), headers={hdrs.WWW_AUTHENTICATE: "Bearer"})


async def caller_by(request: web.Request, token: str) -> Caller | None:
    """Whose token this is; None where it is nobody's, no longer good, or comes from where it must not."""
    site, found = site_of(request), tokens.digest(token)
    caller = site.callers.get(found)
    if caller is None and tokens.LOOKS.fullmatch(token):
        caller = await _made_here(site, found)
    return caller if caller is not None and _may_come_from_there(request, caller) else None


async def _made_here(site: Site, found: str) -> Caller | None:
    """One of the database; who it is stays known for a moment, so that most calls ask nothing."""
    until, caller = site.tokens.get(found, (0.0, None))
    if caller is None or until <= site.monotonic():
        site.tokens.pop(found, None)
        token = await site.read(tokens.by_digest, found)
        if token is None or not token.is_good(site.now()):
            return None
        if len(site.tokens) >= MOST_TOKENS:
            site.tokens.clear()
        caller = caller_of(token)
        site.tokens[found] = (site.monotonic() + REMEMBERED_S, caller)
    if caller.expires_at and caller.expires_at <= site.now():
        return None
    if site.limiter.take("token_used", caller.key, 1, USED_EVERY_S).allowed:
        await site.write(tokens.used, caller.token)
    return caller


def _may_come_from_there(request: web.Request, caller: Caller) -> bool:
    return not caller.networks or lies_in(remote(request), networks(caller.networks))


async def may_guess_on(request: web.Request, door: str, *, given: bool = True) -> bool:
    """Counts a token that is none at this door; False when too many came from there within a minute. One that was `given` is
    recorded too, once a minute (each record is a write, which guesses must not cause)."""
    site = site_of(request)
    if not site.limiter.take(f"{door}_refused", source(request), GUESSES_PER_MINUTE, MINUTE_S).allowed:
        return False
    if given and site.limiter.take(f"{door}_refused_noted", "all", 1, MINUTE_S).allowed:
        log.warning("token_refused")
        await site.write(_record_refusal)
    return True


def _record_refusal(tx: Any) -> None:
    audit.record(tx, SYSTEM, "token_refused")


def _told(allowance: Allowance) -> dict[str, str]:
    if not allowance.limit:
        return {}
    return {
        "RateLimit-Limit": str(allowance.limit),
        "RateLimit-Remaining": str(allowance.remaining),
        "RateLimit-Reset": str(allowance.reset_s),
    }
