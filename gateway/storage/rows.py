"""Many rows in one call: one constant SQL text per table and columns, whatever the number of rows (PERFORMANCE rule 3).

Where every round trip counts (PostgreSQL) a batch travels as one JSON text, unpacked by `json_to_recordset`. SQLite is in
our own process: there a prepared statement is run per row, at a quarter of the cost of JSON; only where fewer rows than
were given went in or changed, and which ones is asked, it unpacks JSON with `json_each` too. Columns that no row of a
batch names are no part of its statement but for their defaults, as constants.
"""

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, LargeBinary, Table, TextClause, text
from sqlalchemy.engine import Connection

from gateway.storage.types import Digest, Document, Instant, to_millis
from gateway.storage.words import Word, letter_of

Row = Mapping[str, Any]
ID = "id"
encoder = msgspec.json.Encoder()


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert all rows; a conflict is an error."""
    if rows:
        _write(connection, table, rows, "")


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Row], returning: str, key: Sequence[str] = ()
) -> set[Any]:
    """Insert those rows that violate no unique key; the `returning` values of the ones that went in.

    With `key` only a row that is there under that very key is passed over, and any other conflict is an error: an id
    that two processes drew must not pass for a redelivery.
    """
    if not rows:
        return set()
    conflict = f"ON CONFLICT ({', '.join(key)}) DO NOTHING" if key else "ON CONFLICT DO NOTHING"
    if connection.dialect.name == "sqlite" and ID in rows[0]:
        return _insert_each(connection, table, rows, conflict, returning)
    return {row[0] for row in _write_json(connection, table, rows, conflict, returning)}


def upsert(connection: Connection, table: Table, rows: Sequence[Row], changed: Sequence[str]) -> None:
    """Insert, or replace the columns `changed` where the primary key is already there."""
    if rows:
        key = ", ".join(column.name for column in table.primary_key)
        sets = ", ".join(f"{name} = excluded.{name}" for name in changed)
        _write(connection, table, rows, f"ON CONFLICT ({key}) DO UPDATE SET {sets}")


def update(
    connection: Connection, table: Table, rows: Sequence[Row], key: Sequence[str], changed: Sequence[str]
) -> set[Any]:
    """Set the columns `changed` of the rows that agree on every column of `key`; first key values that were found."""
    if not rows:
        return set()
    if connection.dialect.name == "sqlite" and _update_each(connection, table, rows, tuple(key), tuple(changed)):
        return {row[key[0]] for row in rows}
    statement = _update_sql(table, connection.dialect.name, tuple(key), tuple(changed))
    names = (*key, *changed)
    return {row[0] for row in connection.execute(statement, {"rows": _json(table, rows, names)})}


def ids_json(ids: Iterable[int | str]) -> str:
    """A list as the one parameter of `id_in`."""
    return encoder.encode(list(ids)).decode()


@cache
def id_in(dialect: str, kind: str = "bigint") -> str:
    """A subquery that lists the parameter `:ids` (made by `ids_json`); `kind` is `bigint` or `text`."""
    if dialect == "sqlite":
        return "(SELECT value FROM json_each(:ids))"
    return f"(SELECT cast(v AS {kind}) FROM json_array_elements_text(cast(:ids AS json)) AS t(v))"  # noqa: S608


@cache
def is_among(dialect: str, kind: str = "bigint") -> str:
    """A condition of each row, `= one of :ids`. A join would lose the order of an index, and with it an early end."""
    return f"IN {id_in(dialect, kind)}" if dialect == "sqlite" else f"= ANY (ARRAY{id_in(dialect, kind)})"


def apart(dialect: str) -> str:
    """Ends a subquery that PostgreSQL must ask row by row. From statistics of an empty queue it would join the whole
    queue with itself, at the moment when that has become long."""
    return "" if dialect == "sqlite" else " OFFSET 0"


def _write(connection: Connection, table: Table, rows: Sequence[Row], conflict: str) -> None:
    if connection.dialect.name != "sqlite":
        _write_json(connection, table, rows, conflict, "")
        return
    names = _named(table, rows)
    shape = _shape(table, names, "sqlite")
    connection.exec_driver_sql(_values_sql(table, names, conflict), _lines(rows, shape))


def _insert_each(connection: Connection, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> set[Any]:
    """SQLite counts what went in; only when that is less than was given it is asked which. Ids are always new ones."""
    names = _named(table, rows)
    shape = _shape(table, names, "sqlite")
    written = connection.exec_driver_sql(_values_sql(table, names, conflict), _lines(rows, shape))
    if written.rowcount == len(rows):
        return {row[returning] for row in rows}
    found = connection.execute(_there_sql(table), {"ids": ids_json(row[ID] for row in rows)})
    there = {row[0] for row in found}
    return {row[returning] for row in rows if row[ID] in there}


def _update_each(
    connection: Connection, table: Table, rows: Sequence[Row], key: tuple[str, ...], changed: tuple[str, ...]
) -> bool:
    """Whether every row was there. Where one was not, doing the same once more as JSON tells which; it changes nothing."""
    if not set(key).isdisjoint(changed):
        return False
    shape = _shape(table, (*changed, *key), "sqlite")
    return connection.exec_driver_sql(_set_sql(table, key, changed), _lines(rows, shape)).rowcount == len(rows)


def _write_json(connection: Connection, table: Table, rows: Sequence[Row], conflict: str, returning: str) -> Any:
    names = _named(table, rows)
    statement = _insert_sql(table, connection.dialect.name, names, conflict, returning)
    return connection.execute(statement, {"rows": _json(table, rows, names)})


def _named(table: Table, rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns that any of these rows gives a value for, in the table's order."""
    return _ordered(table, frozenset[str]().union(*rows))


