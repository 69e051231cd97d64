"""Pantauan Kanal: whether citizens' messages come in and answers go out, at a glance, and what to do about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from aiohttp import hdrs, web

from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.outbound import diversion
from gateway.queries import attention, channel_costs, channel_watch
from gateway.queries.channel_watch import ChannelState, Direction, Traffic, Watched
from gateway.reporting.export import csv_lines
from gateway.web import pages
from gateway.web.routes import CHANNEL_WORKERS, COORDINATION
from gateway.web.site import Site, site_of, user_of

TONES: Mapping[ChannelState, str] = {
    ChannelState.DOWN: "bad",
    ChannelState.LATE: "wait",
    ChannelState.PAUSED: "off",
    ChannelState.QUIET: "plain",
    ChannelState.ACTIVE: "good",
}
CHARGED = frozenset({"kannel", "jasmin", "smpp", "gammu", "http_sms"})
"""Kinds whose messages cost money each."""


COLUMNS = (
    "kanal", "jenis", "arah", "keadaan", "detak", "antre", "umur_tertua_detik", "gagal_sementara", "gagal_tetap", "tak_pasti",
    "terkirim", "sampai", "median_detik", "diterima", "karantina",
)  # fmt: skip
"""Of the file; figures are of the last 24 hours except what waits now."""


@dataclass(frozen=True, slots=True)
class Row:
    """One channel in one direction."""

    channel: Watched
    traffic: Traffic
    is_over: bool
    """The oldest waiting message is older than it may become."""
    has_other_way: bool = False
    """Another channel reaches the same addresses."""

    @property
    def act(self) -> str:
        """The deed that is offered first; the channel's own page has them all."""
        if self.traffic.direction is Direction.IN or not self.channel.sends:
            return ""
        if self.has_other_way and self.traffic.queued and self.traffic.state is ChannelState.DOWN:
            return "alihkan"
        if self.channel.paused_at is not None or self.channel.stopped_reason:
            return "lanjutkan"
        return "coba-lagi" if self.traffic.failed else "jeda"


async def show(request: web.Request) -> web.StreamResponse:
    """`/admin/kanal`."""
    site, role = site_of(request), user_of(request).role
    watched = await site.read(channel_watch.watch)
    return pages.render(
        request,
        "channels.html",
        rows=rows_of(watched, await site.read(diversion.ways)),
        tones=TONES,
        charged=CHARGED,
        purses=await site.read(channel_costs.purses),
        cards=await site.read(attention.cards, visit.scope(request)),
        may_act=role in CHANNEL_WORKERS,
        sees_cases=role in COORDINATION or role is Role.REGIONAL_HEAD,
        told=visit.told(request),
        bell_down=site.gateway.doorbell.degraded,
        low_on_disk=site.writer.low_on_disk,
    )


async def take(request: web.Request) -> web.StreamResponse:
    """The same rows as a file: figures of channels, nobody's data."""
    site = site_of(request)
    rows = rows_of(await site.read(channel_watch.watch))
    lines = csv_lines(COLUMNS, [_cells(site, row) for row in rows])
    local = site.gateway.office.calendar.local(site.now())
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="kanal_{local:%Y%m%d-%H%M}.csv"'}
    return web.Response(text="".join(lines), content_type="text/csv", charset="utf-8", headers=headers)


def _cells(site: Site, row: Row) -> tuple[object, ...]:
    one, traffic, is_out = row.channel, row.traffic, row.traffic.direction is Direction.OUT

    def label(family: str, code: str) -> str:
        return site.texts(f"label.{family}.{code}", site.language)

    beat = one.heartbeat_at if not is_out else one.last_report_at or one.heartbeat_at
    heard = f"{site.gateway.office.calendar.local(beat):%Y-%m-%d %H:%M:%S}" if beat else ""
    words = (one.name, label("channel_kind", one.kind), label("direction", traffic.direction))
    out = (traffic.queued, traffic.oldest_queued_s, traffic.failed, traffic.failed_permanently, traffic.unknown)
    sent = (traffic.sent, traffic.delivered if one.reports else "", traffic.delivered_median_s)
    figures = (*out, *sent, "", "") if is_out else (*[""] * len(out + sent), traffic.received, traffic.quarantined)
    return (*words, label("channel_state", traffic.state), heard, *figures)


def rows_of(watched: Sequence[Watched], ways: Collection[str] = ()) -> list[Row]:
    """Every channel in every direction that it has, the worst first. `ways`: those that another could stand in for."""
    rows = [replace(row, has_other_way=one.name in ways) for one in watched for row in _rows(one)]
    order = list(ChannelState)
    return sorted(rows, key=lambda row: (order.index(row.traffic.state), row.channel.name, row.traffic.direction))


def _rows(one: Watched) -> list[Row]:
    limit_s = channel_watch.LATE_S_OF.get(one.kind, channel_watch.LATE_S)
    directions = [one.inbound, one.outbound] if one.sends else [one.inbound]
    return [
        Row(one, traffic, traffic.oldest_queued_s is not None and traffic.oldest_queued_s > limit_s)
        for traffic in directions
    ]
