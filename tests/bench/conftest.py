"""A gateway as a bench sets it up, without its processes; and a provider's view of it, a server that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from config.load import settings_from
from gateway.app import Gateway, open_gateway, prepare
from workers.bench.setting import settings_text

Answer = Callable[[int, asyncio.StreamWriter], None]
"""What a server does with request number n (from 0) of all its connections."""
Serve = Callable[[Answer], AbstractAsyncContextManager[int]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def opened(database_url: str, folder: Path) -> Iterator[Gateway]:
    """The bench's own hand in a database."""
    settings = settings_from(settings_text(folder, database_url, "embedded"), environ={})
    prepare(settings)
    gateway = open_gateway(settings)
    try:
        yield gateway
    finally:
        gateway.close()


@pytest.fixture
def gateway(sqlite_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with opened(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
def any_gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    """On each kind of database: for what is SQL of the bench's own."""
    with opened(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def serve() -> Serve:
    """`async with serve(answer) as port`."""

    @asynccontextmanager
    async def serving(answer: Answer) -> AsyncIterator[int]:
        count = iter(range(10**6))
        writers: list[asyncio.StreamWriter] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
                    await reader.readexactly(int(length or 0))
                    answer(next(count), writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
            await server.wait_closed()

    return serving
