"""The pass of the tracking page: half an hour for one complaint, sealed in a cookie that only /lacak gets to see.

Nothing is kept of it here. It names the hash of the code that opened it, so a new code voids it at once.
"""

import base64
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from aiohttp import web
from cryptography.exceptions import InvalidTag

from gateway.sealing import open_seal, seal
from gateway.web.site import site_of

COOKIE = "satupintu-lacak"
PATH = "/lacak"
VALID = timedelta(minutes=30)
BOUND_TO = "tracking-pass"
R = TypeVar("R", bound=web.StreamResponse)


class Pass(msgspec.Struct, frozen=True):
    """`opened_until`: until then a confidential text is shown; `said`: what was done last, told once."""

    number: str
    secret_hash: str
    until: datetime
    opened_until: datetime | None = None
    said: str = ""


def read(request: web.Request) -> Pass | None:
    """The pass of this browser; None when there is none, or its time is over."""
    office = site_of(request).gateway.office
    try:
        sealed = base64.urlsafe_b64decode(request.cookies.get(_name(request), "").encode())
        found = msgspec.json.decode(open_seal(office.keys.session, sealed, BOUND_TO), type=Pass)
    except (InvalidTag, ValueError, msgspec.DecodeError):
        return None
    return found if found.until > office.now() else None


def give(request: web.Request, response: R, number: str, secret_hash: str) -> R:
    """A fresh pass for whoever knew number and code."""
    return keep(request, response, Pass(number, secret_hash, site_of(request).gateway.office.now()))


def keep(request: web.Request, response: R, known: Pass, said: str = "") -> R:
    """The same pass for another half hour."""
    site = site_of(request)
    until = site.gateway.office.now() + VALID
    content = msgspec.json.encode(msgspec.structs.replace(known, until=until, said=said))
    value = base64.urlsafe_b64encode(seal(site.gateway.office.keys.session, content, BOUND_TO)).decode()
    response.set_cookie(
        _name(request),
        value,
        max_age=int(VALID.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="Strict",
        secure=not site.gateway.settings.is_local,
    )
    return response


def open_text(known: Pass, now: datetime) -> Pass:
    """The code was entered once more: the confidential text may be shown."""
    return msgspec.structs.replace(known, opened_until=now + VALID)


def forget(request: web.Request, response: R) -> R:
    secure = not site_of(request).gateway.settings.is_local
    response.del_cookie(_name(request), path=PATH, httponly=True, samesite="Strict", secure=secure)
    return response


def _name(request: web.Request) -> str:
    """`__Secure-` as the path is not `/`; plain http of a local set-up has neither."""
    return COOKIE if site_of(request).gateway.settings.is_local else f"__Secure-{COOKIE}"
