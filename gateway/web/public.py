"""`/privasi`: what is kept about whom, for how long, and what one can ask for. `/favicon.ico`: our sign.

`/.well-known/security.txt`: whom to tell about a weakness (RFC 9116, SECURITY C33).
"""

from datetime import timedelta

from aiohttp import hdrs, web

from gateway.web import pages
from gateway.web.routes import Route
from gateway.web.site import site_of

KEPT = ("contact", "files", "text", "address")
"""Lines of the table of retention: `privacy.long_<word>` and `privacy.long_<word>_time`."""
SECURITY_TXT = "/.well-known/security.txt"
GOOD_FOR = timedelta(days=180)
"""The standard asks for less than a year; whoever reads it later asks again."""


async def privacy(request: web.Request) -> web.StreamResponse:
    contact = site_of(request).gateway.settings.government.contact
    return pages.render(request, "citizen/privacy.html", contact=contact, kept=KEPT)


async def sign(_request: web.Request) -> web.StreamResponse:
    """Browsers ask for it on pages that name no icon, such as /healthz; every one of today reads SVG."""
    return web.FileResponse(pages.STATIC / "mark.svg", headers={hdrs.CACHE_CONTROL: "public, max-age=86400"})


async def security_txt(request: web.Request) -> web.StreamResponse:
    """Not there while `government.contact` is empty: an address that nobody reads is worse than none."""
    site = site_of(request)
    government, server = site.gateway.settings.government, site.gateway.settings.server
    if not government.contact:
        raise web.HTTPNotFound
    is_mail = "@" in government.contact and ":" not in government.contact
    fields = {
        "Contact": f"mailto:{government.contact}" if is_mail else government.contact,
        "Expires": f"{site.now() + GOOD_FOR:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages": ", ".join(dict.fromkeys((government.language, "id", "en"))),
        "Canonical": f"{server.public_url}{SECURITY_TXT}",
    }
    return web.Response(text="".join(f"{name}: {value}\n" for name, value in fields.items()), charset="utf-8")


ROUTES = (
    Route("GET", "/privasi", privacy),
    Route("GET", "/favicon.ico", sign),
    Route("GET", SECURITY_TXT, security_txt),
)
