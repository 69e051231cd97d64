"""`/admin/sp4n/induk`: LAPOR!'s own lists of institutions, categories and templates, and where ours say something else."""

from http import HTTPStatus

from aiohttp import web

from config.settings import ForwarderTable
from gateway.casework import outgoing
from gateway.complaints.masters import MasterKind, MasterRow
from gateway.complaints.table_file import MOST_ROWS, FileRefused, digest_of
from gateway.dashboard import visit
from gateway.forwarding import masters, spreadsheet
from gateway.forwarding.masters import Kept
from gateway.queries import masters as queries
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/sp4n/induk"


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def fetch(request: web.Request) -> web.StreamResponse:
    """Have them fetched as soon as a worker has the time."""
    await site_of(request).write(masters.ask_now, user_of(request).actor)
    raise visit.done(SCREEN, "masters_asked")


async def take(request: web.Request) -> web.StreamResponse:
    """A whole list from a file: what an account is not granted to fetch."""
    site, form, table = site_of(request), posted(request), _table(request)
    kind = form.get("daftar")
    if kind not in list(MasterKind):
        raise web.HTTPNotFound
    content = next((file.content for file in form.files if file.content), b"")
    try:
        found, refused = await site.work(_read, content)
    except FileRefused as refusal:
        return await _show(request, refusal=refusal)
    given = (table.name, MasterKind(kind), found, refused, digest_of(content), user_of(request).actor)
    return await _show(request, kept=await site.write(masters.take, *given))


def _read(content: bytes) -> tuple[list[MasterRow], int]:
    return masters.read(spreadsheet.table_rows(content))


def _table(request: web.Request) -> ForwarderTable:
    table = outgoing.national(site_of(request).gateway.settings)
    if table is None:
        raise web.HTTPNotFound
    return table


async def _show(
    request: web.Request, kept: Kept | None = None, refusal: FileRefused | None = None
) -> web.StreamResponse:
    site, table = site_of(request), _table(request)
    lists = await site.read(queries.read, table.name)
    gaps = await site.read(queries.gaps, table, lists)
    problem = ""
    if refusal:
        problem = site.texts(f"admin.import.refused.{refusal.code}", site.language, apa=refusal.about)
    return pages.render(
        request,
        "masters.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK,
        seen=queries.seen(lists),
        gaps=gaps[: queries.SHOWN],
        many=len(gaps),
        kinds=list(MasterKind),
        fetches=table.values.get("mode") == "api",
        kept=kept,
        problem=problem,
        most=MOST_ROWS,
        told=visit.told(request),
    )
