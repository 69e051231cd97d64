"""`/p/<token>`: an officer finishes a task from any phone, without signing in (SCREENS 4, SECURITY C13).

Looking never acts. Each form is its own POST with a token made from the secret address and a random id of its own: sent
twice it is carried out once. The first form binds the device, another device needs a code from the officer's channel.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from channels.web_form.files import accept
from config.logging import get_logger
from gateway.complaints.complaint import ActionRefused, CaseMoved
from gateway.files import attachments
from gateway.officer_links import door
from gateway.officer_links import drafts as officer_drafts
from gateway.officer_links.door import Door, Entrance
from gateway.officer_links.drafts import Desk, Draft
from gateway.officers import deeds
from gateway.officers.deeds import DoneBefore, Form, Preview
from gateway.queries import officer_page
from gateway.queries.officer_page import FORMS, OfficerPage
from gateway.queries.tracking import file_key
from gateway.web import files, officer_words, pages
from gateway.web.officer_words import Trouble
from gateway.web.posted import Posted
from gateway.web.routes import Route
from gateway.web.site import Site, posted, site_of
from gateway.web.uploads import take_form

log = get_logger(__name__)
COOKIE = "satupintu-petugas"
DEVICE_BYTES, ACTION_BYTES = 24, 12
DEVICE_KEPT_S = 30 * 24 * 3600
MOST_FILES, MOST_FILE_BYTES = 5, 10 * 1024 * 1024
PRIVATE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "terima": (),
    "selesai": ("explanation", "no_evidence_reason", "no_personal_data"),
    "kabar": ("note",),
    "tanya": ("question",),
    "waktu": ("date", "reason"),
    "bukan": ("target", "reason"),
}
"""What each form asks for; the names are those of the life cycle's inputs, `target` becomes agency or institution."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form when a page is shown again: `word` is the form it belongs to, empty for an untouched one."""

    word: str = ""
    action_id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    saved_at: datetime | None = None
    """When it was put aside as a draft."""


NOTHING_TYPED = Typed()


async def show(request: web.Request) -> web.StreamResponse:
    """The page. A link scanner that comes by sees it too, and changes nothing.

    The browser gets its secret here already: two presses of the first button then come from one device.
    """
    entrance = await _enter(request)
    if entrance.door is not Door.OPEN:
        return _closed(request, entrance)
    response = await _page(request, entrance)
    _keep_device(request, response, _device(request) or secrets.token_urlsafe(DEVICE_BYTES))
    return response


async def _enter(request: web.Request) -> Entrance:
    return await site_of(request).read(door.enter, request.match_info["token"], _device(request))


def _device(request: web.Request) -> str:
    return request.cookies.get(_cookie(request), "")


def _cookie(request: web.Request) -> str:
    return COOKIE if site_of(request).gateway.settings.is_local else f"__Host-{COOKIE}"


def _keep_device(request: web.Request, response: web.StreamResponse, device: str) -> None:
    # Lax: whoever comes from the link in a mail program must be recognised; acting takes the form's token anyway.
    response.set_cookie(
        _cookie(request),
        device,
        max_age=DEVICE_KEPT_S,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=not site_of(request).gateway.settings.is_local,
    )


def _closed(request: web.Request, entrance: Entrance, typed: Typed = NOTHING_TYPED) -> web.StreamResponse:
    """The door is shut, or this is not the officer's device; what was typed can still be copied."""
    if entrance.door is Door.SHUT:
        return _render(request, "officer/shut.html", status=HTTPStatus.NOT_FOUND, sent=False)
    kept = "\n\n".join(text for text in typed.values.values() if text not in {"", "1"})
    return _render(request, "officer/device.html", status=HTTPStatus.FORBIDDEN, kept=kept)


def _render(request: web.Request, template: str, *, status: int = HTTPStatus.OK, **values: Any) -> web.Response:
    address = f"/p/{request.match_info['token']}"
    # The address of the page is its key: it must not stand on a print-out.
    return pages.render(request, template, status=status, headers=PRIVATE, at=address, page_url="", **values)


