"""`/admin/opd`: every unit with its team and what it lacks; one unit's ladder, leave, and who would be told today."""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.calendar import day_text
from gateway.complaints.complaint import OFFICERS
from gateway.dashboard import visit
from gateway.dashboard.words import message_words
from gateway.people import leaves, mandates
from gateway.people.directory import subtree
from gateway.people.leaves import LeaveRefused
from gateway.queries import coverage, masters
from gateway.queries.coverage import NEEDED
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/opd"
TABS = ("celah", "semua")
NOTHING: Mapping[str, str] = {}


async def listing(request: web.Request) -> web.StreamResponse:
    """Units with something missing first of all, since the others need nobody."""
    site, mine = site_of(request), _mine(request)
    tab = request.query.get("tab", TABS[0])
    units = await site.read(coverage.units, mine)
    taking = [unit for unit in units if unit.accepts]
    wanting = [unit for unit in taking if unit.gaps]
    ending = await site.read(mandates.expiring)
    return pages.render(
        request,
        "units.html",
        units=units if tab == "semua" else wanting,
        tab=tab if tab in TABS else TABS[0],
        wanting=len(wanting),
        taking=len(taking),
        many=len(units),
        needed=NEEDED,
        ending=[one for one in ending if mine is None or one.agency in mine],
        names=_names(request),
        day=day_text,
        told=visit.told(request),
    )


async def show(request: web.Request) -> web.StreamResponse:
    return await _show(request)


async def add_leave(request: web.Request) -> web.StreamResponse:
    """What was typed stands there again where it cannot be."""
    site, form = site_of(request), posted(request)
    code = _code(request)
    try:
        days = _day(form.get("dari")), _day(form.get("sampai"))
        await site.write(leaves.add, user_of(request).actor, leaves.id_of(form.get("anggota")), *days)
    except LeaveRefused as refusal:
        return await _show(request, refusal.code, form.values())
    raise visit.done(f"{SCREEN}/{code}", "leave_added")


async def remove_leave(request: web.Request) -> web.StreamResponse:
    site, code = site_of(request), _code(request)
    try:
        await site.write(leaves.remove, user_of(request).actor, leaves.id_of(request.match_info["id"]))
    except LeaveRefused:
        raise web.HTTPNotFound from None
    raise visit.done(f"{SCREEN}/{code}", "leave_removed")


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise LeaveRefused("no_day") from None


def _mine(request: web.Request) -> frozenset[str] | None:
    """The units that whoever is signed in answers for; None for all."""
    user = user_of(request)
    return subtree(site_of(request).gateway.office, user.agency) if user.role in OFFICERS else None


def _code(request: web.Request) -> str:
    """The unit of this address; one that is not theirs does not exist."""
    code, mine = request.match_info["kode"], _mine(request)
    if code not in site_of(request).gateway.office.reference.agencies or (mine is not None and code not in mine):
        raise web.HTTPNotFound
    return code


def _names(request: web.Request) -> dict[str, str]:
    return {code: one.name for code, one in site_of(request).gateway.office.reference.agencies.items()}


async def _show(request: web.Request, refused: str = "", typed: Mapping[str, str] = NOTHING) -> web.StreamResponse:
    site, code = site_of(request), _code(request)
    found = await site.read(coverage.units, [code])
    if not found:
        raise web.HTTPNotFound
    office = site.gateway.office
    return pages.render(
        request,
        "unit.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        unit=found[0],
        steps=await site.read(coverage.steps, code),
        rehearsed=await site.read(coverage.rehearse, code) if found[0].accepts else (),
        names=_names(request),
        may_edit=leaves.may_edit(office, user_of(request).actor, code),
        is_gone=await site.read(masters.is_gone, code),
        message_words=message_words(request),
        day=day_text,
        refused=refused,
        typed=typed,
        told=visit.told(request),
    )
