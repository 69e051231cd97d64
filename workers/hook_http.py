"""One POST to an address that somebody registered: guarded on every connection, no redirect, ten seconds in all (C23)."""

import asyncio
from collections.abc import Mapping

import aiohttp
from aiohttp import ClientSession, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from channels.errors import AddressRefused
from config.logging import get_logger
from config.settings import Settings
from gateway.hooks.places import road_of
from workers.addresses import GuardedResolver
from workers.http import USUAL

log = get_logger(__name__)
IN_ALL_S = 10.0
MOST_READ = 2 * 1024
"""Of an answer nobody reads more: its status is what counts."""


class NoAnswer(Exception):
    """The address gave no answer; the text is a code for its log."""


class HookHttp:
    """`resolver` looks names up; None = the system's."""

    def __init__(
        self, settings: Settings, resolver: AbstractResolver | None = None, within_s: float = IN_ALL_S
    ) -> None:
        self._settings = settings
        self._resolver = resolver
        self._within_s = within_s

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer; NoAnswer when there was none."""
        try:
            async with asyncio.timeout(self._within_s):
                return await self._post(url, body, headers)
        except TimeoutError:
            raise NoAnswer("timeout") from None
        except AddressRefused as problem:
            log.warning("webhook_address_refused", problem=str(problem))
            raise NoAnswer("address_refused") from None
        except aiohttp.ClientConnectorCertificateError:
            raise NoAnswer("certificate") from None
        except aiohttp.ClientConnectorError:
            raise NoAnswer("not_connected") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise NoAnswer("connection_lost") from None

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target, way = road_of(url, self._settings)
        resolver = GuardedResolver(self._resolver or aiohttp.ThreadedResolver(), way)
        # A connection per call: a kept one would go where the name led a while ago.
        connector = TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
        async with ClientSession(connector=connector, cookie_jar=DummyCookieJar(), headers=USUAL) as session:
            sending = session.post(target, data=body, headers=headers, allow_redirects=False)
            async with sending as response:
                await response.content.read(MOST_READ)
                return response.status
