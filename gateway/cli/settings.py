"""`gateway config show|check`: what is in force, where it came from, and what is wrong with it."""

import json

import click

from config.effective import effective
from config.reference import ReferenceInvalid, reference_for
from gateway.cli.given import WRONG_USAGE, settings_or_exit


@click.group()
def config() -> None:
    """Show and check the settings."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def show(as_json: bool) -> None:
    """Print every effective setting, secrets masked, and where it came from."""
    for line in effective(settings_or_exit()):
        value = json.dumps(line.value, ensure_ascii=False)
        if as_json:
            row = {"key": line.key, "value": line.value, "from": line.origin}
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo(f"{line.key} = {value}  # {line.origin}")


@config.command("check")
@click.option("--json", "as_json", is_flag=True, help="The outcome as one JSON object.")
def check(as_json: bool) -> None:
    """Say what is wrong with settings and reference data; exit 2 when the gateway would not start."""
    settings = settings_or_exit()
    try:
        reference_for(settings)
    except ReferenceInvalid as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(WRONG_USAGE) from problem
    if as_json:
        outcome = {"source": settings.source, "local": settings.is_local, "warnings": settings.warnings}
        click.echo(json.dumps(outcome, ensure_ascii=False))
        return
    for warning in settings.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"ok: {settings.source}")
