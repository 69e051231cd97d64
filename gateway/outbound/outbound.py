"""Messages towards people: say, claim, settle. One lane per channel and address; outcomes move forward only.

Source: ARCHITECTURE § 2 (order, outcomes), docs/channels/README.md § 4.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import and_, select

from channels.messages import Address, Button, DeliveryStatus, OutboundMessage
from config.logging import get_logger
from gateway.outbound import lane_heads, nobody_there, sent_parts, spending, stop_links, stops
from gateway.outbound.delivery_reports import AS_TEMPLATE, ID_PREFIX, RECEIPTS, RESENT, match_early
from gateway.people import contacts, further_addresses, windows
from gateway.people.contacts import Contact
from gateway.privacy.privacy import masked_text
from gateway.queries import channel_costs
from gateway.sealing import Keys
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.rows import id_in, ids_json
from gateway.storage.store import Transaction, constant
from gateway.storage.types import id_text, to_millis

log = get_logger(__name__)
Buttons = tuple[tuple[Button, ...], ...]
CARRIED = (
    "id", "fence", "channel", "lane", "contact_id", "attempts", "created_at", "expires_at", "due_at", "text_sealed", "buttons",
    "sent_from", "reply_to", "callback_id", "key", "complaint_id", "provider_state", "direct",
)  # fmt: skip
SETTLED = ("state", "provider_id", "reason", "last_error", "attempts", "due_at", "sent_at", "lease_until")
TYPED = frozenset({"ask.more", "ask.agency", "st.note", "st.answer"})
"""Texts that are an officer's own words to the reporter, with a number before them."""
NOT_WANTED = ("opt_out", "superseded")
"""Reasons of messages that nobody may send again: their receiver said so, or something newer took their place."""
OF_DUTY = "pv.breach"
"""The text that the law bids us send to whoever wants no messages, too."""
SUPPRESS_AGAIN = (
    "UPDATE outbox SET state = 'failed', reason = 'opt_out' WHERE id IN {ids} AND state = 'queued' AND NOT direct"
    " AND outbox.key <> :of_duty AND EXISTS (SELECT 1 FROM dialogue d WHERE d.channel = outbox.channel AND d.contact_id = outbox.contact_id"
    " AND d.opted_out_at >= outbox.created_at)"
)
NUMBERS = "SELECT id, number FROM complaint WHERE id IN {ids}"
OPEN = constant("outbox.state IN ('queued','sending')")
"""The condition of the partial indexes of the outbox, word for word: else SQLite reads the whole table."""


class Parcel(msgspec.Struct, frozen=True):
    """The head of one lane, claimed for sending. `fence` makes a late writer's outcome void."""

    id: int
    fence: int
    channel: str
    lane: str
    message: OutboundMessage
    attempts: int
    """Attempts already counted, this one not included."""
    created_at: datetime
    expires_at: datetime


class Outcome(msgspec.Struct, frozen=True):
    """What became of a parcel. `state` QUEUED means retry at `due_at`; `counted`: an attempt was used up."""

    id: int
    fence: int
    state: DeliveryStatus
    provider_id: str = ""
    reason: str = ""
    detail: str = ""
    due_at: datetime | None = None
    counted: bool = True
    parts: tuple[str, ...] = ()
    """The provider's names of the parts of a long SMS, where it reports each of them."""
    address: Address | None = None
    """Where it went, when `provider_id` may name it."""
    new_address: Address | None = None
    pause_channel_until: datetime | None = None
    """The provider asked the whole channel to wait."""
    stops_channel: str = ""
    """Reason why the channel as a whole cannot send (credentials)."""
    as_template: bool = False
    """The next attempt is no free text."""
    other_scheme: str = ""
    """The next attempt goes to an address of theirs of this scheme, if they have one."""


@dataclass(frozen=True, slots=True)
class Said:
    """About what and for whom a text is: `key` of the text, complaint, notice. `once`: replaces an unsent twin."""

    key: str
    complaint_id: int | None = None
    notice_id: int | None = None
    once: str = ""
    direct: bool = True
    sent_from: str = ""
    reply_to: str = ""
    callback_id: str = ""


