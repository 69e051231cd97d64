"""Forms with files that are too heavy or came twice: what was typed is never lost for it."""

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress

from aiohttp import hdrs, web

from channels.web_form.form import UploadedFile
from gateway.web import forms
from gateway.web.posted import Posted, read_posted
from gateway.web.site import ROUTE

PATIENCE_S = 20.0
START_BYTES = forms.FORM_BYTES
CRLF = b"\r\n"


async def start_of(request: web.Request) -> bytes:
    """The beginning of a body that is too large as a whole: our forms put their words before their files."""
    content = b""
    with suppress(TimeoutError, ConnectionError, web.HTTPException):
        async with asyncio.timeout(PATIENCE_S):
            while len(content) < START_BYTES and (chunk := await request.content.read(START_BYTES - len(content))):
                content += chunk
    return content


async def take_form(request: web.Request) -> tuple[Posted, bool]:
    """The form of a route with `form=False, files=True`, and whether it came whole.

    HTTPForbidden for a form that is not ours. One that is too large is only good for being shown again.
    """
    try:
        return await forms.take_form(request, request[ROUTE]), True
    except web.HTTPRequestEntityTooLarge:
        return read_posted(request.headers.get(hdrs.CONTENT_TYPE, ""), await start_of(request)), False


def as_multipart(values: Mapping[str, str], files: Iterable[UploadedFile], field: str) -> tuple[str, bytes]:
    """(content type, body) of a form; names are ours, so that nothing in them has to be escaped."""
    boundary = secrets.token_hex(16)
    parts = [_part(boundary, f'name="{name}"', value.encode()) for name, value in values.items()]
    parts += [
        _part(boundary, f'name="{field}"; filename="lampiran-{number}"', file.content)
        for number, file in enumerate(files)
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join((*parts, f"--{boundary}--".encode(), CRLF))


def _part(boundary: str, disposition: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
    return head + content + CRLF
