"""`/masuk` and `/keluar`: password and second factor in, a fresh session out; wrong answers say nothing (SECURITY C22)."""

from datetime import date
from http import HTTPStatus
from urllib.parse import urlsplit

import segno
from aiohttp import web

from config.logging import get_logger
from gateway.complaints.calendar import day_text
from gateway.people import accounts, second_factor
from gateway.web import pages, sessions
from gateway.web.routes import STAFF, Route
from gateway.web.security import source
from gateway.web.site import Site, posted, site_of, user_of

log = get_logger(__name__)
HOME = "/admin"
TRIES, TRIES_WITHIN_S = 20, 600.0
"""Sign-ins of one source: an office behind one address gets by, a guessing machine does not."""
REFUSALS = {
    "wrong": "login.refused",
    "locked": "login.refused",
    "code_needed": "login.code_needed",
    "over": "login.mandate_over",
    "not_begun": "login.mandate_not_begun",
}
"""A locked account answers as a wrong password does: nobody learns that it exists."""
MODULE_PIXELS, QUIET_MODULES = 5, 2
DIGITS = "0123456789"
GROUP = 4
"""Letters of a secret stand in groups, for whoever has to type it."""


async def show(request: web.Request) -> web.StreamResponse:
    """The sign-in page; who is signed in already goes on."""
    if await sessions.session_of(request) is not None:
        raise web.HTTPSeeOther(onward(request.query.get("lanjut", "")))
    return _page(request, request.query.get("lanjut", ""))


async def sign_in(request: web.Request) -> web.StreamResponse:
    form, site = posted(request), site_of(request)
    name, onwards = form.get("username"), form.get("lanjut")
    allowance = site.limiter.take("sign_in", source(request), TRIES, TRIES_WITHIN_S)
    if not allowance.allowed:
        log.warning("sign_in_limited")
        return _page(request, onwards, name, "login.refused", HTTPStatus.TOO_MANY_REQUESTS)
    code = "".join(letter for letter in form.get("code") if letter in DIGITS)
    password = form.fields.get("password", ("",))[-1]
    # Passwords are slow to check on purpose; messages must not wait behind a crowd at the door.
    async with site.sign_ins:
        known = await site.read(accounts.known_of, name)
        proof = await site.work(accounts.compare, known, password)
    outcome = await site.write(accounts.sign_in, name, proof, code)
    if outcome.refused:
        problem, status = REFUSALS[outcome.refused], HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, onwards, name, problem, status, outcome.day)
    response = web.HTTPSeeOther(onward(onwards))
    sessions.remember(request, response, outcome.token)
    raise response


def onward(wanted: str) -> str:
    """Where to go after signing in: a screen of ours, whatever the address said."""
    parts = urlsplit(wanted)
    is_ours = not parts.scheme and not parts.netloc and (parts.path == HOME or parts.path.startswith(f"{HOME}/"))
    return wanted if is_ours and "\\" not in wanted and wanted.isprintable() else HOME


def _page(
    request: web.Request,
    onwards: str,
    name: str = "",
    problem: str = "",
    status: int = HTTPStatus.OK,
    day: date | None = None,
) -> web.Response:
    """`day` is what a sentence about a mandate names."""
    said = {"tgl": day_text(day)} if day else {}
    return pages.render(request, "login.html", status=status, onward=onwards, username=name, problem=problem, said=said)


async def sign_out(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    await site.write(accounts.sign_out, user_of(request))
    response = web.HTTPSeeOther(sessions.SIGN_IN)
    sessions.forget(request, response)
    raise response


async def home(request: web.Request) -> web.StreamResponse:
    """`/admin`: the first screen of whoever comes."""
    screens = pages.menu_of(site_of(request), user_of(request).role)
    if not screens:
        return pages.render(request, "nothing.html")
    raise web.HTTPSeeOther(screens[0].path)


async def offer_factor(request: web.Request) -> web.StreamResponse:
    """A fresh secret as QR code and letters; nothing is kept until a code proves that a device knows it."""
    site, user = site_of(request), user_of(request)
    if not await site.read(second_factor.is_missing, user.account_id):
        raise web.HTTPSeeOther(HOME)
    return _offer(request, site, second_factor.new_secret())


async def enrol(request: web.Request) -> web.StreamResponse:
    form, site, user = posted(request), site_of(request), user_of(request)
    secret = form.get("secret")
    if await site.write(second_factor.enrol, user, secret, form.get("code")):
        raise web.HTTPSeeOther(HOME)
    return _offer(request, site, second_factor.new_secret(), "login.enrol.wrong")


def _offer(request: web.Request, site: Site, secret: str, problem: str = "") -> web.Response:
    user = user_of(request)
    address = second_factor.address(secret, user.username, site.gateway.settings.government.name)
    letters = " ".join(secret[at : at + GROUP] for at in range(0, len(secret), GROUP))
    return pages.render(
        request,
        "login_enrol.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        secret=secret,
        grouped=letters,
        picture=segno.make(address, error="m").svg_data_uri(scale=MODULE_PIXELS, border=QUIET_MODULES),
        problem=problem,
    )


ROUTES = (
    Route("GET", sessions.SIGN_IN, show),
    Route("POST", sessions.SIGN_IN, sign_in),
    Route("GET", sessions.ENROL, offer_factor, roles=STAFF),
    Route("POST", sessions.ENROL, enrol, roles=STAFF),
    Route("POST", "/keluar", sign_out, roles=STAFF),
    Route("GET", HOME, home, roles=STAFF),
)
