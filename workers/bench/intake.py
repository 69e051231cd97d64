"""`bench intake`: what a web process takes in, and whether it kept every message that it acknowledged."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial

from workers.bench import compare, filling, report
from workers.bench.load import Outcome, Plan
from workers.bench.meters import milliseconds, percentile
from workers.bench.naive.stack import WEB, Naive
from workers.bench.report import Report
from workers.bench.site import Place, Running, Site, open_site
from workers.bench.soundness import check

Say = Callable[[str], None]
GRACE_S = 30.0
LOOK_EVERY_S = 0.5
STAGE_BATCHES = 12
AFTERWARDS = 10**9
"""Number of the first message that is taken after the load, to see what its stages cost."""


@dataclass(frozen=True, slots=True)
class Order:
    """One run. `kill_after`: seconds until the web processes are killed and started again; None: never."""

    mode: str = "closed"
    rate: float = 500.0
    connections: int = 128
    seconds: float = 10.0
    channels: tuple[str, ...] = ("tg", "sms")
    repeat: float = 0.02
    processes: int = 1
    kill_after: float | None = None
    compare: str | None = None
    """`naive`: the plain design is loaded in turns with the gateway."""


def run(order: Order, place: Place, say: Say) -> Report:
    """Start a gateway, load it, count what it kept."""
    told = report.head("intake", asdict(order))
    with open_site(place) as site, compare.chosen(site, order.compare) as naive:
        told["database"] = site.gateway.store.engine.dialect.name
        say(f"intake: {order.processes} web on {told['database']}, {order.mode} loop for {order.seconds:g} s")
        site.start_web(order.processes)
        cpu_before, counts_before = site.cpu_s("web"), site.metrics()
        outcome = loaded(site, order, say)
        told |= taken(outcome, site.cpu_s("web") - cpu_before)
        told |= batches(site, order, counts_before)
        acknowledged = outcome.acknowledged
        if naive:
            naive.start_web()
            told["compare"], more = compare.in_turns(
                lambda first: _turn(site, order, first), partial(_naive_turn, naive, order), say
            )
            acknowledged = [*acknowledged, *more]
        checked = check(site.gateway, acknowledged, order.channels)
        told |= {name: getattr(checked, name) for name in ("rows", "rows_expected", "lost", "doubled")}
        told["peak_memory_mib"] = site.peak_mib("web")
        told["stages"] = stages(site, order, told)
        return report.judged(told, checked.problems + unanswered(outcome))


def _turn(site: Site, order: Order, first: int) -> tuple[Report, list[int]]:
    """One of our turns beside the plain design."""
    cpu_before = site.cpu_s("web")
    outcome = loaded(site, replace(order, kill_after=None), silent, first=first)
    return taken(outcome, site.cpu_s("web") - cpu_before), outcome.acknowledged


def _naive_turn(naive: Naive, order: Order, first: int) -> tuple[Report, list[int]]:
    cpu_before = naive.site.cpu_s(WEB)
    running = naive.start_load(plan_of(order, naive.port, first))
    while not running.ended(LOOK_EVERY_S):
        """Until its last answer."""
    outcome = running.outcome()
    return taken(outcome, naive.site.cpu_s(WEB) - cpu_before), outcome.acknowledged


def silent(_line: str) -> None:
    """Turns tell nothing of their own."""


def plan_of(order: Order, port: int, first: int = 0) -> Plan:
    """The load of an order on a port, from message number `first` on."""
    return Plan(
        port=port,
        channels=order.channels,
        mode=order.mode,
        rate=order.rate,
        connections=order.connections,
        seconds=order.seconds,
        repeat=order.repeat,
        first=first,
        grace_s=GRACE_S,
    )


def loaded(
    site: Site, order: Order, say: Say, meanwhile: Callable[[], object] = lambda: None, *, first: int = 0
) -> Outcome:
    """The load from its first message to its last answer, with the kill in the middle; all of it in rows at the end.

    `meanwhile` is called about twice a second.
    """
    running = site.start_load(plan_of(order, site.port, first))
    if order.kill_after is not None:
        _kill(site, running, order.kill_after, say)
    while not running.ended(LOOK_EVERY_S):
        meanwhile()
    outcome = running.outcome()
    site.until(lambda: not site.metrics()["writer_behind"], "the spool is carried over")
    return outcome


def _kill(site: Site, running: Running, after_s: float, say: Say) -> None:
    if running.ended(after_s):
        return
    for name in site.named("web"):
        site.kill(name)
        site.restart(name)
    say(f"intake: web killed after {after_s:g} s and started again")


def taken(outcome: Outcome, cpu_s: float) -> Report:
    """What the load saw, and what it cost the web processes."""
    ordered = sorted(outcome.latencies_s)
    accepted = len(outcome.acknowledged)
    return {
        "accepted": accepted,
        "rate": round(accepted / outcome.seconds, 1),
        "statuses": {str(status): many for status, many in sorted(outcome.statuses.items())},
        "p50_ms": milliseconds(percentile(ordered, 0.5)),
        "p99_ms": milliseconds(percentile(ordered, 0.99)),
        "p999_ms": milliseconds(percentile(ordered, 0.999)),
        "max_ms": milliseconds(ordered[-1] if ordered else 0.0),
        "cpu_us_per_message": round(cpu_s * 1e6 / max(1, len(ordered)), 1),
        "broken_connections": outcome.broken,
    }


def batches(site: Site, order: Order, before: Mapping[str, float]) -> Report:
    """Messages per commit. One process is asked; several share a port, and a killed one forgot what it counted."""
    if order.processes > 1 or order.kill_after is not None:
        return {}
    now = site.metrics()
    many = now["writer_batches_total"] - before["writer_batches_total"]
    return {"batch_mean": round((now["writer_accepted_total"] - before["writer_accepted_total"]) / max(1.0, many), 1)}


def stages(site: Site, order: Order, told: Report) -> Report:
    """The same code in this process, in batches of the load's size; `other`: HTTP, queue, threads, doorbell."""
    if "batch_mean" not in told:
        return {}
    batch = round(told["batch_mean"])
    measured = filling.stages(site.gateway, AFTERWARDS, order.channels, batch, STAGE_BATCHES)
    figures = asdict(measured)
    return figures | {"other": round(told["cpu_us_per_message"] - sum(figures.values()), 1)}


def unanswered(outcome: Outcome) -> list[str]:
    """An answer that never came is as bad as a lost message: its sender waits."""
    return [f"{outcome.unanswered} messages were never answered"] if outcome.unanswered else []
