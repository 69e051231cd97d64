"""Forms of ours: the token that each carries, and what a POST must prove before its handler sees it (SECURITY C22).

Signed in, the token is the session's. Visitors get a random cookie and a token made from it; pages behind a secret
address (a PIC's link) need no cookie, their token is made from the secret.
"""

import hashlib
import hmac
import secrets

from aiohttp import hdrs, web

from gateway.web.body import read_body
from gateway.web.posted import Posted, read_posted
from gateway.web.routes import Route
from gateway.web.security import is_from_elsewhere
from gateway.web.site import FORM_NONCE, ROUTE, USER, site_of

FIELD = "_csrf"
COOKIE = "satupintu-form"
NONCE_BYTES = 18
FORM_BYTES = 256 * 1024
"""Most that a form without files may weigh: 10,000 characters of text in any script, and then some."""


class FormRefused(web.HTTPForbidden):
    """The form was sent by another site, or its token is missing, old or somebody else's: nothing was done."""


def form_token(request: web.Request) -> str:
    """The value of the hidden field that every form of this page needs."""
    user = request.get(USER)
    if user is not None:
        token: str = user.csrf
        return token
    route = request.get(ROUTE)
    if route is not None and route.seed:
        return _made_from(request, f"page|{request.match_info.get(route.seed, '')}")
    return _made_from(request, f"visitor|{_nonce(request)}")


def _made_from(request: web.Request, value: str) -> str:
    key = site_of(request).gateway.office.keys.form
    return hmac.new(key, f"csrf|{value}".encode(), hashlib.sha256).hexdigest()


def _nonce(request: web.Request) -> str:
    known = request.cookies.get(cookie_name(request, COOKIE), "")
    if known:
        return known
    fresh = request.get(FORM_NONCE)
    if fresh is None:
        fresh = request[FORM_NONCE] = secrets.token_urlsafe(NONCE_BYTES)
    return fresh


def cookie_name(request: web.Request, name: str) -> str:
    """`__Host-` binds a cookie to this very host over TLS; plain http of a local set-up cannot have it."""
    return name if site_of(request).gateway.settings.is_local else f"__Host-{name}"


def set_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str, *, samesite: str) -> None:
    """A cookie for this browser session, out of reach of scripts."""
    secure = not site_of(request).gateway.settings.is_local
    response.set_cookie(cookie_name(request, name), value, path="/", httponly=True, samesite=samesite, secure=secure)


def keep_nonce(request: web.Request, response: web.StreamResponse) -> None:
    """Give a visitor the cookie that the forms of this answer belong to."""
    nonce = request.get(FORM_NONCE)
    if nonce is not None:
        set_cookie(request, response, COOKIE, nonce, samesite="Strict")


async def take_form(request: web.Request, route: Route) -> Posted:
    """The form of a POST. FormRefused, or 413 and 408 of its body; a handler is only reached with a good form."""
    if is_from_elsewhere(request):
        raise FormRefused(text="origin")
    site = site_of(request)
    limit = site.gateway.settings.intake.max_body_files if route.files else FORM_BYTES
    body = await read_body(request, limit)
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
    # Files take their time to be cut apart; other people's requests must not wait for that.
    form = (
        await site.work(read_posted, content_type, body) if len(body) > FORM_BYTES else read_posted(content_type, body)
    )
    if route.token and not hmac.compare_digest(form.get(FIELD).encode(), form_token(request).encode()):
        raise FormRefused(text="token")
    return form
