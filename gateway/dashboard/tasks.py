"""`/admin/tugas`: what only a person can settle, the oldest first, each with the way to it."""

from aiohttp import web

from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.queries import differences, tasks
from gateway.record import tasks as work
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/tugas"
BY_OTHERS = frozenset({"sp4n_check", "sp4n_failed", "sp4n_number"})
"""Kinds that end by themselves when the matter is settled on another screen."""


async def show(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    kind = request.query.get("jenis", "")
    counts = await site.read(tasks.counts)
    rows = await site.read(tasks.listed, visit.scope(request), kind if kind in counts else "")
    parting = [row.complaint_id for row in rows if row.kind == differences.KIND and row.complaint_id]
    return pages.render(
        request,
        "tasks.html",
        rows=rows,
        differences={one.id: one for one in await site.read(differences.of, parting)} if parting else {},
        counts=counts,
        kind=kind if kind in counts else "",
        by_others=BY_OTHERS,
        task_words=named(request, "task.kind"),
        task_hints=named(request, "task.hint", "admin.task.hint.other"),
        told=visit.told(request),
    )


async def done(request: web.Request) -> web.StreamResponse:
    """Somebody did what the task asks for."""
    site = site_of(request)
    await site.write(work.done, tasks.id_of(posted(request).get("id")), user_of(request).actor)
    raise visit.done(SCREEN, "task_done")
