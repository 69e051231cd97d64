"""`/admin/sp4n/impor`: a file of statuses from LAPOR!, first shown as what it would change, then taken over."""

from collections import Counter
from http import HTTPStatus
from typing import Any

from aiohttp import web

from channels.web_form.form import UploadedFile
from gateway.casework import outgoing
from gateway.complaints.status_file import StatusFile
from gateway.complaints.table_file import MOST_ROWS, FileRefused
from gateway.files import form_staging
from gateway.forwarding import status_import
from gateway.forwarding.bridge import ID_PATTERN
from gateway.forwarding.status_judging import Judged, Verdict
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/sp4n/impor"
SHOWN = 50
BACKWARDS = "mundur"
KEY = "berkas"


async def ask(request: web.Request) -> web.StreamResponse:
    return _page(request)


async def look(request: web.Request) -> web.StreamResponse:
    """What the file would do; it is kept for a day under a key that only this page knows."""
    site, form = site_of(request), posted(request)
    content = next((file.content for file in form.files if file.content), b"")
    try:
        file = await site.work(_read, request, content)
    except FileRefused as refusal:
        return _page(request, refusal)
    files = site.gateway.office.files
    key = await site.work(form_staging.keep, files, [UploadedFile("statuses", content)], site.now())
    return await _preview(request, file, key, backwards=form.has(BACKWARDS))


async def take(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    files, key = site.gateway.office.files, form.get(KEY)
    kept = await site.work(form_staging.read, files, key)
    if not kept:
        return _page(request, FileRefused("gone"))
    file = await site.work(_read, request, kept[0].content)
    if form.get("tahap") == "lihat":
        return await _preview(request, file, key, backwards=form.has(BACKWARDS))
    done = await site.work(
        status_import.apply_all, site.gateway.store, file, user_of(request).actor, backwards=form.has(BACKWARDS)
    )
    done[Verdict.REFUSED.value] += len(file.bad)
    await site.work(form_staging.drop, files, key)
    return _render(request, done=done, digest=file.digest)


def _read(request: web.Request, content: bytes) -> StatusFile:
    site = site_of(request)
    table = outgoing.national(site.gateway.settings)
    if table is None:
        raise FileRefused("no_target")
    return status_import.read(content, str(table.values.get("id_pattern", ID_PATTERN)), site.now())


async def _preview(request: web.Request, file: StatusFile, key: str, *, backwards: bool) -> web.Response:
    judged: list[Judged] = await site_of(request).read(status_import.preview, file, backwards=backwards)
    counts = Counter(one.verdict.value for one in judged)
    counts[Verdict.REFUSED.value] += len(file.bad)
    return _render(
        request,
        counts=counts,
        rows={verdict.value: [one for one in judged if one.verdict is verdict][:SHOWN] for verdict in Verdict},
        bad=file.bad[:SHOWN],
        tells=sum(one.tells for one in judged),
        shown=SHOWN,
        key=key,
        digest=file.digest,
        backwards=backwards,
    )


def _page(request: web.Request, refusal: FileRefused | None = None) -> web.Response:
    site, problem = site_of(request), ""
    if refusal is not None:
        problem = site.texts(f"admin.import.refused.{refusal.code}", site.language, apa=refusal.about)
    return _render(request, problem=problem, most=MOST_ROWS, asks=True)


def _render(
    request: web.Request, *, problem: str = "", asks: bool = False, done: object = None, **more: Any
) -> web.Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    values = {"problem": problem, "asks": asks, "done": done, "verdicts": list(Verdict), **more}
    return pages.render(request, "status_import.html", status=status, **values)
