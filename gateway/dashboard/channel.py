"""One channel: its day as a picture and a table, what passed, whether it is set up well, and the deeds that it allows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus

from aiohttp import web

from channels.registry import Channel
from config.settings import Secret
from gateway.dashboard import visit
from gateway.dashboard.channels import CHARGED, TONES, rows_of
from gateway.dashboard.chart import chart
from gateway.dashboard.words import message_words, named
from gateway.outbound import channel_states, diversion, draining, undelivered
from gateway.outbound.channel_states import ChannelRefused
from gateway.queries import channel_costs, channel_history, channel_watch, dispatch, quarantine
from gateway.queries.channel_watch import Watched
from gateway.web import pages
from gateway.web.routes import CHANNEL_WORKERS
from gateway.web.site import Site, posted, site_of, user_of

SCREEN = "/admin/kanal"
Carried = Callable[..., int]


@dataclass(frozen=True, slots=True)
class Deed:
    """One form of the channel's page. `count` tells the page that asks how many messages it is about."""

    done: str
    carry_out: Carried
    """(tx, channel, what was typed, actor) -> how many it was about."""
    count: Callable[..., int] | None = None
    field: str = "reason"
    optional: bool = False
    warns: bool = False


DEEDS: Mapping[str, Deed] = {
    "jeda": Deed("channel_paused", channel_states.pause, channel_states.waiting),
    "kosongkan": Deed("channel_drained", draining.drain, draining.under_way),
    "lanjutkan": Deed("channel_resumed", channel_states.resume, channel_states.waiting, optional=True),
    "coba-lagi": Deed("channel_retried", channel_states.retry_now, channel_states.retrying),
    "kirim-ulang": Deed("channel_resent", undelivered.resend_unknown, undelivered.unknown, warns=True),
    "uji": Deed("channel_tested", channel_states.send_test, field="to"),
}
"""End of the address -> what it does."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the check-list: `good`, `wait` (look at it) or `bad`, a text key and its values."""

    tone: str
    key: str
    values: Mapping[str, str]


async def show(request: web.Request) -> web.StreamResponse:
    """`/admin/kanal/<nama>`."""
    site = site_of(request)
    watched = await _watched(request)
    channel = site.gateway.channels[watched.name]
    hours = await site.read(channel_history.hours, watched.name)
    others = await site.read(diversion.targets, watched.name)
    calendar = site.gateway.office.calendar
    labels = [f"{calendar.local(hour.begins_at):%H.%M}" for hour in hours]
    columns = [
        {"received": one.received, "sent": one.sent, "failed": one.failed, "unknown": one.unknown} for one in hours
    ]
    return pages.render(
        request,
        "channel.html",
        channel=watched,
        rows=rows_of([watched]),
        tones=TONES,
        charged=CHARGED,
        purses=await site.read(channel_costs.purses),
        deeds=_deeds(watched, others) if user_of(request).role in CHANNEL_WORKERS else (),
        chart=chart(columns, labels),
        hours=list(zip(labels, columns, strict=True)),
        passed=await site.read(channel_history.latest, watched.name),
        checks=checks(site, channel, watched),
        put_aside=await site.read(quarantine.listed, watched.name, "", limit=10),
        doubtful=await site.read(dispatch.counts, watched.name),
        may_act=user_of(request).role in CHANNEL_WORKERS,
        told=visit.told(request),
        message_words=message_words(request),
        quarantine_words=named(request, "quarantine.reason"),
        reason_words=named(request, "dispatch.reason"),
    )


async def ask(request: web.Request) -> web.StreamResponse:
    """`/admin/kanal/<nama>/<aksi>`: exactly what will be done, before it is done."""
    return await _ask(request, await _watched(request), _deed(request))


async def act(request: web.Request) -> web.StreamResponse:
    site, form = site_of(request), posted(request)
    watched, deed = await _watched(request), _deed(request)
    typed = form.get(deed.field)
    try:
        many = await site.write(deed.carry_out, watched.name, typed, user_of(request).actor)
    except ChannelRefused as refusal:
        return await _ask(request, watched, deed, refusal.code, typed)
    raise visit.done(f"{SCREEN}/{watched.name}", deed.done, n=many if deed.count else 1)


