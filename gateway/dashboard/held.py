"""`/admin/aduan/ditahan`: what was held for a person to judge. Release it, or archive it with a reason."""

from aiohttp import web

from gateway.complaints.complaint import ArchiveReason, Role
from gateway.dashboard import visit
from gateway.desk.work import new_key
from gateway.queries import complaint_detail, complaint_list
from gateway.queries.complaint_list import CursorInvalid, Filters, Sorting
from gateway.web import pages
from gateway.web.site import site_of, user_of

SCREEN = "/admin/aduan/ditahan"
TAB = "ditahan"
PAGE = 20
ARCHIVERS = frozenset({Role.COORDINATOR})
USUAL = (ArchiveReason.SPAM_TERBUKTI, ArchiveReason.BUKAN_LAPORAN, ArchiveReason.UJI_COBA)
"""Why held messages are archived."""


async def show(request: web.Request) -> web.StreamResponse:
    site, scope = site_of(request), visit.scope(request)
    try:
        page = await site.read(
            complaint_list.find, scope, Filters(tab=TAB), Sorting.OLDEST, request.query.get("kursor", ""), PAGE
        )
    except CursorInvalid:
        raise web.HTTPSeeOther(SCREEN) from None
    return pages.render(
        request,
        "held.html",
        items=await site.read(complaint_detail.items, scope, page.rows),
        may_archive=user_of(request).role in ARCHIVERS,
        reasons=[(one.value, site.texts(f"label.archive_reason.{one}", site.language)) for one in USUAL],
        key=new_key(),
        previous=f"{SCREEN}?kursor={page.previous}" if page.previous else "",
        following=f"{SCREEN}?kursor={page.following}" if page.following else "",
        told=visit.told(request),
    )
