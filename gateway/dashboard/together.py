"""`/admin/aduan/bersama`: one deed for the complaints that were ticked in a list, looked over before it is done."""

from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from gateway.complaints.complaint import Action, ActionRefused, CaseMoved
from gateway.dashboard import visit
from gateway.dashboard.words import named
from gateway.desk import bulk, work
from gateway.desk.bulk import BULK, MOST, Planned
from gateway.desk.work import NotThere, Overtaken
from gateway.web import pages
from gateway.web.site import posted, site_of, user_of

SCREEN = "/admin/aduan"


async def act(request: web.Request) -> web.StreamResponse:
    """First the page that says what will become of each, then the deeds, one by one."""
    form, action = posted(request), _action(request)
    if action is None:
        raise web.HTTPBadRequest
    numbers = form.all("id")
    if not numbers:
        raise visit.done(_way_back(request), "nothing_chosen")
    planned = await _plan(request, action, numbers)
    if not form.has("yes"):
        return _ask(request, action, planned, len(numbers))
    done = [one.number for one in planned if not one.refused and await _carried_out(request, action, one)]
    raise visit.done(_way_back(request), f"together_{action}", n=len(done), sisa=len(numbers) - len(done))


def _action(request: web.Request) -> Action | None:
    return next((action for action in BULK if action == posted(request).get("deed")), None)


async def _plan(request: web.Request, action: Action, numbers: Sequence[str]) -> list[Planned]:
    site, form = site_of(request), posted(request)
    agency = form.get("agency")
    known = agency if agency in site.gateway.office.reference.agencies else ""
    return await site.read(bulk.plan, visit.scope(request), numbers, action, user_of(request).actor, known)


async def _carried_out(request: web.Request, action: Action, planned: Planned) -> bool:
    """Each in a transaction of its own: one that moved meanwhile is left out and hurts no other."""
    site, deed = site_of(request), planned.deed(action, posted(request).get("key")[:40])
    try:
        await site.write(work.act, visit.scope(request), planned.number, deed, user_of(request).actor)
    except (ActionRefused, NotThere, Overtaken, CaseMoved):
        return False
    return True


def _ask(request: web.Request, action: Action, planned: Sequence[Planned], chosen: int) -> web.StreamResponse:
    site = site_of(request)
    agencies = site.gateway.office.reference.agencies
    return pages.render(
        request,
        "together.html",
        status=HTTPStatus.OK,
        action=action,
        going=[one for one in planned if not one.refused],
        refused=[one for one in planned if one.refused],
        cut=max(0, chosen - MOST),
        most=MOST,
        agency=posted(request).get("agency"),
        agencies=[(code, one.name) for code, one in agencies.items() if one.accepts],
        names={code: one.name for code, one in agencies.items()},
        key=work.new_key(),
        way_back=_way_back(request),
        back=posted(request).get("kembali"),
        why=named(request, "together.refused"),
    )


def _way_back(request: web.Request) -> str:
    """The list that the choice was made in; only addresses of this screen."""
    back = posted(request).get("kembali")
    return f"{SCREEN}?{back}" if back and not back.startswith(("/", "\\")) else SCREEN
