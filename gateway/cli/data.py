"""`gateway data load|check|recount`: agencies, topics, holidays and the rest of the reference data."""

import json
from collections.abc import Sequence

import click

from config.reference import reference_for
from config.settings import Settings, SettingsError
from gateway.app import open_gateway
from gateway.casework import recounting
from gateway.cli.context import current_gateway_or_exit, gateway_or_exit
from gateway.cli.given import settings_or_exit
from gateway.people import directory
from gateway.queries import coverage, readiness
from gateway.queries.coverage import Unit

COUNTED = (
    "agencies", "areas", "topics", "landmarks", "out_of_authority", "overlaps", "colloquial",
)  # fmt: skip
"""What `data check` counts; bad data ends it with one line that names file and entry (exit 2)."""
INCOMPLETE = 1
"""Exit status: the data can be read, and some unit cannot be told of its complaints."""
NOT_CHECKED = "teams not checked: there is no database of this version; run: gateway db upgrade"


@click.group()
def data() -> None:
    """Check the reference data, load it into the database, count deadlines by it."""


@data.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(as_json: bool) -> None:
    """Read every data file and say how much it holds; which unit has no team or cannot be reached (exit 1)."""
    settings = settings_or_exit()
    reference = reference_for(settings)
    counts = {name: len(getattr(reference, name)) for name in COUNTED}
    counts |= {"holidays": len(reference.holidays.holidays), "terms": len(reference.glossary.terms)}
    units = _units(settings)
    if units is None:
        click.echo(NOT_CHECKED, err=True)
    wanting = [unit for unit in units or () if unit.gaps]
    if as_json:
        click.echo(json.dumps(counts | ({} if units is None else {"coverage": _coverage(units)})))
    else:
        _tell(counts, as_json=False)
        _tell_gaps(units or (), wanting)
    if wanting:
        raise click.exceptions.Exit(INCOMPLETE)


def _units(settings: Settings) -> list[Unit] | None:
    """None without a database of this version."""
    try:
        gateway = open_gateway(settings)
    except SettingsError:
        return None
    try:
        if readiness.pending_migrations(gateway.store):
            return None
        with gateway.store.reading() as tx:
            return coverage.units(tx)
    except Exception as problem:
        if not readiness.is_database_away(problem):
            raise
        return None
    finally:
        gateway.close()


def _coverage(units: Sequence[Unit]) -> dict[str, object]:
    taking = [unit for unit in units if unit.accepts]
    wanting = [{"agency": unit.code, "gaps": [gap.value for gap in unit.gaps]} for unit in taking if unit.gaps]
    return {"units": len(taking), "complete": len(taking) - len(wanting), "wanting": wanting}


def _tell_gaps(units: Sequence[Unit], wanting: Sequence[Unit]) -> None:
    taking = sum(unit.accepts for unit in units)
    if units:
        click.echo(f"{'complete_teams':<20} {taking - len(wanting):>6} of {taking}")
    for unit in wanting:
        click.echo(f"  {unit.code:<24} {', '.join(gap.value for gap in unit.gaps)}")


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
