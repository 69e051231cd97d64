"""`gateway channels reload NAME`: new credentials for a running installation, checked before they take the old ones' place."""

from typing import Any

import click

from gateway import roster
from gateway.audit import audit
from gateway.cli.channel_deeds import BY, FAILED, REASON, actor
from gateway.cli.context import current_gateway_or_exit
from gateway.cli.given import WRONG_USAGE
from gateway.cli.providers import ask_providers
from gateway.roster import GRACE, Roster

HOURS = int(GRACE.total_seconds() // 3600)


@click.command("reload")
@click.argument("name")
@REASON
@BY
@click.option("--at-once", is_flag=True, help="A secret leaked: the old ones prove nothing from now on.")
@click.option("--despite-problems", is_flag=True, help="Take them although the check finds something.")
def reload(name: str, reason: str, by: str, at_once: bool, despite_problems: bool) -> None:
    """Let every process take up what the settings say of NAME now: credentials first of all. Nobody is restarted."""
    gateway = current_gateway_or_exit()
    try:
        channels = gateway.channels
        if name not in channels or not isinstance(channels, Roster):
            click.echo(f"no channel {name!r}; known: {', '.join(channels) or 'none'}", err=True)
            raise click.exceptions.Exit(WRONG_USAGE)
        for _, problems in ask_providers([channels[name]], gateway.settings.server.public_url):
            for problem in problems:
                click.echo(f"{name}: {problem}", err=True)
            if problems and not despite_problems:
                click.echo("nothing was changed: the channel goes on as it was", err=True)
                raise click.exceptions.Exit(FAILED)
        gateway.store.run(lambda tx: _announce(tx, channels, name, reason, by, at_once=at_once))
    finally:
        gateway.close()
    old = "prove nothing any more" if at_once else f"prove calls for {HOURS} more hours"
    click.echo(f"ok: every process takes up {name} within fifteen seconds; its old secrets {old}")


def _announce(tx: Any, channels: Roster, name: str, reason: str, by: str, *, at_once: bool) -> None:
    roster.announce(tx, name, channels.fingerprint(name), at_once=at_once)
    details = {"secrets": roster.secret_names(channels[name]), "at_once": at_once}
    audit.record(tx, actor(by), "channel_reloaded", "channel", name, reason, details)
    tx.tell(kind="channel", channel=name)
