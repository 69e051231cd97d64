"""What a command begins with: settings or a whole gateway, or one line on stderr and exit 2."""

import gc

import click

from config.load import load
from config.logging import configure, get_logger
from config.reference import ReferenceInvalid
from config.settings import Settings, SettingsError
from gateway.app import Gateway, open_gateway
from gateway.queries import readiness

log = get_logger(__name__)
WRONG_USAGE = 2
YOUNG_IN_SERVICE = 10_000
"""New objects after which garbage is looked for: a batch of calls makes thousands that go by themselves."""
NOT_CURRENT = "the database schema is not current ({missing}); run: gateway db upgrade"


def settled() -> None:
    """A service is ready: what it holds now stays, and is left alone when garbage is looked for from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_IN_SERVICE)


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


def current_gateway_or_exit() -> Gateway:
    """For processes that serve: as above, and the schema is not older than the code (F17)."""
    gateway = gateway_or_exit()
    try:
        refuse_old_schema(gateway)
    except click.ClickException:
        gateway.close()
        raise
    return gateway


def refuse_old_schema(gateway: Gateway) -> None:
    """Nobody is served by tables that the code does not know. A database that is away is waited for instead."""
    try:
        missing = readiness.pending_migrations(gateway.store)
    except Exception as problem:
        if not readiness.is_database_away(problem):
            raise
        log.warning("database_away", problem=type(problem).__name__)
        return
    if missing:
        raise click.ClickException(NOT_CURRENT.format(missing=", ".join(missing)))