async def _page(
    request: web.Request,
    entrance: Entrance,
    typed: Typed = NOTHING_TYPED,
    trouble: Trouble | None = None,
    done_before: DoneBefore | None = None,
) -> web.StreamResponse:
    site = site_of(request)
    task = entrance.task
    view: OfficerPage = await site.read(deeds.look, task.row, task.member)
    drafts = await site.read(officer_drafts.read, Desk(task.case.id, task.member.id))
    forms = {word: _standing(word, typed, drafts) for word in (*FORMS, deeds.UNDO)}
    kept = await site.read(deeds.files_of, task.member, task.case.id, forms[deeds.ANSWER].action_id)
    kept_doubts = await site.read(deeds.doubts, task.row, task.member, forms[deeds.ANSWER].action_id)
    return _render(
        request,
        "officer/task.html",
        status=trouble.status if trouble else HTTPStatus.OK,
        view=view,
        said=officer_words.said(site, view, has_draft=bool(drafts)),
        deadlines=officer_words.deadlines(view),
        undo_until=officer_words.undo_clock(site, view.mine.undo_until) if view.mine and view.mine.undo_until else "",
        done_before=officer_words.done_before(site, done_before) if done_before else "",
        problem=trouble.sentence if trouble else "",
        problem_field=trouble.field if trouble else "",
        refused=typed.word,
        forms=forms,
        kept_files=kept,
        photos=_listed(view.photos),
        evidence=_listed(view.evidence),
        doubts=officer_words.doubts(site, view.doubts),
        kept_doubts=officer_words.doubts(site, kept_doubts),
        limits=officer_words.limits(),
        latest=officer_words.day(view.latest_date),
        promised=officer_words.promised(view),
        today=site.gateway.office.calendar.local(site.gateway.office.now()).date(),
    )


def _standing(word: str, typed: Typed, drafts: Mapping[str, Draft]) -> Typed:
    """What stands in a form: what was typed a moment ago, else its draft, else nothing.

    An answer that is looked over keeps its id, by which its files are found again.
    """
    draft = drafts.get(word)
    if typed.word == word:
        return typed if typed.action_id else replace(typed, action_id=_fresh_id())
    if draft is not None:
        return Typed(word, draft.action_id, draft.values, draft.saved_at)
    return Typed("", _fresh_id())


def _fresh_id() -> str:
    return secrets.token_urlsafe(ACTION_BYTES)


def _listed(stored: tuple[attachments.StoredFile, ...]) -> list[tuple[str, bool, datetime | None]]:
    """The key of each, whether it is a picture, and when it was taken."""
    return [(file_key(file), file.media_type.startswith("image/"), file.taken_at) for file in stored]


async def act(request: web.Request) -> web.StreamResponse:
    """One of the forms that are carried out at once; also the answer itself, once it was looked over."""
    form, word = posted(request), request.path.rpartition("/")[2]
    word = deeds.ANSWER if word == "kirim" else word
    typed = _typed(form, word)
    entrance, device = await _bind(request)
    if entrance.door is not Door.OPEN:
        return _closed(request, entrance, typed)
    return await _carry_out(request, entrance, device, typed)


def _typed(form: Posted, word: str) -> Typed:
    values = {name: form.get(name) for name in FIELDS.get(word, ())}
    return Typed(word, form.get("aksi")[:40], values)


async def _bind(request: web.Request) -> tuple[Entrance, str]:
    """The entrance for a posted form, and the device's secret, fresh where it had none."""
    device = _device(request) or secrets.token_urlsafe(DEVICE_BYTES)
    return await site_of(request).write(door.bind, request.match_info["token"], device), device


