"""Tries that are limited: how many failed within a span, also when many try at the same moment (SECURITY C11).

On PostgreSQL a try that is about to be judged takes advisory locks on what it is counted under, so that the next one
counts it. Whoever has no tries left is turned away before any lock: a stranger can hold up others no more often than
they may guess. SQLite has one writer anyway.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

KEPT_FOR = timedelta(days=1)
AT_ONCE = 100
"""As many tries as can be under way at once (PostgreSQL's `max_connections`): further off nobody waits for the others."""
FAILED_SINCE = "SELECT count(*) FROM attempt WHERE subject = :subject AND at > :since"
ALONE, BESIDE_OTHERS = "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many failures of one subject within a span; `most` 0 = no limit."""

    subject: str
    span: timedelta
    most: int


def left(tx: Transaction, limits: Iterable[Limit]) -> int:
    """How many more tries may fail; 1 where nothing is limited."""
    return min((_room(tx, limit) for limit in limits if limit.most), default=1)


def begin(tx: Transaction, limits: Sequence[Limit]) -> int:
    """How many tries may fail, for one that is judged now: exact until the end of the transaction. 0 = do not judge."""
    limits = [limit for limit in limits if limit.most]
    room = left(tx, limits)
    if room <= 0 or tx.dialect == "sqlite":
        return max(room, 0)
    _hold(tx, limits)
    return max(left(tx, limits), 0)


def failed(tx: Transaction, limits: Iterable[Limit]) -> None:
    """Count a failure."""
    for limit in limits:
        tx.insert(tables.attempt, id=tx.new_id(), subject=limit.subject, at=tx.now)


def free_at(tx: Transaction, limits: Iterable[Limit]) -> datetime:
    """When one may try again; now while nothing is used up."""
    moments = [tx.now]
    attempt = tables.attempt
    for limit in limits:
        if not limit.most:
            continue
        recent = (attempt.c.subject == limit.subject) & (attempt.c.at > tx.now - limit.span)
        failures = tx.all(select(attempt.c.at).where(recent).order_by(attempt.c.at.desc()).limit(limit.most))
        if len(failures) == limit.most:
            moments.append(failures[-1].at + limit.span)
    return max(moments)


def forget_old(tx: Transaction) -> int:
    attempt = tables.attempt
    return tx.execute(attempt.delete().where(attempt.c.at < tx.now - KEPT_FOR)).rowcount


def _room(tx: Transaction, limit: Limit) -> int:
    row = tx.one(constant(FAILED_SINCE), {"subject": limit.subject, "since": to_millis(tx.now - limit.span)})
    return limit.most - (int(row[0]) if row else 0)


def _hold(tx: Transaction, limits: Iterable[Limit]) -> None:
    # In one order everywhere: two tries with the same subjects must not wait for each other.
    for limit in sorted(limits, key=_key):
        if _room(tx, limit) > AT_ONCE:
            _lock(tx, BESIDE_OTHERS, limit)
        if _room(tx, limit) <= AT_ONCE:
            _lock(tx, ALONE, limit)


def _lock(tx: Transaction, how: str, limit: Limit) -> None:
    tx.execute(constant(f"SELECT {how}(:key)"), {"key": _key(limit)})


def _key(limit: Limit) -> int:
    return int.from_bytes(hashlib.sha256(limit.subject.encode()).digest()[:8], signed=True)
