"""`/c/<name>/data-deletion`: a provider hands on that somebody wants their data deleted. Source: docs/channels/messenger.md.

The answer names a page that says what is kept and how to ask, and a code under which the request is known to the provider.
"""

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from channels.errors import PayloadInvalid, SignatureInvalid
from channels.messages import Address, RawRequest
from channels.registry import Channel
from gateway.retention import provider_requests
from gateway.web.routes import Route
from gateway.web.site import site_of
from gateway.web.webhooks import raw_request


async def requested(request: web.Request) -> web.Response:
    site = site_of(request)
    channel = site.gateway.office.channels.get(request.match_info["name"])
    if channel is None or not hasattr(channel.adapter, "who_asks_deletion"):
        return web.Response(status=HTTPStatus.NOT_FOUND)
    try:
        address = who_asks(channel, await raw_request(request, channel))
    except SignatureInvalid:
        site.counters.forged[channel.name] += 1
        return web.Response(status=HTTPStatus.FORBIDDEN)
    except PayloadInvalid:
        return web.Response(status=HTTPStatus.BAD_REQUEST)
    code = await site.write(provider_requests.note_deletion, channel.name, address)
    url = f"{site.gateway.settings.server.public_url}/privasi"
    return web.json_response({"url": url, "confirmation_code": code})


def who_asks(channel: Channel, request: RawRequest) -> Address:
    """Whose data shall go; while the app's secret changes the old one proves it, too. SignatureInvalid, PayloadInvalid."""
    adapters: list[Any] = [one.adapter for one in (channel, channel.former_at(request.received_at)) if one]
    for adapter in adapters[:-1]:
        with suppress(SignatureInvalid):
            return _asker(adapter, request)
    return _asker(adapters[-1], request)


def _asker(adapter: Any, request: RawRequest) -> Address:
    found: Address = adapter.who_asks_deletion(request)
    return found


ROUTES = (Route(hdrs.METH_POST, "/c/{name}/data-deletion", requested, form=False),)