async def _watched(request: web.Request) -> Watched:
    found = await site_of(request).read(channel_watch.watch)
    name = request.match_info["nama"]
    channel = next((one for one in found if one.name == name), None)
    if channel is None:
        raise web.HTTPNotFound
    return channel


def _deed(request: web.Request) -> Deed:
    deed = DEEDS.get(request.match_info["aksi"])
    if deed is None:
        raise web.HTTPNotFound
    return deed


async def _ask(
    request: web.Request, watched: Watched, deed: Deed, refused: str = "", typed: str = ""
) -> web.StreamResponse:
    site, name = site_of(request), request.match_info["aksi"]
    many = await site.read(deed.count, watched.name) if deed.count else 0
    problem = site.texts(f"admin.channel.refused.{refused}", site.language) if refused else ""
    return pages.render(
        request,
        "channel_deed.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        channel=watched,
        deed=deed,
        name=name,
        many=many,
        typed=typed,
        problems={deed.field: problem} if problem else {},
    )


def _deeds(watched: Watched, others: Sequence[str]) -> Sequence[str]:
    """The deeds that make sense now, the likeliest first."""
    if not watched.sends:
        return ()
    stands = watched.paused_at is not None or bool(watched.stopped_reason)
    found = ["lanjutkan"] if stands else ["jeda", "kosongkan"]
    if watched.outbound.failed:
        found.append("coba-lagi")
    if watched.outbound.unknown:
        found.append("kirim-ulang")
    if watched.outbound.queued and others:
        found.append("alihkan")
    return (*found, "uji")


def checks(site: Site, channel: Channel, watched: Watched) -> Sequence[Check]:
    """What of its settings can be seen from here; the provider's own view is `watched.problems`."""
    found = [Check("bad", "admin.channel.check.provider", {"text": problem}) for problem in watched.problems]
    if watched.is_deaf:
        found.append(Check("bad", "admin.channel.check.deaf", {}))
    if watched.silence.weeks:
        usual = {"n": str(round(watched.silence.usual)), "minggu": str(watched.silence.weeks)}
        key = "silent" if watched.silence.is_unusual else "usual_silence"
        found.append(Check("wait" if watched.silence.is_unusual else "plain", f"admin.channel.check.{key}", usual))
    if watched.stopped_reason:
        found.append(Check("bad", "admin.channel.check.stopped", {"text": watched.stopped_reason}))
    if channel.receiver is not None and channel.kind != "web_form":
        address = f"{site.gateway.settings.server.public_url}/c/{channel.name}"
        found.append(Check("good", "admin.channel.check.address", {"text": address}))
    secrets = [
        field.name for field in fields(channel.settings) if isinstance(getattr(channel.settings, field.name), Secret)
    ]
    missing = [name for name in secrets if not getattr(channel.settings, name)]
    if missing:
        found.append(Check("wait", "admin.channel.check.secret_missing", {"text": ", ".join(missing)}))
    elif secrets:
        found.append(Check("good", "admin.channel.check.secrets", {"text": ", ".join(secrets)}))
    if channel.inbound_from:
        found.append(Check("good", "admin.channel.check.sources", {"text": ", ".join(channel.inbound_from)}))
    if watched.inbound.forged:
        found.append(Check("wait", "admin.channel.check.forged", {"text": str(watched.inbound.forged)}))
    if watched.sends and not watched.reports:
        found.append(Check("plain", "admin.channel.check.no_reports", {}))
    return found + _standing(channel)


def _standing(channel: Channel) -> list[Check]:
    """What no setting mends and everybody who tells citizens the number should know."""
    found = []
    if coverage := getattr(channel.settings, "coverage", ""):
        found.append(
            Check("plain", "admin.channel.check.coverage", {"text": f"{coverage}; {channel.settings.tariff_note}"})
        )
    if getattr(channel.adapter, "notice", ""):
        found.append(Check("wait", f"admin.channel.check.notice_{channel.kind}", {}))
    return found
