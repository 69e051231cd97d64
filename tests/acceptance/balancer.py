"""A load balancer as offices put before several web processes: takes turns, and skips one that refuses connections."""

import asyncio
import itertools
import threading
from collections.abc import Sequence
from contextlib import suppress

CHUNK = 65536
CONNECT_WITHIN_S = 2.0


class Balancer:
    """Listens on `port` of this machine and passes each connection on to one of `backends` (ports)."""

    def __init__(self, port: int, backends: Sequence[int]) -> None:
        self._port = port
        self._turns = itertools.cycle([[*backends[at:], *backends[:at]] for at in range(len(backends))])
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), name="balancer")

    def start(self) -> None:
        self._thread.start()
        assert self._listens.wait(10), f"nobody can listen on {self._port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port)
        self._listens.set()
        await self._ended.wait()
        server.close()
        connections = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for port in next(self._turns):
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(CONNECT_WITHIN_S):
                        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                    await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
                    return
        finally:
            writer.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while data := await source.read(CHUNK):
                target.write(data)
                await target.drain()
    finally:
        target.close()
