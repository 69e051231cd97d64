"""`/admin/privasi`: who asked to be forgotten, what time takes, and what must be kept (SECURITY § 5)."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import DATA_KEEPERS, ActionRefused
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.queries import audit_log
from gateway.queries.tasks import id_of
from gateway.retention import anonymising, legal_holds, privacy_requests
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/privasi"
RUNS = "data_forgotten"
RUNS_SHOWN = 20
NO_PROBLEMS: Mapping[str, str] = {}


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def decide(request: web.Request) -> web.StreamResponse:
    """`/admin/privasi/permintaan/<id>/<aksi>`: `hapus` or `tolak`, with a reason that the reporter is told."""
    site, identity, deed = site_of(request), id_of(request.match_info["id"]), request.match_info["aksi"]
    if deed not in {"hapus", "tolak"}:
        raise web.HTTPNotFound
    reason, actor = posted(request).get("reason"), user_of(request).actor
    try:
        await site.write(privacy_requests.decide, identity, actor, grant=deed == "hapus", reason=reason)
    except ActionRefused as refusal:
        return await _show(request, {f"request_{request.match_info['id']}": _sentence(request, refusal)})
    raise visit.done(SCREEN, "request_decided")


async def hold(request: web.Request) -> web.StreamResponse:
    """Keep a complaint whole."""
    site, form = site_of(request), posted(request)
    number, reason = form.get("number")[:20], form.get("reason")
    try:
        await site.write(legal_holds.place, number, reason, user_of(request).actor)
    except ActionRefused as refusal:
        return await _show(request, {"hold": _sentence(request, refusal)}, number, reason)
    raise visit.done(SCREEN, "hold_placed", tiket=number)


async def release(request: web.Request) -> web.StreamResponse:
    """The hold is over; what time had taken meanwhile goes in the same step."""
    site, form = site_of(request), posted(request)
    number = form.get("number")[:20]
    try:
        await site.write(anonymising.release, number, form.get("reason"), user_of(request).actor)
    except ActionRefused as refusal:
        return await _show(request, {f"held_{number}": _sentence(request, refusal)})
    raise visit.done(SCREEN, "hold_ended", tiket=number)


async def _show(
    request: web.Request, problems: Mapping[str, str] = NO_PROBLEMS, number: str = "", reason: str = ""
) -> web.StreamResponse:
    site, role = site_of(request), user_of(request).role
    decides = role in DATA_KEEPERS
    return pages.render(
        request,
        "privacy_desk.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        decides=decides,
        requests=await site.read(privacy_requests.listed) if decides else (),
        holds=await site.read(legal_holds.listed) if decides else (),
        due=await site.read(anonymising.due),
        runs=await site.read(audit_log.listed, 0, "", RUNS, RUNS_SHOWN),
        step_words=named(request, "privacy.step", "admin.privacy.step.other"),
        problems=problems,
        typed={"number": number, "reason": reason},
        least=legal_holds.LEAST_REASON,
        told=visit.told(request),
    )


def _sentence(request: web.Request, refusal: ActionRefused) -> str:
    site = site_of(request)
    return site.texts(f"admin.privacy.refused.{refusal.code}", site.language)
