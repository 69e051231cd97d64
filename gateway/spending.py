"""What a channel may send a day, and patience with crowds of new numbers: a flood must not empty the purse (SECURITY C16).

What is over the cap waits until tomorrow, nothing is dropped. Receipts for a block of numbers that all write for the first time
in one minute leave later: whoever earns by our answers (SMS pumping) gets few before somebody looks.
"""

import zlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from channels.messages import Address
from config.logging import get_logger
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

log = get_logger(__name__)
NEARLY = 0.8
MOST_NEW, WITHIN = 20, timedelta(seconds=60)
"""New numbers of one block of ten thousand within a minute; a village does not write like that."""
LATER = timedelta(minutes=10)
BLOCK_DIGITS = 4
NEW_LATELY = "SELECT count(*) FROM attempt WHERE subject = :subject AND at >= :since"
LEFT_TODAY = (
    "SELECT count(*) AS many FROM outbox WHERE channel = :channel AND created_at >= :since"
    " AND (sent_at >= :midnight OR state = 'sending' OR (state = 'unknown' AND due_at >= :midnight))"
)


def shares(tx: Transaction, names: Collection[str], limit: int) -> Iterator[tuple[Sequence[str], int]]:
    """Groups of channels, and how many messages each may hand out now: all without a cap, then each that has one."""
    channels = tx.office.channels
    capped = [name for name in names if name in channels and channels[name].messages_per_day]
    free = [name for name in names if name not in capped]
    if free:
        yield free, limit
    for name in capped:
        room = channels[name].messages_per_day - _left_today(tx, name)
        if room > 0:
            yield [name], min(limit, room)


def _left_today(tx: Transaction, name: str) -> int:
    if tx.dialect != "sqlite":
        # Two workers that count at the same moment would both fill the same room.
        tx.execute(constant("SELECT pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(f"spending:{name}".encode())})
    midnight = _midnight(tx)
    oldest = midnight - timedelta(hours=tx.office.settings.outbound.ttl_hours)
    times = {"since": to_millis(oldest), "midnight": to_millis(midnight)}
    row = tx.one(constant(LEFT_TODAY), {"channel": name, **times})
    many = int(row.many) if row else 0
    _tell(tx, name, many, midnight)
    return many


def _midnight(tx: Transaction) -> datetime:
    local = tx.office.calendar.local(tx.now)
    return tx.now - (local - local.replace(hour=0, minute=0, second=0, microsecond=0))


def _tell(tx: Transaction, name: str, many: int, midnight: datetime) -> None:
    """Once a day each: at four fifths, and when the cap is reached."""
    most = tx.office.channels[name].messages_per_day
    for reached, share in ((False, NEARLY), (True, 1.0)):
        subject = f"limit {share}:{name}"
        if many >= most * share and not _count(tx, subject, midnight):
            _note(tx, subject)
            log.warning("daily_limit_reached" if reached else "daily_limit_near", channel=name, sent=many, most=most)


def patience(tx: Transaction, sender: Address) -> timedelta:
    """How much later than usual a number that never wrote before is answered; counts it."""
    block = tx.office.keys.fingerprint(f"block:{sender.path[:-BLOCK_DIGITS]}")
    new: dict[str, int] = tx.notes.setdefault("new_numbers", {})
    if block not in new:
        # Past the rows of this transaction that wait to be written, which are counted here: a batch is written at once.
        values = {"subject": f"new:{block}", "since": to_millis(tx.now - WITHIN)}
        new[block] = int(tx.connection.execute(constant(NEW_LATELY), values).scalar_one())
    new[block] += 1
    _note(tx, f"new:{block}")
    return LATER if new[block] > MOST_NEW else timedelta(0)


def _note(tx: Transaction, subject: str) -> None:
    tx.insert(tables.attempt, id=tx.new_id(), subject=subject, at=tx.now)


def _count(tx: Transaction, subject: str, since: datetime) -> int:
    attempt = tables.attempt
    row = tx.one(select(func.count()).select_from(attempt).where(attempt.c.subject == subject, attempt.c.at >= since))
    return int(row[0]) if row else 0
