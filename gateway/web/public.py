"""`/privasi`: what is kept about whom, for how long, and what one can ask for. `/favicon.ico`: our sign."""

from aiohttp import hdrs, web

from gateway.web import pages
from gateway.web.routes import Route
from gateway.web.site import site_of

KEPT = ("contact", "files", "text", "address")
"""Lines of the table of retention: `privacy.long_<word>` and `privacy.long_<word>_time`."""


async def privacy(request: web.Request) -> web.StreamResponse:
    contact = site_of(request).gateway.settings.government.contact
    return pages.render(request, "citizen/privacy.html", contact=contact, kept=KEPT)


async def sign(_request: web.Request) -> web.StreamResponse:
    """Browsers ask for it on pages that name no icon, such as /healthz; every one of today reads SVG."""
    return web.FileResponse(pages.STATIC / "mark.svg", headers={hdrs.CACHE_CONTROL: "public, max-age=86400"})


ROUTES = (Route("GET", "/privasi", privacy), Route("GET", "/favicon.ico", sign))
