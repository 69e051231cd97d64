"""`/lacak`: number and code open the page of one's own complaint, and what can be done there (SCREENS 6, SECURITY C11)."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from channels.web_form.files import accept
from gateway.complaints.complaint import ActionRefused, CaseMoved
from gateway.complaints.number import WrongCheckDigit, format_number, read_code, read_number, read_sp4n_id
from gateway.dialogue import self_service
from gateway.dialogue.self_service import Deed
from gateway.queries.offers import EVIDENCE, OBJECT, WORDS
from gateway.queries.tracking import Tracking, file_key
from gateway.record import tracking
from gateway.web import files, pages, tracking_pass
from gateway.web.posted import Posted
from gateway.web.routes import Route
from gateway.web.security import source
from gateway.web.site import Site, posted, site_of
from gateway.web.tracking_pass import Pass
from gateway.web.uploads import take_form

CONFIRMED = frozenset({"batalkan", "tampilkan-identitas", "tampilkan-isi"})
"""What is asked about on a page of its own first."""
TEXT_OF = {"buka-kembali": "reason", "nilai": "comment"}
"""Under which name an action takes the words of its form."""
MOST_FILES, MOST_FILE_BYTES = 5, 10 * 1024 * 1024
UNLISTED = {"X-Robots-Tag": "noindex, nofollow"}
REFUSALS: Mapping[str, str] = {
    "missing_input": "track.refused_text",
    "too_long": "track.refused_long",
    "unknown_value": "track.refused_rating",
    "expired": "track.refused_expired",
}
ACTION_BYTES = 12


async def ask(request: web.Request) -> web.StreamResponse:
    """The form for number and code."""
    said = "track.left" if "keluar" in request.query else ""
    return _ask(request, request.query.get("nomor", "")[:24], said=said)


def _ask(
    request: web.Request, number: str, problem: str = "", *, said: str = "", kept: str = "", status: int = HTTPStatus.OK
) -> web.Response:
    settings = site_of(request).gateway.settings
    year = site_of(request).gateway.office.now().year
    return pages.render(
        request,
        "citizen/track_ask.html",
        status=status,
        number=number,
        problem=problem,
        said=said,
        kept=kept,
        example=format_number(settings.government.ticket_prefix, year, 123),
    )


async def find(request: web.Request) -> web.StreamResponse:
    """Wrong numbers and wrong codes look the same, and are counted."""
    site, form = site_of(request), posted(request)
    typed, code = form.get("nomor")[:40], form.get("kode")[:40]
    problem, number = _number(site, typed, code)
    if problem:
        return _ask(request, typed, site.texts(problem, site.language), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    found = await site.write(tracking.find, number, code, source(request))
    if found.row is None:
        return _ask(request, typed, await _wrong(request, site, number, found.attempts_left))
    raise tracking_pass.give(
        request, web.HTTPSeeOther(f"/lacak/{found.row.number}"), found.row.number, found.row.secret_hash
    )


def _number(site: Site, typed: str, code: str) -> tuple[str, str]:
    """(key of what is wrong with the typing, ticket number). What cannot be a number is looked up like any other."""
    if not typed or not code:
        return "track.empty", ""
    number = read_number(typed, site.gateway.settings.government.ticket_prefix)
    if isinstance(number, WrongCheckDigit):
        return "track.mistyped", ""
    if number is None and read_sp4n_id(typed):
        return "track.sp4n", ""
    return "", number or typed


async def _wrong(request: web.Request, site: Site, number: str, left: int, key: str = "track.wrong") -> str:
    if left > 0:
        return site.texts(key, site.language, n=left)
    free_at = await site.read(tracking.free_at, number, source(request))
    return site.texts("track.locked", site.language, jam=_clock(site, free_at))


def _clock(site: Site, moment: datetime) -> str:
    calendar = site.gateway.office.calendar
    return f"{calendar.local(moment):%H.%M} {calendar.zone_label(moment)}"


async def show(request: web.Request) -> web.StreamResponse:
    """The page of a complaint."""
    known, view = await _known(request)
    if known is None or view is None:
        raise web.HTTPSeeOther(f"/lacak?nomor={_ticket(request)}")
    response = _page(request, known, view, said=known.said)
    return tracking_pass.keep(request, response, known)


async def _known(request: web.Request) -> tuple[Pass | None, Tracking | None]:
    """The pass for the complaint in the address, and its page; Nones when it takes a code to see it."""
    known = tracking_pass.read(request)
    if known is None or known.number != _ticket(request):
        return None, None
    view = await site_of(request).read(self_service.look, known.number, known.secret_hash)
    return (known, view) if view else (None, None)


def _ticket(request: web.Request) -> str:
    prefix = site_of(request).gateway.settings.government.ticket_prefix
    number = read_number(request.match_info["ticket"], prefix)
    if not isinstance(number, str):
        raise web.HTTPNotFound
    return number


def _page(
    request: web.Request,
    known: Pass,
    view: Tracking,
    *,
    said: str = "",
    problem: str = "",
    word: str = "",
    values: Mapping[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> web.Response:
    """`word` is the form that was refused; it stands open with what was typed (`values`)."""
    now = site_of(request).gateway.office.now()
    is_open = not view.confidential or (known.opened_until is not None and known.opened_until > now)
    return pages.render(
        request,
        "citizen/track.html",
        status=status,
        headers=UNLISTED,
        view=view,
        is_open=is_open,
        said=said,
        problem=problem,
        refused=word,
        values=values or {},
        action_id=secrets.token_urlsafe(ACTION_BYTES),
        evidence=[(file_key(file), file.media_type.startswith("image/"), file.taken_at) for file in view.evidence],
    )


async def confirm(request: web.Request) -> web.StreamResponse:
    """The second page before something that should not happen by a slip."""
    known, view = await _known(request)
    word = request.match_info["word"]
    if known is None or view is None:
        raise web.HTTPSeeOther(f"/lacak?nomor={_ticket(request)}")
    if word not in CONFIRMED or word not in view.offers:
        raise web.HTTPSeeOther(f"/lacak/{known.number}")
    action_id = secrets.token_urlsafe(ACTION_BYTES)
    return pages.render(
        request, "citizen/track_confirm.html", headers=UNLISTED, view=view, word=word, action_id=action_id
    )


async def act(request: web.Request) -> web.StreamResponse:
    """A posted form of the page, carried out once."""
    form, is_whole = await take_form(request)
    known, view = await _known(request)
    word = request.match_info["word"]
    if known is None or view is None:
        ended = site_of(request).texts("track.ended", site_of(request).language)
        return _ask(request, _ticket(request), ended, kept=form.get("text"), status=HTTPStatus.UNAUTHORIZED)
    if word not in {*WORDS, *EVIDENCE, OBJECT}:
        raise web.HTTPNotFound
    if not is_whole:
        return _refused(request, known, view, word, form, "track.too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return await _carry_out(request, known, view, word, form)


async def _carry_out(request: web.Request, known: Pass, view: Tracking, word: str, form: Posted) -> web.StreamResponse:
    site, deed = site_of(request), _deed(word, form)
    try:
        said = await site.write(self_service.act, known.number, deed)
    except ActionRefused as refusal:
        key = REFUSALS.get(refusal.code, "track.refused")
        return _refused(request, known, view, word, form, key, HTTPStatus.UNPROCESSABLE_ENTITY)
    except CaseMoved:
        if not await site.read(self_service.was_done, known.number, deed):
            return _refused(request, known, view, word, form, "track.moved", HTTPStatus.CONFLICT)
        said = word
    raise tracking_pass.keep(request, web.HTTPSeeOther(f"/lacak/{known.number}"), known, said)


def _deed(word: str, form: Posted) -> Deed:
    inputs = {TEXT_OF.get(word, "text"): form.get("text")}
    if word == "nilai":
        inputs["rating"] = form.get("nilai")
    action_id = form.get("aksi")[:40]
    refs, _ = accept(form.files, action_id, MOST_FILES, MOST_FILE_BYTES)
    return Deed(word, action_id, inputs, refs)


def _refused(
    request: web.Request, known: Pass, view: Tracking, word: str, form: Posted, key: str, status: int
) -> web.Response:
    site = site_of(request)
    label = site.texts(f"st.label.{view.status}", site.language)
    values: dict[str, Any] = {"status": label.lower()} if key == "track.refused" else {}
    problem = site.texts(key, site.language, **values)
    kept = {"text": form.get("text"), "nilai": form.get("nilai")}
    response = _page(request, known, view, problem=problem, word=word, values=kept, status=status)
    return tracking_pass.keep(request, response, known)


async def open_text(request: web.Request) -> web.StreamResponse:
    """A confidential text is shown to whoever writes the code once more; misses count like any other."""
    site = site_of(request)
    known, view = await _known(request)
    if known is None or view is None:
        raise web.HTTPSeeOther(f"/lacak?nomor={_ticket(request)}")
    code = posted(request).get("kode")[:40]
    found = await site.write(tracking.find, known.number, code if read_code(code) else "-", source(request))
    if found.row is None:
        problem = await _wrong(request, site, known.number, found.attempts_left, "track.secret_wrong")
        return _page(request, known, view, problem=problem)
    opened = tracking_pass.open_text(known, site.gateway.office.now())
    raise tracking_pass.keep(request, web.HTTPSeeOther(f"/lacak/{known.number}"), opened)


async def leave(request: web.Request) -> web.StreamResponse:
    """On a shared phone: forget the code."""
    raise tracking_pass.forget(request, web.HTTPSeeOther("/lacak?keluar"))


async def show_file(request: web.Request) -> web.StreamResponse:
    """A piece of evidence that belongs to the answer."""
    known, view = await _known(request)
    if known is None or view is None:
        raise web.HTTPNotFound
    now = site_of(request).gateway.office.now()
    if view.confidential and (known.opened_until is None or known.opened_until <= now):
        raise web.HTTPNotFound
    for file in view.evidence:
        if file_key(file) == request.match_info["id"]:
            return await files.answer(request, file)
    raise web.HTTPNotFound


ROUTES = (
    Route("GET", "/lacak", ask),
    # Number and code are the proof; whoever links to us or has no cookies may ask as well.
    Route("POST", "/lacak", find, token=False),
    Route("POST", "/lacak/keluar", leave),
    Route("GET", "/lacak/{ticket}", show),
    Route("POST", "/lacak/{ticket}/kode", open_text),
    Route("GET", "/lacak/{ticket}/bukti/{id}", show_file),
    Route("GET", "/lacak/{ticket}/{word}", confirm),
    Route("POST", "/lacak/{ticket}/{word}", act, form=False, files=True),
)
