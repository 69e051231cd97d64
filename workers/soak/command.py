"""`gateway soak`: everything at once while everything breaks, then all must be zero; `soak kills` kills round after round."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from workers import redis_server
from workers.bench import report
from workers.bench.command import COUNT, POSITIVE, Names, everywhere
from workers.bench.report import Report
from workers.bench.site import Place, SiteFailed
from workers.soak import kills, life
from workers.soak.faults import FAULTS

SEED = click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same chances.")
KEEP = click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Leave settings, database, logs and what was said there, to look into afterwards.",
)


@click.group(invoke_without_command=True)
@click.option("--minutes", type=POSITIVE, default=10.0, show_default=True, help="How long citizens write.")
@click.option("--rate", type=POSITIVE, default=3.0, show_default=True, help="Citizens per second.")
@click.option("--faults", type=Names(*FAULTS), default=(), metavar="NAMES", help="Only these; default: all that fit.")
@SEED
@KEEP
@everywhere
@click.pass_context
def soak(
    ctx: click.Context,
    minutes: float,
    rate: float,
    faults: tuple[str, ...],
    seed: int,
    keep: Path | None,
    database: str | None,
    redis: str | None,
    json_file: Path | None,
) -> None:
    """Let a simulated town live while everything breaks; then nothing may be lost, doubled, out of order or wrongly told."""
    if ctx.invoked_subcommand is None:
        order = life.Order(minutes, rate, seed, faults)
        _carry_out(lambda place: life.run(order, place, _say), json_file, Place(database, redis, keep))


@soak.command("kills")
@click.option("--rounds", type=COUNT, default=1000, show_default=True, help="Load, kill -9, restart, compare.")
@click.option("--members", type=Names(*kills.MEMBERS), default=kills.USUAL, metavar="NAMES", help="Who is killed.")
@SEED
@KEEP
@everywhere
def soak_kills(
    rounds: int,
    members: tuple[str, ...],
    seed: int,
    keep: Path | None,
    database: str | None,
    redis: str | None,
    json_file: Path | None,
) -> None:
    """Kill a process, again and again, at random moments and at marked lines: nothing may be lost or doubled."""
    order = kills.Order(rounds, seed, members)
    _carry_out(lambda place: kills.run(order, place, _say), json_file, Place(database, redis, keep))


def _carry_out(run: Callable[[Place], Report], json_file: Path | None, place: Place) -> None:
    before = signal.signal(signal.SIGTERM, _end)
    try:
        told = run(place)
    except (SiteFailed, redis_server.RedisNotStarted) as problem:
        raise click.ClickException(str(problem)) from problem
    except redis_server.RedisNotFound as problem:
        raise click.UsageError(str(problem)) from problem
    finally:
        signal.signal(signal.SIGTERM, before)
    text = report.written(told)
    if json_file:
        json_file.write_text(text)
    click.echo(text)
    if not told["sound"]:
        raise click.exceptions.Exit(1)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """As Ctrl-C: whatever was started is ended, and its folder removed."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    click.echo(line, err=True)
