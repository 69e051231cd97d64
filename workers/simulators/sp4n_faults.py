"""What goes wrong at the simulated LAPOR!: which request is hit, and what its caller gets instead.

A kind belongs to the calls where it makes sense (`no_id` to creates, `logs_top_level` to reads), so a fault without
`match` waits for the first call that it can hit.
"""

import asyncio
import random
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from aiohttp import web

ANY = ""
CREATE = "POST /complaints/complaint"
UPLOAD = "POST /complaints/complaint/file"
READ = "GET /complaints/{id}/complaint"
SHOWN = "GET /complaints/{id}/*"
HOLD_S = 120.0
LOOK_EVERY_S = 0.02


class When(StrEnum):
    INSTEAD = "instead"
    """Nothing is carried out."""
    AFTER = "after"
    """Carried out, then answered wrongly."""
    SHAPE = "shape"
    """Carried out, shown in another shape."""


@dataclass(frozen=True, slots=True)
class Kind:
    when: When
    where: str = ANY
    status: int = 0
    is_html: bool = False


# fmt: off
KINDS: Mapping[str, Kind] = {
    "http_401":               Kind(When.INSTEAD, status=401),
    "http_403":               Kind(When.INSTEAD, status=403, is_html=True),
    "http_422":               Kind(When.INSTEAD, status=422),
    "http_429":               Kind(When.INSTEAD, status=429),
    "http_500_html":          Kind(When.INSTEAD, status=500, is_html=True),
    "http_502_html":          Kind(When.INSTEAD, status=502, is_html=True),
    "http_503_html":          Kind(When.INSTEAD, status=503, is_html=True),
    "http_504_html":          Kind(When.INSTEAD, status=504, is_html=True),
    "outage":                 Kind(When.INSTEAD, status=503, is_html=True),
    "timeout_before_commit":  Kind(When.INSTEAD),
    "reset_after_headers":    Kind(When.INSTEAD),
    "soft_error":             Kind(When.INSTEAD, CREATE),
    "not_found_200":          Kind(When.INSTEAD, READ),
    "timeout_after_commit":   Kind(When.AFTER),
    "commit_then_504":        Kind(When.AFTER, status=504, is_html=True),
    "no_id":                  Kind(When.AFTER, CREATE),
    "id_string":              Kind(When.AFTER, CREATE),
    "id_nested":              Kind(When.AFTER, CREATE),
    "duplicate_on_retry":     Kind(When.AFTER, CREATE, status=504, is_html=True),
    "html_200":               Kind(When.AFTER, status=200, is_html=True),
    "broken_json":            Kind(When.AFTER),
    "truncated_body":         Kind(When.AFTER),
    "slow":                   Kind(When.AFTER),
    "docs_fewer":             Kind(When.AFTER, UPLOAD),
    "logs_top_level":         Kind(When.SHAPE, SHOWN),
    "log_nested_institution": Kind(When.SHAPE, SHOWN),
    "placeholder_spaces":     Kind(When.SHAPE, SHOWN),
    "naive_time_variants":    Kind(When.SHAPE, SHOWN),
    "unknown_status":         Kind(When.SHAPE, READ),
    "backwards_status":       Kind(When.SHAPE, READ),
}
# fmt: on


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`times` None = until it is deleted. `match` is "METHOD /path", `*` or `{…}` standing for one segment; empty =
    every call of the kind. `ms`: real milliseconds; `retry_after` seconds; `duration` and `until` on the virtual clock."""

    kind: str
    match: str = ""
    times: int | None = None
    probability: float = 1.0
    until: datetime | None = None
    duration: timedelta | None = None
    retry_after: int | None = None
    ms: int = 0
    used: int = 0


class Faults:
    """The faults that are switched on; deterministic for a seed."""

    def __init__(self, seed: int) -> None:
        self._on: list[Fault] = []
        self._closing = asyncio.Event()
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat exactly, nothing is secret

    def add(self, fault: Fault, now: datetime) -> None:
        """ValueError when the kind is unknown."""
        if fault.kind not in KINDS:
            raise ValueError(f"unknown kind {fault.kind!r}; known: {', '.join(KINDS)}")
        if fault.duration is not None:
            fault.until = now + fault.duration
        self._on.append(fault)

    def clear(self) -> None:
        self._on.clear()

    def pending(self, now: datetime) -> list[Fault]:
        return [fault for fault in self._on if not _is_over(fault, now)]

    def take(self, method: str, path: str, now: datetime) -> Fault | None:
        """The fault that hits this call, used up once. `path` begins after the context."""
        for fault in self.pending(now):
            fits = _fits(fault.match, method, path) and _fits(KINDS[fault.kind].where, method, path)
            if fits and self._random.random() < fault.probability:
                fault.used += 1
                return fault
        return None

    def stop_holding(self) -> None:
        self._closing.set()

    async def wait(self, seconds: float) -> None:
        """Take this long, unless the simulator ends before."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def hold(self, request: web.Request) -> web.StreamResponse:
        """Say nothing until the caller gives up, as a server does that has lost the request."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + HOLD_S
        while loop.time() < give_up_at and not self._closing.is_set() and not _is_gone(request):
            await self.wait(LOOK_EVERY_S)
        return cut_off(request)


def cut_off(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def wrong_page(fault: Fault) -> web.Response:
    """The answer of a kind with a status: the platform's HTML, or a JSON error."""
    kind = KINDS[fault.kind]
    headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
    if kind.is_html:
        page = f"<html><head><title>{kind.status}</title></head><body><h1>{kind.status}</h1></body></html>"
        return web.Response(status=kind.status, text=page, content_type="text/html", headers=headers)
    return web.json_response(_words(kind.status), status=kind.status, headers=headers)


def altered(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a call that was carried out, as this kind spoils it."""
    if fault.kind == "no_id":
        return {"message": "success"}
    if fault.kind == "id_string":
        return {"message": "success", "complaint_id": str(body["complaint_id"])}
    if fault.kind == "id_nested":
        return {"message": "success", "results": {"complaint_id": body["complaint_id"]}}
    if fault.kind == "docs_fewer":
        *kept, last = body["results"]["docs"]
        return {"message": "success", "results": {"docs": [*kept, {"name": last["name"]}]}}
    return body


def _words(status: int) -> dict[str, Any]:
    if status == web.HTTPUnprocessableEntity.status_code:
        return {"message": "The given data was invalid.", "errors": {"title": ["wajib diisi"]}}
    return {"message": "Unauthenticated." if status == web.HTTPUnauthorized.status_code else "Too Many Attempts."}


def _is_over(fault: Fault, now: datetime) -> bool:
    is_spent = fault.times is not None and fault.used >= fault.times
    return is_spent or (fault.until is not None and now >= fault.until)


def _fits(match: str, method: str, path: str) -> bool:
    if match in {ANY, "*"}:
        return True
    wanted_method, _, wanted_path = match.partition(" ")
    if wanted_method != method:
        return False
    pattern = re.sub(r"\\\{[^}]*\\\}|\\\*", "[^/]+", re.escape(wanted_path))
    return not wanted_path or re.fullmatch(pattern, path) is not None


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
