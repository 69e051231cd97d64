"""A line to a server that can be cut, mended, held and made to lose answers, while both ends are real."""

import asyncio
import contextlib
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.engine import make_url

T = TypeVar("T")
Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Place = Path | tuple[str, int]
"""Where a server listens: a unix socket, or host and port."""
POSTGRES_PORT = 5432
REDIS_SOCKET = "r.sock"
CHUNK = 65_536


class Line:
    """What lies between us and a server. A thread of its own carries the bytes, so that the test may block."""

    def __init__(self, here: Path | None, there: Place) -> None:
        self.port = 0
        self.taken = 0
        """Bytes that came from our side, whether or not they went on."""
        self.loses_answers = False
        """What the server says is thrown away, and the connection with it."""
        self.loses_answers_after = b""
        """The same from the moment in which we say these bytes."""
        self._here, self._there = here, there
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[Writer] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="line")
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.mend()

    def mend(self) -> None:
        """Whoever comes is let through, and every answer comes back."""
        self.loses_answers, self.loses_answers_after = False, b""
        self._do(self._listen())

    def cut(self) -> None:
        """Every connection breaks and a new one is refused."""
        self._do(self._cut())

    def hold(self) -> None:
        """Nothing arrives any more on either side, and nobody is told."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def release(self) -> None:
        """What was held goes on its way."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def close(self) -> None:
        self._do(self._cut())
        self._do(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        if self._server is not None:
            return
        if self._here is not None:
            self._server = await asyncio.start_unix_server(self._carry, self._here)
            return
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._here is not None:
            self._here.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()

    async def _ended(self) -> None:
        self._flowing.set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, reader: Reader, writer: Writer) -> None:
        async with self._kept(writer):
            try:
                far_reader, far_writer = await self._reach()
            except OSError:
                return
            async with self._kept(far_writer):
                both = [self._pump(reader, far_writer, ours=True), self._pump(far_reader, writer, ours=False)]
                tasks = [asyncio.ensure_future(one) for one in both]
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _kept(self, writer: Writer) -> Any:
        self._writers.add(writer)
        try:
            yield
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._writers.discard(writer)

    async def _reach(self) -> tuple[Reader, Writer]:
        if isinstance(self._there, Path):
            return await asyncio.open_unix_connection(self._there)
        return await asyncio.open_connection(*self._there)

    async def _pump(self, reader: Reader, writer: Writer, *, ours: bool) -> None:
        with contextlib.suppress(OSError):
            while content := await reader.read(CHUNK):
                self.taken += len(content) * ours
                await self._flowing.wait()
                if self.loses_answers and not ours:
                    return
                if ours and self.loses_answers_after and self.loses_answers_after in content:
                    self.loses_answers = True
                writer.write(content)
                await writer.drain()


@contextmanager
def line_to(there: Place, socket: str = "") -> Iterator[tuple[Line, Path]]:
    """A line and the folder in which its end is; `socket` is the name of that end, without one it has a port."""
    folder = Path(tempfile.mkdtemp(prefix="sp-line-", dir="/tmp"))  # a socket's path must be short
    line = Line(folder / socket if socket else None, there)
    try:
        yield line, folder
    finally:
        line.close()
        shutil.rmtree(folder)


@contextmanager
def line_to_postgres(url: str) -> Iterator[tuple[Line, str]]:
    """A line to the server of `url`, and the URL that leads through it."""
    parsed = make_url(url)
    host, port = parsed.query.get("host") or parsed.host or "127.0.0.1", parsed.port or POSTGRES_PORT
    assert isinstance(host, str)
    there: Place = Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)
    with line_to(there, f".s.PGSQL.{POSTGRES_PORT}") as (line, folder):
        through = parsed.set(query={"host": str(folder)})._replace(host=None, port=None)
        yield line, through.render_as_string(hide_password=False)


@contextmanager
def line_to_redis(url: str) -> Iterator[tuple[Line, str]]:
    """A line to a Redis on a unix socket, and the URL that leads through it."""
    there = Path(url.removeprefix("unix://").partition("?")[0])
    with line_to(there, REDIS_SOCKET) as (line, folder):
        yield line, f"unix://{folder / REDIS_SOCKET}?db=0"
