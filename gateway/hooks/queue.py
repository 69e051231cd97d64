"""The queue of what registered addresses are told: who is next, what is sent, what became of it (docs/webhooks.md).

At least once: a row whose sender died is taken again when its lease has run out. What one address was told of one
complaint keeps its order; behind an event that fails the later ones wait at most `OVERTAKEN_AFTER`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import select

from config.logging import get_logger
from gateway.audit import audit
from gateway.complaints.complaint import SYSTEM
from gateway.hooks.events import CHANNEL, PING, QUEUE, STARTS_AFTER
from gateway.queries.scope import Scope, Sight, api_scope, sight
from gateway.record import tasks
from gateway.sealing import open_seal
from gateway.storage import tables
from gateway.storage.claim import claim as claim_rows
from gateway.storage.rows import apart
from gateway.storage.store import Transaction
from gateway.storage.types import id_text, to_millis

log = get_logger(__name__)
LEASE = timedelta(seconds=60)
OVERTAKEN_AFTER = timedelta(minutes=15)
LONGEST_CODE = 40
INTERRUPTED = "interrupted"
"""Our own end cut the call off: it may have arrived."""
PATIENCE = timedelta(days=3)
"""After so long with nothing but failures an address is left alone until a person says go on."""
OPEN_STATES = ("queued", "working")
ALIVE = ("pending", "active")
CASES = select(
    *(
        tables.complaint.c[name]
        for name in ("id", "confidential", "training", "agency", "kind", "flags", "sensitive", "reported")
    )
)
"""What decides of a complaint whether an address may hear of it, and how much."""
HEADS = (
    "q.webhook_id = :hook AND (q.lane = '' OR NOT EXISTS (SELECT 1 FROM webhook_delivery e"
    " WHERE e.webhook_id = :hook AND e.lane = q.lane AND e.state IN ('queued','working')"
    " AND (e.position < q.position OR (e.position = q.position AND e.id < q.id))"
    " AND (e.first_tried_at IS NULL OR e.first_tried_at > :overtaken){apart}))"
)


class Verdict(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"
    """The other side said that nobody listens there any more (410)."""
    UNTOUCHED = "untouched"
    """It was claimed and not sent, or our own end cut it off."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event on its way to one address, which are called `name` and `hook` outside. `secrets`: the present one, and
    the one before while it is still good."""

    id: int
    name: str
    fence: int
    hook_id: int
    hook: str
    url: str
    event: str
    attempt: int
    body: bytes
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` 0: no answer came. `next_at` None: not tried again. `at`: when the call began; None: nobody knows."""

    parcel: Parcel
    verdict: Verdict
    status: int = 0
    ms: int = 0
    error: str = ""
    next_at: datetime | None = None
    at: datetime | None = None


def claim(tx: Transaction, room: int, under_way: Mapping[int, int]) -> list[Parcel]:
    """Due events, at most `room` of each address beside those `under_way` there; oldest first, now ours."""
    hook = tables.webhook
    found: list[Parcel] = []
    for row in tx.all(select(hook).where(hook.c.state.in_(ALIVE)).order_by(hook.c.id)):
        free = room - under_way.get(row.id, 0)
        if free > 0:
            found += _parcels(tx, row, _claimed(tx, row.id, free))
    return found


def _claimed(tx: Transaction, hook_id: int, limit: int) -> Sequence[Any]:
    rows = claim_rows(
        tx,
        tables.webhook_delivery,
        limit=limit,
        lease=LEASE,
        working="working",
        where=HEADS.format(apart=apart(tx.dialect)),
        hook=hook_id,
        overtaken=to_millis(tx.now - OVERTAKEN_AFTER),
    )
    first = [row.id for row in rows if row.first_tried_at is None]
    if first:
        delivery = tables.webhook_delivery
        tx.execute(delivery.update().where(delivery.c.id.in_(first)).values(first_tried_at=tx.now))
    return rows


