"""`gateway db upgrade|check`: the schema of the database."""

import json

import click

from gateway.app import prepare
from gateway.cli.context import gateway_or_exit
from gateway.cli.given import settings_or_exit
from gateway.storage.engine import pending, upgrade

HEAD = "head"


@click.group()
def db() -> None:
    """Bring the database up to date, or see whether it is."""


@db.command("upgrade")
@click.option(
    "--to", "revision", default=HEAD, show_default=True, help="Revision to go to; base takes everything down."
)
def upgrade_database(revision: str) -> None:
    """Migrate the schema; then load agencies and make the first account, if there is none."""
    settings = settings_or_exit()
    if revision == HEAD:
        prepare(settings)
    else:
        upgrade(settings.storage.url, revision)
    click.echo(f"ok: {revision}")


@db.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(as_json: bool) -> None:
    """Exit 0 when the schema is current, 1 when migrations are missing."""
    gateway = gateway_or_exit()
    try:
        missing = pending(gateway.store.engine)
    finally:
        gateway.close()
    if as_json:
        click.echo(json.dumps({"current": not missing, "pending": missing}))
    else:
        click.echo("ok: the schema is current" if not missing else f"missing: {', '.join(missing)}")
    if missing:
        raise click.exceptions.Exit(1)
