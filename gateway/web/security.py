"""What protects every answer: headers, where a request really comes from, and whether another site sent it."""

import base64
import functools
import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from config.settings import Settings
from gateway.web.limits import source_hash
from gateway.web.site import REQUEST_ID, site_of

MACHINE_PATHS = ("/c/",)
"""Doors of providers: no browser ever looks at these answers."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=()",
}
"""Put on every answer to a person unless its handler chose otherwise."""
HSTS = "max-age=31536000; includeSubDomains"
FOREVER = "public, max-age=31536000, immutable"
ID_BYTES = 8

Networks = tuple[IPv4Network | IPv6Network, ...]


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: also for streams, files and errors."""
    headers = response.headers
    headers[hdrs.SERVER] = "satupintu"
    if request.path.startswith(MACHINE_PATHS):
        return
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault(hdrs.CACHE_CONTROL, _caching(request))
    headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    if not site_of(request).gateway.settings.is_local:
        headers["Strict-Transport-Security"] = HSTS


def _caching(request: web.Request) -> str:
    if not request.path.startswith("/static/"):
        return "no-store"
    return FOREVER if "v" in request.query else "no-cache"


def new_request_id() -> str:
    """13 characters that a person can read out over the phone."""
    return base64.b32encode(os.urandom(ID_BYTES)).decode().rstrip("=")


@functools.lru_cache(maxsize=64)
def networks(addresses: tuple[str, ...]) -> Networks:
    return tuple(ip_network(address, strict=False) for address in addresses)


def lies_in(address: str, known: Iterable[IPv4Network | IPv6Network]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in known)


def remote(request: web.Request) -> str:
    """The address of whoever asks. `X-Forwarded-For` counts only as far as proxies of ours wrote it (SECURITY C31)."""
    peer = request.remote or ""
    trusted = networks(site_of(request).gateway.settings.server.trusted_proxies)
    if not trusted or not lies_in(peer, trusted):
        return peer
    # Each proxy appends whom it saw: from the right, the first that is none of ours is the caller.
    hops = [hop.strip() for line in request.headers.getall(hdrs.X_FORWARDED_FOR, []) for hop in line.split(",")]
    for hop in reversed([hop for hop in hops if hop]):
        if not lies_in(hop, trusted):
            return hop
    return hops[0] if hops else peer


def source(request: web.Request) -> str:
    """Who asks, as limits and attempts know them: a hash that means nothing tomorrow."""
    office = site_of(request).gateway.office
    return source_hash(office.keys.lookup, remote(request), office.calendar.local(office.now()).date())


def is_from_elsewhere(request: web.Request) -> bool:
    """Whether a browser says that another site sent this. Nothing said is no proof: the form's token decides then."""
    fetched = request.headers.get("Sec-Fetch-Site", "")
    if fetched:
        return fetched not in {"same-origin", "none"}
    origin = request.headers.get(hdrs.ORIGIN, "")
    # Pages without referrer send `null` for their own forms.
    if origin in {"", "null"}:
        return False
    return urlsplit(origin).netloc not in {request.host, _public_host(site_of(request).gateway.settings)}


def _public_host(settings: Settings) -> str:
    return urlsplit(settings.server.public_url).netloc
