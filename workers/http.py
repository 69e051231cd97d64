"""The one way out over HTTP: time limits, address guard, no redirects, no cookies, a log line without secrets.

What matters most is told exactly: `NotSent` only when certainly nothing of the request reached the other side,
`AnswerLost` as soon as it may have. A provider that has taken a message must not get it a second time.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver
from yarl import URL

from channels.errors import AddressRefused, AnswerLost, AnswerTooLarge, ChannelError, NotSent
from channels.messages import NOTHING
from channels.protocols import HttpResponse, Upload
from config.logging import get_logger
from workers.addresses import GuardedResolver, Road, road
from workers.direct import METHODS, Direct

log = get_logger(__name__)

CONNECTIONS = 200
KEEP_ALIVE_S = 15.0
"""Shorter than any provider's own: a connection that they close while we write makes an outcome unknown."""
CHUNK = 64 * 1024
USUAL = {"User-Agent": f"satupintu/{version('satupintu')}"}
TYPE, OCTETS = "Content-Type", "application/octet-stream"
PLACES = 256
"""So many addresses that are called are remembered."""

# Raised before a byte of the request is written. Everything else may have reached the other side.
BEFORE_WRITING = (aiohttp.ClientConnectorError, aiohttp.ClientSSLError, aiohttp.ConnectionTimeoutError)


class AiohttpHttp:
    """`channels.protocols.Http` on aiohttp. Belongs to the event loop it is used on; close() it there."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        """`resolver` looks names up; None = the system's."""
        self._resolver = resolver
        self._sessions: dict[Road, ClientSession] = {}
        self._directs: dict[URL, Direct] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        query: Sequence[tuple[str, str]] | bytes = (),
        headers: Mapping[str, str] = NOTHING,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        uploads: Sequence[Upload] = (),
        body: bytes | None = None,
        connect_s: float = 5.0,
        read_s: float = 15.0,
        max_bytes: int = 2 * 1024 * 1024,
        trusted: bool = True,
    ) -> HttpResponse:
        """See the protocol. The whole exchange takes at most `connect_s` + `read_s` seconds."""
        place = _place(url, trusted)
        encoded = _encoded(query)
        content, content_type = _content(json, form, uploads, body)
        began = time.monotonic()
        try:
            if place.refused:
                raise AddressRefused(place.refused)
            limits = _timeout(connect_s, read_s)
            if method in METHODS and place.is_plain and not headers and not isinstance(content, aiohttp.FormData):
                sent = None if content is None else (content_type.get(TYPE, OCTETS), content)
                answer = await self._direct(place).call(method, encoded, sent, limits, max_bytes)
            else:
                sent_headers = headers if _names_type(headers) else {**content_type, **headers}
                async with asyncio.timeout(connect_s + read_s):
                    session = self._session(place.way)
                    target = _with_query(place.url, encoded)
                    answer = await _by_session(session, method, target, content, sent_headers, limits, max_bytes)
        except (ChannelError, aiohttp.ClientError, OSError) as failed:
            problem = _in_our_words(failed)
            log.warning(
                "exchange_failed", **_line(method, place.url, 0, began), code=problem.code, problem=str(problem)
            )
            raise problem from None  # what the client says may name addresses and keys
        if log.is_enabled_for(logging.DEBUG):
            log.debug("exchange_done", **_line(method, place.url, answer.status, began))
        return answer

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        self._directs.clear()

    async def __aenter__(self) -> "AiohttpHttp":
        return self

    async def __aexit__(self, *_problem: object) -> None:
        await self.close()

    def _session(self, way: Road) -> ClientSession:
        session = self._sessions.get(way)
        if session is None:
            session = self._sessions[way] = self._open(way)
        return session

    def _direct(self, place: "_Place") -> Direct:
        direct = self._directs.get(place.url)
        if direct is None:
            if len(self._directs) >= PLACES:
                self._directs.clear()
            connector = self._session(place.way).connector
            assert isinstance(connector, TCPConnector)  # noqa: S101 - it is the one of _open()
            direct = self._directs[place.url] = Direct(connector, place.url, USUAL.items())
        return direct

    def _open(self, way: Road) -> ClientSession:
        connector = TCPConnector(
            limit=CONNECTIONS,
            resolver=GuardedResolver(self._resolver or aiohttp.ThreadedResolver(), way),
            use_dns_cache=not way.looks_up_each_time,
            ttl_dns_cache=60,
            **({"force_close": True} if way.looks_up_each_time else {"keepalive_timeout": KEEP_ALIVE_S}),
        )
        session = ClientSession(connector=connector, cookie_jar=DummyCookieJar(), headers=USUAL)
        # aiohttp repeats GET by itself when a kept connection breaks; for Kannel a GET is an SMS.
        session._retry_connection = False  # noqa: SLF001 - no public switch; test_http.py would see it go
        return session


