"""`POST /open311/v2/requests`: a report from a program that holds a key (docs/forwarders/open311.md § Reporting).

It becomes a complaint like any other. Its secret code is told in this answer and never again.
"""

import hashlib
import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from aiohttp import hdrs, web

from channels.messages import AttachmentRef
from gateway.files import attachments
from gateway.intake import filing
from gateway.operations import idempotency
from gateway.operations.idempotency import KEPT_FOR, Kept, KeyReused
from gateway.people.tokens import OPEN311_CREATE
from gateway.web.api_requests import KEY
from gateway.web.api_tokens import MINUTE_S, caller_by, may_guess_on
from gateway.web.body import read_body
from gateway.web.callers import Caller
from gateway.web.open311 import V2, check_jurisdiction, open_door, written
from gateway.web.open311_forms import Posted, fields_of, report_of
from gateway.web.open311_refusals import Refused, refused
from gateway.web.open311_writing import MEDIA_TYPES
from gateway.web.routes import Route
from gateway.web.site import Site, site_of

BODY_BYTES = 64 * 1024
FORM = "application/x-www-form-urlencoded"
DAY_S = 86_400.0
SAME_WITHIN = timedelta(minutes=10)
"""Without a key of its own, the same words again within this time are the same call."""
REFERENCE_BYTES = 12
REPLAYED = {"Idempotent-Replayed": "true"}


async def create(request: web.Request, suffix: str) -> web.Response:
    site = site_of(request)
    if "api_key" in request.query:
        raise refused(400, "key_in_address")
    if request.content_type != FORM:
        raise refused(400, "form_only")
    body = await read_body(request, BODY_BYTES)
    fields = fields_of(body)
    caller = await _caller(request, site, fields.get("api_key", ""))
    check_jurisdiction(fields, site)
    report = report_of(fields, site.gateway.office)
    kept, replayed = await _once(request, caller, body, partial(_file, site, caller, report, suffix))
    headers = {hdrs.CACHE_CONTROL: "no-store", **(REPLAYED if replayed else {})}
    return web.Response(body=kept.body, content_type=MEDIA_TYPES[suffix], charset="utf-8", headers=headers)


async def _caller(request: web.Request, site: Site, given: str) -> Caller:
    """Who reports: the key of the header, else that of the form. A wrong one is a guess."""
    token = request.headers.get("X-Api-Key", "").strip() or given
    if not token:
        raise refused(403, "key_missing")
    caller = await caller_by(request, token)
    if caller is None or OPEN311_CREATE not in caller.scopes:
        if not await may_guess_on(request, "open311"):
            raise Refused(429, headers={hdrs.RETRY_AFTER: str(round(MINUTE_S))})
        raise refused(403, "key_wrong")
    limits = site.gateway.settings.limits
    for name, most, span_s in (
        ("open311_minute", limits.open311_posts_per_minute, MINUTE_S),
        ("open311_day", limits.open311_posts_per_day, DAY_S),
    ):
        allowance = site.limiter.take(name, caller.key, most, span_s)
        if not allowance.allowed:
            raise Refused(429, headers={hdrs.RETRY_AFTER: str(allowance.reset_s)})
    return caller


async def _once(request: web.Request, caller: Caller, body: bytes, work: Any) -> tuple[Kept, bool]:
    """Carry out a call that may come again; whether this is a repetition. By its key, else by its very words."""
    key = request.headers.get("Idempotency-Key", "")
    if key and not KEY.fullmatch(key):
        raise refused(400, "idempotency_key")
    call = hashlib.sha256(b"\n".join((request.path.encode(), body))).hexdigest()
    name, kept_for = (key, KEPT_FOR) if key else (f"same-{call[:56]}", SAME_WITHIN)

    def carry_out(tx: Any) -> tuple[Kept, bool]:
        known = idempotency.before(tx, caller.owner, name, call, kept_for)
        if known is not None:
            return known, True
        told, again = work(tx)
        # Whoever proves by a key that it is the same call gets the code again; the same words may be somebody else's.
        idempotency.keep(tx, caller.owner, name, Kept(200, told if key else again, {}))
        return Kept(200, told, {}), False

    try:
        return await site_of(request).write(carry_out)
    except KeyReused:
        raise refused(422, "key_reused") from None


def _file(site: Site, caller: Caller, report: Posted, suffix: str, tx: Any) -> tuple[bytes, bytes]:
    """Open the complaint; the answer to this call, and the one to the same words again."""
    reference = f"own:{secrets.token_hex(REFERENCE_BYTES)}"
    filed = filing.file(
        tx, report.draft, caller.actor, reference, report.contact, channel=filing.OPEN311, name=report.name
    )
    opened = filed.opened
    if opened is None:
        raise LookupError("a fresh reference was filed before")
    if report.link:
        attachments.add(tx, opened.id, None, filing.OPEN311, [AttachmentRef(report.link)])
    told = site.texts("open311.code", site.language, kode=opened.code)
    again = site.texts("open311.again", site.language)
    return _receipt(suffix, filed.number, told), _receipt(suffix, filed.number, again)


def _receipt(suffix: str, number: str, notice: str) -> bytes:
    return written(suffix, [{"service_request_id": number, "service_notice": notice, "account_id": None}])


ROUTES = (Route("POST", f"{V2}/requests.{{format}}", open_door(create, is_read=False), form=False),)
