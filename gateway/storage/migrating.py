"""Carry out migrations. The only module that loads Alembic; `gateway.storage.engine.upgrade` asks for it when there are any."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection


def migrate(connection: Connection, migrations: Path, revision: str) -> None:
    """Bring the schema to `revision`; "base" takes everything down. The caller commits."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    if revision == "base":
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
