"""`gateway bench`: intake, pipeline, growth and drain, each one JSON object on stdout; `--short` runs all four briefly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from config import clock
from workers import redis_server
from workers.bench import drain, goals, growth, idle, intake, picture, pipeline, report, table, ussd
from workers.bench.compare import NAIVE
from workers.bench.messages import CHANNELS
from workers.bench.meters import NotLinux
from workers.bench.report import Report
from workers.bench.site import Place, SiteFailed

Command = TypeVar("Command", bound=Callable[..., Any])
POSITIVE = click.FloatRange(min=0, min_open=True)
COUNT = click.IntRange(min=1)


class Names(click.ParamType[tuple[str, ...]]):
    """`a,b`: some of the known names, in this order."""

    name = "NAMES"

    def __init__(self, *known: str) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        given = value if isinstance(value, tuple) else tuple(dict.fromkeys(value.split(",")))
        for one in given:
            if one not in self._known:
                self.fail(f"{one!r} is none of {', '.join(self._known)}", param, ctx)
        return given


class Sizes(click.ParamType[tuple[int, ...]]):
    """`1000,10000`: numbers of complaints."""

    name = "SIZES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        given = value if isinstance(value, tuple) else tuple(value.split(","))
        if not all(str(one).isdecimal() and int(one) > 0 for one in given):
            self.fail(f"{value!r}: positive whole numbers, separated by commas", param, ctx)
        return tuple(int(one) for one in given)


def options(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, shown in this order."""

    def decorate(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


everywhere = options(
    click.option("--database", metavar="URL", help="An empty database to fill; default: SQLite in a fresh folder."),
    click.option("--redis", metavar="URL", help="A Redis that nobody else uses; default: a private one."),
    click.option("--json-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the object here as well."),
)
against = click.option("--compare", type=click.Choice([NAIVE]), help="In turns with the plain design; adds ratios.")
load = options(
    click.option("--mode", type=click.Choice(["closed", "open"]), default="closed", show_default=True),
    click.option(
        "--rate", type=POSITIVE, default=500.0, show_default=True, help="Messages per second of an open loop."
    ),
    click.option("--connections", type=COUNT, default=128, show_default=True),
    click.option("--seconds", type=POSITIVE, default=10.0, show_default=True),
    click.option("--channels", type=Names(*CHANNELS), default=CHANNELS, help="tg,sms"),
    click.option("--repeat", type=click.FloatRange(0, 1), default=0.02, show_default=True, help="Share sent twice."),
    click.option(
        "--processes", type=COUNT, default=1, show_default=True, help="Web processes; SQLite has room for one."
    ),
    click.option("--kill-after", type=POSITIVE, metavar="S", help="kill -9 the web processes and start them again."),
    against,
)


@click.group(invoke_without_command=True)
@click.option("--short", is_flag=True, help="All four with short settings, compared with the last such run.")
@everywhere
@click.pass_context
def bench(ctx: click.Context, short: bool, database: str | None, redis: str | None, json_file: Path | None) -> None:
    """Measure what this machine carries, and whether anything is lost or doubled under load."""
    if ctx.invoked_subcommand is None:
        if not short:
            raise click.UsageError("name intake, pipeline, growth, drain, ussd, idle or goals, or give --short")
        _carry_out(_short, json_file, Place(database, redis))


@bench.command("intake")
@load
@everywhere
def bench_intake(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Load the web process: messages per second, latency, processor time; every acknowledged message is looked for."""
    order = intake.Order(**given)
    _check(order, database)
    _carry_out(lambda place: intake.run(order, place, _say), json_file, Place(database, redis))


@bench.command("pipeline")
@load
@click.option("--sink-delay-ms", type=click.IntRange(min=0), default=0, show_default=True, help="Of each answer.")
@click.option(
    "--sink-fail", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share told to come again."
)
@click.option(
    "--workers", type=COUNT, default=1, show_default=True, help="How often `gateway run`'s workers are started."
)
@click.option("--drain-seconds", type=POSITIVE, default=60.0, show_default=True, help="For receipts after the load.")
@everywhere
def bench_pipeline(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Load everything: how soon after its answer a message's receipt is at the provider."""
    order = pipeline.Order(**given)
    _check(order, database)
    _carry_out(lambda place: pipeline.run(order, place, _say), json_file, Place(database, redis))


@bench.command("growth")
@click.option("--sizes", type=Sizes(), default=(10_000, 100_000, 1_000_000), help="Default 10000,100000,1000000.")
@click.option("--queries", type=Names(growth.ALL, *growth.QUERIES), default=(growth.ALL,), help="Names, or all.")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw a picture of it.")
@everywhere
def bench_growth(
    database: str | None, redis: str | None, json_file: Path | None, svg: Path | None, **given: Any
) -> None:
    """Fill a database to each size: what taking a message, every list and every queue cost there."""
    order = growth.Order(**given)

    def drawn(place: Place) -> Report:
        told = growth.run(order, place, _say)
        if svg:
            svg.write_text(picture.svg(told))
        return told

    _carry_out(drawn, json_file, Place(database, redis))


@bench.command("drain")
@click.option("--rows", type=COUNT, default=100_000, show_default=True, help="Receipts that wait.")
@click.option(
    "--workers", type=COUNT, default=1, show_default=True, help="How often `gateway run`'s workers are started."
)
@click.option("--sink-delay-ms", type=click.IntRange(min=0), default=0, show_default=True, help="Of each answer.")
@click.option("--kill-every", type=POSITIVE, metavar="S", help="kill -9 the delivering workers, again and again.")
@against
@everywhere
def bench_drain(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Let receipts wait, start the workers: how soon all of them are sent and read by the classifier."""
    order = drain.Order(**given)
    _carry_out(lambda place: drain.run(order, place, _say), json_file, Place(database, redis))


@bench.command("idle")
@click.option("--seconds", type=POSITIVE, default=30.0, show_default=True)
@click.option("--rate", type=click.FloatRange(0), default=0.0, show_default=True, help="Messages per second beside it.")
@everywhere
def bench_idle(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Start `gateway run` and leave it alone, or busy: memory and processor time, process by process."""
    order = idle.Order(**given)
    _carry_out(lambda place: idle.run(order, place, _say), json_file, Place(database, redis))


@bench.command("ussd")
@click.option("--sessions", type=POSITIVE, default=50.0, show_default=True, help="Per second.")
@click.option("--rate", type=POSITIVE, default=200.0, show_default=True, help="Messages per second beside them.")
@click.option("--seconds", type=POSITIVE, default=10.0, show_default=True)
@everywhere
def bench_ussd(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Let phones dial while messages come in: how long each waits for its page."""
    order = ussd.Order(**given)
    _carry_out(lambda place: ussd.run(order, place, _say), json_file, Place(database, redis))


@bench.command("goals")
@click.option("--sizes", type=Sizes(), default=(10_000, 100_000), help="Of growth; default 10000,100000.")
@click.option("--rows", type=COUNT, default=10_000, show_default=True, help="Receipts that wait in the drain.")
@click.option("--seconds", type=POSITIVE, default=8.0, show_default=True, help="Of each load.")
@click.option("--only", type=Names(*(step.name for step in goals.STEPS)), default=(), help="Some of the steps.")
@everywhere
def bench_goals(database: str | None, redis: str | None, json_file: Path | None, **given: Any) -> None:
    """Measure every goal P1 … P19: must, aim, measured, verdict. Tells first how long that takes."""
    order = goals.Order(**given)
    _carry_out(lambda place: goals.run(order, place, _say), json_file, Place(database, redis))


def _check(order: intake.Order, database: str | None) -> None:
    if order.processes > 1 and not (database or "").startswith("postgresql"):
        raise click.UsageError("--processes: several web processes need --database postgresql+psycopg://…")


def _short(place: Place) -> Report:
    """Under two minutes; kept under var/bench and compared with the one before."""
    if place.database:
        raise click.UsageError("--database: four benches need four empty databases; name one bench")
    runs = {
        "intake": intake.run(intake.Order(seconds=3), place, _say),
        "pipeline": pipeline.run(pipeline.Order(mode="open", rate=50, seconds=5), place, _say),
        "drain": drain.run(drain.Order(rows=1_000), place, _say),
        "growth": growth.run(growth.Order(sizes=(200, 2_000)), place, _say),
    }
    told = report.head("short", {})
    told |= {"database": "sqlite", "load_average_before": runs["intake"]["load_average_before"], "runs": runs}
    report.judged(told, [f"{name}: {one}" for name, run in runs.items() for one in run["problems"]])
    told["compared"] = report.compared(told, report.latest())
    _say(f"bench: kept as {report.keep(told, clock.now())}")
    return told


def _carry_out(run: Callable[[Place], Report], json_file: Path | None, place: Place) -> None:
    try:
        told = run(place)
    except (SiteFailed, NotLinux, redis_server.RedisNotStarted) as problem:
        raise click.ClickException(str(problem)) from problem
    except redis_server.RedisNotFound as problem:
        raise click.UsageError(str(problem)) from problem
    text = report.written(told)
    if json_file:
        json_file.write_text(text)
    click.echo(text)
    for line in table.lines(told):
        _say(line)
    if not told["sound"]:
        raise click.exceptions.Exit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)
