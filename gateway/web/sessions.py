"""Who is signed in: the session's cookie, and the gate in front of every screen of staff."""

from collections.abc import Callable, Collection
from functools import wraps
from urllib.parse import quote

from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.people import accounts, bindings, second_factor
from gateway.people.accounts import SignedIn
from gateway.people.bindings import Standing
from gateway.web.forms import cookie_name, set_cookie
from gateway.web.routes import Handler
from gateway.web.site import USER, Site, site_of

COOKIE = "satupintu"
FRESH = "X-Fresh"
"""Header of a page that refreshes itself while nobody may be sitting before it."""
SEEN_EVERY_S = 60.0
SIGN_IN = "/masuk"
ENROL = "/masuk/faktor-kedua"
MOST_REMEMBERED = 10_000


class NotSignedIn(web.HTTPUnauthorized):
    """Nobody is signed in, and this cannot be answered by the sign-in page (a form, a stream)."""


class MandateOver(web.HTTPForbidden):
    """Signed in until now; the mandate that the account belongs to is over."""


class MandateNotBegun(web.HTTPForbidden):
    """As above; its first day is still to come."""


class NotForYou(web.HTTPForbidden):
    """Signed in, but this screen is for other roles."""


def token_of(request: web.Request) -> str:
    return request.cookies.get(cookie_name(request, COOKIE), "")


async def session_of(request: web.Request, *, keep_alive: bool = True) -> SignedIn | None:
    """Who this browser belongs to; None for visitors. `keep_alive`: somebody does something, the session goes on."""
    token = token_of(request)
    if not token:
        return None
    site = site_of(request)
    user: SignedIn | None = await site.read(accounts.session, token)
    if user is not None and keep_alive and _is_due(site, user):
        await site.write(accounts.seen, user)
    return user


def _is_due(site: Site, user: SignedIn) -> bool:
    """Once a minute is enough to know that somebody is there; each time is a write that messages would wait for."""
    seen, now = site.seen, site.now()
    last = seen.get(user.token_hash)
    if last is not None and (now - last).total_seconds() < SEEN_EVERY_S:
        return False
    if len(seen) > MOST_REMEMBERED:
        seen.clear()
    seen[user.token_hash] = now
    return True


async def require(request: web.Request, roles: Collection[Role]) -> SignedIn:
    """Whoever is signed in and has one of these roles; else the sign-in page, the second factor's page, or a refusal."""
    user = await session_of(request, keep_alive=FRESH not in request.headers)
    if user is None:
        await _say_what_ended(request)
        if request.method == "GET" and "text/event-stream" not in request.headers.get("Accept", ""):
            raise web.HTTPSeeOther(f"{SIGN_IN}?lanjut={quote(request.rel_url.raw_path_qs, safe='')}")
        raise NotSignedIn
    request[USER] = user
    if request.path != ENROL and await is_to_enrol(site_of(request), user):
        raise web.HTTPSeeOther(ENROL)
    if user.role not in roles:
        raise NotForYou
    return user


async def _say_what_ended(request: web.Request) -> None:
    """Whose mandate ended while they sat there hears that, and not that they never signed in."""
    token, site = token_of(request), site_of(request)
    standing, is_open = await site.read(accounts.shut_out, token) if token else (Standing.FREE, False)
    if standing is Standing.FREE:
        return
    if is_open:  # once: whoever goes on asking is refused without a write, which messages would wait for
        await site.write(bindings.end_sessions)
    raise MandateOver if standing is Standing.OVER else MandateNotBegun


async def is_to_enrol(site: Site, user: SignedIn) -> bool:
    """Whether this account must have a second factor before it may do anything, and has none (SECURITY C22)."""
    settings = site.gateway.settings
    if settings.is_local or settings.accounts.second_factor != "required":
        return False
    if user.role not in accounts.MUST_HAVE_SECOND_FACTOR:
        return False
    return await site.read(second_factor.is_missing, user.account_id)


def staff(roles: Collection[Role]) -> Callable[[Handler], Handler]:
    """For handlers that are not rows of a route table: `@staff({Role.COORDINATOR})`."""

    def gated(handler: Handler) -> Handler:
        @wraps(handler)
        async def enter(request: web.Request) -> web.StreamResponse:
            await require(request, roles)
            return await handler(request)

        return enter

    return gated


def remember(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """A new session begins: a fresh token, whatever cookie was there before."""
    set_cookie(request, response, COOKIE, token, samesite="Lax")


def forget(request: web.Request, response: web.StreamResponse) -> None:
    settings = site_of(request).gateway.settings
    response.del_cookie(cookie_name(request, COOKIE), path="/", secure=not settings.is_local, httponly=True)
