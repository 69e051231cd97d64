"""`/admin/sp4n/jembatan`: what people carry over to the system of record by hand, and what they must look up there."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import hdrs, web

from gateway.complaints.complaint import ActionRefused
from gateway.complaints.forward import ForwardState
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.forwarding import bridge as work
from gateway.forwarding import remote_words, status_import
from gateway.forwarding.bridge import BridgeRefused
from gateway.queries import bridge
from gateway.reporting import bridge as reporting
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/sp4n/jembatan"
# End of the address -> what it does, the fields it hands on, and the sentence it ends with.
DEEDS: Mapping[str, tuple[Callable[..., object], tuple[str, ...], str]] = {
    "sudah-diinput": (work.typed_in, (), "bridge_typed_in"),
    "nomor": (work.numbered, ("number",), "bridge_numbered"),
    "nomor-bersama": (work.shared, ("number", "reason"), "bridge_shared"),
    "serahkan": (work.handed_over, (), "bridge_handed_over"),
    "keadaan": (status_import.stated, ("status", "note"), "bridge_stated"),
    "ganti-nomor": (work.renumbered, ("number", "reason"), "bridge_renumbered"),
    "sudah-ditindaklanjuti": (work.followed_up, (), "bridge_followed_up"),
    "kirim-ulang": (work.send_again, ("reason",), "bridge_sent_again"),
    "gagal": (work.failed, ("reason",), "bridge_failed"),
}
# Which forms a row offers, by its state; those of a follow-up have no number to ask for.
OFFERED: Mapping[ForwardState, tuple[str, ...]] = {
    ForwardState.MANUAL: ("sudah-diinput", "nomor", "nomor-bersama", "gagal"),
    ForwardState.AWAITING_NUMBER: ("nomor", "nomor-bersama", "gagal"),
    ForwardState.MANUAL_CHECK: ("nomor", "kirim-ulang", "gagal"),
    ForwardState.FAILED: ("nomor", "kirim-ulang"),
    ForwardState.SENT: ("keadaan", "serahkan", "ganti-nomor"),
}
WITHOUT_NUMBER: Mapping[ForwardState, tuple[str, ...]] = {
    ForwardState.MANUAL: ("sudah-ditindaklanjuti", "gagal"),
    ForwardState.MANUAL_CHECK: ("sudah-ditindaklanjuti", "kirim-ulang", "gagal"),
    ForwardState.FAILED: ("sudah-ditindaklanjuti", "kirim-ulang"),
}


async def listing(request: web.Request) -> web.StreamResponse:
    site, query = site_of(request), request.query
    tab = query.get("tab", "")
    tab = tab if tab in bridge.TABS else bridge.TABS[0]
    page = await site.read(bridge.listed, visit.scope(request), tab, query.get("kursor", ""))
    reference = site.gateway.office.reference
    return pages.render(
        request,
        "bridge.html",
        rows=page.rows,
        tab=tab,
        counts=await site.read(bridge.counts),
        tabs=bridge.TABS,
        targets=await site.read(bridge.health),
        agencies={code: agency.name for code, agency in reference.agencies.items()},
        topics={code: topic.name for code, topic in reference.topics.items()},
        forward_words=named(request, "forward.state"),
        following=page.following,
        told=visit.told(request),
    )


async def files(request: web.Request) -> web.StreamResponse:
    """The cleaned files of one report, as they are attached over there."""
    site = site_of(request)
    sheet = await site.read(work.sheet, visit.scope(request), bridge.id_of(request.match_info["id"]))
    if sheet is None or not sheet.files:
        raise web.HTTPNotFound
    content = await site.work(work.packed, site.gateway.office.files, sheet.files)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="lampiran-{sheet.row.number}.zip"'}
    return web.Response(body=content, content_type="application/zip", headers=headers)


async def take(request: web.Request) -> web.StreamResponse:
    """The work list as a file, to be filled in and brought back; recorded before it is sent."""
    site, form = site_of(request), posted(request)
    tab = form.get("tab")
    if tab not in bridge.TABS:
        raise web.HTTPNotFound
    try:
        made = await site.read(reporting.make, visit.scope(request), tab, form.get("reason"))
    except ActionRefused:
        raise visit.done(f"{SCREEN}?tab={tab}", "bridge_no_reason") from None
    await site.write(reporting.note, made, user_of(request).actor)
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{made.name}"'}
    return web.Response(body=made.content, content_type="text/csv", charset="utf-8", headers=headers)


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def act(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    name = request.match_info["aksi"]
    if name not in DEEDS:
        raise web.HTTPNotFound
    deed, fields, told = DEEDS[name]
    identity = bridge.id_of(request.match_info["id"])
    if await site.read(work.sheet, visit.scope(request), identity) is None:
        raise web.HTTPNotFound
    try:
        await site.write(deed, identity, *(form.get(field) for field in fields), user_of(request).actor)
    except BridgeRefused as refusal:
        return await _show(request, refusal, name)
    raise visit.done(SCREEN, told)


async def _show(request: web.Request, refusal: BridgeRefused | None = None, tried: str = "") -> web.StreamResponse:
    site = site_of(request)
    sheet = await site.read(work.sheet, visit.scope(request), bridge.id_of(request.match_info["id"]))
    if sheet is None:
        raise web.HTTPNotFound
    state = ForwardState(sheet.row.state)
    has_number = sheet.row.kind == "create"
    offered = (OFFERED if has_number else WITHOUT_NUMBER).get(state, ())
    withheld = {"serahkan"} if not sheet.may_hand_over else set()
    # Nobody looks up a state where it is only known by the number of another.
    withheld |= {"keadaan"} if not sheet.row.remote_id else set()
    offered = tuple(name for name in offered if name not in withheld)
    problem = ""
    if refusal:
        problem = site.texts(f"admin.bridge.refused.{refusal.code}", site.language, tiket=refusal.other)
    typed = posted(request).values() if refusal else {}
    return pages.render(
        request,
        "bridge_row.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK,
        sheet=sheet,
        row=sheet.row,
        identity=request.match_info["id"],
        state=state,
        offered=offered,
        deeds=DEEDS,
        tried=tried,
        problem=problem,
        typed=typed,
        known=sorted(row.value.capitalize() for row in remote_words.statuses() if row.match == "name"),
        forward_words=named(request, "forward.state"),
    )
