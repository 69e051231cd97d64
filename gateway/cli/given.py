"""The settings that a command was given, or one line on stderr and exit 2. Loads nothing of the gateway itself."""

import click

from config.load import load
from config.settings import Settings, SettingsError

WRONG_USAGE = 2


def settings_or_exit() -> Settings:
    """The effective settings; a setting that cannot be used ends the command with exit 2."""
    try:
        return load()
    except SettingsError as problem:
        click.echo(str(problem), err=True)
        raise click.exceptions.Exit(WRONG_USAGE) from problem
