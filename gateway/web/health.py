"""For machines: whether the process lives, whether it can take messages, and what it counted."""

import os
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from gateway.queries import channel_watch, readiness, vital_signs
from gateway.queries.channel_watch import Watched
from gateway.web import gauges
from gateway.web.counters import Sample, exposition
from gateway.web.routes import Route
from gateway.web.security import lies_in, networks, remote
from gateway.web.site import Site, site_of

JSON = "application/json"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(_: web.Request) -> web.Response:
    """The process lives and its loop turns. Nothing is looked at: a broken database is no reason to restart us."""
    return web.Response(text="ok")


async def readyz(request: web.Request) -> web.Response:
    """200 when messages can be taken and kept, in the spool if need be; `degraded` says that something is away."""
    site = site_of(request)
    needed = {
        "spool": await site.work(_spool_problem, site) or "ok",
        "migrations": await _migrations(site),
        "writer": "broken" if site.broken.is_set() else "ok",
    }
    # Without these we go on: a load balancer that turned us away for them would turn away what the spool can keep (F16).
    database = await site.work(readiness.database_problem, site.gateway.store) or "ok"
    has_redis = await site.work(site.gateway.doorbell.answers)
    ready = all(state == "ok" for state in needed.values())
    whole = database == "ok" and has_redis and not site.writer.behind
    state = "unready" if not ready else "ready" if whole else "degraded"
    wanted = {"redis": "ok" if has_redis else "away", "behind": "yes" if site.writer.behind else "no"}
    checks = {"database": database, **needed, **wanted}
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return web.Response(body=msgspec.json.encode({"status": state, "checks": checks}), status=status, content_type=JSON)


def _spool_problem(site: Site) -> str:
    folder = Path(site.gateway.settings.storage.spool_dir)
    if not os.access(folder, os.W_OK):
        return "read_only"
    return "" if os.statvfs(folder).f_bavail else "disk_full"


async def _migrations(site: Site) -> str:
    """Looked at until they are current, then never again: a running process does not go back."""
    if not site.is_current:
        try:
            waiting = await site.work(readiness.pending_migrations, site.gateway.store)
        except Exception as problem:
            if not readiness.is_database_away(problem):
                raise
            return "unknown"
        site.is_current = not waiting
    return "ok" if site.is_current else "pending"


async def metrics(request: web.Request) -> web.Response:
    """What was counted, in Prometheus' text format; only for the networks of `server.metrics_from`."""
    site = site_of(request)
    if not lies_in(remote(request), networks(site.gateway.settings.server.metrics_from)):
        raise web.HTTPForbidden
    settings = site.gateway.settings
    samples = [*site.counters.samples(), *_writer(site), *await site.work(lambda: [*gauges.of_machine(settings)])]
    try:
        samples += [*_channels(await site.read(channel_watch.watch), site.now())]
        samples += [*gauges.of_all(await site.read(vital_signs.read), site.now())]
        samples.append(("database_up", (), 1))
    except Exception as problem:
        if not readiness.is_database_away(problem):
            raise
        samples.append(("database_up", (), 0))
    return web.Response(body=exposition(iter(samples)).encode(), headers={"Content-Type": EXPOSITION})


def _writer(site: Site) -> Iterator[Sample]:
    counts = site.writer.counts
    for name in ("accepted", "batches", "spooled", "quarantined", "replayed"):
        yield f"writer_{name}_total", (), getattr(counts, name)
    yield "writer_behind", (), int(site.writer.behind)
    yield "redis_degraded", (), int(site.gateway.doorbell.degraded)
    yield "live_events", (), site.hub.told


def _channels(watched: list[Watched], now: datetime) -> Iterator[Sample]:
    for channel in watched:
        label = (("channel", channel.name),)
        yield "channel_state", (*label, ("state", channel.state.value)), 1
        yield "channel_lane_depth", label, channel.outbound.queued
        for direction in (channel.inbound, channel.outbound):
            yield (
                "channel_oldest_seconds",
                (*label, ("direction", direction.direction.value)),
                direction.oldest_queued_s or 0,
            )
        yield "channel_quarantined", label, channel.inbound.quarantined
        for outcome in ("sent", "delivered", "failed", "failed_permanently", "unknown"):
            yield "channel_out_last_day", (*label, ("outcome", outcome)), getattr(channel.outbound, outcome)
        if channel.last_report_at:
            yield "channel_last_receipt_timestamp", label, channel.last_report_at.timestamp()
        if channel.heartbeat_at:
            yield "channel_heartbeat_seconds", label, max(0.0, (now - channel.heartbeat_at).total_seconds())


ROUTES = (
    Route("GET", "/healthz", healthz),
    Route("GET", "/readyz", readyz),
    Route("GET", "/metrics", metrics),
)
