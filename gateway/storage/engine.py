"""Engines: SQLite with the pragmas that make a commit durable, PostgreSQL with its pool."""

import sqlite3
from binascii import a2b_base64
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 20_000
STATEMENT_MS = 30_000
READ_ONLY = "25006"
"""PostgreSQL's word for a server that may not write yet, or no more: the middle of a failover (F16)."""
GAVE_WAY = frozenset({"40P01", "40001"})
"""Deadlock and serialisation failure: another transaction won, and the same once more will do."""
DATA_PROBLEM = "22"
"""SQLSTATE class whose messages repeat the value that was wrong."""
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an acknowledged message survives a power cut
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-16000",
)


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`; folders of a SQLite file are made."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        waits = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
        engine = create_engine(parsed, connect_args=waits, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"-c statement_timeout={STATEMENT_MS} -c lock_timeout={BUSY_MS}"
    engine = create_engine(
        parsed,
        pool_size=5,
        max_overflow=5,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged, and what citizens wrote must not be
        connect_args={"options": options, "connect_timeout": 5},
    )
    event.listen(engine, "handle_error", _without_rows)
    return engine


def _without_rows(context: ExceptionContext) -> None:
    """What PostgreSQL adds to an error shows rows and values (`Failing row contains (…)`): keep the sentence alone (C24)."""
    problem: Any = context.original_exception
    said = getattr(getattr(problem, "diag", None), "message_primary", None)
    if said is None:  # nothing that the server said: a connection that could not be made
        return
    full = str(problem)
    short = type(problem).__name__ if (problem.sqlstate or "").startswith(DATA_PROBLEM) else said
    problem.args = (short,)
    wrapped = context.sqlalchemy_exception
    if wrapped is not None:
        wrapped.args = tuple(str(part).replace(full, short) for part in wrapped.args)


def gave_way(problem: BaseException) -> bool:
    """Whether the database ended a transaction for the sake of another one: it may be carried out again at once."""
    return isinstance(problem, DBAPIError) and getattr(problem.orig, "sqlstate", "") in GAVE_WAY


def is_away(problem: BaseException) -> bool:
    """Whether an error means that the database cannot be reached or written now (as opposed to: a bad row)."""
    if gave_way(problem):
        return False
    if isinstance(problem, DBAPIError):
        is_read_only = getattr(problem.orig, "sqlstate", "") == READ_ONLY
        return problem.connection_invalidated or is_read_only or isinstance(problem, OperationalError)
    return isinstance(problem, OSError | PoolExhausted)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late and commit at odd moments; we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(pragma).close()
    connection.create_function("unbase64", 1, _unbase64, deterministic=True)


def _unbase64(value: str | None) -> bytes | None:
    return None if value is None else a2b_base64(value)


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: two writers queue up instead of failing half-way.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`; with "base" or an older one, back down.

    A schema that a newer version made is left as it is: that version only added to what this one knows (F77).
    """
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            config = _configuration(connection)
            current = MigrationContext.configure(connection).get_current_revision()
            connection.rollback()
            if revision == "base":
                command.downgrade(config, revision)
            elif current != revision and not (revision == "head" and is_newer(current)):
                command.upgrade(config, revision)
            connection.commit()
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision that this version knows, oldest first."""
    return [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]


def is_newer(revision: str | None) -> bool:
    """Whether a schema of this revision was made by a newer version."""
    return revision is not None and revision not in revisions()


def pending(engine: Engine) -> list[str]:
    """The migrations that have not run yet, oldest first; none where a newer version has migrated further (F77)."""
    with engine.connect().execution_options(reading=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if is_newer(current):
        return []
    script = ScriptDirectory(str(MIGRATIONS))
    steps = [step.revision for step in script.walk_revisions(current or "base", "heads")]
    return [step for step in reversed(steps) if step != current]


def _configuration(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


SQLITE_VERSION = sqlite3.sqlite_version_info
