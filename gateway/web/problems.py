"""`application/problem+json`: every refusal of the API in one shape, with a stable code (docs/api.md § 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from gateway.web.site import REQUEST_ID, site_of

URN = "urn:satupintu:problem:"
CONTENT_TYPE = "application/problem+json"
CODES: Mapping[str, int] = {
    "invalid_json": 400,
    "invalid_field": 400,
    "unknown_field": 400,
    "invalid_cursor": 400,
    "missing_idempotency_key": 400,
    "unauthenticated": 401,
    "missing_scope": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "action_refused": 409,
    "in_progress": 409,
    "not_scanned": 409,
    "duplicate": 409,
    "stale_version": 412,
    "too_large": 413,
    "unsupported_media_type": 415,
    "validation_failed": 422,
    "idempotency_mismatch": 422,
    "precondition_required": 428,
    "rate_limited": 429,
    "internal": 500,
    "overloaded": 503,
}
"""Every code with its status."""
OF_STATUS = {401: "unauthenticated", 404: "not_found", 405: "method_not_allowed", 503: "overloaded"}
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field, for whoever filled it in."""

    field: str
    code: str
    message: str


class Problem(Exception):
    """A request that is refused; raised by handlers of the API, told by the guard around them."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        """`code` is a key of CODES; `detail` one sentence about this very case."""
        super().__init__(code)
        self.code = code
        self.status = CODES[code]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers)

    @classmethod
    def of_status(cls, status: int, headers: Mapping[str, str] = NO_HEADERS) -> "Problem":
        """The refusal that a plain HTTP status stands for."""
        fallback = "internal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_field"
        known = {value: code for code, value in reversed(list(CODES.items()))} | OF_STATUS
        return cls(known.get(status, fallback), headers=headers)


def answer(request: web.Request, problem: Problem) -> web.Response:
    site = site_of(request)
    body: dict[str, Any] = {
        "type": f"{URN}{problem.code}",
        "title": site.texts(f"error.problem.{problem.code}", site.language),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": request.get(REQUEST_ID, ""),
    }
    if problem.errors:
        body["errors"] = [{"field": one.field, "code": one.code, "message": one.message} for one in problem.errors]
    return web.Response(
        body=msgspec.json.encode(body), status=problem.status, content_type=CONTENT_TYPE, headers=problem.headers
    )
