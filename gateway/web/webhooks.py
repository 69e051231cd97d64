"""`/c/<name>`: bytes of a provider -> its adapter -> the Writer -> the provider's own word for success.

What is answered when: docs/channels/README.md § 2. Nothing but verifying, parsing and storing happens before the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from channels.errors import FormInvalid, PartlyInvalid, PayloadInvalid, SignatureInvalid
from channels.messages import Answer, Inbound, RawRequest, RawResponse
from channels.registry import Channel
from config.logging import get_logger
from gateway.intake.arrival import Arrival
from gateway.intake.batching import Overloaded, Spooled
from gateway.intake.spool import SpoolFull
from gateway.web.body import read_body
from gateway.web.limits import Allowance, source_hash
from gateway.web.routes import Route
from gateway.web.security import remote
from gateway.web.site import Site, site_of

log = get_logger(__name__)
COME_BACK_S = 15
LARGE = 256 * 1024
"""Bodies from this size are cut apart in a thread: the loop serves others meanwhile."""
FORGED_LOG_EVERY_S = 60.0
HOUR_S = 3600.0
WEB_FORM = "web_form"


class TooManyReports(Exception):
    """One address sends more forms than a person would (`limits.web_reports_per_hour`)."""

    def __init__(self, allowance: Allowance) -> None:
        super().__init__("too many reports")
        self.retry_after_s = allowance.reset_s


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a call that was acknowledged. `result`: accepted, spooled, quarantined or ignored."""

    result: str
    answer: Answer


async def receive(request: web.Request) -> web.Response:
    """Every call of a provider, whatever the channel."""
    site = site_of(request)
    channel = site.gateway.office.channels.get(request.match_info["name"])
    if channel is None or channel.receiver is None:
        return web.Response(status=HTTPStatus.NOT_FOUND)
    clock = site.gateway.clock
    began = clock.monotonic()
    result, response = await _respond(site, channel, request)
    site.counters.took(channel.name, channel.kind, result, clock.monotonic() - began)
    return web.Response(
        status=response.status, body=response.body, headers={"Content-Type": response.content_type, **response.headers}
    )


async def _respond(site: Site, channel: Channel, request: web.Request) -> tuple[str, RawResponse]:
    try:
        raw = await raw_request(request, channel)
    except web.HTTPException as refusal:  # too large, or it never came whole
        return ("too_large" if refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "slow"), RawResponse(
            refusal.status
        )
    headers = _cors(channel, raw)
    if request.method == hdrs.METH_OPTIONS:
        return "preflight", RawResponse(HTTPStatus.NO_CONTENT, headers=headers)
    result, response = await _take(site, channel, raw)
    return result, RawResponse(response.status, response.body, response.content_type, {**response.headers, **headers})


async def _take(site: Site, channel: Channel, raw: RawRequest) -> tuple[str, RawResponse]:
    try:
        taken = await take(site, channel, raw)
    except SignatureInvalid as problem:
        _note_forged(site, channel, problem)
        return "forged", RawResponse(HTTPStatus.FORBIDDEN)
    except FormInvalid as problem:
        return "invalid", _adapter(channel).refuse(problem, lambda key: site.texts(key, site.language))
    except TooManyReports as problem:
        return "limited", RawResponse(HTTPStatus.TOO_MANY_REQUESTS, headers={"retry-after": str(problem.retry_after_s)})
    except (Overloaded, SpoolFull, OSError) as problem:
        log.warning("call_not_kept", channel=channel.name, problem=type(problem).__name__)
        return "unavailable", _unavailable(site, channel, raw)
    return taken.result, _acknowledged(channel, raw, taken.answer)


