"""`gateway data load|check|recount`: agencies, topics, holidays and the rest of the reference data."""

import json

import click

from config.reference import reference_for
from gateway import directory, recounting
from gateway.cli.context import current_gateway_or_exit, gateway_or_exit
from gateway.cli.given import settings_or_exit

COUNTED = (
    "agencies", "areas", "topics", "landmarks", "out_of_authority", "overlaps", "colloquial",
)  # fmt: skip
"""What `data check` counts; bad data ends it with one line that names file and entry (exit 2)."""


@click.group()
def data() -> None:
    """Check the reference data, load it into the database, count deadlines by it."""


@data.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(as_json: bool) -> None:
    """Read every data file and say how much it holds."""
    reference = reference_for(settings_or_exit())
    counts = {name: len(getattr(reference, name)) for name in COUNTED}
    counts |= {"holidays": len(reference.holidays.holidays), "terms": len(reference.glossary.terms)}
    _tell(counts, as_json=as_json)


@data.command("load")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def load(as_json: bool) -> None:
    """Bring agencies and their teams into the database; what people entered there stays."""
    gateway = gateway_or_exit()
    try:
        with gateway.store.transaction() as tx:
            counts = directory.load(tx)
    finally:
        gateway.close()
    _tell(counts, as_json=as_json)


@data.command("recount")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def recount(as_json: bool) -> None:
    """Count every open deadline anew, after days were added to or taken from the table of holidays."""
    gateway = current_gateway_or_exit()
    try:
        moved = recounting.recount(gateway.store)
    finally:
        gateway.close()
    _tell({"moved": moved}, as_json=as_json)


def _tell(counts: dict[str, int], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(counts))
        return
    for name, many in counts.items():
        click.echo(f"{name:<20} {many:>6}")
