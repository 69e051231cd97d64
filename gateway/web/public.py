"""`/privasi`: what is kept about whom, for how long, and what one can ask for."""

from aiohttp import web

from gateway.web import pages
from gateway.web.routes import Route
from gateway.web.site import site_of

KEPT = ("contact", "files", "text", "address")
"""Lines of the table of retention: `privacy.long_<word>` and `privacy.long_<word>_time`."""


async def privacy(request: web.Request) -> web.StreamResponse:
    contact = site_of(request).gateway.settings.government.contact
    return pages.render(request, "citizen/privacy.html", contact=contact, kept=KEPT)


ROUTES = (Route("GET", "/privasi", privacy),)
