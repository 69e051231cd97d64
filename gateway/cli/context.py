"""What a command of the gateway begins with: a whole one, or one line on stderr and exit 2."""

import click

from config.logging import configure, get_logger
from config.reference import ReferenceInvalid
from config.settings import SettingsError
from gateway.app import Gateway, open_gateway
from gateway.cli.given import WRONG_USAGE, settings_or_exit
from gateway.queries import readiness

log = get_logger(__name__)
NOT_CURRENT = "the database schema is not current ({missing}); run: gateway db upgrade"


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
