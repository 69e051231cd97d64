"""`/open311`: GeoReport v2 for programs that speak it already; reads without a key (docs/forwarders/open311.md).

Off by default (`open311.enabled`). The format is the suffix of the address; everything is decided before it is written.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web

from gateway.queries import open311 as requests_of
from gateway.queries.open311 import AT_MOST, Wanted
from gateway.web import files, open311_refusals
from gateway.web.open311_asked import is_true, listed, wanted_of
from gateway.web.open311_records import Clerk
from gateway.web.open311_refusals import Refused, refused
from gateway.web.open311_writing import MEDIA_TYPES, Content, write
from gateway.web.routes import Handler, Route
from gateway.web.security import source
from gateway.web.site import Site, site_of

MINUTE_S = 60.0
NUL = "\0"
KEPT_BY_OTHERS = "public, max-age=60"
FOR_BROWSERS = {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Any page may read what everybody may read; writing has no such permission."""
PREFLIGHT = {
    **FOR_BROWSERS,
    hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, HEAD, OPTIONS",
    hdrs.ACCESS_CONTROL_MAX_AGE: "86400",
}
ETAG_CHARACTERS = 32
DISCOVERY = "/open311/discovery.{format}"
V2 = "/open311/v2"

Reading = Callable[[web.Request, str], Awaitable[web.Response]]
"""Answers a read in the format that is named by its suffix."""


def open_door(handler: Reading, *, is_read: bool = True) -> Handler:
    """What happens before every handler of Open311: is it on, in what format, how often, for which government."""

    async def enter(request: web.Request) -> web.StreamResponse:
        site = site_of(request)
        suffix = request.match_info.get("format", "")
        if not site.gateway.settings.open311.enabled or suffix not in MEDIA_TYPES:
            raise web.HTTPNotFound
        try:
            if is_read:
                _check_pace(request, site)
            _refuse_nul(request)
            check_jurisdiction(request.query, site)
            return await handler(request, suffix)
        except Refused as refusal:
            return open311_refusals.tell(request, refusal)

    return enter


def clerk_of(request: web.Request) -> Clerk:
    gateway = site_of(request).gateway
    return Clerk(gateway.office, gateway.settings.server.public_url)


async def discovery(request: web.Request, suffix: str) -> web.Response:
    return _answer(request, suffix, write(suffix, "discovery", "", clerk_of(request).discovery()))


async def services(request: web.Request, suffix: str) -> web.Response:
    return _answer(request, suffix, write(suffix, "services", "service", clerk_of(request).services()))


async def service(request: web.Request, suffix: str) -> web.Response:
    code = request.match_info["code"]
    found = clerk_of(request).definition(code)
    if found is None:
        raise refused(404, "service_code", code)
    return _answer(request, suffix, write(suffix, "service_definition", "", found))


async def list_requests(request: web.Request, suffix: str) -> web.Response:
    site, query = site_of(request), request.query
    wanted = wanted_of(query, site.now(), site.gateway.settings.government.ticket_prefix)
    extended = is_true(query.get("extensions", ""))
    body, more = await site.read(_page, clerk_of(request), suffix, wanted, extended=extended)
    return _answer(request, suffix, body, _following(request, wanted) if more else {})


def _page(tx: Any, clerk: Clerk, suffix: str, wanted: Wanted, *, extended: bool) -> tuple[bytes, bool]:
    found, more = requests_of.find(tx, wanted)
    return written(suffix, clerk.requests(found, extended=extended)), more


async def show_request(request: web.Request, suffix: str) -> web.Response:
    number = request.match_info["id"]
    extended = is_true(request.query.get("extensions", ""))
    body = await site_of(request).read(_shown, clerk_of(request), suffix, number, extended=extended)
    if body is None:
        raise refused(404, "service_request_id", number)
    return _answer(request, suffix, body)


def _shown(tx: Any, clerk: Clerk, suffix: str, number: str, *, extended: bool) -> bytes | None:
    found = requests_of.one(tx, number)
    return written(suffix, clerk.requests([found], extended=extended)) if found else None


