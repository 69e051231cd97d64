"""Engines: SQLite with the pragmas that make a commit durable, PostgreSQL with its pool."""

import sqlite3
import threading
from binascii import a2b_base64
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from config import clock

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 20_000
TRY_EVERY_S = 0.001
"""How often a writer asks for SQLite's lock while another process has it; asking costs some 20 µs."""
PAUSE = threading.Event()
"""Never set: waiting for it is a pause."""
WRITES = "BEGIN IMMEDIATE"
KIND = 0xFF
"""The part of SQLite's error codes that says which kind it is; the rest says where."""
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
    if reading:
        connection.exec_driver_sql("BEGIN")
    else:
        _begin_to_write(connection)


def _begin_to_write(connection: Connection) -> None:
    """Take SQLite's lock as soon as it is free, within `BUSY_MS`.

    SQLite's own waiting tries again after 1, 2, 5, 10, 15, 20, 25 ms and then up to 100: whoever missed a few turns of
    others sleeps on while the lock is free.
    """
    driver: Any = connection.connection.dbapi_connection
    until = clock.monotonic() + BUSY_MS / 1000
    driver.execute("PRAGMA busy_timeout=0").close()
    try:
        while _is_taken(driver) and clock.monotonic() < until:
            PAUSE.wait(TRY_EVERY_S)
        if not driver.in_transaction:  # whatever else is wrong is told as every failing statement tells it
            connection.exec_driver_sql(WRITES)
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_MS}").close()


def _is_taken(driver: Any) -> bool:
    """Begin, or find that another process writes."""
    try:
        driver.execute(WRITES).close()
    except sqlite3.OperationalError as problem:
        return problem.sqlite_errorcode & KIND == sqlite3.SQLITE_BUSY
    return False


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`; with "base" or an older one, back down.

    A schema that a newer version made is left as it is: that version only added to what this one knows (F77).
    """
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            current = _current(connection)
            connection.rollback()
            wanted = revisions()[-1] if revision == "head" else revision
            if current != wanted and not (revision == "head" and is_newer(current)):
                # Alembic is loaded where there is something to migrate: nearly every start finds a schema that is current.
                import_module("gateway.storage.migrating").migrate(connection, MIGRATIONS, revision)
            connection.commit()
    finally:
        engine.dispose()


def revisions() -> list[str]:
    """Every revision that this version knows, oldest first: the numbers that its migrations' file names begin with."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def is_newer(revision: str | None) -> bool:
    """Whether a schema of this revision was made by a newer version."""
    return revision is not None and revision not in revisions()


def pending(engine: Engine) -> list[str]:
    """The migrations that have not run yet, oldest first; none where a newer version has migrated further (F77)."""
    with engine.connect().execution_options(reading=True) as connection:
        current = _current(connection)
    return [] if is_newer(current) else [step for step in revisions() if current is None or step > current]


def holds_rows(url: str, tables: Iterable[str]) -> bool:
    """Whether one of these tables is there and holds a row, whatever schema it belongs to; nothing is migrated."""
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            there = set(inspect(connection).get_table_names())
            return any(
                connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first()  # noqa: S608 - our own names
                for name in tables
                if name in there
            )
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    """The revision that this database has; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


SQLITE_VERSION = sqlite3.sqlite_version_info
