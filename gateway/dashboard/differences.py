"""`/admin/sp4n/beda/…`: where LAPOR! says something else, the coordinator follows, tells it again, or leaves it so."""

from http import HTTPStatus

from aiohttp import web

from gateway.dashboard import visit
from gateway.forwarding import reconciling
from gateway.forwarding.reconciling import Choice, DecisionRefused
from gateway.queries import differences
from gateway.queries.differences import Difference
from gateway.queries.tasks import id_of
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

COMPLAINT = "/admin/aduan"


async def show(request: web.Request) -> web.StreamResponse:
    return _page(request, await _open(request))


async def decide(request: web.Request) -> web.StreamResponse:
    site, found = site_of(request), await _open(request)
    try:
        choice = Choice(request.match_info["pilihan"])
    except ValueError:
        raise web.HTTPNotFound from None
    reason = posted(request).get("reason")[:200]
    try:
        await site.write(reconciling.decide, id_of(request.match_info["id"]), choice, reason, user_of(request).actor)
    except DecisionRefused as refusal:
        return _page(request, found, refusal.code, reason)
    raise visit.done(f"{COMPLAINT}/{found.number}", f"difference_{choice.name.lower()}")


async def _open(request: web.Request) -> Difference:
    """What one may not read, and what was decided meanwhile, is not there."""
    found = await site_of(request).read(differences.one, visit.scope(request), id_of(request.match_info["id"]))
    if found is None:
        raise web.HTTPNotFound
    return found


def _page(request: web.Request, found: Difference, refused: str = "", typed: str = "") -> web.Response:
    site = site_of(request)
    return pages.render(
        request,
        "difference.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        found=found,
        problem=site.texts(f"admin.difference.refused.{refused}", site.language) if refused else "",
        typed=typed,
    )
