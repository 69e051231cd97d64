"""`POST /admin/aduan/<tiket>/topik`: the topic is put right by one tap beside the suggestion."""

from aiohttp import web

from gateway.complaints.complaint import Action, ActionRefused
from gateway.dashboard import visit
from gateway.dashboard.complaint import SCREEN, Tried, page_of, render
from gateway.desk import topics
from gateway.desk.work import NotThere
from gateway.web.site import posted, site_of, user_of


async def correct(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    page = await page_of(request)
    number = page.detail.row.number
    try:
        await site.write(
            topics.correct,
            visit.scope(request),
            number,
            form.get("topic"),
            user_of(request).actor,
            form.get("key")[:60],
        )
    except NotThere:
        raise web.HTTPNotFound from None
    except ActionRefused as refusal:
        words = site.texts("label.action.note", site.language)
        sentence = site.texts(f"admin.refused.{refusal.code}", site.language, aksi=words)
        return render(request, page, Tried(Action.NOTE, problems={"_form": sentence}))
    raise visit.done(f"{SCREEN}/{number}", "topic_corrected")
