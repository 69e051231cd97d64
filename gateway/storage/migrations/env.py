"""Alembic's entrance: runs on the connection that `gateway.storage.migrating` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from gateway.storage.tables import metadata
from gateway.storage.types import Instant
from gateway.storage.words import Word


def plain_types(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """A migration stands by itself: it names the types of the database, not ours."""
    if kind == "type" and isinstance(item, Instant):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Word):
        return f"sa.String(length={item.length})"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=True,
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