@dataclass(frozen=True, slots=True)
class _Place:
    """Where calls go, again and again: read and checked once. `refused`: what the address guard objects to."""

    url: URL
    way: Road
    refused: str

    @property
    def is_plain(self) -> bool:
        """Whether it can be called without a session: the operator's, and no name and password in it."""
        return self.url.user is None and not self.way.looks_up_each_time


@lru_cache(maxsize=PLACES)
def _place(url: str, trusted: bool) -> _Place:
    try:
        base = URL(url)
    except ValueError as problem:
        raise AddressRefused("not an address") from problem
    way = road(base, trusted)
    try:
        way.check(base)
    except AddressRefused as refused:
        return _Place(base, way, str(refused))
    return _Place(base, way, "")


def _encoded(query: Sequence[tuple[str, str]] | bytes) -> bytes:
    if isinstance(query, bytes):
        return query
    return urlencode(query, quote_via=quote).encode("ascii") if query else b""


def _with_query(base: URL, encoded: bytes) -> URL:
    if not encoded:
        return base
    return URL(f"{base}{'&' if base.raw_query_string else '?'}{encoded.decode('ascii')}", encoded=True)


@lru_cache(maxsize=64)
def _timeout(connect_s: float, read_s: float) -> ClientTimeout:
    return ClientTimeout(total=None, connect=connect_s, sock_read=read_s)


def _content(
    json: object | None, form: Mapping[str, str] | None, uploads: Sequence[Upload], body: bytes | None
) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    """The body and the header that names its type."""
    if uploads:
        # Quoting would turn a field `attachments[]` into `attachments%5B%5D`, which PHP does not read.
        parts = aiohttp.FormData(quote_fields=False)
        for name, value in (form or {}).items():
            parts.add_field(name, value)
        for upload in uploads:
            parts.add_field(upload.field, upload.content, filename=upload.name, content_type=upload.media_type)
        return parts, {}
    if json is not None:
        return msgspec.json.encode(json), {TYPE: "application/json"}
    if form is not None:
        return urlencode(form).encode(), {TYPE: "application/x-www-form-urlencoded"}
    return body, {}


def _names_type(headers: Mapping[str, str]) -> bool:
    return any(name.lower() == "content-type" for name in headers)


async def _by_session(
    session: ClientSession,
    method: str,
    target: URL,
    content: bytes | aiohttp.FormData | None,
    headers: Mapping[str, str],
    timeout: ClientTimeout,  # noqa: ASYNC109 - two limits, of connecting and between two pieces of the answer
    max_bytes: int,
) -> HttpResponse:
    async with session.request(
        method, target, data=content, headers=headers, allow_redirects=False, timeout=timeout
    ) as response:
        return await _read(response, max_bytes)


async def _read(response: ClientResponse, max_bytes: int) -> HttpResponse:
    if (response.content_length or 0) > max_bytes:
        raise AnswerTooLarge(f"{response.content_length} bytes")
    if response.content_length is not None and "Content-Encoding" not in response.headers:
        content = await response.read()  # as long as it says
    else:
        content = await _read_on(response, max_bytes)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status, content, headers)


async def _read_on(response: ClientResponse, max_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        content += chunk
        if len(content) > max_bytes:
            raise AnswerTooLarge(f"more than {max_bytes} bytes")
    return bytes(content)


def _in_our_words(failed: Exception) -> ChannelError:
    if isinstance(failed, ChannelError):
        return failed
    if isinstance(failed, aiohttp.InvalidURL):
        return AddressRefused("not an address")
    return (NotSent if isinstance(failed, BEFORE_WRITING) else AnswerLost)(type(failed).__name__)


def _line(method: str, target: URL, status: int, began: float) -> dict[str, object]:
    """Who was called, how it ended, how long it took; nothing secret. `status` 0: no answer came."""
    told = {"status": status} if status else {}
    called: dict[str, object] = {"method": method, "host": target.host, "path": path_template(target.path)}
    return {**called, **told, "ms": round((time.monotonic() - began) * 1000)}


# A bot's token stands in the path, and so do keys of some SMS providers.
BOT = re.compile(r"^bot\d+(:|%3A).*", re.IGNORECASE)
SECRET_LIKE = re.compile(r"^(?=.*\d).{16,}$|^.{24,}$")


def path_template(path: str) -> str:
    """A path without what is secret or personal in it: tokens, ids, names of files."""
    return "/".join(map(_segment, path.split("/")))


def _segment(text: str) -> str:
    if BOT.match(text):
        return "bot***"
    if text.isdigit():
        return "{n}"
    return "***" if SECRET_LIKE.match(text) else text
