"""Browsers and robots that post the public form: as they should, twice, slowly, half, forged, too much.

Contract: docs/channels/web_form.md. Steered at `/_sim/inject`; nothing is ever posted by itself.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from aiohttp import web

from workers.simulators import control
from workers.simulators.control import JSON, Plane
from workers.simulators.faults import Action
from workers.simulators.pictures import photo
from workers.simulators.settings import SimulatorSettings

BOUNDARY = "----SimulatorFormulir7f3a"
TOKEN_FIELD = re.compile(r'<input\b[^>]*\bname="_token"[^>]*>')
VALUE = re.compile(r'\bvalue="([^"]*)"')
CHUNKS = 10
BAD_UTF8 = b"\xff\xfe\xc3("
Style = str


class Visit(msgspec.Struct, forbid_unknown_fields=True):
    """One inject. `slow_ms` = real milliseconds over which the body is sent; `senders` of a burst = how many addresses."""

    style: Style = "urlencoded"
    fields: dict[str, Any] = {}
    path: str = "/lapor"
    token: str = "fresh"  # noqa: S105 - fresh, old, forged or none: which one is sent
    times: int = 1
    files: int = 0
    file_bytes: int = 1_000
    slow_ms: int = 0
    close_after_send: bool = False
    honeypot: bool = False
    bad_utf8: bool = False
    origin: str | None = None
    burst: int = 0
    senders: int = 1


class Form:
    """Player of the people at the form."""

    def __init__(self, settings: SimulatorSettings, plane: Plane) -> None:
        self.settings = settings
        self.plane = plane
        self.options: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        self._first_token = ""

    def describe(self, request: web.BaseRequest, body: bytes) -> tuple[str, str]:
        return "", ""

    def throttled(self, retry_after: float) -> web.Response:
        return web.Response(status=429)

    async def inject(self, item: dict[str, Any], action: Action) -> dict[str, Any]:
        """Visit the form and post it; answers what the gateway answered."""
        visit = msgspec.convert(item, Visit)
        if visit.burst:
            posts = (
                self._visit(visit, f"10.{n % visit.senders >> 8}.{n % visit.senders & 255}.7")
                for n in range(visit.burst)
            )
            answers = [answer for visited in await asyncio.gather(*posts) for answer in visited]
            return {"statuses": Counter(str(answer["status"]) for answer in answers)}
        return {"answers": await self._visit(visit, "")}

    async def _visit(self, visit: Visit, sender: str) -> list[dict[str, Any]]:
        token = await self._token(visit.token)
        headers = {
            "Origin": self.settings.gateway_url if visit.origin is None else visit.origin,
            "Sec-Fetch-Site": "same-origin" if visit.origin is None else "cross-site",
        }
        if sender:
            headers["X-Forwarded-For"] = sender
        kind, body = self._encode(visit, token)
        headers["Content-Type"] = kind
        if visit.style == "json":
            headers["Idempotency-Key"] = token.split(".")[1] if token.count(".") == 2 else ""  # noqa: PLR2004
        url = f"{self.settings.gateway_url}{visit.path}"
        if visit.close_after_send:
            return [await _send_and_leave(url, headers, body) for _ in range(visit.times)]
        return list(await asyncio.gather(*(self._post(visit, url, headers, body) for _ in range(visit.times))))

    async def _post(self, visit: Visit, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        sent = _slowly(body, visit.slow_ms) if visit.slow_ms else body
        status, answered, answer = await self.plane.call_gateway("event", "POST", url, headers=headers, body=sent)
        text = answer.decode("utf-8", "replace")
        return {"status": status, "location": answered.get("Location", ""), "body": text[:4_000]}

    async def _token(self, which: str) -> str:
        if which == "none":
            return ""
        if which == "old" and self._first_token:
            return self._first_token
        _, _, page = await self.plane.call_gateway("event", "GET", f"{self.settings.gateway_url}/lapor")
        found = TOKEN_FIELD.search(page.decode("utf-8", "replace"))
        value = VALUE.search(found[0]) if found else None
        token = value[1] if value else ""
        self._first_token = self._first_token or token
        return f"{token[:-4]}AAAA" if which == "forged" else token

    def _encode(self, visit: Visit, token: str) -> tuple[str, bytes]:
        fields = {"isi": "Sampah menumpuk di depan pasar sejak hari Senin"} | visit.fields
        if visit.token != "none":  # noqa: S105 - the name of a choice
            fields = {"_token": token} | fields
        if visit.honeypot:
            fields["website"] = "http://contoh.invalid"
        if visit.style == "json":
            body = msgspec.json.encode(fields)
            return JSON, body.replace(b'"isi":"', b'"isi":"' + BAD_UTF8) if visit.bad_utf8 else body
        plain = {name: _plain(value) for name, value in fields.items()}
        if visit.style == "multipart" or visit.files:
            return f"multipart/form-data; boundary={BOUNDARY}", _multipart(plain, visit, self._picture(visit))
        written = urlencode(plain).encode()
        return "application/x-www-form-urlencoded", written + (b"&lokasi=%FF%FE%C3(" if visit.bad_utf8 else b"")

    def _picture(self, visit: Visit) -> bytes:
        return photo("sampah", self.plane.clock.now(), (64, 48)).ljust(visit.file_bytes, b"\0") if visit.files else b""


PLAYER = web.AppKey("web", Form)


def build(settings: SimulatorSettings) -> web.Application:
    """The control plane of the people at the form; it has no routes of its own."""
    plane = Plane(settings, {})
    form = Form(settings, plane)
    app = control.build(plane, form)
    app[PLAYER] = form
    return app


def _plain(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _multipart(fields: Mapping[str, str], visit: Visit, picture: bytes) -> bytes:
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in fields.items()]
    head = 'Content-Disposition: form-data; name="lampiran"; filename="foto-{}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    parts += [head.format(number).encode() + picture for number in range(visit.files)]
    if visit.bad_utf8:
        parts.append(b'Content-Disposition: form-data; name="lokasi"\r\n\r\n' + BAD_UTF8)
    written = b"".join(b"--" + BOUNDARY.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return written + b"--" + BOUNDARY.encode() + b"--\r\n"


async def _slowly(body: bytes, milliseconds: int) -> AsyncIterator[bytes]:
    size = max(1, len(body) // CHUNKS)
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(milliseconds / 1000 / CHUNKS)


async def _send_and_leave(url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Write the whole request and hang up without waiting: a phone that lost its network."""
    parts = urlsplit(url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    return {"status": 0, "location": "", "body": ""}
