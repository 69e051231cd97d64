"""Asking providers from a command: whether they accept us, in sentences that say what to do."""

import asyncio
from collections.abc import Iterable
from importlib import import_module

from channels.protocols import Http
from channels.registry import Channel

HTTP = "workers.http:AiohttpHttp"
"""Named as text: the HTTP client belongs to the package above, as long-running commands do."""


def ask_providers(chosen: Iterable[Channel], public_url: str) -> list[tuple[Channel, list[str]]]:
    """What each provider says about us, as sentences that say what to do; none where all is well."""
    return asyncio.run(_check(chosen, public_url))


async def _check(chosen: Iterable[Channel], public_url: str) -> list[tuple[Channel, list[str]]]:
    module, _, name = HTTP.partition(":")
    async with getattr(import_module(module), name)() as http:
        return [(channel, await _problems(channel, http, public_url)) for channel in chosen]


async def _problems(channel: Channel, http: Http, public_url: str) -> list[str]:
    return await channel.checker.check(http, f"{public_url}/c/{channel.name}") if channel.checker else []
