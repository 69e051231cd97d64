"""Reading what a caller sends: never more than allowed, never for longer than a slow line needs."""

import asyncio

from aiohttp import web

PATIENCE_S = 60.0
"""Longest time that a whole body may take; a mobile line at 0.5 Mbit/s brings 3 MB within it."""
BYTES_PER_SECOND = 50_000
"""Larger bodies may take as long as this rate needs for them."""
SILENCE_S = 10.0
"""Longest time without a single byte: whoever stalls gives the connection back (F07)."""


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body as it was sent. HTTPRequestEntityTooLarge over `limit` bytes, HTTPRequestTimeout when it does not come."""
    declared = request.content_length
    if declared is not None and declared > limit:
        raise web.HTTPRequestEntityTooLarge(limit, declared)
    if not request.can_read_body:
        return b""
    if request.content.is_eof() and declared is not None:  # all of it came with its head, as most calls do
        return request.content.read_nowait()
    try:
        async with asyncio.timeout(max(PATIENCE_S, limit / BYTES_PER_SECOND)):
            return await _read(request, limit)
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


async def _read(request: web.Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await _more(request):
        size += len(chunk)
        if size > limit:
            raise web.HTTPRequestEntityTooLarge(limit, size)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _more(request: web.Request) -> bytes:
    """What came since, at least a byte; nothing at the end."""
    async with asyncio.timeout(SILENCE_S):
        return await request.content.readany()
