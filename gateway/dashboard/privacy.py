"""`/admin/privasi`: what people ask about their data, what time takes, and what must be kept (SECURITY § 5)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from gateway.casework import corrections
from gateway.complaints.complaint import DATA_KEEPERS, ActionRefused
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.queries import audit_log
from gateway.queries.tasks import id_of
from gateway.reporting import own_data
from gateway.retention import anonymising, audit_cut, former_staff, legal_holds, privacy_requests
from gateway.retention.privacy_requests import Kind
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/privasi"
RUNS = "data_forgotten"
RUNS_SHOWN = 20
GRANTS: Mapping[str, Kind] = {"hapus": Kind.ERASE, "salin": Kind.COPY}
NO_PROBLEMS: Mapping[str, str] = {}


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def decide(request: web.Request) -> web.StreamResponse:
    """`/admin/privasi/permintaan/<id>/<aksi>`: one of `GRANTS`, `ralat` or `tolak`, with a reason that the reporter is told."""
    site, identity, deed = site_of(request), id_of(request.match_info["id"]), request.match_info["aksi"]
    if deed not in {*GRANTS, "ralat", "tolak"}:
        raise web.HTTPNotFound
    form, actor = posted(request), user_of(request).actor
    reason = form.get("reason")
    try:
        if deed == "ralat":
            number, name = form.get("number")[:20], form.get("name")
            await site.write(corrections.grant, identity, actor, number=number, name=name, reason=reason)
        else:
            kind = GRANTS.get(deed)
            await site.write(privacy_requests.decide, identity, actor, grant=kind is not None, reason=reason, kind=kind)
    except ActionRefused as refusal:
        return await _show(request, {f"request_{request.match_info['id']}": _sentence(request, refusal)})
    raise visit.done(SCREEN, "request_decided")


async def note(request: web.Request) -> web.StreamResponse:
    """Somebody asked at the counter or by telephone."""
    site, form = site_of(request), posted(request)
    number, said = form.get("number")[:20], form.get("said")
    kind = next((kind for kind in Kind if kind == form.get("kind")), None)
    if kind is None:
        raise web.HTTPBadRequest
    try:
        await site.write(privacy_requests.note_for, number, kind, said, user_of(request).actor)
    except ActionRefused as refusal:
        return await _show(request, {"note": _sentence(request, refusal)}, noted={"number": number, "said": said})
    raise visit.done(SCREEN, "request_noted")


async def take(request: web.Request) -> web.StreamResponse:
    """The copy of what we hold about who asked, to be handed over; its password went to them alone."""
    site, identity, actor = site_of(request), id_of(request.match_info["id"]), user_of(request).actor
    try:
        found = await site.read(own_data.gather, identity, actor)
        made = await site.work(own_data.pack, found, site.gateway.office.files)
        await site.write(own_data.note_taken, identity, actor, made)
    except ActionRefused as refusal:
        return await _show(request, {f"request_{request.match_info['id']}": _sentence(request, refusal)})
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"', hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=made.content, content_type="application/zip", headers=headers)


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


def _due(tx: Any) -> dict[str, int]:
    return anonymising.due(tx) | former_staff.due(tx) | audit_cut.due(tx)


async def _show(
    request: web.Request,
    problems: Mapping[str, str] = NO_PROBLEMS,
    number: str = "",
    reason: str = "",
    noted: Mapping[str, str] = NO_PROBLEMS,
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
        due=await site.read(_due),
        runs=await site.read(audit_log.listed, 0, "", RUNS, RUNS_SHOWN),
        step_words=named(request, "privacy.step", "admin.privacy.step.other"),
        problems=problems,
        typed={"number": number, "reason": reason},
        noted={"number": "", "said": "", **noted},
        kinds=[kind.value for kind in Kind],
        least=legal_holds.LEAST_REASON,
        told=visit.told(request),
    )


def _sentence(request: web.Request, refusal: ActionRefused) -> str:
    site = site_of(request)
    return site.texts(f"admin.privacy.refused.{refusal.code}", site.language)
