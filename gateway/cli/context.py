"""What a command begins with: settings or a whole gateway, or one line on stderr and exit 2."""

import click

from config.load import load
from config.logging import configure
from config.reference import ReferenceInvalid
from config.settings import Settings, SettingsError
from gateway.app import Gateway, open_gateway

WRONG_USAGE = 2


def settings_or_exit() -> Settings:
    """The effective settings; a setting that cannot be used ends the command with exit 2."""
    try:
        return load()
    except SettingsError as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(WRONG_USAGE) from problem


def gateway_or_exit() -> Gateway:
    """The gateway of the effective settings, with its log set up; close it at the end."""
    settings = settings_or_exit()
    configure(settings)
    try:
        return open_gateway(settings)
    except (SettingsError, ReferenceInvalid) as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(WRONG_USAGE) from problem
