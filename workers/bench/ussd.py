"""`bench ussd`: how long a phone waits for its page while the webhooks are busy (P17)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from workers.bench import report
from workers.bench.intake import GRACE_S, LOOK_EVERY_S, Say, unanswered
from workers.bench.load import Outcome, Plan
from workers.bench.messages import CHANNELS, USSD
from workers.bench.meters import milliseconds, percentile
from workers.bench.report import Report
from workers.bench.site import Place, Running, Site, open_site

FIRST_CALL = 5 * 10**7
"""Phones that dial are nobody's who writes."""


@dataclass(frozen=True, slots=True)
class Order:
    """Open loops: `sessions` per second dial while `rate` messages per second come in."""

    sessions: float = 50.0
    rate: float = 200.0
    seconds: float = 10.0
    connections: int = 64


def run(order: Order, place: Place, say: Say) -> Report:
    """Both loads at once, each from its own process."""
    told = report.head("ussd", asdict(order))
    with open_site(place) as site:
        told["database"] = site.gateway.store.engine.dialect.name
        say(f"ussd: {order.sessions:g} sessions/s beside {order.rate:g} messages/s for {order.seconds:g} s")
        site.start_web()
        messages = site.start_load(_plan(site, order, CHANNELS, order.rate))
        calls = site.start_load(_plan(site, order, (USSD,), order.sessions, FIRST_CALL))
        outcomes = {name: _outcome(one) for name, one in (("ussd", calls), ("webhook", messages))}
        for name, outcome in outcomes.items():
            told |= _latency(name, outcome)
        refused = {name: one.statuses for name, one in outcomes.items() if set(one.statuses) - {200}}
        problems = [f"{name}: answered {statuses}" for name, statuses in refused.items()]
        return report.judged(told, problems + [each for one in outcomes.values() for each in unanswered(one)])


def _plan(site: Site, order: Order, channels: tuple[str, ...], rate: float, first: int = 0) -> Plan:
    return Plan(site.port, channels, "open", rate, order.connections, order.seconds, 0.0, first, GRACE_S)


def _outcome(running: Running) -> Outcome:
    while not running.ended(LOOK_EVERY_S):
        """Until its last answer."""
    return running.outcome()


def _latency(name: str, outcome: Outcome) -> Mapping[str, float]:
    ordered = sorted(outcome.latencies_s)
    return {
        f"{name}_answers": len(ordered),
        f"{name}_p50_ms": milliseconds(percentile(ordered, 0.5)),
        f"{name}_p99_ms": milliseconds(percentile(ordered, 0.99)),
    }