def _parcels(tx: Transaction, hook: Any, rows: Sequence[Any]) -> list[Parcel]:
    if not rows:
        return []
    cases = _cases(tx, {row.complaint_id for row in rows if row.complaint_id})
    scope = api_scope(tx.office, hook.agency)
    kept_back = [row for row in rows if not _may_hear(tx, hook, scope, row, cases)]
    if kept_back:
        _finish(tx, [row.id for row in kept_back], "withheld")
        tx.ring(QUEUE)  # what stood behind them is due now, and with nothing to carry out nobody would look
    secrets = _secrets(tx, hook)
    return [
        Parcel(
            row.id,
            id_text(row.id),
            row.fence,
            hook.id,
            id_text(hook.id),
            hook.url,
            row.event,
            row.attempts + 1,
            _body(tx, row, cases),
            secrets,
        )
        for row in rows
        if row not in kept_back
    ]


def _cases(tx: Transaction, ids: Collection[int]) -> dict[int, Any]:
    return {row.id: row for row in tx.all(CASES.where(tables.complaint.c.id.in_(ids)))} if ids else {}


def _may_hear(tx: Transaction, hook: Any, scope: Scope, row: Any, cases: Mapping[int, Any]) -> bool:
    """As the complaint is now, not as it was when it happened: it may have become confidential since, or somebody else's."""
    if row.complaint_id is None:
        return True
    case = cases.get(row.complaint_id)
    if case is None or (case.training and not tx.office.settings.training.enabled):
        return False
    return sight(scope, case) is not Sight.NONE and (hook.include_confidential or not case.confidential)


def _body(tx: Transaction, row: Any, cases: Mapping[int, Any]) -> bytes:
    settings = tx.office.settings
    case = cases.get(row.complaint_id)
    data = dict(row.content)
    if case is not None and case.confidential:
        data = {name: data[name] for name in ("number", "version")}
    elif case is not None:
        data["url"] = f"{settings.server.public_url}/api/v1/complaints/{data['number']}"
    elif row.event == CHANNEL:
        data["url"] = f"{settings.server.public_url}/api/v1/channels"
    told = {
        "id": f"evt_{id_text(row.event_id)}",
        "type": row.event,
        "created_at": row.created_at,
        "attempt": row.attempts + 1,
        "government": settings.government.name,
        "data": data,
    }
    return msgspec.json.encode(told)


def _secrets(tx: Transaction, hook: Any) -> tuple[str, ...]:
    sealed = [hook.secret_sealed]
    if hook.previous_sealed is not None and hook.previous_until > tx.now:
        sealed.append(hook.previous_sealed)
    return tuple(open_seal(tx.office.keys.raw, bytes(one), place(hook.id)).decode() for one in sealed)


def place(hook_id: int) -> str:
    """What the seal of an address' secret is bound to."""
    return f"webhook:{hook_id}"


def settle(tx: Transaction, outcomes: Sequence[Outcome]) -> None:
    """Write what became of attempts, in the order of addresses; an outcome under an old fence changes nothing."""
    tried = []
    for outcome in sorted(outcomes, key=lambda one: (one.parcel.hook_id, one.parcel.id)):
        is_written, is_untouched = _written(tx, outcome), outcome.verdict is Verdict.UNTOUCHED
        if is_written and not is_untouched:
            _note_health(tx, outcome)
        if (is_written or _is_ours(tx, outcome.parcel)) and (outcome.error or not is_untouched):
            tried.append(outcome)
    _keep_attempts(tx, tried)


def _is_ours(tx: Transaction, parcel: Parcel) -> bool:
    """Nobody claimed it after us, though it may have been cancelled while the call was under way."""
    delivery = tables.webhook_delivery
    return tx.one(select(delivery.c.id).where(delivery.c.id == parcel.id, delivery.c.fence == parcel.fence)) is not None


def _keep_attempts(tx: Transaction, tried: Sequence[Outcome]) -> None:
    """What came of each call, for the log; of an attempt that is cut off again and again only the last time."""
    table = tables.webhook_attempt
    for outcome in tried:
        if outcome.verdict is Verdict.UNTOUCHED:
            again = (table.c.delivery_id == outcome.parcel.id) & (table.c.attempt == outcome.parcel.attempt)
            tx.execute(table.delete().where(again))
    # Settled twice it is one attempt: whoever cannot know whether a commit arrived settles again.
    tx.insert_new(table, [_attempt(tx, outcome) for outcome in tried], "fence")


