"""`bench goals`: every figure that the gateway promises, measured where this runs, beside what it must and what it aims at.

The steps are the other benches with their own settings; each begins with an empty database. Figures of latency and rate
mean something on a machine that does nothing else; the load average stands in the report.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from config.load import settings_from
from gateway.app import open_gateway
from gateway.queries import bench as counted
from workers.bench import drain, growth, idle, intake, pipeline, report, ussd
from workers.bench.compare import NAIVE
from workers.bench.filling import judging
from workers.bench.idle import EMBEDDED
from workers.bench.intake import Say
from workers.bench.promises import GOALS, Goal
from workers.bench.report import Report
from workers.bench.setting import settings_text
from workers.bench.site import Place, open_site

Figures = dict[str, float]
"""Name of a goal -> what was measured."""
JUDGED = 1_000
ALL_WAITING = 100_000
"""P9 speaks of so many receipts; fewer are scaled up."""


@dataclass(frozen=True, slots=True)
class Order:
    """`sizes` of growth, `rows` of the drain, `seconds` of each load; `only`: names of steps."""

    sizes: tuple[int, ...] = (10_000, 100_000)
    rows: int = 10_000
    seconds: float = 8.0
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One run. `about_s`: how long it takes with the default settings."""

    name: str
    about_s: int
    run: Callable[[Order, Place, Say], tuple[Report, Figures]]


def run(order: Order, place: Place, say: Say) -> Report:
    """All steps, or those that are named; what it will take is told first."""
    told = report.head("goals", asdict(order))
    steps = [step for step in STEPS if not order.only or step.name in order.only]
    say(f"goals: {len(steps)} steps, about {sum(step.about_s for step in steps) // 60 + 1} minutes on an idle machine")
    figures: Figures = {}
    told["steps"], problems = {}, []
    for step in steps:
        say(f"goals: {step.name}, about {step.about_s} s")
        if told["steps"]:
            emptied(place)
        taken, more = step.run(order, place, say)
        told["steps"][step.name], told["database"] = taken, taken["database"]
        figures |= more
        problems += [f"{step.name}: {problem}" for problem in taken["problems"]]
    told["goals"] = [judged(goal, figures.get(goal.name)) for goal in GOALS]
    return report.judged(told, problems)


def judged(goal: Goal, measured: float | None) -> Report:
    """A row of the table. `verdict`: aim, must, missed, or not measured."""
    if measured is None:
        verdict = "not measured"
    else:
        verdict = "aim" if goal.meets(measured, goal.aim) else "must" if goal.meets(measured, goal.must) else "missed"
    return {**asdict(goal), "measured": measured, "verdict": verdict}


def emptied(place: Place) -> None:
    """A database that was named is emptied between steps; the first step made sure that it was empty before us."""
    if place.database:
        settings = settings_from(settings_text(Path(), place.database, EMBEDDED), environ={})
        gateway = open_gateway(settings)
        try:
            counted.empty(gateway.store)
        finally:
            gateway.close()


def _intake(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = intake.run(intake.Order(seconds=order.seconds, compare=NAIVE), place, say)
    better = told["compare"]["times_better"]
    return told, {
        "P1": better["rate"],
        "P2": better["cpu_us_per_message"],
        "P3": better["p99_ms"],
        "P14 web": told["peak_memory_mib"],
    }


def _half(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    """The peak is measured anew: it is this machine's at this moment."""
    peak = intake.run(intake.Order(seconds=order.seconds / 2), place, say)["rate"]
    emptied(place)
    told = intake.run(intake.Order(mode="open", rate=peak / 2, seconds=order.seconds), place, say)
    return told, {"P4": told["p99_ms"]}


def _pipeline(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = pipeline.run(pipeline.Order(seconds=order.seconds, compare=NAIVE, drain_seconds=300), place, say)
    return told, {
        "P5": told["compare"]["times_better"]["end_to_end_rate"],
        "P8": told["redis_commands_per_message"],
        "P14 worker": told["worker_peak_memory_mib"],
    }


def _lag(rate: float) -> Callable[[Order, Place, Say], tuple[Report, Figures]]:
    def measure(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
        told = pipeline.run(pipeline.Order(mode="open", rate=rate, seconds=order.seconds), place, say)
        figures = {f"P6 {rate:g}/s p50": told["lag_p50_ms"], f"P6 {rate:g}/s p99": told["lag_p99_ms"]}
        bells = {f"P7 {rate:g}/s p50": told["bell_p50_ms"], f"P7 {rate:g}/s p99": told["bell_p99_ms"]}
        return told, figures | bells

    return measure


def _drain(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = drain.run(drain.Order(rows=order.rows), place, say)
    return told, {"P9": round(told["seconds"] * ALL_WAITING / order.rows, 1)}


def _growth(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = growth.run(growth.Order(sizes=order.sizes), place, say)
    largest = told["sizes"][str(max(order.sizes))]
    ratios = told["ratios"]
    slowest = max(one["p50_ms"] for one in largest["queries"].values())
    steepest = max(ratio for name, ratio in ratios.items() if name != "accept_cpu_us")
    return told, {
        "P10": ratios["accept_cpu_us"],
        "P11 median": slowest,
        "P11 growth": steepest,
        "P13": largest["bytes_per_complaint"],
        "P18": told["ready_s"],
    }


def _kills(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    web = intake.run(intake.Order(seconds=order.seconds, kill_after=order.seconds / 2), place, say)
    emptied(place)
    work = drain.run(drain.Order(rows=min(order.rows, 2_000), kill_every=2.0), place, say)
    both = {**web, "drain": work, "problems": web["problems"] + work["problems"]}
    lost = web["lost"] + work["unsent"]
    return both, {"P15 lost": lost, "P15 doubled": web["doubled"] + work["repeats_at_sink"]}


def _judging(_order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = report.head("judging", {"messages": JUDGED})
    with open_site(place) as site:
        told["database"] = site.gateway.store.engine.dialect.name
        say(f"judging: {JUDGED} messages")
        told["cpu_us"] = judging(site.gateway, JUDGED)
    return told, {"P16": round(told["cpu_us"] / 1000, 3)}


def _ussd(order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = ussd.run(ussd.Order(seconds=order.seconds), place, say)
    return told, {"P17": told["ussd_p99_ms"]}


def _idle(_order: Order, place: Place, say: Say) -> tuple[Report, Figures]:
    told = idle.run(idle.Order(), place, say)
    return told, {"P19 memory": told["pss_mib"], "P19 processor": told["cpu_percent"]}


STEPS: Sequence[Step] = (
    Step("intake", 90, _intake),
    Step("half", 30, _half),
    Step("pipeline", 180, _pipeline),
    Step("lag10", 30, _lag(10.0)),
    Step("lag100", 30, _lag(100.0)),
    Step("drain", 60, _drain),
    Step("growth", 240, _growth),
    Step("kills", 150, _kills),
    Step("judging", 15, _judging),
    Step("ussd", 25, _ussd),
    Step("idle", 60, _idle),
)
