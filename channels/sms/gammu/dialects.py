"""The databases that smsd can keep its messages in, as far as they differ: how each is opened and how it says a few things."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LOCKED_S = 10.0
SCHEMES = ("sqlite", "postgresql", "mysql", "mariadb")
MYSQL_PORT = 3306
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How this database says it. `now` in the clock that smsd compares with."""

    mark: str
    now: str
    lately: str
    yes: object
    no: object
    parked: str = "2099-01-01 00:00:00"
    """When a long message is sent as long as its parts are not all there."""
    returning: bool = True
    """Whether an insertion tells its new ID by `RETURNING`; else the cursor knows it."""


SQLITE = Dialect("?", "datetime('now', 'localtime')", "datetime('now', '-2 days')", "true", "false")
POSTGRES = Dialect("%s", "LOCALTIMESTAMP", "LOCALTIMESTAMP - interval '2 days'", True, False)
# Its timestamps end in 2038.
MYSQL = Dialect("%s", "now()", "now() - INTERVAL 2 DAY", "true", "false", "2037-01-01 00:00:00", returning=False)
DIALECTS: Mapping[str, Dialect] = {"sqlite": SQLITE, "postgresql": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL}


def dialect_of(url: str) -> Dialect:
    return DIALECTS[urlsplit(url).scheme]


def open_at(url: str) -> Any:
    """A connection of its driver; each statement is committed at once."""
    place = urlsplit(url)
    if place.scheme == "sqlite":
        # Never a new one: a wrong path would be an empty database that nobody else reads.
        path = unquote(place.path).removeprefix("/")
        return sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=LOCKED_S, isolation_level=None)
    if place.scheme == "postgresql":
        import psycopg  # noqa: PLC0415 - only where it is used

        return psycopg.connect(url, autocommit=True, connect_timeout=int(LOCKED_S))
    import pymysql  # noqa: PLC0415

    socket = parse_qs(place.query).get("unix_socket", [None])[0]
    host = place.hostname or "localhost"
    return pymysql.connect(
        host=host,
        port=place.port or MYSQL_PORT,
        user=unquote(place.username or ""),
        password=unquote(place.password or ""),
        database=unquote(place.path.removeprefix("/")),
        unix_socket=socket,
        # To read the machine's certificates takes ten times as long as all else, and nobody listens in between.
        ssl_disabled=bool(socket) or host in HERE,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=int(LOCKED_S),
        read_timeout=2 * int(LOCKED_S),
        write_timeout=2 * int(LOCKED_S),
        init_command="SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), lock_wait_timeout = 10",
    )


def is_readable(url: str) -> bool:
    """Whether a driver could read it. Asked early: what a driver says of a URL that it cannot read quotes the password."""
    scheme = urlsplit(url).scheme
    if scheme == "postgresql":
        import psycopg.conninfo  # noqa: PLC0415

        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error:
            return False
        return True
    if scheme in {"mysql", "mariadb"}:
        with suppress(ValueError):  # a port that is no number
            place = urlsplit(url)
            return place.port != 0 and bool(place.username) and bool(place.path.strip("/"))
        return False
    return True


def troubles(url: str) -> tuple[type[Exception], ...]:
    """What its driver raises."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return (sqlite3.Error, OSError)
    if scheme == "postgresql":
        import psycopg  # noqa: PLC0415

        return (psycopg.Error, OSError)
    import pymysql  # noqa: PLC0415

    return (pymysql.Error, OSError)


def name(column: str) -> str:
    """Quoted: the tables of PostgreSQL have capitals in their names."""
    return f'"{column}"'


def names(columns: Iterable[str]) -> str:
    return ", ".join(map(name, columns))