def say(
    tx: Transaction,
    contact: Contact,
    channel: str,
    texts: Sequence[tuple[str, Buttons]],
    about: Said,
    due_at: datetime | None = None,
) -> list[int]:
    """Write messages to one address, in this order; their ids. They leave after the commit, or at `due_at`."""
    due = due_at or tx.now
    expires = due + timedelta(hours=tx.office.settings.outbound.ttl_hours)
    lane = lane_of(channel, contact.id)
    if about.once:
        withdraw(tx, channel, contact.id, about.once)
    ids = []
    for text, buttons in texts:
        identity = tx.new_id()
        tx.insert(
            tables.outbox,
            id=identity,
            channel=channel,
            contact_id=contact.id,
            lane=lane,
            complaint_id=about.complaint_id,
            notice_id=about.notice_id,
            key=about.key,
            once=about.once,
            text_sealed=contact.seal(text, f"outbox:{identity}"),
            parts=spending.parts_of(tx, channel, text),
            buttons=msgspec.to_builtins(buttons) if buttons else None,
            sent_from=about.sent_from,
            reply_to=about.reply_to,
            callback_id=about.callback_id,
            direct=about.direct,
            created_at=tx.now,
            expires_at=expires,
            planned_at=due,
            due_at=due,
        )
        ids.append(identity)
    if due <= tx.now:
        tx.ring("deliver")
    return ids


def lane_of(channel: str, contact_id: int) -> str:
    return f"{channel}:{id_text(contact_id)}"


def withdraw(tx: Transaction, channel: str, contact_id: int, once: str) -> None:
    """A message of this name that is still waiting is not wanted any more."""
    mine = _waits(channel, contact_id) & (tables.outbox.c.once == once)
    tx.execute(tables.outbox.update().where(mine).values(state="failed", reason="superseded"))


def withdraw_reminders(tx: Transaction, channel: str, contact_id: int) -> None:
    """What would ask this address something later is not wanted any more: somebody talks with them."""
    mine = _waits(channel, contact_id) & tables.outbox.c.direct & (tables.outbox.c.planned_at > tx.now)
    tx.execute(tables.outbox.update().where(mine).values(state="failed", reason="superseded"))


def suppress(tx: Transaction, channel: str, contact_id: int, reason: str = "opt_out") -> int:
    """What is still waiting for this address, save answers to own commands and `OF_DUTY`, is not sent; how many that were."""
    mine = _waits(channel, contact_id) & tables.outbox.c.direct.is_(False) & (tables.outbox.c.key != OF_DUTY)
    return tx.execute(tables.outbox.update().where(mine).values(state="failed", reason=reason)).rowcount


def _waits(channel: str, contact_id: int) -> Any:
    return and_(tables.outbox.c.lane == lane_of(channel, contact_id), OPEN, tables.outbox.c.state == "queued")


def claim(
    tx: Transaction, limit: int, lease_s: float, channels: Sequence[str] = (), *, direct: bool | None = None
) -> list[Parcel]:
    """The heads of up to `limit` lanes of these channels (none named: all), ready to send; marked `sending` first.

    `direct`: only answers to somebody who wrote to us, or only the rest; None: both, answers first."""
    found: list[Any] = []
    for channel in channels or tx.office.channels:
        for which in (True, False) if direct is None else (direct,):
            found += _heads(tx, channel, limit - len(found), lease_s, direct=which)
    return _parcels(tx, sorted(found, key=lambda row: (row.due_at, row.id)))


def fill(tx: Transaction, rooms: Mapping[str, int], lease_s: float) -> list[Parcel]:
    """Claim for the free places of each channel: who waits for an answer first, but one place for the rest (F33)."""
    found: list[Any] = []
    # Most looks come right after another one and find nothing: that must cost little, for on SQLite all others wait.
    for channel, kinds in _waiting(tx, list(rooms)).items():
        found += _filled(tx, channel, kinds, rooms[channel], lease_s)
    return _parcels(tx, found)


def _filled(tx: Transaction, channel: str, kinds: Collection[bool], room: int, lease_s: float) -> list[Any]:
    heads = partial(_heads, tx, channel, lease_s=lease_s)
    if len(kinds) == 1:
        return list(heads(room, direct=True in kinds))
    awaited = heads(max(room - 1, 1), direct=True)
    return [*awaited, *heads(room - len(awaited), direct=False)]


def _waiting(tx: Transaction, channels: Sequence[str]) -> dict[str, set[bool]]:
    """Channel -> of what it has something due: answers (True), the rest (False)."""
    names = {f"c{number}": name for number, name in enumerate(channels)}
    found = tx.all(lane_heads.waiting(tx.dialect, len(names)), {"now": to_millis(tx.now), **names}) if names else ()
    kinds: dict[str, set[bool]] = {}
    for row in found:
        kinds.setdefault(channels[row.place], set()).add(bool(row.direct))
    return kinds


def _heads(tx: Transaction, channel: str, limit: int, lease_s: float, *, direct: bool) -> Sequence[Any]:
    room = spending.share(tx, channel, limit)
    if room <= 0:
        return ()
    where = lane_heads.heads(tx.dialect, direct=direct)
    lease = timedelta(seconds=lease_s)
    found = claim_rows(
        tx, tables.outbox, limit=room, lease=lease, working="sending", where=where, retake=False, columns=CARRIED, channel=channel
    )  # fmt: skip
    if found and min(row.created_at for row in found) < tx.now - timedelta(hours=tx.office.settings.outbound.ttl_hours):
        channel_costs.note_oldest(tx, channel, min(row.created_at for row in found))
    return found


