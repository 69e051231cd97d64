"""Whether this process can do its work now: database writable, schema current."""

import os
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.storage.engine import is_away, pending
from gateway.storage.store import Store


def is_database_away(problem: BaseException) -> bool:
    """Whether an error means that the database cannot be reached or written now."""
    return isinstance(problem, DBAPIError) and is_away(problem)


def database_problem(store: Store) -> str:
    """Why nothing can be written now, in a word; empty when all is well. Blocks for as long as a lock is waited for."""
    engine = store.engine
    try:
        if engine.dialect.name == "sqlite":
            return _sqlite_problem(engine.url.database or "", store)
        with engine.connect() as connection:
            is_read_only = connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
            connection.rollback()
    except (DBAPIError, OSError) as problem:
        return "unreachable" if is_away(problem) else "broken"
    return "read_only" if is_read_only else ""


def _sqlite_problem(path: str, store: Store) -> str:
    # No write lock is taken: a question asked every second must not stand in the way of messages.
    with store.reading() as tx:
        tx.one(text("SELECT 1"))
    file = Path(path)
    if not os.access(file, os.W_OK) or not os.access(file.parent, os.W_OK):
        return "read_only"
    disk = os.statvfs(file.parent)
    return "" if disk.f_bavail else "disk_full"


def pending_migrations(store: Store) -> list[str]:
    """Names of the migrations that have not run; the schema is current when there are none."""
    return pending(store.engine)
