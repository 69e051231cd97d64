"""A consistent copy of the database while everything works on it, and the way back.

SQLite by its online backup from one snapshot, PostgreSQL by pg_dump and pg_restore, which must be on the machine. A copy
is a file of its own first: in the database's folder, or for PostgreSQL in that of the spool.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from config import clock
from config.logging import redact_text
from config.settings import Settings
from gateway.backup.sealed import BackupRefused, damaged
from gateway.storage.engine import BUSY_MS, holds_rows, open_engine

SQLITE = "sqlite"
PAGES = 4096
WORK = "backup-"
LEFT_BEHIND_S = 86_400.0
LOOK_EVERY_S = 0.5
DEBIAN = Path("/usr/lib/postgresql")
FILLED = ("message", "complaint", "contact")
"""Tables that hold something as soon as anybody has written; what a first start fills is no obstacle."""
OWN_FUNCTIONS = (
    "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
)
IN_USE = "other processes use the database; end the gateway (web, workers, clock, listeners) first"
Told = Callable[[int], None]
"""Told how many bytes of the copy there are by now, all in all."""


def kind_of(url: str) -> str:
    return make_url(url).get_backend_name()


def revision_of(url: str) -> str:
    """The schema's revision; empty for a database without one."""
    if _is_missing(url):
        return ""
    engine = open_engine(url)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            return MigrationContext.configure(connection).get_current_revision() or ""
    except (SQLAlchemyError, OSError) as problem:
        raise _unreachable(problem) from problem
    finally:
        engine.dispose()


def holds_something(url: str) -> bool:
    """Whether citizens' messages are in the database already."""
    if _is_missing(url):
        return False
    try:
        return holds_rows(url, FILLED)
    except (SQLAlchemyError, OSError) as problem:
        raise _unreachable(problem) from problem


def _is_missing(url: str) -> bool:
    return kind_of(url) == SQLITE and not _file(url).exists()


def _unreachable(problem: Exception) -> BackupRefused:
    return BackupRefused(redact_text(f"storage.url: the database does not answer ({type(problem).__name__})"))


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
    """A folder for the copy on the way; gone afterwards."""
    url = settings.storage.url
    place = _file(url).parent if kind_of(url) == SQLITE else Path(settings.storage.spool_dir)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in place.glob(f"{WORK}*"):
        # Of a backup that was killed; one that is under way is not a day old.
        if left.is_dir() and left.stat().st_mtime < clock.now().timestamp() - LEFT_BEHIND_S:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=WORK, dir=place) as folder:
        yield Path(folder)


def copy(url: str, to: Path, told: Told) -> None:
    """Write a consistent copy of the database to `to`; nobody waits for it meanwhile."""
    if _is_missing(url):
        raise BackupRefused(f"storage.url: there is no database {_file(url)}")
    if kind_of(url) == SQLITE:
        _copy_sqlite(_file(url), to, told)
    else:
        _dump(url, to, told)


def put_back(url: str, copied: Path, told: Told) -> None:
    """Put the copy in the place of the database, whatever is there now."""
    if kind_of(url) == SQLITE:
        _replace_sqlite(_file(url), copied)
    else:
        _clear(url)
        _load(url, copied, told)


def refuse_while_used(url: str) -> None:
    """BackupRefused while somebody else has the database open."""
    if _is_missing(url):
        return
    if kind_of(url) == SQLITE:
        _refuse_used_file(_file(url))
        return
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            others = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            many = connection.execute(text(f"{others} AND backend_type = 'client backend'")).scalar_one()
    finally:
        engine.dispose()
    if many:
        raise BackupRefused(f"{IN_USE} ({many} connections)")


# ---- SQLite


def _copy_sqlite(path: Path, to: Path, told: Told) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        target.execute("PRAGMA synchronous=OFF")  # a copy that a power cut takes is made again
        # One snapshot for all steps: without it every commit of the gateway would begin the copy anew.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (page,) = source.execute("PRAGMA page_size").fetchone()
        source.backup(target, pages=PAGES, progress=lambda _, left, all_: told((all_ - left) * page), sleep=0)
        source.execute("ROLLBACK")


def _refuse_used_file(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=0.5)) as connection:
        try:
            # Leaving the write-ahead log needs the file for oneself: even an idle process is noticed.
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        except sqlite3.OperationalError as problem:
            raise BackupRefused(IN_USE) from problem
        except sqlite3.DatabaseError:
            return  # what is there is no database: it may be replaced
    if mode != "delete":
        raise BackupRefused(IN_USE)


def _replace_sqlite(path: Path, copied: Path) -> None:
    with closing(sqlite3.connect(copied)) as connection:
        try:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as problem:
            raise damaged("its database does not open") from problem
    if verdict != "ok":
        raise damaged("its database does not hold together")
    path.parent.mkdir(parents=True, exist_ok=True)
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    copied.replace(path)


# ---- PostgreSQL


def _dump(url: str, to: Path, told: Told) -> None:
    command = [_program("pg_dump"), "--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--file={to}"]
    _run(url, to, command, told)


def _load(url: str, copied: Path, told: Told) -> None:
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    _run(url, copied, [_program("pg_restore"), *options, str(copied)], told)


def needs_programs(url: str) -> None:
    """BackupRefused where PostgreSQL's own programs are needed and not there."""
    if kind_of(url) != SQLITE:
        for name in ("pg_dump", "pg_restore"):
            _program(name)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        newest = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parent.parent.name))
        found = str(newest[-1]) if newest else None
    if found is None:
        raise BackupRefused(f"{name} is not on this machine; install the PostgreSQL client (postgresql-client)")
    return found


def _run(url: str, copied: Path, command: Sequence[str], told: Told) -> None:
    with tempfile.NamedTemporaryFile("w", dir=copied.parent, prefix="pass-") as passwords:
        parsed = make_url(url).set(drivername="postgresql")
        if parsed.password:
            # In a file, which is made 0600: arguments can be read by everybody on the machine.
            passwords.write(f"*:*:*:*:{_escaped(str(parsed.password))}\n")
            passwords.flush()
            parsed = _without_password(parsed).update_query_dict({"passfile": passwords.name})
        address = parsed.render_as_string(hide_password=False)
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL with our own arguments
                [*command, f"--dbname={address}"], stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            while not _ended(process):
                told(copied.stat().st_size if copied.exists() else 0)
            said.seek(0)
            words = said.read().strip().splitlines()
    if process.returncode:
        last = redact_text(words[0]) if words else f"exit status {process.returncode}"
        raise BackupRefused(f"{Path(command[0]).name} failed: {last}")


def _without_password(url: URL) -> URL:
    return URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)


def _ended(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _escaped(password: str) -> str:
    return password.replace("\\", "\\\\").replace(":", "\\:")


def _clear(url: str) -> None:
    """Take away what is there; a newer schema would leave tables that a later migration stumbles over."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            quote = connection.dialect.identifier_preparer.quote
            for name in inspect(connection).get_table_names():
                connection.execute(text(f"DROP TABLE {quote(name)} CASCADE"))
            for (function,) in connection.execute(text(OWN_FUNCTIONS)).all():
                connection.execute(text(f"DROP FUNCTION {function} CASCADE"))
    except SQLAlchemyError as problem:
        raise _unreachable(problem) from problem
    finally:
        engine.dispose()
