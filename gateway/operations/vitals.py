"""Signs of life and common figures: which processes live, what all of them counted, when the last backup was made.

Each process counts in its own memory and adds what is new to the database every few seconds; so a figure never goes
back when a process ends, and every web process tells the same (docs/metrics.md).
"""

import os
import socket
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version

from sqlalchemy import func, select

from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.storage import tables
from gateway.storage.store import Transaction

BEAT_S = 15.0
LIVES_FOR = timedelta(seconds=60)
"""A process that has not been heard of for so long counts as gone."""
FORGOTTEN_AFTER = timedelta(days=1)
BACKUP = "backup_last_timestamp"
AUDIT_BROKEN, AUDIT_SEEN = "audit_broken_line", "audit_checked_line"
CALLS = "forward_call_seconds"
CALLS_WITHIN_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Calls of systems of record, whose platform may take a minute to say no."""
AUDIT_LINES = 1_000
"""Of the audit chain per look; all of it is walked again and again."""


def sample(name: str, **labels: str) -> str:
    """`sends_total|channel=sms|outcome=sent`: a figure's name in the database."""
    return "|".join([name, *(f"{key}={value}" for key, value in labels.items())])


def read_sample(name: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The inverse of `sample`: name and labels."""
    first, *rest = name.split("|")
    return first, tuple((key, value) for key, _, value in (part.partition("=") for part in rest))


def within(seconds: float, bounds: Sequence[float]) -> str:
    """The bound as Prometheus writes it; +Inf for what took longer than all."""
    return next((f"{bound:g}" for bound in bounds if seconds <= bound), "+Inf")


@dataclass(slots=True)
class Counted:
    """What one process counted and has not yet added to the figures of all."""

    waiting: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, labels: Mapping[str, str], many: int = 1) -> None:
        if many:
            self.waiting[sample(name, **labels)] += many

    def took(self, name: str, labels: Mapping[str, str], seconds: float, bounds: Sequence[float]) -> None:
        """One more that lasted so long: `le`, the least of the bounds that it fits into, and its milliseconds."""
        self.add(name, {**labels, "le": within(seconds, bounds)})
        self.add(f"{name}_ms", labels, round(seconds * 1000))

    def take(self) -> Counter[str]:
        taken, self.waiting = self.waiting, Counter()
        return taken

    def give_back(self, taken: Mapping[str, int]) -> None:
        self.waiting.update(taken)


@dataclass(frozen=True, slots=True)
class Self:
    """This process among all. `role`: web, clock, listen, or the queues of a worker."""

    role: str
    started_at: datetime
    name: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}")


def beat(tx: Transaction, me: Self, counted: Mapping[str, int]) -> None:
    """Say that this process lives, and add what it counted since the last time."""
    process = tables.process
    row = {"name": me.name, "role": me.role[:60], "version": version("satupintu"), "started_at": me.started_at}
    tx.upsert(process, [{**row, "beat_at": tx.now}], ["beat_at"])
    # In one order everywhere, so that two processes never wait for each other's rows.
    for name in sorted(counted):
        add(tx, name, counted[name])


def add(tx: Transaction, name: str, many: int) -> None:
    """Let a figure grow; it begins at 0."""
    figure = tables.figure
    tx.insert_new(figure, [{"name": name, "value": 0, "at": tx.now}], "name")
    tx.execute(figure.update().where(figure.c.name == name).values(value=figure.c.value + many, at=tx.now))


def keep(tx: Transaction, name: str, value: int) -> None:
    """Set a figure that is no sum."""
    tx.upsert(tables.figure, [{"name": name, "value": value, "at": tx.now}], ["value", "at"])


def kept(tx: Transaction, *names: str) -> dict[str, int]:
    """Those of these figures that are there."""
    figure = tables.figure
    return {row.name: row.value for row in tx.all(select(figure).where(figure.c.name.in_(names)))}


def figures(tx: Transaction) -> dict[str, int]:
    return {row.name: row.value for row in tx.all(select(tables.figure))}


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    role: str
    version: str
    lives: bool
    beat_at: datetime


def processes(tx: Transaction) -> list[Process]:
    """Everybody who was heard of within a day."""
    process = tables.process
    rows = tx.all(select(process).order_by(process.c.role, process.c.started_at))
    return [Process(row.name, row.role, row.version, tx.now - row.beat_at <= LIVES_FOR, row.beat_at) for row in rows]


def leave(tx: Transaction, me: Self) -> None:
    """An orderly end: nobody has to wait for this process to be missed."""
    tx.execute(tables.process.delete().where(tables.process.c.name == me.name))


def forget_dead(tx: Transaction) -> int:
    process = tables.process
    return tx.execute(process.delete().where(process.c.beat_at < tx.now - FORGOTTEN_AFTER)).rowcount


def note_backup(tx: Transaction, action: str, details: Mapping[str, object], made_at: datetime | None) -> None:
    """A backup was made at `made_at`, or put back (None): for the record, and for the alarm on old backups."""
    audit.record(tx, SYSTEM, action, "backup", details=details)
    if made_at is not None:
        keep(tx, BACKUP, int(made_at.timestamp()))


def watch_audit(tx: Transaction) -> int:
    """Walk a further piece of the audit chain; where it ends, begin anew. The first bad line, 0 while it is whole."""
    before = kept(tx, AUDIT_SEEN, AUDIT_BROKEN)
    begin = audit.begins_at(tx)
    since, told = max(before.get(AUDIT_SEEN, 0) + 1, begin), before.get(AUDIT_BROKEN, 0)
    verdict = audit.verify(tx, since=since, until=since + AUDIT_LINES - 1)
    broken = verdict.seq if verdict.problem else _cut_at(tx)
    # A bad line stays told until the very place where it was is found whole again; where the chain begins is looked at
    # each time.
    is_mended = since <= told < since + verdict.lines or 0 < told < begin
    if broken or is_mended or AUDIT_BROKEN not in before:
        keep(tx, AUDIT_BROKEN, broken)
    keep(tx, AUDIT_SEEN, since + verdict.lines - 1 if verdict.lines == AUDIT_LINES else 0)
    return broken if broken or is_mended else told


def _cut_at(tx: Transaction) -> int:
    """Where the chain ends before its last signed checkpoint; 0 where it does not."""
    checkpoint, head = tables.audit_checkpoint, tables.audit_head
    signed = tx.one(select(func.max(checkpoint.c.seq)))
    end = tx.one(select(head.c.seq).where(head.c.name == audit.HEAD))
    return end.seq + 1 if signed and end and signed[0] and signed[0] > end.seq else 0