async def show_token(request: web.Request, suffix: str) -> web.Response:
    """Tokens are never issued; whoever asks with the number itself gets it back."""
    number = request.match_info["token"]
    if await site_of(request).read(requests_of.one, number) is None:
        raise refused(404, "token", number)
    content = [{"service_request_id": number, "token": number}]
    return _answer(request, suffix, written(suffix, content))


async def show_photo(request: web.Request) -> web.StreamResponse:
    """A photo of a published complaint (`open311.publish_media`)."""
    site = site_of(request)
    if not site.gateway.settings.open311.enabled:
        raise web.HTTPNotFound
    try:
        _check_pace(request, site)
    except Refused as refusal:
        return open311_refusals.tell(request, refusal)
    stored = await site.read(requests_of.photo, request.match_info["id"])
    if stored is None:
        raise web.HTTPNotFound
    response = await files.answer(request, stored)
    response.headers.update(FOR_BROWSERS)
    return response


async def preflight(request: web.Request) -> web.Response:
    if not site_of(request).gateway.settings.open311.enabled:
        raise web.HTTPNotFound
    return web.Response(status=204, headers=PREFLIGHT)


def written(suffix: str, content: Content) -> bytes:
    """A list of requests."""
    return write(suffix, "service_requests", "request", content)


def _check_pace(request: web.Request, site: Site) -> None:
    limit = site.gateway.settings.limits.open311_per_minute
    allowance = site.limiter.take("open311", source(request), limit, MINUTE_S)
    if not allowance.allowed:
        raise Refused(429, headers={hdrs.RETRY_AFTER: str(allowance.reset_s)})


def _refuse_nul(request: web.Request) -> None:
    """U+0000 means nothing in a code or a number, and PostgreSQL takes none."""
    if any(NUL in text for text in (request.path, *request.query.values())):
        raise Refused(400)


def check_jurisdiction(given_by: Mapping[str, str], site: Site) -> None:
    """Refused (404) where somebody asks for another government."""
    given = given_by.get("jurisdiction_id", "")
    if given and given != site.gateway.settings.open311.jurisdiction_id:
        raise refused(404, "jurisdiction_id", given)


def _answer(request: web.Request, suffix: str, body: bytes, more: Mapping[str, str] | None = None) -> web.Response:
    """200, or 304 for a caller that has this very answer."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:ETAG_CHARACTERS]}"'
    headers = {**FOR_BROWSERS, hdrs.ETAG: tag, hdrs.CACHE_CONTROL: KEPT_BY_OTHERS, **(more or {})}
    known = listed(request.headers.get(hdrs.IF_NONE_MATCH, ""))
    if tag in {one.removeprefix("W/") for one in known} or "*" in known:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=MEDIA_TYPES[suffix], charset="utf-8", headers=headers)


def _following(request: web.Request, wanted: Wanted) -> dict[str, str]:
    """Where the next page is, as the world reaches us; only for callers that know pages."""
    if wanted.limit == AT_MOST:
        return {}
    query = {**request.query, "page": str(wanted.skip // wanted.limit + 2)}
    return {hdrs.LINK: f'<{clerk_of(request).base}{request.rel_url.with_query(query)}>; rel="next"'}


READS: Mapping[str, Reading] = {
    DISCOVERY: discovery,
    f"{V2}/discovery.{{format}}": discovery,
    f"{V2}/services.{{format}}": services,
    f"{V2}/services/{{code}}.{{format}}": service,
    f"{V2}/requests.{{format}}": list_requests,
    f"{V2}/requests/{{id}}.{{format}}": show_request,
    f"{V2}/tokens/{{token}}.{{format}}": show_token,
}
ROUTES = (
    *(Route("GET", path, open_door(handler)) for path, handler in READS.items()),
    *(Route("OPTIONS", path, preflight, form=False) for path in READS),
    Route("GET", f"{V2}/media/{{id}}", show_photo),
)