async def _carry_out(request: web.Request, entrance: Entrance, device: str, typed: Typed) -> web.StreamResponse:
    site, task = site_of(request), entrance.task
    inputs = deeds.inputs_of(site.gateway.office, typed.values)
    form = Form(typed.word, typed.action_id, inputs, typed.values)
    try:
        before = await site.write(deeds.act, entrance.token_hash, task.member, task.case, form)
    except ActionRefused as refusal:
        response = await _page(request, entrance, typed, officer_words.refusal(site, refusal, entrance, typed.word))
    except CaseMoved:
        if await site.read(deeds.was_done, entrance.token_hash, form):
            raise _done(request, device) from None
        response = await _moved(request, typed)
    else:
        if before is None:
            log.info("officer_page_used", deed=typed.word)
            raise _done(request, device)
        response = await _page(request, await _enter(request), done_before=before)
    _keep_device(request, response, device)
    return response


def _done(request: web.Request, device: str, place: str = "") -> web.HTTPSeeOther:
    """Back to the page; `place` is the part of it to look at."""
    redirect = web.HTTPSeeOther(f"/p/{request.match_info['token']}{place}", headers=PRIVATE)
    _keep_device(request, redirect, device)
    return redirect


async def _moved(request: web.Request, typed: Typed) -> web.StreamResponse:
    """Somebody was faster: what is true now, with everything that was typed."""
    entrance = await _enter(request)
    if entrance.door is not Door.OPEN:
        return _closed(request, entrance, typed)
    return await _page(request, entrance, typed, officer_words.moved(site_of(request)))


async def look_over(request: web.Request) -> web.StreamResponse:
    """`Selesai`: keep the files, and show the answer as its reporter will read it."""
    form, is_whole = await take_form(request)
    typed = _typed(form, deeds.ANSWER)
    entrance, device = await _bind(request)
    if entrance.door is not Door.OPEN:
        return _closed(request, entrance, typed)
    site = site_of(request)
    if is_whole:
        response = await _looked_over(request, site, entrance, form, typed)
    else:
        response = await _page(request, entrance, typed, officer_words.too_large(site))
    _keep_device(request, response, device)
    return response


async def _looked_over(
    request: web.Request, site: Site, entrance: Entrance, form: Posted, typed: Typed
) -> web.StreamResponse:
    task = entrance.task
    count, left_out = await _keep_files(site, entrance, form, typed)
    if left_out:
        return await _page(request, entrance, typed, officer_words.left_out(site, left_out))
    if form.has("ubah"):
        return await _page(request, entrance, typed)
    try:
        seen: Preview = await site.read(deeds.preview, task.row, task.member, typed.values, count)
    except ActionRefused as refusal:
        return await _page(request, entrance, typed, officer_words.refusal(site, refusal, entrance, typed.word))
    doubts = await site.read(deeds.doubts, task.row, task.member, typed.action_id)
    return _render(
        request,
        "officer/preview.html",
        number=task.case.number,
        seen=seen,
        typed=typed,
        undo_words=officer_words.undo_window(site),
        doubts=officer_words.doubts(site, doubts),
        pending=doubts.pending,
    )


async def _keep_files(site: Site, entrance: Entrance, form: Posted, typed: Typed) -> tuple[int, Collection[str]]:
    """How many files wait for this answer now, and what was wrong with others."""
    task = entrance.task
    refs, left_out = accept(form.files, typed.action_id, MOST_FILES, MOST_FILE_BYTES)
    if form.has("tanpa_berkas"):
        await site.write(deeds.drop_files, task.member, task.case.id, typed.action_id)
    count = await site.write(deeds.keep_files, task.member, task.case, typed.action_id, refs)
    return count, left_out


