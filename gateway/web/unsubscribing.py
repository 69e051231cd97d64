"""`/berhenti/<token>`: no more reminders by mail. Opening the link changes nothing; a press does, or the mail program's own (RFC 8058)."""

from aiohttp import web

from gateway.outbound import opt_outs, stop_links
from gateway.web import pages
from gateway.web.routes import Route
from gateway.web.site import site_of


async def ask(request: web.Request) -> web.StreamResponse:
    """Mail scanners open every link, so this only asks."""
    token = request.match_info["token"]
    if stop_links.read(site_of(request).gateway.office.keys, token) is None:
        raise web.HTTPNotFound
    return pages.render(request, "citizen/unsubscribe.html", token=token, done=False)


async def stop(request: web.Request) -> web.StreamResponse:
    if not await site_of(request).write(opt_outs.follow, request.match_info["token"]):
        raise web.HTTPNotFound
    return pages.render(request, "citizen/unsubscribe.html", done=True)


ROUTES = (
    Route("GET", f"{stop_links.PATH}/{{token}}", ask),
    # The link itself is the proof: a mail program has neither cookie nor form of ours.
    Route("POST", f"{stop_links.PATH}/{{token}}", stop, form=False),
)
