"""`POST /admin/aduan/<tiket>/perbaiki/<apa>`: what a suggestion said of place, kind, danger, secrecy or language is put right."""

from aiohttp import web

from gateway.complaints.complaint import Action, ActionRefused, CaseMoved
from gateway.complaints.inputs import whole_number
from gateway.dashboard import visit
from gateway.dashboard.complaint import SCREEN, Tried, page_of, render
from gateway.dashboard.taps import ADDRESSES
from gateway.desk.corrections import Tap
from gateway.desk.work import ANY_VERSION, NotThere, Overtaken
from gateway.intake import corrected
from gateway.record.rulings import NOTHING, SENSITIVE
from gateway.web.site import posted, site_of, user_of


async def correct(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    what = ADDRESSES.get(request.match_info["apa"])
    if what is None:
        raise web.HTTPNotFound
    number = (await page_of(request)).detail.row.number
    version = form.get("version")
    known = whole_number(version) if version.isdecimal() else ANY_VERSION
    tap = Tap(what, form.get("code"), known, form.get("key")[:60])
    try:
        await site.write(corrected.correct, visit.scope(request), number, tap, user_of(request).actor)
    except NotThere:
        raise web.HTTPNotFound from None
    except ActionRefused as refusal:
        words = site.texts("label.action.note", site.language)
        sentence = site.texts(f"admin.refused.{refusal.code}", site.language, aksi=words)
        return render(request, await page_of(request), Tried(Action.NOTE, problems={"_form": sentence}))
    except (Overtaken, CaseMoved) as moved:
        happened = moved.event if isinstance(moved, Overtaken) else None
        return render(request, await page_of(request), Tried(Action.NOTE, happened=happened or True, status=409))
    secrecy_stays = (what, tap.code) == (SENSITIVE, NOTHING)
    raise visit.done(f"{SCREEN}/{number}", "secrecy_stays" if secrecy_stays else "proposal_corrected")
