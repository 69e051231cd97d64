"""Moving what waits on one channel to another that reaches the same people, when the first one is out for long.

Only what certainly has not left is moved, message by message, in its order. Who is moved is the same contact at the same
address: a verified telephone number is one on SMS and on WhatsApp; a chat is known to the bot alone that it was begun with.
Whatever the other channel cannot carry, or must not, stays and is counted by its reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, exists, literal, select, tuple_

from channels import gsm
from channels.registry import Channel
from gateway.audit import audit
from gateway.complaints.complaint import Actor
from gateway.conversation.buttons import spelled
from gateway.outbound import channel_states, spending
from gateway.outbound.channel_states import ChannelRefused
from gateway.outbound.outbound import Buttons, lane_of
from gateway.people import contacts, windows
from gateway.people.contacts import Contact
from gateway.people.readers import SCHEMES
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import Instant

outbox = tables.outbox
REACHED: Mapping[str, tuple[str, ...]] = {"tel": (*SCHEMES["tel"], "whatsapp"), "mailto": SCHEMES["mailto"]}
"""Schemes whose addresses several channels reach -> the kinds that do."""
SCHEMES_OF = "SELECT id, scheme FROM contact WHERE id IN {ids}"
MOST = 2000
"""Once so many move no more are looked at; whoever has more presses again."""
PAGE = 2000
MARGIN = timedelta(minutes=10)
"""What is moved now leaves a little later: a window that closes meanwhile counts as closed."""
ORDER = (
    "confidential",
    "under_way",
    "anonymous",
    "no_address",
    "opted_out",
    "window",
    "buttons",
    "too_long",
    "behind",
    "more",
)
"""Why a message stays, as the screen lists it."""


@dataclass(frozen=True, slots=True)
class Look:
    """How many would move, as how many parts at which price, and how many stay for which reason."""

    moving: int = 0
    parts: int = 0
    rupiah: float = 0.0
    stays: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Move:
    """One row with the words that it has on the other channel."""

    row: Any
    contact: Contact
    words: str
    is_new: bool
    parts: int
    keeps_buttons: bool


def targets(tx: Transaction, name: str) -> Sequence[str]:
    """Channels that reach some of the same addresses."""
    source = channel_states.channel_of(tx, name)
    return [other.name for other in tx.office.channels.values() if other.name != name and _scheme(source, other)]


def ways(tx: Transaction) -> frozenset[str]:
    """The channels that another one could stand in for."""
    return frozenset(name for name in tx.office.channels if targets(tx, name))


def _scheme(source: Channel, other: Channel) -> str:
    """Of the addresses that both reach; empty when there are none."""
    if other.sender is None or not other.capabilities.sends or other.capabilities.sessions:
        return ""
    both = (scheme for scheme, kinds in REACHED.items() if source.kind in kinds and other.kind in kinds)
    return next(both, "")


def look(tx: Transaction, name: str, target: str) -> Look:
    """What waits on this channel, by what would become of it on the other one."""
    moves, stays = _sorted_out(tx, name, target)
    return _look(tx, target, moves, stays)


def _look(tx: Transaction, target: str, moves: Sequence[_Move], stays: Mapping[str, int]) -> Look:
    parts = sum(one.parts for one in moves)
    return Look(
        len(moves),
        parts,
        parts * tx.office.channels[target].price,
        {why: stays[why] for why in ORDER if stays.get(why)},
    )


def divert(tx: Transaction, name: str, target: str, reason: str, actor: Actor) -> Look:
    """Give what waits to `target`, in its order; what moved and what stayed. ChannelRefused: it reaches none of them."""
    if target not in targets(tx, name):
        raise ChannelRefused("no_target")
    reason = channel_states.reason_of(reason)
    moves, stays = _sorted_out(tx, name, target, locked=True)
    state = tables.channel_state
    standing = tx.one(select(state.c.paused_at).where(state.c.channel == name))
    for one in moves:
        _carry_out(tx, one, target, standing.paused_at if standing else None)
    moved = _look(tx, target, moves, stays)
    details = {"to": target, "messages": moved.moving, "parts": moved.parts, "stayed": sum(stays.values())}
    audit.record(tx, actor, "channel_moved", "channel", name, reason, details)
    tx.tell(kind="channel", channel=name)
    tx.tell(kind="channel", channel=target)
    tx.ring("deliver")
    return moved


def _carry_out(tx: Transaction, move: _Move, target: str, paused_at: datetime | None) -> None:
    row = move.row
    stood = max(tx.now - max(paused_at, row.planned_at), timedelta(0)) if paused_at else timedelta(0)
    # What the first channel knew of its own (message to answer, number written to) means nothing to the second.
    own = {"sent_from": "", "reply_to": "", "callback_id": "", "provider_state": ""}
    values: dict[str, Any] = {"channel": target, "lane": lane_of(target, row.contact_id), "attempts": 0, "reason": ""}
    # The time of a pause does not count, as if the channel were resumed.
    values |= {"due_at": row.planned_at, "expires_at": row.expires_at + stood, "parts": move.parts, **own}
    if not move.keeps_buttons:
        values["buttons"] = None
    if move.is_new:
        values["text_sealed"] = move.contact.seal(move.words, f"outbox:{row.id}")
    still = (outbox.c.id == row.id) & (outbox.c.state == "queued")
    tx.execute(outbox.update().where(still).values(**values))


def _sorted_out(tx: Transaction, name: str, target: str, *, locked: bool = False) -> tuple[list[_Move], Counter[str]]:
    """What moves, in order, and how many stay for which reason."""
    source, other = channel_states.channel_of(tx, name), channel_states.channel_of(tx, target)
    moves: list[_Move] = []
    stays: Counter[str] = Counter()
    held: set[str] = set()
    seen, last = 0, None
    while len(moves) < MOST and (rows := _page(tx, name, last)):
        facts = _facts(tx, source, other, rows, _free(tx, rows, locked=locked))
        for row in rows:
            why, move = _judged(tx, row, other, facts)
            if row.lane in held:
                stays[why or "behind"] += 1  # nobody reads a later message before an earlier one
            elif move is None:
                held.add(row.lane)
                stays[why] += 1
            else:
                moves.append(move)
        seen, last = seen + len(rows), rows[-1]
    stays["more"] = max(channel_states.waiting(tx, name) - seen, 0)
    return moves, stays


def _page(tx: Transaction, name: str, last: Any) -> Sequence[Any]:
    """The next of what waits, in its order, whatever will stay of it."""
    waits = channel_states.waits(name)
    if last is not None:
        waits = waits & (tuple_(outbox.c.planned_at, outbox.c.id) > tuple_(literal(last.planned_at, Instant), last.id))
    chosen = select(outbox, _confidential().label("is_secret"), _under_way().label("is_busy")).where(waits)
    return tx.all(chosen.order_by(outbox.c.planned_at, outbox.c.id).limit(PAGE))


def _free(tx: Transaction, rows: Sequence[Any], *, locked: bool) -> frozenset[int]:
    """Those of them that nobody takes meanwhile."""
    mine = frozenset(row.id for row in rows)
    if not locked:
        return mine
    still = select(outbox.c.id).where(outbox.c.id.in_(mine), outbox.c.state == "queued")
    return frozenset(row.id for row in tx.all(still.with_for_update(skip_locked=True)))


def _facts(tx: Transaction, source: Channel, other: Channel, rows: Sequence[Any], free: frozenset[int]) -> "_Facts":
    people = contacts.by_id(tx, {row.contact_id for row in rows})
    return _Facts(
        free,
        people,
        {row.id: row.scheme for row in tx.in_ids(SCHEMES_OF, people)},
        _anonymous(tx, rows) if source.kind != other.kind else frozenset(),
        _opted_out(tx, other.name, people),
        _heard(tx, other, people),
        _scheme(source, other),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was read once for all of these messages; sets of contacts, `anonymous` of complaints."""

    free: frozenset[int]
    """Messages that nobody else takes now."""
    people: Mapping[int, Contact]
    schemes: Mapping[int, str]
    anonymous: frozenset[int]
    opted_out: frozenset[int]
    heard: frozenset[int] | None
    """Who wrote to the other channel lately enough; None where that does not matter."""
    scheme: str


