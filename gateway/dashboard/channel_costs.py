"""`/admin/kanal/biaya`: what each channel sent and cost, by day and by what it was for, beside its caps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import hdrs, web

from gateway.dashboard import visit
from gateway.dashboard.chart import single
from gateway.outbound.costs import NEAR, Cap, caps
from gateway.queries import channel_costs
from gateway.queries.channel_costs import Purpose, Purse, Spent
from gateway.reporting.export import csv_lines
from gateway.web import pages
from gateway.web.site import Site, site_of

MONTHS = 12
"""That the screen offers."""
COLUMNS = ("tanggal", "kanal", "tujuan", "pesan", "bagian_sms", "rupiah")
TONES: Mapping[int, str] = {0: "good", NEAR: "wait"}


@dataclass(frozen=True, slots=True)
class Row:
    """What a channel sent in the month for one purpose, or in all (None)."""

    channel: str
    purpose: Purpose | None
    messages: int
    parts: int
    rupiah: float


async def show(request: web.Request) -> web.StreamResponse:
    site = site_of(request)
    month, channel = _month(site, request.query.get("bulan", "")), request.query.get("kanal", "")
    channel = channel if channel in site.gateway.channels else ""
    lines = await _lines(site, month, channel)
    days = _days(month, site.gateway.office.calendar.local(site.now()).date())
    is_priced = any(one.cost_milli for one in lines)
    by_day = [_sum([one for one in lines if one.day == day]) for day in days]
    purses = await site.read(channel_costs.purses)
    return pages.render(
        request,
        "channel_costs.html",
        month=f"{month:%Y-%m}",
        months=[(f"{one:%Y-%m}",) * 2 for one in _months(site)],
        channel=channel,
        channels=[(name, name) for name in sorted(purses)],
        purses=[(purse, _caps(purse)) for purse in purses.values()],
        rows=_rows(lines),
        days=list(zip(days, by_day, strict=True)),
        is_priced=is_priced,
        chart=single([one.rupiah if is_priced else one.messages for one in by_day], [f"{one.day}" for one in days]),
        told=visit.told(request),
    )


async def take(request: web.Request) -> web.StreamResponse:
    """The month as a file: figures of channels, nobody's data."""
    site = site_of(request)
    month = _month(site, request.query.get("bulan", ""))
    rows = [
        (one.day, one.channel, site.texts(f"admin.cost.purpose.{one.purpose}", site.language), one.messages, one.parts,
         f"{one.rupiah:.2f}".replace(".", ","))
        for one in await _lines(site, month, "")
    ]  # fmt: skip
    headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="biaya_kanal_{month:%Y-%m}.csv"'}
    text = "".join(csv_lines(COLUMNS, rows))
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


async def _lines(site: Site, month: date, channel: str) -> Sequence[Spent]:
    found = await site.read(channel_costs.between, *channel_costs.month_of(month))
    return [one for one in found if channel in {"", one.channel}]


def _month(site: Site, wanted: str) -> date:
    """First day of the month that was asked for; this one when nobody can tell."""
    return next((one for one in _months(site) if f"{one:%Y-%m}" == wanted), _months(site)[0])


def _months(site: Site) -> list[date]:
    """The last months, the current one first."""
    found = [site.gateway.office.calendar.local(site.now()).date().replace(day=1)]
    while len(found) < MONTHS:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def _days(month: date, today: date) -> list[date]:
    first, last = channel_costs.month_of(month)
    return [first + timedelta(days=more) for more in range((min(last, today) - first).days + 1)]


def _rows(lines: Sequence[Spent]) -> list[Row]:
    """Per channel its purposes, the dearest or busiest first, and what they make together."""
    found: list[Row] = []
    for channel in sorted({one.channel for one in lines}):
        mine = [one for one in lines if one.channel == channel]
        parts = [_sum([one for one in mine if one.purpose is purpose], channel, purpose) for purpose in Purpose]
        told = sorted((one for one in parts if one.messages), key=lambda one: (-one.rupiah, -one.messages))
        found += [*told, _sum(mine, channel)]
    return found


def _sum(lines: Sequence[Spent], channel: str = "", purpose: Purpose | None = None) -> Row:
    messages, parts = sum(one.messages for one in lines), sum(one.parts for one in lines)
    return Row(channel, purpose, messages, parts, channel_costs.rupiah(lines))


def _caps(purse: Purse) -> list[tuple[Cap, str]]:
    return [(cap, TONES.get(cap.level, "bad")) for cap in caps(purse)]
