"""`/admin/aduan/ekspor`: the list that stands in the address as a file, with a reason that is kept (SECURITY C10, C19)."""

from http import HTTPStatus

from aiohttp import hdrs, web

from gateway.complaints.complaint import ActionRefused
from gateway.dashboard import visit
from gateway.dashboard.complaints import SCREEN, wanted_of
from gateway.queries import complaint_list
from gateway.queries.complaint_export import MOST_ROWS
from gateway.reporting import complaints
from gateway.reporting.complaints import EXPORTERS
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of


async def ask(request: web.Request) -> web.StreamResponse:
    """How many there are, and why somebody needs them."""
    return await _ask(request)


async def take(request: web.Request) -> web.StreamResponse:
    """The file itself: read, then recorded, then sent."""
    _check_right(request)
    site, user, reason = site_of(request), user_of(request), posted(request).get("reason")
    wanted, scope = wanted_of(request), visit.scope(request)
    try:
        made = await site.read(complaints.make, scope, wanted.filters, reason, user.name or user.username)
    except ActionRefused:
        problem = site.texts("admin.export.reason_short", site.language, n=complaints.LEAST_REASON)
        return await _ask(request, problem, reason)
    await site.write(complaints.note, made, user.actor)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"'}
    return web.Response(body=made.content, content_type="text/csv", charset="utf-8", headers=headers)


async def _ask(request: web.Request, problem: str = "", reason: str = "") -> web.StreamResponse:
    _check_right(request)
    wanted = wanted_of(request)
    site, scope = site_of(request), visit.scope(request)
    counted = await site.read(complaint_list.count, scope, wanted.filters, MOST_ROWS)
    cases = await site.read(complaint_list.count_cases, scope, wanted.filters, MOST_ROWS)
    return pages.render(
        request,
        "export.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
        counted=counted,
        cases=cases,
        tab=wanted.filters.tab,
        query=request.query_string,
        way_back=f"{SCREEN}?{request.query_string}",
        narrowed=wanted.filters.q or "",
        problems={"reason": problem} if problem else {},
        reason=reason,
        most=MOST_ROWS,
    )


def _check_right(request: web.Request) -> None:
    """For whom there is no export, there is none (SECURITY C10)."""
    if user_of(request).role not in EXPORTERS:
        raise web.HTTPNotFound
