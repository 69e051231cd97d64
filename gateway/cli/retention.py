"""`gateway retention`: what goes because its time is over, now instead of at the next hour; `--dry-run` only counts."""

import json

import click

from gateway.cli.context import current_gateway_or_exit
from gateway.retention import anonymising, audit_cut, former_staff
from gateway.retention import retention as leftovers


@click.command()
@click.option("--dry-run", is_flag=True, help="Count what would go, by rule, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def retention(*, dry_run: bool, as_json: bool) -> None:
    """Take away what need not be kept any more; what must be kept (legal hold) stays."""
    gateway = current_gateway_or_exit()
    try:
        if dry_run:
            with gateway.store.reading() as tx:
                counts = anonymising.due(tx) | leftovers.due(tx) | former_staff.due(tx) | audit_cut.due(tx)
        else:
            turns = (former_staff.forget, anonymising.empty, leftovers.forget, audit_cut.cut)
            counts = {"done": sum(turn(gateway.store) for turn in turns)}
    finally:
        gateway.close()
    if as_json:
        click.echo(json.dumps(counts))
        return
    for name, many in counts.items():
        click.echo(f"{name}: {many}")
