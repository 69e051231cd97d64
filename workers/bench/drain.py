"""`bench drain`: receipts that wait after an outage, and how soon the workers have sent them all."""

from dataclasses import asdict, dataclass, replace
from functools import partial

from config import clock
from gateway.intake.batching import BATCH
from gateway.queries import bench as counted
from workers.bench import compare, report
from workers.bench.filling import fill
from workers.bench.intake import Say
from workers.bench.messages import CHANNELS
from workers.bench.meters import Commands
from workers.bench.naive.stack import WORKER, Naive, end
from workers.bench.report import Report
from workers.bench.sink import Sink
from workers.bench.site import Place, Site, SiteFailed, open_site

LOOK_EVERY_S = 0.2
TOLD_EVERY = 10_000
STILL_S = 130.0
"""So long nothing moves before we call it stuck: a claim whose worker was killed holds its address until its lease ends,
which is 90 s, and the clock then calls its message unknown."""
TURN_ROWS, NAIVE_ROWS = 10_000, 1_000
"""Of one turn in a comparison: each works for seconds, rates and costs are per row."""
NAIVE_WITHIN_S = 300.0
DONE = frozenset({"sent", "delivered", "read"})
DOUBTFUL = frozenset({"unknown", "sending"})


@dataclass(frozen=True, slots=True)
class Order:
    """One run. `kill_every`: after so many seconds of work the delivering workers are killed, again and again."""

    rows: int = 100_000
    workers: int = 1
    sink_delay_ms: int = 0
    kill_every: float | None = None
    compare: str | None = None
    """`naive`: the plain design drains in turns with the gateway."""


def run(order: Order, place: Place, say: Say) -> Report:
    """Fill a database through the real intake, then start the workers and watch."""
    told = report.head("drain", asdict(order))
    with open_site(place) as site, compare.chosen(site, order.compare) as naive:
        told["database"] = site.gateway.store.engine.dialect.name
        sink = Sink(site)
        sink.open(order.sink_delay_ms)
        say(f"drain: taking {order.rows} messages, {told['database']}")
        _fill(site, range(order.rows), say)
        say("drain: workers start")
        commands = Commands(site.redis_url)
        began = site.start_workers(order.workers)
        cpu_before = site.cpu_s("worker")
        emptied = _drained(site, order, say)
        told |= figures(site, sink, order.rows, began)
        told["cpu_us_per_row"] = round((site.cpu_s("worker") - cpu_before) * 1e6 / order.rows, 1)
        told["redis_commands"] = commands.count()
        told["peak_memory_mib"] = site.peak_mib("worker")
        commands.close()
        if naive:
            told["compare"], _ = compare.in_turns(
                partial(_turn, site, order, say), partial(_naive_turn, naive, order), say
            )
        return report.judged(told, problems(told, emptied=emptied))


def _fill(site: Site, numbers: range, say: Say) -> None:
    for many in fill(site.gateway, numbers, CHANNELS, site.gateway.clock.now):
        if many % TOLD_EVERY < BATCH:
            say(f"drain: {many} taken")


def _turn(site: Site, order: Order, say: Say, first: int) -> tuple[Report, list[int]]:
    """Fewer rows in fresh workers."""
    end(site, "worker", "clock")
    rows = min(order.rows, TURN_ROWS)
    _fill(site, range(first, first + rows), say)
    began = site.start_workers(order.workers)
    cpu_before = site.cpu_s("worker")
    if not _drained(site, replace(order, kill_every=None), say):
        raise SiteFailed("the workers did not drain their turn")
    told = _turned(rows, clock.now().timestamp() - began, site.cpu_s("worker") - cpu_before)
    end(site, "worker", "clock")
    return told, []


def _naive_turn(naive: Naive, order: Order, first: int) -> tuple[Report, list[int]]:
    rows = min(order.rows, NAIVE_ROWS)
    naive.fill(range(first, first + rows), CHANNELS)
    began = naive.start_worker()
    cpu_before = naive.site.cpu_s(WORKER)
    naive.site.until(lambda: not naive.waiting(), "the plain worker has drained its turn", NAIVE_WITHIN_S)
    told = _turned(rows, clock.now().timestamp() - began, naive.site.cpu_s(WORKER) - cpu_before)
    naive.stop_worker()
    return told, []


def _turned(rows: int, seconds: float, cpu_s: float) -> Report:
    return {"rows": rows, "rate": round(rows / seconds, 1), "cpu_us_per_row": round(cpu_s * 1e6 / rows, 1)}


def _drained(site: Site, order: Order, say: Say) -> bool:
    """Until nothing waits; False when nothing moves any more."""
    before, killed_at, moved_at = -1, -1, clock.monotonic()
    while clock.monotonic() - moved_at < STILL_S:
        with site.gateway.store.reading() as tx:
            waits = counted.waiting(tx, tx.now)
        if not waits.anything:
            return True
        left = waits.queued + waits.sending + waits.unread + waits.notices
        if left != before:
            before, moved_at = left, clock.monotonic()
        # Whoever only waits for a lease is not killed again.
        if order.kill_every is not None and left != killed_at and _worked_s(site) >= order.kill_every:
            _kill(site)
            killed_at = left
            say(f"drain: delivering workers killed, {left} left")
        site.pause(LOOK_EVERY_S)
    return False


def _delivering(site: Site) -> list[str]:
    return [name for name in site.named("worker-") if name.endswith("deliver")]


def _worked_s(site: Site) -> float:
    """Seconds since the last of the delivering workers was ready; 0 while one of them still starts."""
    ready = [site.processes[name].ready_at() for name in _delivering(site)]
    return clock.now().timestamp() - max(filter(None, ready)) if all(ready) else 0.0


def _kill(site: Site) -> None:
    for name in _delivering(site):
        site.kill(name)
        site.restart(name)


def figures(site: Site, sink: Sink, rows: int, began: float) -> Report:
    """`seconds` from the first ready worker until nothing waited; `oldest_wait_s` until the last receipt was sent."""
    with site.gateway.store.reading() as tx:
        outcomes, last = counted.outcomes(tx), counted.last_receipt_sent_at(tx)
        seconds = max(tx.now.timestamp() - began, 1e-9)
        unsent = counted.receipts_not(tx, DONE | DOUBTFUL)
    return {
        "seconds": round(seconds, 2),
        "rate": round(rows / seconds, 1),
        "sent": sum(outcomes.get(state, 0) for state in DONE),
        "unknown": sum(outcomes.get(state, 0) for state in DOUBTFUL),
        "unsent": unsent,
        "at_sink": sink.accepted(),
        "repeats_at_sink": sink.repeats(),
        "oldest_wait_s": round(last.timestamp() - began, 2) if last else 0.0,
    }


def problems(told: Report, *, emptied: bool) -> list[str]:
    """What a sink accepted was sent or is in doubt; what is neither was lost."""
    sentences = {
        f"nothing moved for {STILL_S:g} s with work left": not emptied,
        f"{told['unsent']} receipts were neither sent nor left in doubt": told["unsent"],
        f"{told['repeats_at_sink']} messages reached a provider twice": told["repeats_at_sink"],
        f"{told['sent']} messages are called sent and {told['at_sink']} arrived": told["at_sink"] < told["sent"],
    }
    return [sentence for sentence, wrong in sentences.items() if wrong]
