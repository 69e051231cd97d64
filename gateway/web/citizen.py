"""`/`, `/lapor`, `/terima/<nonce>`: what this is, the form that anybody can fill in, and the page with number and code.

The form goes through its channel's adapter and the Writer like every message (gateway/web/webhooks.py); what is refused
comes back with everything that was typed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from channels.errors import FormInvalid, SignatureInvalid
from channels.messages import Answer, RawRequest
from channels.registry import Channel
from channels.web_form.form import UploadedFile, read_form
from config.logging import get_logger
from gateway.complaints.calendar import day_text
from gateway.dialogue import facts
from gateway.file_store import FileStore
from gateway.files import form_staging
from gateway.intake.batching import Overloaded
from gateway.intake.spool import SpoolFull
from gateway.queries import tracking
from gateway.web import pages, webhooks
from gateway.web.forms import FormRefused
from gateway.web.routes import Route
from gateway.web.security import is_from_elsewhere, source
from gateway.web.site import Site, site_of
from gateway.web.uploads import as_multipart, start_of
from gateway.web.ways import form_channel, ways

log = get_logger(__name__)
TYPED = ("isi", "lokasi", "lat", "lon", "tanggal", "anonim", "rahasia", "nama", "kontak", "setuju", "unit", "website")
"""Fields of the form that people fill in, and the one that only machines do."""
STAGED, LEAVE_OUT, FILES = "_berkas", "_tanpa_berkas", "lampiran"
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
UNLISTED = {"X-Robots-Tag": "noindex, nofollow"}
COME_BACK_S = "60"
MOST_STAGED = 20
"""Refused forms with files that one source may leave in an hour."""
OUTDATED = frozenset({"form._token.expired", "form._token.mismatch"})


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the form is shown again. `problems`: field -> sentence; `title` replaces the page's own."""

    status: int
    problems: Mapping[str, str]
    title: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    needs_new_token: bool = False
    shows_ways: bool = False


