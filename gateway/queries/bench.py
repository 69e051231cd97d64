"""What a bench has to know of the database: what arrived, what is doubled, what waits, how large it is, how it is read."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Connection

from gateway.storage import tables
from gateway.storage.store import Store, Transaction

CHUNK = 20_000
READ_OR_CHANGED = ("SELECT", "UPDATE", "WITH")
RECEIPT = "rx.receipt"
FOUND = "SELECT count(*) AS many FROM message WHERE external_id IN {ids} AND channel = :channel"
# Everybody in a bench writes one message, so two of anything for one of them is one too many.
DOUBLED = (
    "SELECT count(*) FROM (SELECT 1 FROM message GROUP BY channel, external_id HAVING count(*) > 1) AS t",
    "SELECT count(*) FROM (SELECT 1 FROM complaint GROUP BY contact_id HAVING count(*) > 1) AS t",
)
# A receipt is one message or several, the same number for everybody on a channel.
RECEIPTS = (
    "SELECT channel, parts, count(*) AS many FROM (SELECT channel, count(*) AS parts FROM outbox"  # noqa: S608
    f" WHERE key = '{RECEIPT}' GROUP BY channel, complaint_id) AS t GROUP BY channel, parts ORDER BY parts"
)
LARGE = ("complaint", "message", "complaint_event", "outbox")
"""Tables that grow with every complaint: no list and no queue may read one of them whole."""
PARTIAL = frozenset(
    str(index.name)
    for table in tables.metadata.sorted_tables
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be done: messages to people, complaints to be read by the classifier, notices to be written."""

    queued: int
    sending: int
    unread: int
    notices: int

    @property
    def anything(self) -> bool:
        return bool(self.queued or self.sending or self.unread or self.notices)


def found(tx: Transaction, channel: str, external_ids: Sequence[str]) -> int:
    """How many of these messages have a row."""
    chunks = [external_ids[at : at + CHUNK] for at in range(0, len(external_ids), CHUNK)]
    return sum(int(tx.in_ids(FOUND, chunk, "text", channel=channel)[0].many) for chunk in chunks)


def doubled(tx: Transaction) -> int:
    """Messages with two rows, senders with two complaints, complaints with two receipts."""
    usual: dict[str, int] = {}
    receipts = sum(row.many for row in tx.all(text(RECEIPTS)) if row.parts > usual.setdefault(row.channel, row.parts))
    return sum(_count(tx, statement) for statement in DOUBLED) + int(receipts)


def rows(tx: Transaction) -> dict[str, int]:
    """How many messages, complaints and receipts there are, and how many calls were put aside."""
    wanted = {
        "message": "SELECT count(*) FROM message",
        "complaint": "SELECT count(*) FROM complaint",
        "receipt": f"SELECT count(*) FROM outbox WHERE key = '{RECEIPT}'",  # noqa: S608
        "quarantine": "SELECT count(*) FROM quarantine",
    }
    return {name: _count(tx, statement) for name, statement in wanted.items()}


def waiting(tx: Transaction, ready_before: datetime) -> Waiting:
    """What is due before `ready_before` and not done; what is planned for later is not waited for."""
    outbox, complaint, notice = tables.outbox.c, tables.complaint.c, tables.notice.c
    due = outbox.planned_at <= ready_before

    def many(column: Any, *conditions: Any) -> int:
        row = tx.one(select(func.count(column)).where(*conditions))
        return int(row[0]) if row else 0

    return Waiting(
        queued=many(outbox.id, outbox.state == "queued", due),
        sending=many(outbox.id, outbox.state == "sending"),
        unread=many(complaint.id, complaint.suggestion_state.in_(("queued", "working"))),
        notices=many(notice.id, notice.state.in_(("queued", "working")), notice.due_at <= ready_before),
    )


def outcomes(tx: Transaction) -> dict[str, int]:
    """Messages to people by state."""
    outbox = tables.outbox.c
    counted = tx.all(select(outbox.state, func.count().label("many")).group_by(outbox.state))
    return {row.state: int(row.many) for row in counted}


def last_receipt_sent_at(tx: Transaction) -> datetime | None:
    """When the last receipt was handed to its channel."""
    outbox = tables.outbox.c
    row = tx.one(select(func.max(outbox.sent_at).label("moment")).where(outbox.key == RECEIPT))
    return row.moment if row else None


