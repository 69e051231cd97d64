"""`/admin/insiden`: what may be one incident that many report, what is known to be one, and what receipts say meanwhile."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import ActionRefused, CaseMoved
from gateway.complaints.duplicates import MASS_WITHIN
from gateway.dashboard import visit
from gateway.desk import incidents
from gateway.desk.incidents import Gathering
from gateway.desk.work import NotThere
from gateway.queries import surges
from gateway.record import known_incidents
from gateway.record.known_incidents import LEAST, MOST, MOST_HOURS
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/insiden"
NOTHING: Mapping[str, str] = {}


async def show(request: web.Request) -> web.StreamResponse:
    return await _render(request)


async def _render(
    request: web.Request, typed: Mapping[str, str] = NOTHING, problems: Mapping[str, str] = NOTHING
) -> web.StreamResponse:
    site, scope = site_of(request), visit.scope(request)
    reference = site.gateway.office.reference
    return pages.render(
        request,
        "incidents.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        surges=await site.read(surges.surges, scope),
        incidents=await site.read(surges.incidents, scope),
        lines=await site.read(known_incidents.current),
        topics={code: topic.name for code, topic in reference.topics.items()},
        agencies=[(code, one.name) for code, one in reference.agencies.items() if one.accepts],
        minutes=round(MASS_WITHIN.total_seconds() / 60),
        least=LEAST,
        most=MOST,
        most_hours=MOST_HOURS,
        typed=typed,
        problems=problems,
        told=visit.told(request),
    )


async def gather(request: web.Request) -> web.StreamResponse:
    """The ticked reports follow the chosen parent; who does not go is counted, and stays where they are."""
    site, form = site_of(request), posted(request)
    agency = form.get("agency")
    known = agency if agency in site.gateway.office.reference.agencies else ""
    wish = Gathering(form.get("parent"), form.all("id"), known)
    try:
        done = await site.write(incidents.gather, visit.scope(request), wish, user_of(request).actor)
    except (NotThere, ActionRefused, CaseMoved):
        raise visit.done(SCREEN, "incident_moved") from None
    deed = "incident_full" if incidents.FULL in done.refused.values() else "incident_gathered"
    raise visit.done(SCREEN, deed, n=done.linked, sisa=len(done.refused))


async def begin_line(request: web.Request) -> web.StreamResponse:
    """From now on receipts say this too."""
    site, form = site_of(request), posted(request)
    line, words, hours = form.get("line"), form.get("words"), form.get("hours")
    try:
        await site.write(known_incidents.begin, line, words, hours, user_of(request).actor)
    except ActionRefused as refusal:
        key = f"admin.incident.refused.{refusal.field}_{refusal.code}"
        problem = site.texts(key, site.language, least=LEAST, most=MOST, jam=MOST_HOURS)
        return await _render(request, form.values(), {refusal.field: problem})
    raise visit.done(SCREEN, "incident_line_begun")


async def end_line(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    await site.write(known_incidents.end, posted(request).get("id"), user_of(request).actor)
    raise visit.done(SCREEN, "incident_line_ended")
