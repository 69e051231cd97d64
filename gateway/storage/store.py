"""The store: one transaction, then the bell. Services take a `Transaction` first and combine freely.

A transaction gathers the rows that services insert and writes them table by table in one statement each, before the
next read and at the end. Whatever happens, rings and live events go out only after the commit.
"""

import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Engine, Table, TextClause, text
from sqlalchemy.engine import Connection, CursorResult, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Executable

from config.logging import get_logger
from gateway.office import Office
from gateway.storage import rows, tables
from gateway.storage.engine import gave_way
from gateway.storage.types import Ids
from gateway.wording import Looking

Ring = Callable[[Iterable[str]], None]
Tell = Callable[[Sequence[Mapping[str, str]]], None]
T = TypeVar("T")
log = get_logger(__name__)
MOST_TRIES = 4
"""Of a transaction that the database ended for the sake of another one."""
ORDER = {table: position for position, table in enumerate(tables.metadata.sorted_tables)}


class Transaction:
    """One unit of work. `now` is its moment for everybody who takes part."""

    def __init__(self, connection: Connection, office: Office, now: datetime, ids: Ids) -> None:
        self.connection = connection
        self.office = office
        self.now = now
        self.dialect = connection.dialect.name
        self._ids = ids
        self._waiting: dict[Table, list[Mapping[str, Any]]] = {}
        self.rings: set[str] = set()
        self.live: list[Mapping[str, str]] = []
        self.last_step: list[Callable[[Transaction], None]] = []
        """Run once, after all else and before the commit (the audit chain locks its head as late as possible)."""
        self.afterwards: list[Callable[[], object]] = []
        """What may only be done outside the database once the commit is through (a file that is not needed any more)."""
        self.notes: dict[str, Any] = {}
        """What services remember between themselves within this transaction, by their own key."""
        self.remembered: dict[str, Any] = {}
        """The same for as long as the store lives, of what was committed; see `Store`."""

    def new_id(self) -> int:
        return self._ids.new(self.now)

    @cached_property
    def today(self) -> date:
        """The day at the place of the government; asked for each row of a batch."""
        return self.office.calendar.local(self.now).date()

    def take_turns(self, name: str) -> None:
        """Wait until no other transaction that said this name is under way. SQLite has one writer anyway."""
        if self.dialect != "sqlite":
            self.execute(constant("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(name.encode())})

    def insert(self, table: Table, **row: Any) -> None:
        """Write this row with the others of its table, at the next read or at the end."""
        self._waiting.setdefault(table, []).append(row)

    def insert_new(
        self, table: Table, new: Sequence[Mapping[str, Any]], returning: str, key: Sequence[str] = ()
    ) -> set[Any]:
        """Insert at once what conflicts with nothing (or: not on `key`); the `returning` values of what went in."""
        return rows.insert_new(self.connection, table, new, returning, key)

    def upsert(self, table: Table, new: Sequence[Mapping[str, Any]], changed: Sequence[str]) -> None:
        """Insert, or replace the columns `changed` where the primary key is there."""
        if new:
            self.flush()
            rows.upsert(self.connection, table, new, changed)

    def update(
        self, table: Table, changes: Sequence[Mapping[str, Any]], key: Sequence[str], changed: Sequence[str]
    ) -> set[Any]:
        """Change many rows in one statement; the first key's values of the rows that were there."""
        if not changes:
            return set()
        self.flush()
        return rows.update(self.connection, table, changes, key, changed)

    def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> CursorResult[Any]:
        self.flush()
        return self.connection.execute(statement, parameters or {})

    def one(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        return self.execute(statement, parameters).first()

    def all(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return self.execute(statement, parameters).all()

    def glance(self, statement: Executable) -> Sequence[Row[Any]]:
        """`all` of a table that this transaction does not write: what waits to be written stays in its batch."""
        return self.connection.execute(statement).all()

    def in_ids(self, sql: str, ids: Iterable[int | str], kind: str = "bigint", **more: Any) -> Sequence[Row[Any]]:
        """Rows of a `SELECT … WHERE x IN {ids}` for any number of ids with one constant statement."""
        self.flush()
        statement = constant(sql.format(ids=rows.id_in(self.dialect, kind)))
        return self.connection.execute(statement, {"ids": rows.ids_json(ids), **more}).all()

    def ring(self, *queues: str) -> None:
        self.rings.update(queues)

    def tell(self, **event: str) -> None:
        """Something a live page may want to show; delivered after the commit, never relied upon."""
        self.live.append(event)

    def flush(self) -> None:
        while self._waiting:
            table = min(self._waiting, key=lambda table: ORDER[table])
            rows.insert(self.connection, table, self._waiting.pop(table))

    def finish(self) -> None:
        self.flush()
        for step in self.last_step:
            step(self)
        self.flush()


STATEMENTS: dict[str, TextClause] = {}


def constant(sql: str) -> TextClause:
    """The same text is compiled once, however often it is asked for."""
    statement = STATEMENTS.get(sql)
    if statement is None:
        statement = STATEMENTS.setdefault(sql, text(sql))
    return statement


class Store:
    """Where everything is kept. Thread-safe: each transaction has a connection of its own."""

    def __init__(
        self,
        engine: Engine,
        office: Office,
        ring: Ring | None = None,
        tell: Tell | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.engine = engine
        self.office = office
        self._ring = ring
        self._tell = tell
        self._ids = ids or Ids()
        self._remembered: dict[str, Any] = {}
        """Between transactions: only what may be some seconds old, and is replaced as a whole."""
        self._one_writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def transaction(self, now: datetime | None = None) -> Iterator[Transaction]:
        """Commit at the end of the block, roll back when it raises; then ring and tell."""
        self._look_at_words()
        # Threads of one process queue here, which is fair, rather than at SQLite's lock, which is polled.
        if self._one_writer:
            self._one_writer.acquire()
        try:
            with self.engine.connect() as connection, connection.begin():
                tx = self._begun(connection, now)
                yield tx
                tx.finish()
                # kill point: store.written
        finally:
            if self._one_writer:
                self._one_writer.release()
        self._after(tx)

    def run(self, work: Callable[[Transaction], T]) -> T:
        """`work(tx)` in a transaction of its own; once more when it had to give way to another (deadlock), a few times."""
        for _ in range(MOST_TRIES - 1):
            try:
                return self._once(work)
            except DBAPIError as problem:
                if not gave_way(problem):
                    raise
                log.info("transaction_gave_way")
        return self._once(work)

    def _once(self, work: Callable[[Transaction], T]) -> T:
        with self.transaction() as tx:
            return work(tx)

    @contextmanager
    def reading(self, now: datetime | None = None) -> Iterator[Transaction]:
        """A transaction that only reads: it takes no write lock and is rolled back."""
        self._look_at_words()
        with self.engine.connect().execution_options(reading=True) as connection, connection.begin() as ending:
            yield self._begun(connection, now)
            ending.rollback()

    def _begun(self, connection: Connection, now: datetime | None) -> Transaction:
        tx = Transaction(connection, self.office, now or self.office.now(), self._ids)
        tx.remembered = self._remembered
        return tx

    def _look_at_words(self) -> None:
        """Every few seconds: whether somebody changed a text or what is sent. A database that is away, or not upgraded
        yet, changes nothing."""
        seldom = (self.office.wording, self.office.matrix, self.office.channels)
        due = [one for one in seldom if isinstance(one, Looking) and one.is_due()]
        if not due:
            return
        try:
            with self.engine.connect().execution_options(reading=True) as connection, connection.begin() as ending:
                for one in due:
                    one.take(self._begun(connection, None))
                ending.rollback()
        except DBAPIError:
            log.info("texts_not_looked_at")

    def _after(self, tx: Transaction) -> None:
        # kill point: store.committed
        for deed in tx.afterwards:
            deed()
        if tx.rings and self._ring:
            self._ring(sorted(tx.rings))
        if tx.live and self._tell:
            self._tell(tx.live)

    def close(self) -> None:
        self.engine.dispose()