@cache
def _ordered(table: Table, names: frozenset[str]) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name in names)


def _json(table: Table, rows: Sequence[Row], names: tuple[str, ...]) -> str:
    lines = _lines(rows, _shape(table, names, "json"))
    return encoder.encode([dict(zip(names, line, strict=True)) for line in lines]).decode()


Write = Callable[[Any], Any]
Read = Callable[[Row], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows become tuples: all named columns at once where a row has them all, then the few that are rewritten."""

    names: tuple[str, ...]
    read: Read
    writers: tuple[tuple[int, Write], ...]
    """Place of a column, and how its value is handed over."""
    defaults: tuple[Any, ...]


def _lines(rows: Sequence[Row], shape: Shape) -> list[tuple[Any, ...]]:
    return [_values(row, shape) for row in rows]


def _values(row: Row, shape: Shape) -> tuple[Any, ...]:
    try:
        found = shape.read(row)
    except KeyError:  # it leaves some columns to their defaults
        found = tuple(row.get(name, default) for name, default in zip(shape.names, shape.defaults, strict=True))
    if not shape.writers:
        return found
    values = list(found)
    for place, write in shape.writers:
        value = values[place]
        if value is not None:
            values[place] = write(value)
    return tuple(values)


def _base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


# How a value is handed over, by the type of its column; everything else goes as it is. Bytes do not fit into JSON.
WRITERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (Instant, to_millis),
    (Date, date.isoformat),
    (type(Document), lambda value: encoder.encode(value).decode()),
    (Digest, bytes.fromhex),
    (Word, letter_of),
)
JSON_WRITERS = ((Digest, lambda value: _base64(bytes.fromhex(value))), *WRITERS, (LargeBinary, _base64))
BYTES = (LargeBinary, Digest)


@cache
def _shape(table: Table, names: tuple[str, ...], target: str) -> Shape:
    """Looked up once per table and columns, not once per row."""
    known = JSON_WRITERS if target == "json" else WRITERS
    writers = [(place, _writer(table.columns[name], known)) for place, name in enumerate(names)]
    read = itemgetter(*names) if len(names) > 1 else _only(names[0])
    return Shape(
        names,
        read,
        tuple((place, write) for place, write in writers if write is not None),
        tuple(_default(table.columns[name]) for name in names),
    )


def _only(name: str) -> Read:
    return lambda row: (row[name],)


def _writer(column: Column[Any], writers: Iterable[tuple[type, Write]]) -> Write | None:
    return next((write for kind, write in writers if isinstance(column.type, kind)), None)


def _default(column: Column[Any]) -> Any:
    return getattr(column.default, "arg", None)


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
        return f"unbase64({read})" if isinstance(column.type, BYTES) else read
    if isinstance(column.type, BYTES):
        return f"decode(r.{column.name}, 'base64')"
    return f"cast(r.{column.name} AS json)" if column.type is Document else f"r.{column.name}"


def _rows(columns: Iterable[Column[Any]], dialect: str) -> str:
    if dialect == "sqlite":
        return "json_each(:rows)"
    shape = ", ".join(f"{column.name} {_postgres_type(column)}" for column in columns)
    return f"json_to_recordset(cast(:rows AS json)) AS r({shape})"


@cache
def _values_sql(table: Table, names: tuple[str, ...], conflict: str) -> str:
    """SQLite's own: a prepared statement with a place for each named column."""
    rest = _constants(table, names)
    values = ", ".join(["?"] * len(names) + list(rest.values()))
    return f"INSERT INTO {table.name} ({', '.join([*names, *rest])}) VALUES ({values}) {conflict}"  # noqa: S608


@cache
def _set_sql(table: Table, key: tuple[str, ...], changed: tuple[str, ...]) -> str:
    sets = ", ".join(f"{name} = ?" for name in changed)
    where = " AND ".join(f"{name} = ?" for name in key)
    return f"UPDATE {table.name} SET {sets} WHERE {where}"  # noqa: S608


@cache
def _there_sql(table: Table) -> TextClause:
    return text(f"SELECT {ID} FROM {table.name} WHERE {ID} IN {id_in('sqlite')}")  # noqa: S608


@cache
def _insert_sql(table: Table, dialect: str, names: tuple[str, ...], conflict: str, returning: str) -> TextClause:
    columns = [table.columns[name] for name in names]
    rest = _constants(table, names)
    values = ", ".join([*(_source(column, dialect) for column in columns), *rest.values()])
    # WHERE true: without it SQLite takes ON CONFLICT for a join condition.
    statement = (
        f"INSERT INTO {table.name} ({', '.join([*names, *rest])})"  # noqa: S608
        f" SELECT {values} FROM {_rows(columns, dialect)} WHERE true {conflict}"
    )
    return text(f"{statement} RETURNING {returning}" if returning else statement)


def _constants(table: Table, names: Iterable[str]) -> dict[str, str]:
    """The columns that are not named and have a default: name -> SQL literal."""
    rest = [column for column in table.columns if column.name not in set(names) and _default(column) is not None]
    return {column.name: _literal(_default(column)) for column in rest}


def _literal(value: str | bool | int) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).upper() if isinstance(value, bool) else str(value)


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
