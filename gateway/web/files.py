"""`/berkas/<id>`: files of complaints, by right. They were cleaned before; a browser still gets no chance to run them."""

from http import HTTPStatus

from aiohttp import web

from gateway.files.attachments import StoredFile
from gateway.queries import complaint_detail
from gateway.queries.scope import Scope, scope_of
from gateway.web.routes import CASE_READERS, Route
from gateway.web.site import site_of, user_of

ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "application/pdf": "pdf",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "video/mp4": "mp4",
}
"""Media types that are served under their own name; everything else is bytes to be saved."""
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What may be shown inside a page; the rest is saved first."""
CSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
UNKNOWN = "application/octet-stream"


async def show(request: web.Request) -> web.StreamResponse:
    """A file for staff. What one may not see does not exist."""
    site, user = site_of(request), user_of(request)
    scope = scope_of(site.gateway.office, user.role, user.agency, str(user.account_id))
    return await answer_for(request, scope, request.match_info["id"])


async def answer_for(request: web.Request, scope: Scope, identity: str) -> web.StreamResponse:
    """The file that a list showed under this id, for whoever has this scope; HTTPNotFound for everybody else."""
    stored = await site_of(request).read(complaint_detail.file_of, scope, identity)
    if stored is None:
        raise web.HTTPNotFound
    return await answer(request, stored)


async def answer(request: web.Request, stored: StoredFile) -> web.StreamResponse:
    """Send a file whose right was checked. Its name says nothing about where it came from."""
    site = site_of(request)
    files = site.gateway.office.files
    path = files.path(stored.name)
    try:
        content = None if path and path.is_file() else await site.work(files.get, stored.name)
    except FileNotFoundError:
        return web.Response(status=HTTPStatus.GONE)
    media_type = stored.media_type if stored.media_type in ENDINGS else UNKNOWN
    name = f"lampiran-{stored.sha256[:12]}.{ENDINGS.get(media_type, 'bin')}"
    manner = "inline" if media_type in SHOWN else "attachment"
    headers = {
        "Content-Type": media_type,
        "Content-Disposition": f'{manner}; filename="{name}"',
        "Content-Security-Policy": CSP,
        "Cache-Control": "private, no-store",
    }
    return (
        web.FileResponse(path, headers=headers)
        if path and content is None
        else web.Response(body=content, headers=headers)
    )


ROUTES = (Route("GET", "/berkas/{id}", show, roles=CASE_READERS),)