def _judged(tx: Transaction, row: Any, other: Channel, facts: _Facts) -> tuple[str, _Move | None]:
    contact = facts.people[row.contact_id]
    why = _why_not(row, contact, other, facts)
    if why:
        return why, None
    before = contact.open(bytes(row.text_sealed), f"outbox:{row.id}")
    has_buttons = other.capabilities.buttons or not row.buttons
    words = before if has_buttons else spelled(row.key, before, msgspec.convert(row.buttons, Buttons))
    if words is None:
        return "buttons", None
    if other.capabilities.gsm and tx.office.settings.sms.transliterate:
        words = gsm.transliterate(words)
    parts = spending.parts_of(tx, other.name, words)
    most = tx.office.settings.sms.max_segments if other.capabilities.gsm else 1
    if parts > most or (not other.capabilities.gsm and len(words) > other.capabilities.max_length):
        return "too_long", None
    return "", _Move(row, contact, words, words != before, parts, has_buttons)


def _why_not(row: Any, contact: Contact, other: Channel, facts: _Facts) -> str:
    if row.is_secret:
        return "confidential"
    if row.is_busy or row.id not in facts.free:
        return "under_way"
    if row.complaint_id in facts.anonymous:
        return "anonymous"
    if facts.schemes.get(row.contact_id) != facts.scheme or not contact.is_there(other.name):
        return "no_address"
    if row.contact_id in facts.opted_out:
        return "opted_out"
    return "window" if facts.heard is not None and row.contact_id not in facts.heard else ""


