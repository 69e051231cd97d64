"""The forms of a complaint: looked over first where the reporter will read them, carried out once, never lost."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from channels.web_form.files import accept
from gateway.complaints.complaint import Action, ActionRefused, Actor, CaseMoved
from gateway.complaints.inputs import limits_of, whole_number
from gateway.dashboard import visit
from gateway.dashboard.complaint import SCREEN, Tried, page_of, render
from gateway.desk import previews, work
from gateway.desk.previews import Preview, TakenDown
from gateway.desk.work import ANY_VERSION, Deed, DoneBefore, NotThere, Overtaken
from gateway.files import desk_files
from gateway.queries.complaint_page import ComplaintPage
from gateway.queries.scope import Scope
from gateway.record import cases
from gateway.web import pages
from gateway.web.posted import Posted
from gateway.web.site import Site, posted, site_of, user_of

STAGE, SEND, CHANGE = "tahap", "kirim", "ubah"
WAY_BACK = "kembali"
OURS = frozenset({STAGE, WAY_BACK, "version", "key"})
"""Fields of our own beside the inputs of an action."""
SCREENS_BACK: Mapping[str, str] = {"ditahan": f"{SCREEN}/ditahan"}
"""Where a form came from and wants to go back to; the complaint itself otherwise."""
MOST_FILES, MOST_FILE_BYTES = 5, 10 * 1024 * 1024


async def act(request: web.Request) -> web.StreamResponse:
    """`POST /admin/aduan/<tiket>/aksi/<aksi>`."""
    form, action = posted(request), _action(request)
    page = await page_of(request)
    deed = _deed(action, form)
    if form.get(STAGE) == CHANGE:
        return render(request, page, Tried(action, _typed(form), status=HTTPStatus.OK))
    try:
        return await _go_on(request, page, deed, form)
    except NotThere:
        raise web.HTTPNotFound from None
    except ActionRefused as refusal:
        # The page as it is now: what refused the action may have happened since the form was opened.
        return render(request, await page_of(request), _refused(request, action, form, refusal))
    except (Overtaken, CaseMoved) as moved:
        happened = moved.event if isinstance(moved, Overtaken) else None
        tried = Tried(action, _typed(form), happened=happened or True, status=HTTPStatus.CONFLICT)
        return render(request, await page_of(request), tried)


async def _go_on(request: web.Request, page: ComplaintPage, deed: Deed, form: Posted) -> web.StreamResponse:
    site, scope, actor = site_of(request), visit.scope(request), user_of(request).actor
    number = page.detail.row.number
    left_out = 0
    if deed.action is Action.ANSWER and form.files:
        refs, _ = accept(form.files, deed.key, MOST_FILES, MOST_FILE_BYTES)
        left_out = len([file for file in form.files if file.content]) - len(refs)
        await site.write(desk_files.keep, cases.case_of(page.detail.row), actor, deed.key, refs)
    needs_preview = previews.is_read(site.texts, deed.action)
    if needs_preview and form.get(STAGE) != SEND:
        preview = await _rehearsed(site, scope, number, deed, actor)
        return _look_over(request, page, deed, preview, left_out=left_out)
    if needs_preview and deed.action is Action.ANSWER and not form.has("no_personal_data"):
        preview = await _rehearsed(site, scope, number, deed, actor)
        if preview.masked or preview.files:
            return _look_over(request, page, deed, preview, untick=True)
    before = await site.write(work.act, scope, number, deed, actor)
    if isinstance(before, DoneBefore):
        jam = f"{site.gateway.office.calendar.local(before.at):%H.%M}"
        by = before.name or site.texts(f"label.role.{before.role}", site.language)
        raise visit.done(f"{SCREEN}/{number}", "done_before", oleh=by, jam=jam)
    words = site.texts(f"label.action.{deed.action}", site.language)
    way_back = SCREENS_BACK.get(form.get(WAY_BACK), f"{SCREEN}/{number}")
    raise visit.done(way_back, "acted", apa=words, tiket=number)


async def _rehearsed(site: Site, scope: Scope, number: str, deed: Deed, actor: Actor) -> Preview:
    try:
        await site.write(previews.rehearse, scope, number, deed, actor)
    except TakenDown as taken_down:
        return taken_down.preview
    raise AssertionError("a rehearsal never ends well")  # pragma: no cover - NoReturn


def _look_over(
    request: web.Request, page: ComplaintPage, deed: Deed, preview: Preview, *, untick: bool = False, left_out: int = 0
) -> web.Response:
    site = site_of(request)
    problem = site.texts("admin.complaint.tick_first", site.language) if untick else ""
    return pages.render(
        request,
        "complaint_preview.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if untick else HTTPStatus.OK,
        row=page.detail.row,
        deed=deed,
        preview=preview,
        left_out=left_out,
        hidden={name: value for name, value in deed.inputs.items() if name != "no_personal_data"},
        way_back=posted(request).get(WAY_BACK),
        must_tick=deed.action is Action.ANSWER and bool(preview.masked or preview.files),
        problems={"no_personal_data": problem} if problem else {},
    )


async def undo(request: web.Request) -> web.StreamResponse:
    """`POST /admin/aduan/<tiket>/urungkan`."""
    site, page = site_of(request), await page_of(request)
    number = page.detail.row.number
    try:
        await site.write(work.undo, visit.scope(request), number, user_of(request).actor)
    except NotThere:
        raise web.HTTPNotFound from None
    except (ActionRefused, CaseMoved):
        raise visit.done(f"{SCREEN}/{number}", "undo_late") from None
    raise visit.done(f"{SCREEN}/{number}", "undone")


def _action(request: web.Request) -> Action:
    try:
        return Action(request.match_info["aksi"])
    except ValueError:
        raise web.HTTPNotFound from None


def _deed(action: Action, form: Posted) -> Deed:
    version = form.get("version")
    return Deed(
        action,
        {name: value for name, value in form.values().items() if name not in OURS},
        whole_number(version) if version.isdecimal() and action is not Action.NOTE else ANY_VERSION,
        form.get("key")[:60],
    )


def _typed(form: Posted) -> Mapping[str, str]:
    return {name: value for name, value in form.values().items() if name not in {STAGE, "version"}}


def _refused(request: web.Request, action: Action, form: Posted, refusal: ActionRefused) -> Tried:
    """A refusal as a sentence beside its field, or above the form."""
    site = site_of(request)
    least, most = limits_of(action, refusal.field) or (0, 0)
    key = f"admin.refused.{refusal.code}"
    if refusal.field and site.texts.has(f"{key}_{refusal.field}"):
        key = f"{key}_{refusal.field}"
    words = site.texts(
        key, site.language, least=str(least), most=str(most), aksi=site.texts(f"label.action.{action}", site.language)
    )
    return Tried(action, _typed(form), {refusal.field or "_form": words})
