"""`bench idle`: what `gateway run` costs while nothing happens, or beside so many messages a second, process by process
(P19), and how soon it is ready."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from config import clock
from workers.bench import intake, meters, report
from workers.bench.intake import Say, unanswered
from workers.bench.report import Report
from workers.bench.setting import settings_text
from workers.bench.site import Place, Running, Site, open_site
from workers.run import members

EMBEDDED = "embedded"
"""`gateway run` brings its own Redis: that belongs to what it costs."""
RUN = "run"
CONNECTIONS = 16
BESIDE_S, PATIENCE_S = 3.0, 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """`settle_s`: how long it is left alone before `seconds` of measuring. `rate`: messages a second all the while."""

    seconds: float = 30.0
    rate: float = 0.0
    settle_s: float = 10.0


def run(order: Order, place: Place, say: Say) -> Report:
    """Start everything on one machine, let it come to rest, look for a while."""
    told = report.head("idle", asdict(order))
    with open_site(place) as site:
        told["database"] = site.gateway.store.engine.dialect.name
        _with_own_redis(site)
        began = clock.monotonic()
        site.start(RUN, "run")
        site.until(site.web_answers, "gateway run answers")
        told["ready_s"] = round(clock.monotonic() - began, 2)
        say(f"idle: ready; {order.settle_s:g} s to settle, then {order.seconds:g} s of looking")
        running = _load(site, order) if order.rate else None
        site.pause(order.settle_s)
        told |= looked(site, order.seconds)
        problems = unanswered(running.outcome()) if running and running.ended(PATIENCE_S) else []
        return report.judged(told, problems)


def _load(site: Site, order: Order) -> Running:
    """Messages from before the first look until after the last."""
    site.start_sink()
    seconds = order.settle_s + order.seconds + BESIDE_S
    steady = intake.Order(mode="open", rate=order.rate, seconds=seconds, connections=CONNECTIONS)
    return site.start_load(intake.plan_of(steady, site.port))


def _with_own_redis(site: Site) -> None:
    database = site.settings.storage.url
    text = settings_text(site.folder, database, EMBEDDED, site.port, site.sink_port)
    (site.folder / "gateway.toml").write_text(text)


def looked(site: Site, seconds: float) -> Report:
    """Memory is PSS: what is shared is divided among those who share it."""
    parent = site.processes[RUN].child.pid
    pids = {"parent": parent, **_named(site, parent)}
    before = {name: meters.cpu_s(pid) for name, pid in pids.items()}
    site.pause(seconds)
    processes = {
        name: {
            "pss_mib": round(meters.pss_mib(pid), 1),
            "cpu_percent": round((meters.cpu_s(pid) - before[name]) / seconds * 100, 2),
        }
        for name, pid in pids.items()
    }
    return {
        "processes": processes,
        "pss_mib": round(sum(one["pss_mib"] for one in processes.values()), 1),
        "cpu_percent": round(sum(one["cpu_percent"] for one in processes.values()), 2),
    }


def _named(site: Site, parent: int) -> Mapping[str, int]:
    """The members in the order they were started; Redis is the first."""
    names = ["redis", *(member.name for member in members(site.settings))]
    return dict(zip(names, meters.children(parent), strict=True))