def _parcels(tx: Transaction, found: Sequence[Any]) -> list[Parcel]:
    people = contacts.reached(tx, [row.contact_id for row in found])
    url = tx.office.settings.server.public_url
    reports = {name: f"{url}/c/{name}/status" for name in {row.channel for row in found}}
    asked = [row for row in found if tx.office.channels[row.channel].capabilities.window_s]
    moments = windows.last_heard(tx, [(row.channel, row.contact_id) for row in asked])
    about = {row.complaint_id for row in asked if row.complaint_id}
    numbers = {row.id: row.number for row in tx.in_ids(NUMBERS, about)} if about else {}
    facts: dict[int, Mapping[str, Any]] = {
        row.id: {
            "heard_ago_s": _ago_s(tx, moments.get((row.channel, row.contact_id))),
            "meaning": row.key,
            "number": numbers.get(row.complaint_id, ""),
            "as_template": row.provider_state == AS_TEMPLATE,
        }
        for row in asked
    }
    begun = sent_parts.begun(tx, {row.id: row.channel for row in found if _is_bound(tx, row.channel)})
    facts |= {identity: {"sent_parts": names} for identity, names in begun.items()}
    for row in found:
        if row.key in stop_links.REMINDERS and people[row.contact_id][1].scheme == "mailto":
            link = f"{url}{stop_links.path_of(tx.office.keys, row.channel, row.contact_id)}"
            facts[row.id] = {**facts.get(row.id, {}), "unsubscribe_url": link}
    return [_parcel(row, *people[row.contact_id], reports[row.channel], facts.get(row.id, {})) for row in found]


def _ago_s(tx: Transaction, moment: datetime | None) -> float | None:
    return None if moment is None else (tx.now - moment).total_seconds()


def _parcel(row: Any, contact: Contact, address: Address, report_url: str, facts: Mapping[str, Any]) -> Parcel:
    message = OutboundMessage(
        ID_PREFIX + id_text(row.id),
        address,
        contact.open(bytes(row.text_sealed), f"outbox:{row.id}"),
        sent_from=row.sent_from,
        reply_to=row.reply_to,
        buttons=msgspec.convert(row.buttons, Buttons) if row.buttons else (),
        callback_id=row.callback_id,
        report_url=report_url,
        written_at=row.created_at,
        typed=row.key in TYPED and not row.direct,
        **facts,
    )
    return Parcel(row.id, row.fence, row.channel, row.lane, message, row.attempts, row.created_at, row.expires_at)


