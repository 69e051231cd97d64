"""Pantauan Kanal: whether citizens' messages come in and answers go out, at a glance, and what to do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.complaints.complaint import Role
from gateway.dashboard import visit
from gateway.queries import attention, channel_watch
from gateway.queries.channel_watch import ChannelState, Direction, Traffic, Watched
from gateway.web import pages
from gateway.web.routes import CHANNEL_WORKERS, COORDINATION
from gateway.web.site import site_of, user_of

TONES: Mapping[ChannelState, str] = {
    ChannelState.DOWN: "bad",
    ChannelState.LATE: "wait",
    ChannelState.PAUSED: "off",
    ChannelState.QUIET: "plain",
    ChannelState.ACTIVE: "good",
}
CHARGED = frozenset({"kannel", "jasmin", "smpp", "gammu", "http_sms"})
"""Kinds whose messages cost money each."""


@dataclass(frozen=True, slots=True)
class Row:
    """One channel in one direction."""

    channel: Watched
    traffic: Traffic
    is_over: bool
    """The oldest waiting message is older than it may become."""

    @property
    def act(self) -> str:
        """The deed that is offered first; the channel's own page has them all."""
        if self.traffic.direction is Direction.IN or not self.channel.sends:
            return ""
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
        rows=rows_of(watched),
        tones=TONES,
        charged=CHARGED,
        cards=await site.read(attention.cards, visit.scope(request)),
        may_act=role in CHANNEL_WORKERS,
        sees_cases=role in COORDINATION or role is Role.REGIONAL_HEAD,
        told=visit.told(request),
        bell_down=site.gateway.doorbell.degraded,
        low_on_disk=site.writer.low_on_disk,
    )


def rows_of(watched: Sequence[Watched]) -> list[Row]:
    """Every channel in every direction that it has, the worst first."""
    rows = [row for one in watched for row in _rows(one)]
    order = list(ChannelState)
    return sorted(rows, key=lambda row: (order.index(row.traffic.state), row.channel.name, row.traffic.direction))


def _rows(one: Watched) -> list[Row]:
    limit_s = channel_watch.LATE_S_OF.get(one.kind, channel_watch.LATE_S)
    directions = [one.inbound, one.outbound] if one.sends else [one.inbound]
    return [
        Row(one, traffic, traffic.oldest_queued_s is not None and traffic.oldest_queued_s > limit_s)
        for traffic in directions
    ]