async def raw_request(request: web.Request, channel: Channel) -> RawRequest:
    """The call as it reached us: untouched bytes of query and body. 413 or 408 when the body is not to be had."""
    site = site_of(request)
    body = await read_body(request, channel.max_body or site.gateway.settings.intake.max_body)
    # `raw_path` is what stood in the request line; yarl would tidy the bytes that a signature or charset needs.
    _, _, query = request.raw_path.partition("?")
    return RawRequest(
        method=request.method,
        path="/status" if request.path.endswith("/status") else "",
        raw_query=query.encode("utf-8", "surrogateescape"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        remote=remote(request),
        received_at=site.now(),
    )


async def take(site: Site, channel: Channel, raw: RawRequest) -> Taken:
    """Verify, parse, keep. Also for pages of ours that feed a channel (the form at /lapor).

    SignatureInvalid and FormInvalid are for the caller to tell; TooManyReports, Overloaded, SpoolFull and OSError mean
    that nothing was kept. Everything else ends in a row, on the disk or in quarantine, and is acknowledged.
    """
    if len(raw.body) > LARGE:
        await site.work(channel.verify, raw)
    else:
        channel.verify(raw)
    now = site.now()
    received_at = raw.received_at or now
    site.counters.last_in[channel.name] = received_at.timestamp()
    try:
        events = await _parse(site, channel, raw)
    except PartlyInvalid as problem:
        # The same call is kept twice: its good messages as rows now, the whole for whoever mends the rest.
        await _put_aside(site, channel, Arrival(channel.name, (), raw, received_at), problem.code, str(problem))
        return await _submit(site, channel, Arrival(channel.name, problem.understood, raw, received_at))
    except PayloadInvalid as problem:
        return await _put_aside(site, channel, Arrival(channel.name, (), raw, received_at), problem.code, str(problem))
    except FormInvalid:
        raise
    except Exception as problem:
        # A fault of ours in reading it must not make the provider send it for days.
        log.exception("call_not_read", channel=channel.name)
        aside = Arrival(channel.name, (), raw, received_at)
        return await _put_aside(site, channel, aside, "parse_failed", type(problem).__name__)
    if not events:
        return Taken("ignored", Answer())
    if channel.kind == WEB_FORM:
        _count_report(site, raw)
    return await _submit(site, channel, Arrival(channel.name, events, raw, received_at))


async def _parse(site: Site, channel: Channel, raw: RawRequest) -> Sequence[Inbound]:
    receiver = channel.receiver
    assert receiver is not None  # noqa: S101 - verify has refused a channel without one
    return await site.work(receiver.parse, raw) if len(raw.body) > LARGE else receiver.parse(raw)


async def _submit(site: Site, channel: Channel, arrival: Arrival) -> Taken:
    try:
        return Taken("accepted", await site.writer.submit(arrival))
    except Spooled:
        return Taken("spooled", _polite(site, channel, "spooled"))


async def _put_aside(site: Site, channel: Channel, arrival: Arrival, reason: str, detail: str) -> Taken:
    await site.writer.put_aside(arrival, reason, detail[:300])
    return Taken("quarantined", _polite(site, channel, "broken"))


def _polite(site: Site, channel: Channel, what: str) -> Answer:
    """What a channel that shows our answer at once can show although there is none, with another way to us."""
    if not channel.capabilities.sessions:
        return Answer()
    words = site.texts(f"error.session_call.{what}", site.language)
    sms = site.gateway.office.channels.get(getattr(channel.settings, "sms_channel", ""))
    return Answer(f"{words} {site.texts('error.session_call.by_sms', site.language, nomor=sms.own)}" if sms else words)


def _acknowledged(channel: Channel, raw: RawRequest, answer: Answer) -> RawResponse:
    assert channel.receiver is not None  # noqa: S101 - as above
    return channel.receiver.ack(raw, answer)


def _unavailable(site: Site, channel: Channel, raw: RawRequest) -> RawResponse:
    if channel.capabilities.sessions:  # any other status shows the citizen the aggregator's error
        return _acknowledged(channel, raw, _polite(site, channel, "full"))
    return RawResponse(HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": str(COME_BACK_S)})


def _count_report(site: Site, raw: RawRequest) -> None:
    office, limit = site.gateway.office, site.gateway.settings.limits.web_reports_per_hour
    today = office.calendar.local(office.now()).date()
    allowance = site.limiter.take("report", source_hash(office.keys.lookup, raw.remote, today), limit, HOUR_S)
    if not allowance.allowed:
        raise TooManyReports(allowance)


def _note_forged(site: Site, channel: Channel, problem: SignatureInvalid) -> None:
    """Counted always, written at most once a minute: a flood of forgeries must not become a flood of lines."""
    site.counters.forged[channel.name] += 1
    if site.limiter.take("forged_log", channel.name, 1, FORGED_LOG_EVERY_S).allowed:
        log.warning("call_forged", channel=channel.name, reason=str(problem), in_all=site.counters.forged[channel.name])


def _cors(channel: Channel, raw: RawRequest) -> dict[str, str]:
    headers_for = getattr(channel.adapter, "cors_headers", None)
    return headers_for(raw) if headers_for else {}


def _adapter(channel: Channel) -> Any:
    return channel.adapter


ROUTES = tuple(
    Route(method, path, receive, form=False)
    for path in ("/c/{name}", "/c/{name}/status")
    for method in (hdrs.METH_GET, hdrs.METH_POST, hdrs.METH_OPTIONS)
)
