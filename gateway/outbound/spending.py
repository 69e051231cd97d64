"""What a channel may send and spend, and patience with crowds of new numbers: a flood must not empty the purse (SECURITY C16).

What is over a cap waits until tomorrow, or until the next month, nothing is dropped; people are told by `gateway.outbound.costs`. Receipts for a block of numbers that all write for the first time
in one minute leave later: whoever earns by our answers (SMS pumping) gets few before somebody looks.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from channels import gsm
from channels.messages import Address
from channels.registry import Channel
from config.logging import get_logger
from gateway.queries import channel_costs
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

log = get_logger(__name__)
NEARLY = 0.8
MOST_NEW, WITHIN = 20, timedelta(seconds=60)
"""New numbers of one block of ten thousand within a minute; a village does not write like that."""
LATER = timedelta(minutes=10)
BLOCK_DIGITS = 4
NEW_LATELY = "SELECT subject, count(*) AS many FROM attempt WHERE subject IN {ids} AND at >= :since GROUP BY subject"
LEFT_TODAY = (
    "SELECT count(*) AS many, coalesce(sum(parts), 0) AS parts FROM outbox WHERE channel = :channel AND created_at >= :since"
    " AND (sent_at >= :midnight OR state = 'sending' OR (state = 'unknown' AND due_at >= :midnight))"
)


def share(tx: Transaction, name: str, wanted: int) -> int:
    """How many of `wanted` messages this channel may hand out now."""
    channel = tx.office.channels.get(name)
    if wanted <= 0 or channel is None or not _is_capped(channel):
        return wanted
    messages, parts = _left_today(tx, channel)
    rooms = [wanted]
    if channel.messages_per_day:
        rooms.append(channel.messages_per_day - messages)
    if channel.rupiah_per_day:
        rooms.append(_affordable(tx, channel, channel.rupiah_per_day - parts * channel.price))
    if channel.rupiah_per_month:
        before = channel_costs.spent_before_today(tx, name) / channel_costs.MILLI
        rooms.append(_affordable(tx, channel, channel.rupiah_per_month - before - parts * channel.price))
    return max(min(rooms), 0)


def _is_capped(channel: Channel) -> bool:
    return bool(channel.messages_per_day or channel.rupiah_per_day or channel.rupiah_per_month)


def _affordable(tx: Transaction, channel: Channel, rupiah: float) -> int:
    """How many messages of any length so much pays for; the last of a purse may be longer than what is left of it."""
    parts = int(rupiah // channel.price) if channel.price else 0
    most = tx.office.settings.sms.max_segments if channel.capabilities.gsm else 1
    return max(parts // most, 1) if parts > 0 else 0


def parts_of(tx: Transaction, name: str, words: str) -> int:
    """As how many messages this text is billed."""
    channel = tx.office.channels.get(name)
    if channel is None or not channel.capabilities.gsm:
        return 1
    return gsm.count(words, tx.office.settings.sms.ref_bits).segments


def _left_today(tx: Transaction, channel: Channel) -> tuple[int, int]:
    """Messages and parts."""
    name = channel.name
    # Two workers that count at the same moment would both fill the same room.
    tx.take_turns(f"spending:{name}")
    midnight = channel_costs.begins(tx, tx.today)
    times = {"since": to_millis(channel_costs.since(tx, name, tx.today)), "midnight": to_millis(midnight)}
    row = tx.one(constant(LEFT_TODAY), {"channel": name, **times})
    many, parts = (int(row.many), int(row.parts)) if row else (0, 0)
    if channel.messages_per_day:
        _tell(tx, name, many, midnight)
    return many, parts


def _tell(tx: Transaction, name: str, many: int, midnight: datetime) -> None:
    """Once a day each: at four fifths, and when the cap is reached."""
    most = tx.office.channels[name].messages_per_day
    for reached, share in ((False, NEARLY), (True, 1.0)):
        subject = f"limit {share}:{name}"
        if many >= most * share and not _count(tx, subject, midnight):
            _note(tx, subject)
            log.warning("daily_limit_reached" if reached else "daily_limit_near", channel=name, sent=many, most=most)


def count_new(tx: Transaction, senders: Iterable[Address]) -> None:
    """Look up once for a batch how many of its blocks wrote lately for the first time; `patience` counts on."""
    known = _new_numbers(tx)
    asked = {_block(tx, sender) for sender in senders} - known.keys()
    if asked:
        rows = tx.in_ids(NEW_LATELY, asked, "text", since=to_millis(tx.now - WITHIN))
        known.update(dict.fromkeys(asked, 0) | {row.subject: row.many for row in rows})


def patience(tx: Transaction, sender: Address) -> timedelta:
    """How much later than usual a number that never wrote before is answered; counts it."""
    block, known = _block(tx, sender), _new_numbers(tx)
    if block not in known:
        count_new(tx, [sender])
    known[block] += 1
    _note(tx, block)
    return LATER if known[block] > MOST_NEW else timedelta(0)


def _new_numbers(tx: Transaction) -> dict[str, int]:
    """Block -> new numbers of it within the last minute, those of this transaction included."""
    known: dict[str, int] = tx.notes.setdefault("new_numbers", {})
    return known


def _block(tx: Transaction, sender: Address) -> str:
    return f"new:{tx.office.keys.fingerprint(f'block:{sender.path[:-BLOCK_DIGITS]}')}"


def _note(tx: Transaction, subject: str) -> None:
    tx.insert(tables.attempt, id=tx.new_id(), subject=subject, at=tx.now)


def _count(tx: Transaction, subject: str, since: datetime) -> int:
    attempt = tables.attempt
    row = tx.one(select(func.count()).select_from(attempt).where(attempt.c.subject == subject, attempt.c.at >= since))
    return int(row[0]) if row else 0