async def put_aside(request: web.Request) -> web.StreamResponse:
    """`Simpan draf`: words and files of one form are kept for this officer, nothing is carried out."""
    form, is_whole = await take_form(request)
    word = form.get("draf")
    if word not in FIELDS:
        raise web.HTTPBadRequest
    typed = _typed(form, word)
    entrance, device = await _bind(request)
    if entrance.door is not Door.OPEN:
        return _closed(request, entrance, typed)
    site = site_of(request)
    desk = Desk(entrance.task.case.id, entrance.task.member.id)
    await site.write(officer_drafts.keep, desk, word, typed.action_id, typed.values)
    _count, left_out = await _keep_files(site, entrance, form, typed) if is_whole else (0, ())
    if is_whole and not left_out:
        raise _done(request, device, f"#draf-{word}")
    trouble = officer_words.left_out(site, left_out) if left_out else officer_words.too_large(site)
    response = await _page(request, entrance, typed, trouble)
    _keep_device(request, response, device)
    return response


async def send_code(request: web.Request) -> web.StreamResponse:
    """Another device asks for a code; the page that follows is the same whether one was sent or not."""
    device = _device(request) or secrets.token_urlsafe(DEVICE_BYTES)
    await site_of(request).write(door.send_code, request.match_info["token"], device)
    redirect = web.HTTPSeeOther(f"/p/{request.match_info['token']}/kode", headers=PRIVATE)
    _keep_device(request, redirect, device)
    raise redirect


async def ask_code(request: web.Request) -> web.StreamResponse:
    entrance = await _enter(request)
    if entrance.door is Door.OPEN:
        raise web.HTTPSeeOther(f"/p/{request.match_info['token']}", headers=PRIVATE)
    if entrance.door is Door.SHUT:
        return _closed(request, entrance)
    return _render(request, "officer/code.html", problem="")


async def enter_code(request: web.Request) -> web.StreamResponse:
    site, token = site_of(request), request.match_info["token"]
    code = posted(request).get("kode")
    if await site.write(door.bind_with_code, token, _device(request), code):
        raise web.HTTPSeeOther(f"/p/{token}", headers=PRIVATE)
    problem = site.texts("link.device.wrong", site.language)
    return _render(request, "officer/code.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, problem=problem)


async def send_fresh_link(request: web.Request) -> web.StreamResponse:
    """Same words for every token, whether or not it ever was one."""
    await site_of(request).write(door.send_fresh_link, request.match_info["token"])
    return _render(request, "officer/shut.html", sent=True)


async def show_file(request: web.Request) -> web.StreamResponse:
    """A picture of the page; not those that would give a reporter away (SECURITY C35)."""
    entrance = await _enter(request)
    if entrance.door is not Door.OPEN:
        raise web.HTTPNotFound
    row = entrance.task.row
    stored = await site_of(request).read(attachments.stored, row.id)
    for file in stored:
        if file_key(file) == request.match_info["id"] and officer_page.may_see_file(row, file):
            return await files.answer(request, file)
    raise web.HTTPNotFound


SEED = "token"
ROUTES = (
    Route("GET", "/p/{token}", show, seed=SEED),
    Route("GET", "/p/{token}/kode", ask_code, seed=SEED),
    Route("GET", "/p/{token}/berkas/{id}", show_file, seed=SEED),
    Route("POST", "/p/{token}/terima", act, seed=SEED),
    Route("POST", "/p/{token}/kabar", act, seed=SEED),
    Route("POST", "/p/{token}/tanya", act, seed=SEED),
    Route("POST", "/p/{token}/waktu", act, seed=SEED),
    Route("POST", "/p/{token}/bukan", act, seed=SEED),
    Route("POST", "/p/{token}/selesai", look_over, form=False, files=True, seed=SEED),
    Route("POST", "/p/{token}/draf", put_aside, form=False, files=True, seed=SEED),
    Route("POST", "/p/{token}/kirim", act, seed=SEED),
    Route("POST", "/p/{token}/urungkan", act, seed=SEED),
    Route("POST", "/p/{token}/kode", send_code, seed=SEED),
    Route("POST", "/p/{token}/perangkat", enter_code, seed=SEED),
    Route("POST", "/p/{token}/baru", send_fresh_link, seed=SEED),
)
