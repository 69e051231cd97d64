"""`gateway month`: an office lives a month on the virtual clock; nobody may be left in silence, nothing may be lost."""

import logging
from pathlib import Path

import click
import structlog

from workers.bench import report
from workers.bench.command import COUNT, POSITIVE
from workers.month import course, figures
from workers.month.course import NotEmpty, Order
from workers.month.verdict import judge


@click.command()
@click.option("--reports", type=COUNT, default=300, show_default=True, help="How many citizens report.")
@click.option("--days", type=COUNT, default=30, show_default=True, help="How long the month is.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same month.")
@click.option(
    "--outage-days", type=POSITIVE, default=3.0, show_default=True, help="How long LAPOR! is away in its middle."
)
@click.option("--database", metavar="URL", help="An empty database to fill; default: SQLite in a fresh folder.")
@click.option("--json-file", type=click.Path(path_type=Path, dir_okay=False), help="Write the object here as well.")
def month(reports: int, days: int, seed: int, outage_days: float, database: str | None, json_file: Path | None) -> None:
    """Live a month of an office on the virtual clock; nobody may be left in silence, and nothing lost."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        lived = course.live(Order(reports, days, seed, outage_days), database, _say)
    except NotEmpty as problem:
        raise click.UsageError(
            "--database: it holds complaints or agencies already; a month fills an empty one"
        ) from problem
    verdict = judge(lived.books, lived.end, lived.expected)
    made = figures.told(lived, verdict)
    text = report.written(made)
    if json_file:
        json_file.write_text(text)
    click.echo(text)
    for line in figures.lines(made):
        _say(line)
    for line in made["problems"]:
        _say(line)
    if not made["sound"]:
        raise click.exceptions.Exit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)