def receipts_not(tx: Transaction, states: Collection[str]) -> int:
    """Receipts in any other state than these."""
    outbox = tables.outbox.c
    row = tx.one(select(func.count(outbox.id)).where(outbox.key == RECEIPT, outbox.state.not_in(states)))
    return int(row[0]) if row else 0


def example(tx: Transaction) -> Any:
    """The newest complaint that was brought to its end: id, number, agency."""
    complaint = tables.complaint.c
    closed = select(complaint.id, complaint.number, complaint.agency).where(complaint.closed_at.is_not(None))
    return tx.one(closed.order_by(complaint.id.desc()).limit(1))


def middle(tx: Transaction) -> datetime:
    """Half-way between the first complaint and the last."""
    created = tables.complaint.c.created_at
    row = tx.one(select(func.min(created).label("first"), func.max(created).label("last")))
    assert row is not None  # noqa: S101 - an aggregate always answers
    first, last = row.first, row.last
    between: datetime = first + (last - first) / 2
    return between


def size_bytes(tx: Transaction) -> int:
    """The whole database, indexes included; on SQLite what a copy without its free pages would take."""
    if tx.dialect != "sqlite":
        return _count(tx, "SELECT pg_database_size(current_database())")
    pages = _count(tx, "PRAGMA page_count") - _count(tx, "PRAGMA freelist_count")
    return pages * _count(tx, "PRAGMA page_size")


def _count(tx: Transaction, statement: str) -> int:
    row = tx.one(text(statement))
    return int(row[0]) if row else 0


@dataclass(slots=True)
class Watch:
    """The statements that ran while it watched. Seconds are by `timer`."""

    timer: Callable[[], float]
    sql_s: float = 0.0
    commit_began: float = 0.0
    statements: list[tuple[str, Any]] = field(default_factory=list)
    _began: float = 0.0

    def before(
        self, _connection: Connection, _cursor: Any, statement: str, parameters: Any, _: Any, many: bool
    ) -> None:
        if not many and statement.startswith(READ_OR_CHANGED):
            self.statements.append((statement, parameters))
        self._began = self.timer()

    def after(self, *_: Any) -> None:
        self.sql_s += self.timer() - self._began

    def commits(self, _connection: Connection) -> None:
        self.commit_began = self.timer()


@contextmanager
def watching(store: Store, timer: Callable[[], float]) -> Iterator[Watch]:
    """Sees every statement of this store; one thread only."""
    watch = Watch(timer)
    listeners = (
        ("before_cursor_execute", watch.before),
        ("after_cursor_execute", watch.after),
        ("commit", watch.commits),
    )
    for name, listener in listeners:
        event.listen(store.engine, name, listener)
    try:
        yield watch
    finally:
        for name, listener in listeners:
            event.remove(store.engine, name, listener)


def plan(tx: Transaction, statement: str, parameters: Any) -> list[str]:
    """How the database reads for a statement: one line per step."""
    explain = "EXPLAIN QUERY PLAN" if tx.dialect == "sqlite" else "EXPLAIN"
    found = tx.connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return [str(row[-1]).strip() for row in found]


def whole_tables(statement: str, steps: Sequence[str]) -> list[str]:
    """The large tables that a plan reads from end to end, be it along an index."""
    return [table for table in LARGE if any(_reads_whole(step, table, statement) for step in steps)]


def _reads_whole(step: str, table: str, statement: str) -> bool:
    if not step.startswith("SCAN"):
        return f"Seq Scan on {table} " in f"{step} "
    # SQLite names the alias. A walk along an index ends early under a limit; a partial index holds what is open only.
    named = re.findall(rf"\b{table}\s+(?:AS\s+)?(\w+)", statement, re.IGNORECASE)
    if step.split()[1] not in {table, *named}:
        return False
    if "INDEX" not in step:  # SQLite keeps a table in the order of its ids
        return not ("LIMIT" in statement and re.search(r"ORDER BY (\w+\.)?id\b", statement))
    return not ("LIMIT" in statement or step.rsplit(maxsplit=1)[-1] in PARTIAL)


def empty(store: Store) -> None:
    """Nothing is left of what a bench filled; the schema has to be made anew. PostgreSQL only."""
    with store.transaction() as tx:
        for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            tx.execute(text(statement))


def analyse(store: Store) -> None:
    """What autovacuum does sooner or later on PostgreSQL; SQLite goes without, as the product does."""
    if store.engine.dialect.name != "sqlite":
        with store.transaction() as tx:
            tx.execute(text("ANALYZE"))
