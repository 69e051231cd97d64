"""Many rows in one statement: the batch travels as one JSON text, the SQL text never changes (PERFORMANCE rule 3).

`insert`, `insert_new` and `update` build the statement once per table and columns; SQLite unpacks with `json_each`,
PostgreSQL with `json_to_recordset`.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary, Table, TextClause, text
from sqlalchemy.engine import Connection

from gateway.storage.types import Document, Instant, to_millis

Row = Mapping[str, Any]
encoder = msgspec.json.Encoder()


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert all rows; a conflict is an error."""
    if rows:
        _run(connection, _insert_sql(table, connection.dialect.name, "", ""), table, rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row], returning: str) -> set[Any]:
    """Insert those rows that violate no unique key; the `returning` values of the ones that went in."""
    if not rows:
        return set()
    statement = _insert_sql(table, connection.dialect.name, "ON CONFLICT DO NOTHING", returning)
    return {row[0] for row in _run(connection, statement, table, rows)}


def upsert(connection: Connection, table: Table, rows: Sequence[Row], changed: Sequence[str]) -> None:
    """Insert, or replace the columns `changed` where the primary key is already there."""
    if rows:
        key = ", ".join(column.name for column in table.primary_key)
        sets = ", ".join(f"{name} = excluded.{name}" for name in changed)
        statement = _insert_sql(table, connection.dialect.name, f"ON CONFLICT ({key}) DO UPDATE SET {sets}", "")
        _run(connection, statement, table, rows)


def update(
    connection: Connection, table: Table, rows: Sequence[Row], key: Sequence[str], changed: Sequence[str]
) -> set[Any]:
    """Set the columns `changed` of the rows that agree on every column of `key`; first key values that were found."""
    if not rows:
        return set()
    statement = _update_sql(table, connection.dialect.name, tuple(key), tuple(changed))
    names = (*key, *changed)
    content = encoder.encode([_plain(table, row, names) for row in rows]).decode()
    return {row[0] for row in connection.execute(statement, {"rows": content})}


def ids_json(ids: Iterable[int | str]) -> str:
    """A list as the one parameter of `id_in`."""
    return encoder.encode(list(ids)).decode()


@cache
def id_in(dialect: str, kind: str = "bigint") -> str:
    """A subquery that lists the parameter `:ids` (made by `ids_json`); `kind` is `bigint` or `text`."""
    if dialect == "sqlite":
        return "(SELECT value FROM json_each(:ids))"
    return f"(SELECT cast(v AS {kind}) FROM json_array_elements_text(cast(:ids AS json)) AS t(v))"  # noqa: S608


def _run(connection: Connection, statement: TextClause, table: Table, rows: Sequence[Row]) -> Any:
    names = tuple(column.name for column in table.columns)
    content = encoder.encode([_plain(table, row, names) for row in rows]).decode()
    return connection.execute(statement, {"rows": content})


def _plain(table: Table, row: Row, names: tuple[str, ...]) -> dict[str, Any]:
    plain = {}
    for name, write, default in _shape(table, names):
        value = row.get(name, default)
        plain[name] = value if write is None or value is None else write(value)
    return plain


# How a value is written into the JSON of a batch, by the type of its column; everything else goes as it is.
WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Instant, to_millis),
    (LargeBinary, lambda value: base64.b64encode(value).decode()),
    (Date, date.isoformat),
    (type(Document), lambda value: encoder.encode(value).decode()),
)


@cache
def _shape(table: Table, names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Any], Any] | None, Any], ...]:
    """Name, writer and default of each column, looked up once per table and not once per row."""
    columns = [table.columns[name] for name in names]
    return tuple((column.name, _writer(column), getattr(column.default, "arg", None)) for column in columns)


def _writer(column: Column[Any]) -> Callable[[Any], Any] | None:
    return next((write for kind, write in WRITERS if isinstance(column.type, kind)), None)


# What a column is called in json_to_recordset, and how its text becomes the stored value there.
POSTGRES_TYPES: tuple[tuple[type, str], ...] = (
    (Instant, "bigint"),
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (Boolean, "boolean"),
    (Float, "double precision"),
    (Date, "date"),
)


def _postgres_type(column: Column[Any]) -> str:
    return next((name for kind, name in POSTGRES_TYPES if isinstance(column.type, kind)), "text")


def _source(column: Column[Any], dialect: str) -> str:
    """The expression that reads this column out of the unpacked JSON."""
    if dialect == "sqlite":
        read = f"json_extract(value, '$.{column.name}')"
        return f"unbase64({read})" if isinstance(column.type, LargeBinary) else read
    if isinstance(column.type, LargeBinary):
        return f"decode(r.{column.name}, 'base64')"
    return f"cast(r.{column.name} AS jsonb)" if column.type is Document else f"r.{column.name}"


def _rows(columns: Iterable[Column[Any]], dialect: str) -> str:
    if dialect == "sqlite":
        return "json_each(:rows)"
    shape = ", ".join(f"{column.name} {_postgres_type(column)}" for column in columns)
    return f"json_to_recordset(cast(:rows AS json)) AS r({shape})"


@cache
def _insert_sql(table: Table, dialect: str, conflict: str, returning: str) -> TextClause:
    columns = list(table.columns)
    names = ", ".join(column.name for column in columns)
    values = ", ".join(_source(column, dialect) for column in columns)
    # WHERE true: without it SQLite takes ON CONFLICT for a join condition.
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {_rows(columns, dialect)} WHERE true {conflict}"  # noqa: S608
    )
    return text(f"{statement} RETURNING {returning}" if returning else statement)


@cache
def _update_sql(table: Table, dialect: str, key: tuple[str, ...], changed: tuple[str, ...]) -> TextClause:
    columns = [table.columns[name] for name in (*key, *changed)]
    if dialect == "sqlite":
        inner = ", ".join(f"{_source(column, dialect)} AS {column.name}" for column in columns)
        source = f"(SELECT {inner} FROM {_rows(columns, dialect)}) AS r"  # noqa: S608
        sets = ", ".join(f"{name} = r.{name}" for name in changed)
    else:
        source = _rows(columns, dialect)
        sets = ", ".join(f"{column.name} = {_source(column, dialect)}" for column in columns[len(key) :])
    where = " AND ".join(f"{table.name}.{name} = r.{name}" for name in key)
    return text(f"UPDATE {table.name} SET {sets} FROM {source} WHERE {where} RETURNING {table.name}.{key[0]}")  # noqa: S608
