"""`/admin/token`: by what other programs call the API. Made here and shown once, listed with their last use, revoked."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.people import tokens
from gateway.people.tokens import NewToken, TokenRefused
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/token"
WRITERS = frozenset({Role.SYSTEM_ADMIN})
NOTHING: Mapping[str, str] = {}


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def make(request: web.Request) -> web.StreamResponse:
    """The token stands on the page that answers, and nowhere else: not in an address, not in the database."""
    site, form = site_of(request), posted(request)
    try:
        new = NewToken(
            form.get("name"),
            form.get("owner"),
            form.all("scopes"),
            form.get("agency"),
            form.get("networks").split(),
            _days(form.get("days")),
        )
        _, secret = await site.write(tokens.make, new, user_of(request).actor)
    except TokenRefused as refusal:
        problem = site.texts(f"admin.token.refused.{refusal.code}", site.language)
        return await _show(request, problems={refusal.field: problem}, typed=form.values(), chosen=form.all("scopes"))
    return await _show(request, secret=secret)


def _days(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 5):  # noqa: PLR2004 - digits of a number of days
        raise TokenRefused("days", "days")
    return int(typed)


async def revoke(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    if not await site.write(tokens.revoke, request.match_info["id"], user_of(request).actor):
        raise web.HTTPNotFound
    raise visit.done(SCREEN, "token_revoked")


async def _show(
    request: web.Request,
    problems: Mapping[str, str] = NOTHING,
    typed: Mapping[str, str] = NOTHING,
    chosen: tuple[str, ...] = (),
    secret: str = "",
) -> web.StreamResponse:
    site = site_of(request)
    agencies = site.gateway.office.reference.agencies
    return pages.render(
        request,
        "tokens.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        rows=[(one, one.state(site.now())) for one in await site.read(tokens.listed)],
        scopes=tokens.SCOPES,
        agencies=[(code, one.name) for code, one in agencies.items()],
        problems=problems,
        typed=typed,
        chosen=chosen,
        secret=secret,
        usual_days=tokens.USUAL_DAYS,
        most_days=tokens.MOST_DAYS,
        may_write=user_of(request).role in WRITERS,
        told=visit.told(request),
    )
