"""Weight for a bench: rows of a short season copied further and further back in time, by the database alone.

The season itself is made by the services; a copy is that season again, with numbers, senders and moments of its own.
Sealed words stay sealed for the rows they were sealed for: a copy is there to be counted, listed and searched, not read.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Table, case, func, insert, literal, select, text, type_coerce

from gateway.audit.audit import HEAD
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import COUNTER_BITS, MILLISECOND, PROCESS_BITS, Instant

MOMENT_BITS = COUNTER_BITS + PROCESS_BITS
"""An id begins with its millisecond, so a moment earlier is that many milliseconds higher up in the number."""
# Table -> the column by which the rows of the season are found without reading the whole table.
COPIED: tuple[tuple[Table, str], ...] = (
    (tables.contact, "id"),
    (tables.message, "id"),
    (tables.dialogue, "contact_id"),
    (tables.complaint, "id"),
    (tables.complaint_event, "complaint_id"),
    (tables.complaint_text, "complaint_id"),
    (tables.assignment, "id"),
    (tables.clock, "id"),
    (tables.clock_segment, "id"),
    (tables.outbox, "id"),
    (tables.notice, "id"),
    (tables.dispatch_log, "id"),
    (tables.shelf, "id"),
    (tables.page_link, "complaint_id"),
    (tables.officer_action, "complaint_id"),
    (tables.officer_code, "complaint_id"),
)
# Texts that are unique: the copy's mark is put in front, and what no longer fits is cut off at the end.
UNIQUE_TEXTS = {
    ("contact", "address_hash"): 32,
    ("message", "external_id"): 200,
    ("complaint_event", "key"): 80,
    ("page_link", "token_hash"): 64,
    ("officer_action", "id_hash"): 64,
}
AT_THE_END = ("id", "created_at", "received_at")
"""An index of nothing else gets every new row behind all others, and no later change."""
PREFIX_OF_NUMBER = 4
"""`ADU-` of a ticket number gives way to `K` and the number of the copy."""


@dataclass(frozen=True, slots=True)
class Season:
    """What is copied: everything with an id from `first` on, before `end`; and lines of the audit log."""

    first: int
    end: int
    first_line: int
    last_line: int


def begin(tx: Transaction) -> Season:
    """The season begins with the next id; `end` closes it."""
    return Season(tx.new_id(), 0, _last_line(tx) + 1, 0)


def end(tx: Transaction, begun: Season) -> Season:
    return Season(begun.first, tx.new_id(), begun.first_line, _last_line(tx))


def copy(tx: Transaction, season: Season, number: int, back: timedelta) -> None:
    """The season once more, `back` earlier, as copy `number` (1, 2, …). `back` is longer than the season."""
    shift = Shift(season, number, back // MILLISECOND)
    for table, found_by in COPIED:
        _copy(tx, table, table.c[found_by], shift)
    _copy_lines(tx, season, shift)


@dataclass(frozen=True, slots=True)
class Shift:
    season: Season
    number: int
    millis: int

    def moved(self, column: Column[Any]) -> Any:
        """The value of a column in the copy."""
        length = UNIQUE_TEXTS.get((column.table.name, column.name))
        if length:
            return func.substr(literal(f"{self.number:04x}").concat(column), 1, length)
        if (column.table.name, column.name) == ("complaint", "number"):
            return literal(f"K{self.number}").concat(func.substr(column, PREFIX_OF_NUMBER))
        if isinstance(column.type, Instant):
            return type_coerce(column, BigInteger) - self.millis
        if isinstance(column.type, BigInteger) and (column.name == "id" or column.name.endswith("_id")):
            # Officers and agencies were there before the season: who they are does not move.
            return case((column >= self.season.first, column - (self.millis << MOMENT_BITS)), else_=column)
        return column


def _copy(tx: Transaction, table: Table, found_by: Column[Any], shift: Shift) -> None:
    chosen = select(*(shift.moved(column) for column in table.columns)).where(
        found_by >= shift.season.first, found_by < shift.season.end
    )
    chosen = chosen.order_by(found_by)  # as they came, so that indexes fill as they do in life
    if table is tables.dialogue:  # its key begins with the channel
        chosen = chosen.where(table.c.channel.in_(list(tx.office.channels)))
    tx.execute(insert(table).from_select([column.name for column in table.columns], chosen))


def settle(tx: Transaction) -> None:
    """Build anew what life fills at its end and copies fill in the middle, before the season that was there first: there
    PostgreSQL leaves every page of an index half empty. All others stay as full as they became."""
    if tx.dialect == "sqlite":
        return
    for table, _ in COPIED:
        for name, columns in _indexes(table):
            if table is not tables.shelf and columns.issubset(AT_THE_END):  # put away is in no order of ids
                tx.execute(text(f'REINDEX INDEX "{name}"'))


def _indexes(table: Table) -> list[tuple[str, set[str]]]:
    """Name and columns of each."""
    keys = [(f"pk_{table.name}", {column.name for column in table.primary_key})]
    return keys + [(str(index.name), {column.name for column in index.columns}) for index in table.indexes]


def _copy_lines(tx: Transaction, season: Season, shift: Shift) -> None:
    """Lines of the audit log go on at its end; their hashes are those of the originals and prove nothing."""
    audit, head = tables.audit, tables.audit_head
    later = _last_line(tx) - season.first_line + 1
    moved = [audit.c.seq + later if column is audit.c.seq else shift.moved(column) for column in audit.columns]
    lines = select(*moved).where(audit.c.seq >= season.first_line, audit.c.seq <= season.last_line)
    tx.execute(insert(audit).from_select([column.name for column in audit.columns], lines))
    tx.execute(head.update().where(head.c.name == HEAD).values(seq=_last_line(tx)))


def _last_line(tx: Transaction) -> int:
    row = tx.one(select(func.max(tables.audit.c.seq)))
    return int(row[0] or 0) if row else 0