def _attempt(tx: Transaction, outcome: Outcome) -> dict[str, Any]:
    parcel, is_cut_off = outcome.parcel, outcome.verdict is Verdict.UNTOUCHED
    return {
        "delivery_id": parcel.id,
        "fence": parcel.fence,
        "attempt": parcel.attempt,
        "at": outcome.at or tx.now,
        "status": outcome.status or None,
        "ms": None if is_cut_off else outcome.ms,
        "error": outcome.error[:LONGEST_CODE],
        "next_at": tx.now if is_cut_off else outcome.next_at,
    }


def _written(tx: Transaction, outcome: Outcome) -> bool:
    delivery, parcel = tables.webhook_delivery, outcome.parcel
    mine = (delivery.c.id == parcel.id) & (delivery.c.fence == parcel.fence) & (delivery.c.state == "working")
    values: dict[str, Any] = {"lease_until": None}
    if outcome.verdict is Verdict.UNTOUCHED:
        values |= {"state": "queued", "due_at": tx.now}
    else:
        values |= {"attempts": parcel.attempt, "status": outcome.status or None, "ms": outcome.ms}
        values |= {"last_error": outcome.error[:300], **_end(tx, outcome)}
    return tx.execute(delivery.update().where(mine).values(**values)).rowcount == 1


def _end(tx: Transaction, outcome: Outcome) -> dict[str, Any]:
    if outcome.verdict is Verdict.FAILED and outcome.next_at is not None:
        return {"state": "queued", "due_at": outcome.next_at}
    return {"state": "done" if outcome.verdict is Verdict.DELIVERED else "dead", "finished_at": tx.now}


def _note_health(tx: Transaction, outcome: Outcome) -> None:
    hook = tables.webhook
    row = tx.one(select(hook).where(hook.c.id == outcome.parcel.hook_id).with_for_update())
    if row is None:
        return
    mine = hook.update().where(hook.c.id == row.id)
    if outcome.verdict is Verdict.DELIVERED:
        tx.execute(mine.values(failing_since=None, succeeded_at=tx.now, **_verified(tx, row, outcome.parcel.event)))
    elif outcome.verdict is Verdict.GONE:
        shut(tx, row.id, "gone")
        log.warning("webhook_disabled", webhook=id_text(row.id), reason="gone")
        _tell_owner(tx, row, "webhook_disabled")
    else:
        since = row.failing_since or tx.now
        tx.execute(mine.values(failing_since=since))
        if row.state == "active" and since <= tx.now - PATIENCE:
            tx.execute(mine.values(state="paused", reason="failing", state_since=tx.now))
            log.warning("webhook_paused", webhook=id_text(row.id), reason="failing")
            _tell_owner(tx, row, "webhook_paused")


def _verified(tx: Transaction, row: Any, event: str) -> dict[str, Any]:
    """An address that answers its ping is told of what happens from a moment on that every process will know of."""
    if row.state != "pending" or event != PING:
        return {}
    return {"state": "active", "state_since": tx.now, "starts_at": tx.now + STARTS_AFTER}


def _tell_owner(tx: Transaction, row: Any, kind: str) -> None:
    """Owners are programs and colleagues without an address of ours: it stands on the list of tasks, with their name."""
    tasks.add(tx, kind, id_text(row.id), f"{row.owner_name}: {row.description or row.url}")
    audit.record(tx, SYSTEM, kind, "webhook", id_text(row.id))


def shut(tx: Transaction, hook_id: int, reason: str) -> None:
    """Nothing is sent there any more, and nothing waits for it."""
    hook, delivery = tables.webhook, tables.webhook_delivery
    values = {"state": "disabled", "reason": reason, "state_since": tx.now}
    tx.execute(hook.update().where(hook.c.id == hook_id).values(**values))
    mine = (delivery.c.webhook_id == hook_id) & delivery.c.state.in_(OPEN_STATES)
    tx.execute(delivery.update().where(mine).values(state="cancelled", finished_at=tx.now, lease_until=None))


def _finish(tx: Transaction, ids: Sequence[int], state: str) -> None:
    delivery = tables.webhook_delivery
    tx.execute(
        delivery.update().where(delivery.c.id.in_(ids)).values(state=state, finished_at=tx.now, lease_until=None)
    )