def _anonymous(tx: Transaction, rows: Sequence[Any]) -> frozenset[int]:
    """Whoever wants to stay unknown chose the medium on which they are written to."""
    complaint = tables.complaint
    about = {row.complaint_id for row in rows if row.complaint_id}
    found = select(complaint.c.id).where(complaint.c.id.in_(list(about)), complaint.c.anonymous.is_(True))
    return frozenset(row.id for row in tx.all(found)) if about else frozenset()


def _opted_out(tx: Transaction, target: str, people: Mapping[int, Contact]) -> frozenset[int]:
    dialogue = tables.dialogue
    mine = (
        (dialogue.c.channel == target) & dialogue.c.contact_id.in_(list(people)) & dialogue.c.opted_out_at.is_not(None)
    )
    return (
        frozenset(row.contact_id for row in tx.all(select(dialogue.c.contact_id).where(mine)))
        if people
        else frozenset()
    )


def _heard(tx: Transaction, other: Channel, people: Mapping[int, Contact]) -> frozenset[int] | None:
    if not other.capabilities.window_s:
        return None
    lately = tx.now - timedelta(seconds=other.capabilities.window_s) + MARGIN
    moments = windows.last_heard(tx, [(other.name, identity) for identity in people])
    return frozenset(identity for (_, identity), moment in moments.items() if moment > lately)


def _confidential() -> ColumnElement[bool]:
    complaint = tables.complaint
    about = select(complaint.c.id).where(complaint.c.id == outbox.c.complaint_id, complaint.c.confidential.is_(True))
    return and_(outbox.c.complaint_id.is_not(None), exists(about))


def _under_way() -> ColumnElement[bool]:
    """Something of the same address is being sent now: what follows it must not overtake it on another way."""
    other = outbox.alias("under_way")
    return exists(select(other.c.id).where(other.c.lane == outbox.c.lane, other.c.state == "sending"))
