"""Reading what programs send to the API: queries and bodies by type, and calls that may come twice."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web

from gateway.operations import idempotency
from gateway.operations.idempotency import Kept, KeyReused
from gateway.web.body import read_body
from gateway.web.callers import Caller
from gateway.web.problems import FieldProblem, Problem
from gateway.web.site import Site, site_of

T = TypeVar("T")
BODY_BYTES = 256 * 1024
JSON = "application/json"
KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
UNKNOWN = re.compile(r"unknown field `([^`]+)`")
PLACE = re.compile(r"at `\$\.?([^`]*)`")
NUL, NUL_IN_JSON = "\x00", b"\\u0000"
TAG = re.compile(r'"(\d+)"')
# What msgspec says about a value that is of the right type and yet does not fit: the caller's words, not their program.
LIMITS = (
    (re.compile(r"length >="), "too_short"),
    (re.compile(r"length <="), "too_long"),
    (re.compile(r"[<>]="), "out_of_range"),
)
MANY = frozenset({"status"})
"""Parameters that may be repeated."""

Answer = tuple[int, msgspec.Struct, Mapping[str, str]]
Work = Callable[[Any], Answer]
"""Carries out a call in a transaction: status, body, headers. A Problem rolls everything back."""


def answer(body: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type=JSON, headers=headers)


def etag(version: int) -> dict[str, str]:
    return {hdrs.ETAG: f'"{version}"'}


def query_of(request: web.Request, kind: type[T]) -> T:
    """The parameters of an address as one value; unknown ones are refused, for a typo must not widen a list."""
    given: dict[str, Any] = {}
    for name in dict.fromkeys(request.query):
        values = request.query.getall(name)
        _refuse_nul(site_of(request), name, values)
        given[name] = values if name in MANY else values[-1]
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as problem:
        raise _told(site_of(request), problem, malformed="invalid_field") from problem


async def body_of(request: web.Request, kind: type[T]) -> tuple[T, bytes]:
    """The JSON of a request as one value, and its bytes. Problem: 400, 413, 415 or 422 with the field it is about."""
    if request.content_type != JSON:
        raise Problem("unsupported_media_type")
    try:
        body = await read_body(request, BODY_BYTES)
    except web.HTTPRequestEntityTooLarge:
        raise Problem("too_large") from None
    try:
        found = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        raise _told(site_of(request), problem, malformed="invalid_field") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Problem("invalid_json", str(problem)[:200]) from problem
    if NUL_IN_JSON in body:
        _refuse_nul(site_of(request), "", _texts(msgspec.to_builtins(found)))
    return found, body


def _refuse_nul(site: Site, field: str, texts: Iterable[str]) -> None:
    """U+0000 means nothing in a text, and PostgreSQL keeps none."""
    if any(NUL in text for text in texts):
        raise Problem(
            "invalid_field", errors=[FieldProblem(field, "invalid", site.texts("error.api.nul", site.language))]
        )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _told(site: Site, problem: msgspec.ValidationError, malformed: str) -> Problem:
    words = str(problem)
    if unknown := UNKNOWN.search(words):
        error = FieldProblem(unknown[1], "unknown_field", site.texts("error.api.unknown_field", site.language))
        return Problem("unknown_field", words, [error])
    place = PLACE.search(words)
    field = place[1] if place else ""
    code = next((code for pattern, code in LIMITS if pattern.search(words)), "")
    if not code:
        return Problem(malformed, words, [FieldProblem(field, "invalid", words)])
    return Problem("validation_failed", words, [FieldProblem(field, code, _field_words(site, code))])


def _field_words(site: Site, code: str) -> str:
    return site.texts(f"error.field.{code}", site.language)


def version_of(request: web.Request) -> int:
    """The version that the caller has seen, from If-Match; 428 without one."""
    given = request.headers.get(hdrs.IF_MATCH, "")
    if not given:
        raise Problem("precondition_required")
    tag = TAG.fullmatch(given.strip())
    if tag is None:
        raise Problem("stale_version")
    return int(tag[1])


async def once(request: web.Request, caller: Caller, body: bytes, work: Work) -> web.Response:
    """Carry out a call that may come again: the same key and content get the first answer, whatever happened since."""
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise Problem("missing_idempotency_key")
    precondition = request.headers.get(hdrs.IF_MATCH, "")
    call = b"\n".join((request.method.encode(), request.path.encode(), precondition.encode(), body))
    digest = hashlib.sha256(call).hexdigest()

    def carry_out(tx: Any) -> tuple[Kept, bool]:
        known = idempotency.before(tx, caller.owner, key, digest)
        if known is not None:
            return known, True
        status, content, headers = work(tx)
        kept = Kept(status, msgspec.json.encode(content), headers)
        idempotency.keep(tx, caller.owner, key, kept)
        return kept, False

    try:
        kept, replayed = await site_of(request).write(carry_out)
    except KeyReused:
        raise Problem("idempotency_mismatch") from None
    headers = dict(kept.headers) | ({"Idempotent-Replayed": "true"} if replayed else {})
    return web.Response(body=kept.body, status=kept.status, content_type=JSON, headers=headers)
