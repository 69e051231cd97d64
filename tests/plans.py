"""How SQLite reads for every statement that a test causes: none may read one of the four large tables from end to end.

`watched` sees all statements of this process, whoever sends them. SQLite keeps no statistics for the product, so a plan
depends on the statement alone: each is explained once. PostgreSQL plans by size; tests/queries/test_plans.py forces it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from gateway.queries.bench import whole_tables
from gateway.storage.store import Store

EXPLAINED = ("SELECT", "UPDATE", "DELETE", "WITH", "INSERT")
MIGRATING = "_alembic_tmp_"
"""A table that is there while a migration copies another one; the first test of a process may begin with those."""
# What tests themselves ask, to look at everything there is.
ALLOWED = frozenset(
    {
        "SELECT count(*) AS count_1 FROM complaint WHERE complaint.number IS NOT NULL",
        "SELECT message.external_id FROM message",
        'SELECT outbox.channel, outbox."key" FROM outbox',
    }
)
KNOWN: set[str] = set()
"""Statements of this process that are found to be good."""


@dataclass
class Asked:
    """Statements that were sent and are not known yet, with the engine and the parameters of the first time."""

    statements: dict[str, tuple[Engine, Any]] = field(default_factory=dict)

    def note(self, connection: Connection, _: Any, statement: str, parameters: Any, __: Any, many: bool) -> None:
        if connection.dialect.name != "sqlite" or statement in KNOWN or MIGRATING in statement:
            return
        if statement.startswith(EXPLAINED):
            self.statements.setdefault(statement, (connection.engine, parameters[0] if many else parameters))

    def whole(self) -> dict[str, list[str]]:
        """Statement -> its plan, for those that read a large table whole."""
        found: dict[str, list[str]] = {}
        engines = {engine for engine, _ in self.statements.values()}
        for engine in engines:
            mine = {text: given for text, (whose, given) in self.statements.items() if whose is engine}
            with engine.connect().execution_options(reading=True) as connection:
                for statement, given in mine.items():
                    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
                    steps = [str(row[-1]) for row in rows]
                    if whole_tables(statement, steps) and " ".join(statement.split()) not in ALLOWED:
                        found[statement] = steps
            engine.dispose()
        KNOWN.update(self.statements.keys() - found.keys())
        return found


@contextmanager
def statements(store: Store, *begins: str) -> Iterator[list[tuple[str, Any]]]:
    """Everything that this store is asked inside, with its parameters; where words are named, what begins with them."""
    found: list[tuple[str, Any]] = []

    def note(_: Connection, __: object, statement: str, parameters: object, *___: object) -> None:
        if statement.lstrip().upper().startswith(begins or ""):
            found.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


@contextmanager
def watched() -> Iterator[Asked]:
    """Everything that is asked inside."""
    asked = Asked()
    event.listen(Engine, "before_cursor_execute", asked.note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", asked.note)
