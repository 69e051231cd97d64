"""Servers that misbehave on the wire, for tests of what we say about it."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Behaviour = Callable[[Reader, Writer, bytes], Awaitable[None]]


class Stranger:
    """Takes requests, remembers them byte for byte, and behaves as told: one behaviour per request, the last for ever."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self._behaviours = list(behaviours)
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.met = asyncio.Event()
        """A first request came."""

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def meet(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                request = await _request(reader)
                self.requests.append(request)
                self.met.set()
                behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                await behaviour(reader, writer, request)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _request(reader: Reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


@asynccontextmanager
async def stranger(*behaviours: Behaviour) -> AsyncIterator[Stranger]:
    """A server on loopback that behaves so, until the end of the block."""
    met = Stranger(*behaviours)
    server = await asyncio.start_server(met.meet, "127.0.0.1", 0)
    met.port = server.sockets[0].getsockname()[1]
    async with server:
        yield met


def answers(body: bytes = b"ok", status: str = "200 OK", *headers: str) -> Behaviour:
    async def behave(_reader: Reader, writer: Writer, _request: bytes) -> None:
        more = "".join(f"{header}\r\n" for header in headers)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)
        await writer.drain()

    return behave


def _says(*pieces: bytes) -> Behaviour:
    async def behave(_reader: Reader, writer: Writer, _request: bytes) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return behave


in_chunks = _says(
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nin \r\n", b"6\r\nchunks\r\n0\r\n\r\n"
)
after_a_hint = _says(b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", b"at last")
packed = answers(gzip.compress(b"packed"), "200 OK", "Content-Encoding: gzip")


async def until_the_end(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
    await writer.drain()
    writer.close()


async def half_chunk(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf")
    await writer.drain()
    writer.close()


async def accept_then_close(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.close()


async def half_body(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()


async def not_http(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.write(b"hello, this is a modem\r\n\r\n")
    await writer.drain()
    writer.close()


async def silence(reader: Reader, _writer: Writer, _request: bytes) -> None:
    await reader.read()


async def endless(_reader: Reader, writer: Writer, _request: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        await writer.drain()
