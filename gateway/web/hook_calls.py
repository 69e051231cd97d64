"""`/api/v1/webhooks`: addresses of other programs, and what each was told (docs/webhooks.md)."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from msgspec.structs import asdict

from channels.errors import AddressRefused
from gateway.hooks import hooks, places
from gateway.hooks.hooks import HookRefused, NewHook
from gateway.queries import hooks as shown
from gateway.queries.cursor import CursorInvalid
from gateway.queries.hooks import Attempt, HookShown, Told
from gateway.web.api_requests import answer, body_of, once, query_of
from gateway.web.callers import Caller
from gateway.web.hook_types import (
    AttemptRecord,
    CreatedWebhook,
    DeliveryPage,
    DeliveryQuery,
    DeliveryRecord,
    NewWebhook,
    RedeliveredRecord,
    WebhookPage,
    WebhookRecord,
)
from gateway.web.problems import FieldProblem, Problem
from gateway.web.site import Site, site_of


async def list_webhooks(request: web.Request, caller: Caller) -> web.Response:
    site = site_of(request)
    found = await site.read(shown.listed, caller.agencies(site.gateway.office))
    return answer(WebhookPage([_record(one) for one in found]))


async def create_webhook(request: web.Request, caller: Caller) -> web.Response:
    site = site_of(request)
    wanted, body = await body_of(request, NewWebhook)
    agency = _agency(site, caller, wanted.agency)
    try:
        await places.check_name(wanted.url, site.gateway.settings)
    except AddressRefused as refused:
        raise _wrong(site, "url", "address_refused", str(refused)) from None
    new = NewHook(wanted.url, tuple(wanted.events), agency, wanted.description, wanted.include_confidential)
    return await once(request, caller, body, partial(_create, site, caller, new))


def _agency(site: Site, caller: Caller, wanted: str) -> str:
    """One that the caller itself may see."""
    agencies, known = caller.agencies(site.gateway.office), site.gateway.office.reference.agencies
    found = wanted or caller.agency
    if found and (found not in known or (agencies is not None and found not in agencies)):
        raise _wrong(site, "agency", "unknown_value")
    return found


def _create(site: Site, caller: Caller, new: NewHook, tx: Any) -> tuple[int, CreatedWebhook, Mapping[str, str]]:
    try:
        identity, secret = hooks.register(tx, new, caller.actor)
    except HookRefused as refusal:
        raise _refused(site, refusal) from refusal
    made = shown.one(tx, identity)
    if made is None:
        raise LookupError(identity)
    headers: Mapping[str, str] = {hdrs.LOCATION: f"/api/v1/webhooks/{made.id}"}
    return HTTPStatus.CREATED, CreatedWebhook(**asdict(_record(made)), secret=secret), headers


async def show_webhook(request: web.Request, caller: Caller) -> web.Response:
    return answer(_record(await _hook(request, caller)))


async def list_deliveries(request: web.Request, caller: Caller) -> web.Response:
    query = query_of(request, DeliveryQuery)
    hook = await _hook(request, caller)
    try:
        page = await site_of(request).read(shown.told, hook.id, query.cursor, query.limit)
    except CursorInvalid as problem:
        raise Problem("invalid_cursor", str(problem)) from problem
    return answer(DeliveryPage([_delivery(one) for one in page.rows], page.following))


async def redeliver(request: web.Request, caller: Caller) -> web.Response:
    hook = await _hook(request, caller)
    return await once(request, caller, b"", partial(_redeliver, request, caller, hook))


def _redeliver(
    request: web.Request, caller: Caller, hook: HookShown, tx: Any
) -> tuple[int, RedeliveredRecord, Mapping[str, str]]:
    try:
        name = hooks.redeliver(tx, hook.id, request.match_info["delivery"], caller.actor)
    except LookupError:
        raise Problem("not_found") from None
    except HookRefused as refusal:
        raise _refused(site_of(request), refusal) from refusal
    return HTTPStatus.CREATED, RedeliveredRecord(name), {}


async def _hook(request: web.Request, caller: Caller) -> HookShown:
    site = site_of(request)
    found = await site.read(shown.one, request.match_info["id"], caller.agencies(site.gateway.office))
    if found is None:
        raise Problem("not_found")
    return found


def _refused(site: Site, refusal: HookRefused) -> Problem:
    return Problem("action_refused", site.texts(f"admin.hook.refused.{refusal.code}", site.language))


def _wrong(site: Site, field: str, code: str, detail: str = "") -> Problem:
    message = site.texts(f"error.field.{code}", site.language)
    return Problem("validation_failed", detail, [FieldProblem(field, code, message)])


def _record(hook: HookShown) -> WebhookRecord:
    return WebhookRecord(
        id=hook.id,
        url=hook.url,
        events=list(hook.events),
        agency=hook.agency or None,
        description=hook.description,
        include_confidential=hook.include_confidential,
        state=hook.state,
        reason=hook.reason or None,
        created_at=hook.created_at,
        starts_at=hook.starts_at,
        failing_since=hook.failing_since,
    )


def _delivery(told: Told) -> DeliveryRecord:
    return DeliveryRecord(
        id=told.id,
        event=told.event,
        number=told.number or None,
        state=told.state,
        attempt=told.attempts,
        status=told.status,
        ms=told.ms,
        error_code=told.error or None,
        created_at=told.created_at,
        next_at=told.next_at,
        finished_at=told.finished_at,
        attempts=[_attempt(one) for one in told.calls],
    )


def _attempt(call: Attempt) -> AttemptRecord:
    return AttemptRecord(
        attempt=call.number,
        at=call.at,
        status=call.status,
        ms=call.ms,
        error_code=call.error or None,
        next_at=call.next_at,
    )
