"""`gateway simulate`: the providers and LAPOR! on this machine, with the practice site."""

import asyncio
from dataclasses import replace
from pathlib import Path

import click
import uvloop

from config.load import load
from config.reference.reading import ReferenceInvalid
from config.settings import SettingsError
from workers.simulators.serve import SIMULATORS, serve
from workers.simulators.wiring import provider_tables, simulator_settings


@click.command("simulate")
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(SIMULATORS)))
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (training.port).")
@click.option("--gateway", metavar="URL", help="Address of the gateway (server.public_url).")
@click.option(
    "--listen",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; others than loopback let a class in.",
)
@click.option("--classroom", is_flag=True, help="LAPOR! answers nobody by itself until its switch is turned on.")
@click.option(
    "--provider", type=click.Path(path_type=Path), help="Tables of the provider that http-sms plays (TOML or JSON)."
)
@click.option("--quiet", is_flag=True, help="Do not print the address.")
def simulate(
    names: tuple[str, ...],
    port: int | None,
    gateway: str | None,
    listen: str,
    classroom: bool,
    provider: Path | None,
    quiet: bool,
) -> None:
    """Play the providers and LAPOR!, and serve the practice site.

    NAME is one or more of telegram, kannel, jasmin, http-sms, gammu, meta, x, smsc, mail, whatsapp, ussd, web, sp4n, open311;
    without a name all are played.
    """
    try:
        settings = load()
        played = simulator_settings(settings, gateway or "", classroom=classroom)
        if provider:
            played = replace(played, http_sms=replace(played.http_sms, tables=provider_tables(provider)))
    except (SettingsError, ReferenceInvalid) as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(2) from problem
    try:
        told = None if quiet else click.echo
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(played, names, listen, settings.training.port if port is None else port, told))
    except OSError as problem:
        click.echo(f"cannot listen on {listen}: {problem.strerror or problem}", err=True)
        raise click.exceptions.Exit(1) from problem