async def home(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    return pages.render(request, "citizen/home.html", ways=ways(site), has_form=form_channel(site) is not None)


async def show_form(request: web.Request) -> web.StreamResponse:
    """The empty form; `/lapor/<unit>` and `?unit=` are what QR codes of a unit or service lead to."""
    site = site_of(request)
    channel = form_channel(site)
    if channel is None:
        return pages.render(request, "citizen/closed.html", ways=ways(site))
    unit = request.match_info.get("unit", "") or request.query.get("unit", "")
    return _page(request, channel, {"unit": unit}, _new_token(site, channel), None)


async def send(request: web.Request) -> web.StreamResponse:
    """Take a report. Whatever is wrong, the page comes back with what was typed."""
    site = site_of(request)
    channel = form_channel(site)
    if channel is None:
        return pages.render(request, "citizen/closed.html", ways=ways(site), status=HTTPStatus.SERVICE_UNAVAILABLE)
    if is_from_elsewhere(request):
        raise FormRefused(text="origin")
    try:
        raw = await webhooks.raw_request(request, channel)
    except web.HTTPRequestEntityTooLarge:
        values = read_form(_cut(request, await start_of(request))).values
        return _again(request, channel, values, "", _told(site, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"))
    return await _take(request, site, channel, raw)


async def _take(request: web.Request, site: Site, channel: Channel, raw: RawRequest) -> web.StreamResponse:
    raw, files, staged = await site.work(_with_staged, site, raw)
    try:
        taken = await webhooks.take(site, channel, raw)
    except webhooks.TooManyReports as problem:
        if await _is_known(site, channel, raw):
            raise web.HTTPSeeOther(_receipt_address(channel, raw)) from None
        refused = _limited(site, problem.retry_after_s)
    except FormInvalid as problem:
        refused = _invalid(site, problem)
    except SignatureInvalid:
        refused = replace(_told(site, HTTPStatus.FORBIDDEN, "gone"), needs_new_token=True)
    except (Overloaded, SpoolFull, OSError) as problem:
        log.warning("report_not_kept", problem=type(problem).__name__)
        refused = _told(site, HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", {hdrs.RETRY_AFTER: COME_BACK_S})
    else:
        await site.work(form_staging.drop, _files(site), staged)
        raise web.HTTPSeeOther(_receipt_address(channel, raw, taken.answer))
    kept = staged or await _keep_files(request, site, files, refused)
    return _again(request, channel, read_form(raw).values, kept, refused, len(files))


async def _keep_files(request: web.Request, site: Site, files: tuple[UploadedFile, ...], refused: Refused) -> str:
    """Only for forms that were ours, and not without end: a disk is easily filled by somebody who never finishes."""
    if not files or refused.status == HTTPStatus.FORBIDDEN:
        return ""
    if not site.limiter.take("form_files", source(request), MOST_STAGED, webhooks.HOUR_S).allowed:
        return ""
    return await site.work(form_staging.keep, _files(site), files, site.gateway.office.now())


def _cut(request: web.Request, body: bytes) -> RawRequest:
    return RawRequest("POST", headers={"content-type": request.headers.get(hdrs.CONTENT_TYPE, "")}, body=body)


def _with_staged(site: Site, raw: RawRequest) -> tuple[RawRequest, tuple[UploadedFile, ...], str]:
    """The call with the files of an earlier attempt in it; all files of the form; where they stand already, if all do.

    They become part of the body, so that the spool keeps them too when the database is away.
    """
    form = read_form(raw)
    staged = form.values.get(STAGED, "")
    if form.values.get(LEAVE_OUT):
        form_staging.drop(_files(site), staged)
        staged = ""
    earlier = form_staging.read(_files(site), staged) if staged else ()
    if not earlier:
        return raw, form.files, ""
    values = {name: form.values[name] for name in (*TYPED, "_token") if name in form.values}
    content_type, body = as_multipart(values, (*earlier, *form.files), FILES)
    whole = replace(raw, headers={**raw.headers, "content-type": content_type}, body=body)
    return whole, (*earlier, *form.files), "" if form.files else staged


def _files(site: Site) -> FileStore:
    return site.gateway.office.files


async def _is_known(site: Site, channel: Channel, raw: RawRequest) -> bool:
    """Whether this very form was taken before: pressing twice is no second report."""
    answer = await site.read(facts.form_answer, _receipt_address(channel, raw).rpartition("/")[2])
    return bool(answer.number)


def _receipt_address(channel: Channel, raw: RawRequest, answer: Answer | None = None) -> str:
    assert channel.receiver is not None  # noqa: S101 - a form without a receiver is none
    browser = replace(raw, headers={**raw.headers, "accept": "text/html"})
    return channel.receiver.ack(browser, answer or Answer()).headers["location"]


def _told(site: Site, status: int, word: str, headers: Mapping[str, str] | None = None) -> Refused:
    sentence = site.texts(f"report.{word}", site.language)
    shows_ways = status == HTTPStatus.SERVICE_UNAVAILABLE
    return Refused(status, {"_form": sentence}, headers=headers or {}, shows_ways=shows_ways)


def _invalid(site: Site, problem: FormInvalid) -> Refused:
    sentences = {name: site.texts(key, site.language) for name, key in problem.problems.items()}
    outdated = any(key in OUTDATED for key in problem.problems.values())
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentences, needs_new_token=outdated)


def _limited(site: Site, retry_after_s: int) -> Refused:
    office = site.gateway.office
    until = office.now() + timedelta(seconds=retry_after_s)
    words = f"{office.calendar.local(until):%H.%M} {office.calendar.zone_label(until)}"
    return Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        {"_form": site.texts("report.too_many", site.language, jam=words)},
        title=site.texts("report.too_many_title", site.language),
        headers={hdrs.RETRY_AFTER: str(retry_after_s)},
        shows_ways=True,
    )


def _again(
    request: web.Request, channel: Channel, values: Mapping[str, str], staged: str, refused: Refused, files: int = 0
) -> web.StreamResponse:
    site = site_of(request)
    token = values.get("_token", "")
    if refused.needs_new_token or not token:
        token = _new_token(site, channel, was_open=True)
    return _page(request, channel, values, token, refused, staged, files if staged else 0)


def _new_token(site: Site, channel: Channel, *, was_open: bool = False) -> str:
    # Somebody whose form went stale presses send at once; that must not look like a machine.
    age = timedelta(seconds=channel.settings.min_fill_s) if was_open else timedelta(0)
    adapter: Any = channel.adapter
    token: str = adapter.new_token(site.gateway.office.now() - age)
    return token


def _page(
    request: web.Request,
    channel: Channel,
    values: Mapping[str, str],
    token: str,
    refused: Refused | None,
    staged: str = "",
    staged_files: int = 0,
) -> web.StreamResponse:
    site = site_of(request)
    return pages.render(
        request,
        "citizen/report.html",
        status=refused.status if refused else HTTPStatus.OK,
        headers=refused.headers if refused else {},
        values={name: values.get(name, "") for name in TYPED},
        unit_name=_unit_name(site, values.get("unit", "")),
        token=token,
        problems=refused.problems if refused else {},
        refused_title=refused.title if refused else "",
        ways=ways(site) if refused and refused.shows_ways else (),
        staged=staged,
        staged_files=staged_files,
        limits=channel.settings,
        places=_places(site),
        today=site.gateway.office.calendar.local(site.gateway.office.now()).date(),
    )


def _unit_name(site: Site, unit: str) -> str:
    reference = site.gateway.office.reference
    service = reference.services.services.get(unit)
    agency = reference.agency_named(unit) if unit else None
    return service.name if service else agency.name if agency else ""


def _places(site: Site) -> list[str]:
    areas = site.gateway.office.reference.areas.values()
    return [area.name for area in areas if area.level in {"kecamatan", "kelurahan", "desa"}]


async def show_receipt(request: web.Request) -> web.StreamResponse:
    """Number and code for a quarter of an hour, later the number only; safe to reload and to come back to."""
    site, nonce = site_of(request), request.match_info["nonce"]
    channel = form_channel(site)
    if channel is None or not NONCE.fullmatch(nonce):
        raise web.HTTPNotFound
    answer = await site.read(facts.form_answer, nonce)
    if not answer.number:
        # Taken while the database was away, or nothing at all: nobody is told which.
        return pages.render(request, "citizen/waiting.html", headers=UNLISTED)
    receipt = await site.read(tracking.receipt, channel.name, nonce, answer.number, answer.secret_code)
    due_on = day_text(receipt.due_on) if receipt.due_on else ""
    return pages.render(request, "citizen/receipt.html", headers=UNLISTED, receipt=receipt, due_on=due_on)


ROUTES = (
    Route("GET", "/", home),
    Route("GET", "/lapor", show_form),
    Route("GET", "/lapor/{unit}", show_form),
    Route("POST", "/lapor", send, form=False),
    Route("GET", "/terima/{nonce}", show_receipt),
)
