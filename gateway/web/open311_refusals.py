"""What Open311 says when it refuses: status, and an array of code and description, in the format that was asked for.

Descriptions are English first, then Indonesian after a slash (docs/forwarders/open311.md § Refusals).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web

from config.texts import Texts
from gateway.web.open311_writing import JSON, MEDIA_TYPES, XML, write
from gateway.web.site import site_of

BASE = "/open311/"
SPOKEN = ("en", "id")
KNOWN = frozenset({400, 403, 404, 405, 408, 413, 415, 429, 503})
"""Statuses with words of their own; others borrow those of 400 or 500."""
LONGEST_ECHO = 80
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `key` names the text `open311.fault.<key>`, filled in with `value`."""

    key: str
    value: str = ""


class Refused(Exception):
    """A request that is refused for one or several reasons; raised by handlers, told by the door around them."""

    def __init__(self, status: int, *faults: Fault, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(status, *(fault.key for fault in faults))
        self.status = status
        self.faults = faults
        self.headers = dict(headers)


def refused(status: int, key: str, value: str = "") -> Refused:
    """A refusal for one reason."""
    return Refused(status, Fault(key, value))


def tell(request: web.Request, refusal: Refused) -> web.Response:
    texts = site_of(request).texts
    faults = refusal.faults or (Fault(f"status_{_known(refusal.status)}"),)
    return _answer(request, refusal.status, [_words(texts, fault) for fault in faults], refusal.headers)


def of_status(request: web.Request, status: int, headers: Mapping[str, str]) -> web.Response:
    """The refusal that a plain HTTP status stands for, raised anywhere below `BASE`."""
    return tell(request, Refused(status, headers=headers))


def _words(texts: Texts, fault: Fault) -> str:
    value = fault.value[:LONGEST_ECHO]
    return " / ".join(texts(f"open311.fault.{fault.key}", language, nilai=value) for language in SPOKEN)


def _known(status: int) -> int:
    if status in KNOWN:
        return status
    return 500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400


def _answer(request: web.Request, status: int, words: Sequence[str], headers: Mapping[str, str]) -> web.Response:
    suffix = JSON if request.path.endswith(f".{JSON}") else XML
    body = write(suffix, "errors", "error", [{"code": str(status), "description": one} for one in words])
    return web.Response(
        body=body,
        status=status,
        content_type=MEDIA_TYPES[suffix],
        charset="utf-8",
        headers={hdrs.CACHE_CONTROL: "no-store", **headers},
    )
