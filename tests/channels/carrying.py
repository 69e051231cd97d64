"""What passes on one connection carried to another and back: between a port and a program that has none."""

import asyncio
from contextlib import suppress


async def carried(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    from_there: asyncio.StreamReader,
    to_there: asyncio.StreamWriter,
) -> None:
    """Until the other side ends."""
    up = asyncio.create_task(_pumped(reader, to_there))
    try:
        await _pumped(from_there, writer)
    finally:
        up.cancel()
        await asyncio.wait([up])
        to_there.transport.abort()


async def until_open(port: int, within_s: float) -> None:
    """Until somebody listens at this port of loopback."""
    async with asyncio.timeout(within_s):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)


async def _pumped(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while octets := await source.read(65_536):
            target.write(octets)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
