"""`bench pipeline`: from the webhook's answer to the arrival of the receipt at the provider, with all processes."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

from config import clock
from workers.bench import compare, intake, report, stamped
from workers.bench.intake import Say
from workers.bench.load import Outcome
from workers.bench.meters import Commands, milliseconds, percentile
from workers.bench.naive.stack import WEB, WORKER, Naive
from workers.bench.report import Report
from workers.bench.sink import Sink, recipients
from workers.bench.site import Place, Site, open_site
from workers.bench.soundness import check

LOOK_EVERY_S = 0.5
QUEUE = "deliver"
"""Whose rings are followed from the commit to the look of its drain."""


@dataclass(frozen=True, slots=True)
class Order(intake.Order):
    """As for intake. `workers`: how often the workers of `gateway run` are started; `drain_seconds`: how long what is
    still missing after the load is waited for."""

    sink_delay_ms: int = 0
    sink_fail: float = 0.0
    workers: int = 1
    drain_seconds: float = 60.0


def run(order: Order, place: Place, say: Say) -> Report:
    """Start everything, load it, wait for the receipts."""
    told = report.head("pipeline", asdict(order))
    with open_site(place) as site, compare.chosen(site, order.compare) as naive:
        told["database"] = site.gateway.store.engine.dialect.name
        say(f"pipeline: {order.mode} loop for {order.seconds:g} s, workers x{order.workers}, {told['database']}")
        sink = Sink(site)
        stamps = site.folder / "stamps"
        site.program = (sys.executable, "-m", stamped.__name__, str(stamps), QUEUE)
        site.start_web(order.processes)
        sink.open(order.sink_delay_ms, order.sink_fail)
        site.start_workers(order.workers)
        commands = Commands(site.redis_url)
        web_before, workers_before = site.cpu_s("web"), site.cpu_s("worker")
        outcome = intake.loaded(site, order, say, meanwhile=sink.look)
        told |= intake.taken(outcome, site.cpu_s("web") - web_before)
        wanted = recipients(outcome.acknowledged, order.channels)
        _wait(site, sink, wanted, order.drain_seconds)
        told |= delivered(sink.first_at, wanted, outcome)
        told |= doorbell(stamped.waits_s(stamps))
        told |= per_message(len(wanted), site.cpu_s("worker") - workers_before, commands)
        acknowledged = outcome.acknowledged
        if naive:
            naive.start_web()
            naive.start_worker()
            told["compare"], more = compare.in_turns(
                partial(_turn, site, sink, order), partial(_naive_turn, naive, sink, order), say
            )
            acknowledged = [*acknowledged, *more]
        told["repeats_at_sink"] = sink.repeats()
        checked = check(site.gateway, acknowledged, order.channels)
        told |= {name: getattr(checked, name) for name in ("rows", "rows_expected", "lost", "doubled")}
        told["peak_memory_mib"] = site.peak_mib("web")
        told["worker_peak_memory_mib"] = site.peak_mib("worker")
        return report.judged(told, checked.problems + intake.unanswered(outcome) + problems(told))


def _turn(site: Site, sink: Sink, order: Order, first: int) -> tuple[Report, list[int]]:
    """One of our turns beside the plain design."""
    web_before, workers_before = site.cpu_s("web"), site.cpu_s("worker")
    outcome = intake.loaded(site, replace(order, kill_after=None), intake.silent, sink.look, first=first)
    told = _figures(site, sink, order, outcome, site.cpu_s("web") - web_before)
    return _with_worker(told, site.cpu_s("worker") - workers_before), outcome.acknowledged


def _naive_turn(naive: Naive, sink: Sink, order: Order, first: int) -> tuple[Report, list[int]]:
    site = naive.site
    web_before, worker_before = site.cpu_s(WEB), site.cpu_s(WORKER)
    running = naive.start_load(intake.plan_of(order, naive.port, first))
    while not running.ended(LOOK_EVERY_S):
        sink.look()
    outcome = running.outcome()
    told = _figures(site, sink, order, outcome, site.cpu_s(WEB) - web_before)
    return _with_worker(told, site.cpu_s(WORKER) - worker_before), outcome.acknowledged


def _figures(site: Site, sink: Sink, order: Order, outcome: Outcome, web_cpu_s: float) -> Report:
    wanted = recipients(outcome.acknowledged, order.channels)
    _wait(site, sink, wanted, order.drain_seconds)
    return intake.taken(outcome, web_cpu_s) | delivered(sink.first_at, wanted, outcome)


def _with_worker(told: Report, cpu_s: float) -> Report:
    return told | {"worker_cpu_us_per_message": round(cpu_s * 1e6 / max(1, told["delivered"]), 1)}


def _wait(site: Site, sink: Sink, wanted: Mapping[int, str], at_most_s: float) -> None:
    """Until everybody has a receipt; who has none by then is missing."""
    deadline = clock.monotonic() + at_most_s
    while clock.monotonic() < deadline:
        sink.look()
        if all(recipient in sink.first_at for recipient in wanted.values()):
            return
        site.pause(LOOK_EVERY_S)


def delivered(first_at: Mapping[str, float], wanted: Mapping[int, str], outcome: Outcome) -> Report:
    """Who got a receipt, and how long after the answer to their message."""
    answered = dict(zip(outcome.acknowledged, outcome.answered_at, strict=True))
    arrived = {number: first_at[recipient] for number, recipient in wanted.items() if recipient in first_at}
    lags = sorted(moment - answered[number] for number, moment in arrived.items())
    began = min(answered.values(), default=0.0)
    spent = max(arrived.values(), default=began) - began
    return {
        "delivered": len(arrived),
        "missing": len(wanted) - len(arrived),
        "end_to_end_rate": round(len(arrived) / spent, 1) if spent > 0 else 0.0,
        "lag_p50_ms": milliseconds(percentile(lags, 0.5)),
        "lag_p99_ms": milliseconds(percentile(lags, 0.99)),
    }


def doorbell(waits_s: Sequence[float]) -> Report:
    return {
        "bell_p50_ms": milliseconds(percentile(waits_s, 0.5)),
        "bell_p99_ms": milliseconds(percentile(waits_s, 0.99)),
    }


def per_message(messages: int, cpu_s: float, commands: Commands) -> Report:
    many = max(1, messages)
    figures = {
        "worker_cpu_us_per_message": round(cpu_s * 1e6 / many, 1),
        "redis_commands_per_message": round(commands.count() / many, 4),
    }
    commands.close()
    return figures


def problems(told: Report) -> list[str]:
    sentences = {
        f"{told['missing']} senders got no receipt": told["missing"],
        f"{told['repeats_at_sink']} messages reached a provider twice": told["repeats_at_sink"],
    }
    return [sentence for sentence, many in sentences.items() if many]
