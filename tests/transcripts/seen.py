"""What a transcript's expectations look at: columns, rows, clocks, the log of what was said. Each makes a check."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from gateway.complaints.sla import Clock
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing import clocks
from tests.transcripts.reading import ZONE
from tests.transcripts.replay import Check, Replay


def every(*checks: Check) -> Check:
    def check(replay: Replay) -> None:
        for one in checks:
            one(replay)

    return check


def row_of(tx: Transaction, number: str) -> Any:
    complaint = tables.complaint
    row = tx.one(select(complaint).where(complaint.c.number == number))
    assert row is not None, f"no {number}"
    return row


def has(number: str, **columns: object) -> Check:
    """Columns of a complaint as they are now."""

    def check(replay: Replay) -> None:
        with replay.town.store.reading() as tx:
            row = row_of(tx, number)._asdict()
        assert {name: row[name] for name in columns} == columns

    return check


def complaints(count: int) -> Check:
    def check(replay: Replay) -> None:
        with replay.town.store.reading() as tx:
            assert counted(tx, tables.complaint.c.number.is_not(None)) == count

    return check


def counted(tx: Transaction, where: "ColumnElement[bool]") -> int:
    row = tx.one(select(func.count()).where(where))
    return int(row[0]) if row else 0


def never_said(words: str) -> Check:
    def check(replay: Replay) -> None:
        assert [sent.text for sent in replay.town.sent if words in sent.text] == []

    return check


def said_once(words: str) -> Check:
    def check(replay: Replay) -> None:
        assert len([sent for sent in replay.town.sent if words in sent.text]) == 1

    return check


def skipped(key: str, code: str) -> Check:
    """The dispatch log says why nobody was told."""

    def check(replay: Replay) -> None:
        log = tables.dispatch_log
        with replay.town.store.reading() as tx:
            rows = tx.all(select(log.c.skip, log.c.outbox_id).where(log.c.key == key))
        assert [(row.skip, row.outbox_id) for row in rows] == [(code, None)]

    return check


def clock(number: str, name: Clock, look: Callable[[clocks.Kept], bool]) -> Check:
    """The newest clock of this name."""

    def check(replay: Replay) -> None:
        with replay.town.store.reading() as tx:
            kept = [one for one in clocks.read(tx, row_of(tx, number).id) if one.running.rule.clock is name]
        assert kept, f"no clock {name}"
        assert look(kept[-1]), kept[-1]

    return check


def actions(number: str, look: Callable[[Sequence[str]], bool]) -> Check:
    """The actions of the history, oldest first."""

    def check(replay: Replay) -> None:
        event = tables.complaint_event
        with replay.town.store.reading() as tx:
            mine = event.c.complaint_id == row_of(tx, number).id
            done = [row.action for row in tx.all(select(event.c.action).where(mine).order_by(event.c.seq))]
        assert look(done), done

    return check


def suggested(number: str, **values: object) -> Check:
    def check(replay: Replay) -> None:
        with replay.town.store.reading() as tx:
            suggestion = row_of(tx, number).suggestion
        assert {name: suggestion[name] for name in values} == values

    return check


def local(moment: datetime | None) -> date | None:
    return moment.astimezone(ZONE).date() if moment else None


def is_running(kept: clocks.Kept) -> bool:
    return kept.running.stopped_at is None
