"""Small calls in one piece, the same address again and again: aiohttp's connections, TLS and parser without its session.

What a session does for each call (cookies, redirects, a request, a response and a stream with timers of their own) costs
twice as much as the call, and nothing of it is wanted for a text to a provider. The connections are those of the session:
same pool, same address guard, same errors.
"""

import asyncio
from collections.abc import Iterable

from aiohttp import ClientRequest, ClientResponseError, ClientTimeout, ConnectionTimeoutError, TCPConnector
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError
from aiohttp.streams import StreamReader
from yarl import URL

from channels.errors import AddressRefused, AnswerTooLarge
from channels.protocols import HttpResponse

METHODS = frozenset({"GET", "POST"})
NOT_IN_A_LINE = (b" ", b"\r", b"\n")


class Direct:
    """Calls to one address over one connector."""

    def __init__(self, connector: TCPConnector, url: URL, headers: Iterable[tuple[str, str]]) -> None:
        """`headers` go with each call."""
        self._connector = connector
        # Never sent: it tells the connector whom to connect to, and us how that host is called.
        self._whom = ClientRequest("GET", url)
        self._path = url.raw_path_qs.encode("ascii")
        self._joint = b"&" if url.raw_query_string else b"?"
        told = [("Host", self._whom.headers["Host"]), ("Accept", "*/*"), *headers]
        self._usual = b" HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told).encode("ascii")

    async def call(
        self,
        method: str,
        query: bytes,
        content: tuple[str, bytes] | None,
        timeout: ClientTimeout,  # noqa: ASYNC109 - two limits, of connecting and of the exchange
        max_bytes: int,
    ) -> HttpResponse:
        """`query` as it stands; `content`: its media type and the body. The exchange takes at most `timeout.sock_read`
        seconds. Raises what a session raises, and AnswerTooLarge."""
        written = self._written(method, query, content)
        try:
            connection = await self._connector.connect(self._whom, [], timeout)
        except TimeoutError as problem:
            raise ConnectionTimeoutError from problem
        try:
            protocol, transport = connection.protocol, connection.transport
            assert protocol is not None and transport is not None  # noqa: S101, PT018 - it is connected
            protocol.set_response_params(read_until_eof=True)
            transport.write(written)
            async with asyncio.timeout(timeout.sock_read):
                answer = await self._answer(protocol, max_bytes)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return answer

    def _written(self, method: str, query: bytes, content: tuple[str, bytes] | None) -> bytes:
        if any(sign in query for sign in NOT_IN_A_LINE):
            raise AddressRefused("a query is one word")
        path = self._path + self._joint + query if query else self._path
        head = method.encode("ascii") + b" " + path + self._usual
        if content is None:
            return head + (b"\r\n" if method == "GET" else b"Content-Length: 0\r\n\r\n")
        kind, body = content
        return b"%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (head, kind.encode("ascii"), len(body), body)

    async def _answer(self, protocol: ResponseHandler, max_bytes: int) -> HttpResponse:
        try:
            message, payload = await protocol.read()
            while message.code // 100 == 1 and message.code != 101:  # noqa: PLR2004 - "wait" and the like, not yet the answer
                message, payload = await protocol.read()
        except HttpProcessingError as problem:
            raise ClientResponseError(self._whom.request_info, (), status=problem.code) from problem
        announced = message.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > max_bytes:
            raise AnswerTooLarge(f"{announced} bytes")
        headers = {name.lower(): value for name, value in message.headers.items()}
        return HttpResponse(message.code, await _body(payload, max_bytes), headers)


async def _body(payload: StreamReader, max_bytes: int) -> bytes:
    body = await payload.readany()  # nearly always all of it
    while len(body) <= max_bytes and not payload.at_eof():
        body += await payload.readany()
    if len(body) > max_bytes:
        raise AnswerTooLarge(f"more than {max_bytes} bytes")
    return body