def settle(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Write what became of claimed parcels; an outcome under an old fence changes nothing."""
    found = tx.in_ids(
        "SELECT id, channel, fence, attempts, contact_id, state FROM outbox WHERE id IN {ids}", [o.id for o in outcomes]
    )
    current = {row.id: row for row in found}
    fitting = [o for o in outcomes if o.id in current and current[o.id].fence == o.fence]
    # An outcome that comes after `sweep` gave its claim up still tells more than `unknown` does.
    valid = [o for o in fitting if current[o.id].state in {"sending", "unknown"}]
    changes = [
        {
            "id": o.id,
            "state": o.state.value,
            "provider_id": unnamed(tx.office.keys, o),
            "reason": o.reason,
            # A provider may repeat whose message it was.
            "last_error": masked_text(o.detail)[:300],
            "attempts": current[o.id].attempts + o.counted,
            "due_at": o.due_at or tx.now,
            "sent_at": tx.now if o.state is DeliveryStatus.SENT else None,
            "lease_until": None,
        }
        for o in valid
    ]
    tx.update(tables.outbox, changes, ("id",), SETTLED)
    _suppress_again(tx, [o.id for o in valid if o.state is DeliveryStatus.QUEUED])
    # A receipt was faster than the provider's answer: only the name that the answer brings is news.
    named = [o for o in fitting if current[o.id].state in RECEIPTS and o.provider_id]
    tx.update(
        tables.outbox,
        [{"id": o.id, "provider_id": unnamed(tx.office.keys, o)} for o in named],
        ("id",),
        ("provider_id",),
    )
    for outcome in valid:
        _consequences(tx, outcome, current[outcome.id])
    stops.work_again(tx, {current[o.id].channel for o in valid if o.state is DeliveryStatus.SENT})
    for outcome in (o for o in valid if o.parts):
        rest = outcome.state is DeliveryStatus.QUEUED
        sent_parts.keep(tx, current[outcome.id].channel, outcome.id, outcome.parts, rest=rest)
    left = [o for o in valid if o.state.value in {"sent", "unknown"} or o.parts]
    match_early(tx, [(current[o.id].channel, o.id, name) for o in left for name in (o.provider_id, *o.parts)])


def _is_bound(tx: Transaction, channel: str) -> bool:
    """Whether the answers of the channel name each part of an SMS."""
    return channel in tx.office.channels and tx.office.channels[channel].capabilities.bound


def unnamed(keys: Keys, outcome: Outcome) -> str:
    """The provider's name of a message, without the address of whoever got it (SECURITY C1)."""
    where = outcome.new_address or outcome.address
    return keys.unnamed(where, outcome.provider_id) if where else outcome.provider_id


def _suppress_again(tx: Transaction, ids: Sequence[int]) -> None:
    """Whoever opted out while a message was under way must not get it at its next attempt (F91)."""
    if ids:
        tx.execute(constant(SUPPRESS_AGAIN.format(ids=id_in(tx.dialect))), {"ids": ids_json(ids), "of_duty": OF_DUTY})


def _consequences(tx: Transaction, outcome: Outcome, row: Any) -> None:
    if outcome.state is DeliveryStatus.FAILED:
        nobody_there.note(tx, row.channel, row.contact_id, outcome.reason)
    if outcome.new_address:
        contacts.move(tx, row.contact_id, outcome.new_address)
    if outcome.as_template or outcome.other_scheme:
        _change(tx, outcome, row.contact_id)
    if outcome.pause_channel_until or outcome.stops_channel:
        state, until = tables.channel_state, outcome.pause_channel_until or outcome.due_at
        tx.insert_new(state, [{"channel": row.channel}], "channel")
        # Whoever left before the provider asked to be left alone may be told a shorter time after it.
        sooner = (state.c.channel == row.channel) & (state.c.resume_at.is_(None) | (state.c.resume_at < until))
        tx.execute(state.update().where(sooner).values(resume_at=until))
        if outcome.stops_channel:
            stops.stop(tx, row.channel, outcome.stops_channel)


def _change(tx: Transaction, outcome: Outcome, contact_id: int) -> None:
    """What the next attempt does otherwise; where that cannot be, there is none."""
    outbox = tables.outbox
    values: dict[str, Any] = {"provider_state": AS_TEMPLATE} if outcome.as_template else {}
    if outcome.other_scheme:
        where = further_addresses.other(tx, contact_id, outcome.other_scheme)
        if where is None:
            values |= {"state": "failed"}
        else:
            contacts.move(tx, contact_id, where)
    if values:
        tx.execute(outbox.update().where(outbox.c.id == outcome.id).values(**values))


def sweep(tx: Transaction) -> dict[str, int]:
    """What time does to messages: a claim whose process died becomes unknown, an old message expires.

    Nothing expires while a person keeps its channel paused: they would not hear of it, nor would its receiver."""
    outbox, state = tables.outbox, tables.channel_state
    dead = and_(OPEN, outbox.c.state == "sending", outbox.c.lease_until < tx.now)
    idempotent = [name for name, channel in tx.office.channels.items() if channel.capabilities.idempotent]
    repeatable = dead & (outbox.c.channel + "").in_(idempotent)
    again = tx.execute(outbox.update().where(repeatable).values(state="queued", lease_until=None))
    unknown = tx.execute(outbox.update().where(dead).values(state="unknown", reason="interrupted", lease_until=None))
    paused = [row.channel for row in tx.all(select(state.c.channel).where(state.c.paused_at.is_not(None)))]
    old = and_(OPEN, outbox.c.state == "queued", outbox.c.expires_at <= tx.now, (outbox.c.channel + "").not_in(paused))
    expired = tx.execute(outbox.update().where(old).values(state="failed", reason="expired"))
    return {"again": again.rowcount, "unknown": unknown.rowcount, "expired": expired.rowcount}


def resend(tx: Transaction, ids: Sequence[int]) -> int:
    """A person decides: unknown or failed messages are tried once more (their provider may have them already)."""
    outbox = tables.outbox
    mine = outbox.c.id.in_(ids) & outbox.c.state.in_(("unknown", "failed")) & outbox.c.reason.not_in(NOT_WANTED)
    expires = tx.now + timedelta(hours=tx.office.settings.outbound.ttl_hours)
    values = {"state": "queued", "due_at": tx.now, "expires_at": expires, "provider_state": RESENT, "attempts": 0}
    sent_parts.forget(tx, select(outbox.c.id).where(mine))
    tx.ring("deliver")
    return tx.execute(outbox.update().where(mine).values(**values)).rowcount
