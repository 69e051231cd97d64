"""Break-glass: an identity is opened by two persons, for a stated need, for fifteen minutes, and others hear of it.

Every demand stands in a register, those that were refused too; nothing is decrypted before it is granted, and by nobody
but the one who asked (SECURITY § 8, C9, C34). Rules: complaints/identity.py. Systems and programs have no way in.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.complaints.calendar import add_working_days
from gateway.complaints.complaint import ActionRefused, Actor, Role
from gateway.complaints.identity import (
    DECIDE_WITHIN,
    LEAST_DECISION,
    LEAST_REASON,
    LOOK_WITHIN,
    OPENERS,
    REVIEW_WORKING_DAYS,
    SECOND,
    TOLD_AFTER,
    VIEWED_FOR,
    Asker,
    Purpose,
    Refusal,
    may_decide_alone,
    refused_at_once,
)
from gateway.complaints.notices import Audience
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.outbound import circles, outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts, readers
from gateway.privacy.privacy import masked_text
from gateway.queries import complaint_detail
from gateway.queries.scope import Scope, in_full
from gateway.record import tasks
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.storage.types import id_text

ASKED, REFUSED, GRANTED = "asked", "refused", "granted"
TO_REPORTER, TO_COORDINATOR = "pv.opened", "coo.opened"
OPENED_TASK, REVIEW_TASK = "identity_opened", "identity_review"
MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Demand:
    """What somebody typed into the form. `asker_name`: the office or person outside, as it is called."""

    number: str
    purpose: str
    asker: str
    asker_name: str = ""
    document: str = ""
    reason: str = ""
    barred: bool = False
    """The ground forbids to tell the reporter; counts for orders of law only."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The identity itself, in clear: shown in one answer, kept nowhere. Empty where nothing was given."""

    name: str = field(repr=False)
    scheme: str
    address: str = field(repr=False)


def may_open(scope: Scope, row: Any, actor: Actor) -> bool:
    """Whether this person may ask about that complaint at all: those who may read it for good, never the agency.

    A coordinator who routes a complaint about the government's own people is not one of them, nor who is reported in it.
    """
    return actor.role in OPENERS and in_full(scope, row)


def ask(tx: Transaction, scope: Scope, demand: Demand, actor: Actor) -> str:
    """Write a demand into the register; its id as pages show it. One without a ground is refused there and then.

    ActionRefused: `not_yours`, `unknown_value`, `too_short`, `missing_input`; then nothing was written.
    """
    row = complaint_detail.row_of(tx, scope, demand.number)
    if row is None or not may_open(scope, row, actor):
        raise ActionRefused("not_yours", demand.number, "number")
    purpose, asker = _known(Purpose, demand.purpose, "purpose"), _known(Asker, demand.asker, "asker")
    if len(demand.reason) < LEAST_REASON:
        raise ActionRefused("too_short", str(len(demand.reason)), "reason")
    if asker is not Asker.OFFICE and not demand.asker_name:
        raise ActionRefused("missing_input", "who asks", "asker_name")
    refusal = refused_at_once(purpose, asker, demand.document, anonymous=row.anonymous)
    if refusal is None and row.contact_id is None:
        refusal = Refusal.NO_IDENTITY
    identity = tx.new_id()
    tx.insert(
        tables.identity_demand,
        id=identity,
        complaint_id=row.id,
        asker=asker.value,
        asker_name=demand.asker_name[:120],
        purpose=purpose.value,
        document=demand.document[:80],
        reason=masked_text(demand.reason)[:500],
        barred=demand.barred and purpose is Purpose.LEGAL,
        state=REFUSED if refusal else ASKED,
        refusal=refusal or "",
        asked_at=tx.now,
        asked_by=int(actor.id),
        asked_role=actor.role.value,
        decided_at=tx.now if refusal else None,
    )
    _note(tx, actor, "identity_demanded", identity, row.number, f"{purpose} {asker} {refusal or ''}".strip())
    return id_text(identity)


def _known(kind: Any, value: str, name: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise ActionRefused("unknown_value", value[:20], name) from None


def find(tx: Transaction, scope: Scope, identity: int, actor: Actor) -> tuple[Any, Any] | None:
    """(demand, complaint), for whoever may ask about that complaint; None for everybody else."""
    demand, complaint = tables.identity_demand, tables.complaint
    row = tx.one(select(demand).where(demand.c.id == identity).with_for_update())
    about = tx.one(select(complaint).where(complaint.c.id == row.complaint_id)) if row is not None else None
    if row is None or about is None or not may_open(scope, about, actor):
        return None
    return row, about


def may_decide(row: Any, actor: Actor) -> bool:
    return actor.id != str(row.asked_by) and actor.role in SECOND[Role(row.asked_role)]


def is_lapsed(row: Any, now: Any) -> bool:
    """Nobody decided in time: refused, as by default."""
    return row.state == ASKED and bool(now - row.asked_at > DECIDE_WITHIN)


def decide(tx: Transaction, scope: Scope, identity: int, actor: Actor, *, grant: bool, reason: str) -> None:
    """The second person's word. ActionRefused: `not_yours`, `wrong_state`, `wrong_role`, `expired`, `too_short`."""
    row, about = _mine(tx, scope, identity, actor)
    _check_waits(tx, row)
    if not may_decide(row, actor):
        raise ActionRefused("wrong_role", "another person of another role decides")
    if len(reason) < LEAST_DECISION:
        raise ActionRefused("too_short", str(len(reason)), "reason")
    _settle(tx, identity, actor, state=GRANTED if grant else REFUSED, decision_reason=masked_text(reason)[:500])
    _note(tx, actor, "identity_granted" if grant else "identity_refused", identity, about.number, reason)


def decide_alone(tx: Transaction, scope: Scope, identity: int, actor: Actor) -> None:
    """Danger to life does not wait for a second person; they look at it by the end of the next working day."""
    row, about = _mine(tx, scope, identity, actor)
    _check_waits(tx, row)
    if actor.id != str(row.asked_by) or not may_decide_alone(Purpose(row.purpose), Asker(row.asker)):
        raise ActionRefused("wrong_role", "two persons are needed")
    calendar = tx.office.calendar
    due = calendar.closing(add_working_days(calendar.local(tx.now).date(), REVIEW_WORKING_DAYS, calendar))
    _settle(tx, identity, actor, state=GRANTED, alone=True, review_due_at=due)
    tasks.add(tx, REVIEW_TASK, id_text(identity), about.number, about.id)
    _note(tx, actor, "identity_granted_alone", identity, about.number, row.purpose)


def _check_waits(tx: Transaction, row: Any) -> None:
    if row.state != ASKED:
        raise ActionRefused("wrong_state", row.state)
    if is_lapsed(row, tx.now):
        raise ActionRefused("expired")


def review(tx: Transaction, scope: Scope, identity: int, actor: Actor, words: str) -> None:
    """What the second person thinks of an opening that one person decided alone."""
    row, about = _mine(tx, scope, identity, actor)
    if not row.alone or row.reviewed_at is not None:
        raise ActionRefused("wrong_state", row.state)
    if not may_decide(row, actor):
        raise ActionRefused("wrong_role", "another person of another role reviews")
    if len(words) < LEAST_DECISION:
        raise ActionRefused("too_short", str(len(words)), "reason")
    _change(tx, identity, reviewed_at=tx.now, reviewed_by=int(actor.id), review=masked_text(words)[:500])
    tasks.settle(tx, REVIEW_TASK, id_text(identity), actor.id)
    _note(tx, actor, "identity_reviewed", identity, about.number, words)


def look(tx: Transaction, scope: Scope, identity: int, actor: Actor) -> Opened:
    """The identity, for the one who asked, as long as it stands open; each look is in the audit record.

    ActionRefused: `wrong_state` (not granted), `wrong_role`, `expired`.
    """
    row, about = _mine(tx, scope, identity, actor)
    if row.state != GRANTED:
        raise ActionRefused("wrong_state", row.state)
    if actor.id != str(row.asked_by):
        raise ActionRefused("wrong_role", "shown to the one who asked")
    if tx.now >= until(row):
        raise ActionRefused("expired")
    if row.opened_at is None:
        _begin(tx, row, about)
    _note(tx, actor, "identity_opened", identity, about.number, row.purpose)
    found = contacts.reached(tx, [about.contact_id]).get(about.contact_id) if about.contact_id else None
    if found is None:
        return Opened("", "", "")
    return Opened(contacts.name_of(tx, about.contact_id), found[1].scheme, found[1].path)


def until(row: Any) -> Any:
    """Until when a granted demand can be looked at."""
    return row.open_until or row.decided_at + LOOK_WITHIN


def _begin(tx: Transaction, row: Any, about: Any) -> None:
    """The first look: the quarter of an hour begins, coordinators hear of it now, the reporter a day later."""
    _change(
        tx,
        row.id,
        opened_at=tx.now,
        open_until=tx.now + VIEWED_FOR,
        tell_at=None if row.barred else tx.now + TOLD_AFTER,
        told="barred" if row.barred else "",
    )
    tasks.add(tx, OPENED_TASK, id_text(row.id), about.number, about.id)
    text = tx.office.texts(TO_COORDINATOR, tiket=about.number)
    coordinators = circles.of(tx, [Audience.COORDINATOR])
    circles.tell(tx, coordinators, text, Said(TO_COORDINATOR, about.id, direct=False))


def tell(tx: Transaction) -> int:
    """Tell the reporters whose identity was opened a day ago, each once; how many rows were settled."""
    demand, complaint = tables.identity_demand, tables.complaint
    due = (demand.c.tell_at <= tx.now) & demand.c.tell_at.is_not(None) & demand.c.told_at.is_(None)
    rows = tx.all(select(demand).where(due).order_by(demand.c.tell_at).limit(MOST_TOLD).with_for_update())
    for row in rows:
        about = tx.one(select(complaint).where(complaint.c.id == row.complaint_id))
        told = _tell(tx, row, about) if about is not None else "NO_ROUTE"
        _change(tx, row.id, told_at=tx.now, told=told)
    return len(rows)


def _tell(tx: Transaction, row: Any, about: Any) -> str:
    """By which channel, or why not."""
    route = readers.reporter(tx, about)
    if route.skip:
        return route.skip
    texts = tx.office.texts
    values = {
        "tiket": about.number,
        "oleh": texts(f"label.role.{row.asked_role}", route.language),
        "alasan": texts(f"identity.purpose.{row.purpose}", route.language),
    }
    rendered = render(Reply(TO_REPORTER, values, about=about.number), route.language, tx.office.channels[route.channel].capabilities, texts)  # fmt: skip
    said = Said(TO_REPORTER, about.id, direct=False, sent_from=route.sent_from)
    outbound.say(tx, route.contact, route.channel, [(one.text, one.buttons) for one in rendered.messages], said)
    return route.channel


def _mine(tx: Transaction, scope: Scope, identity: int, actor: Actor) -> tuple[Any, Any]:
    found = find(tx, scope, identity, actor)
    if found is None:
        raise ActionRefused("not_yours")
    return found


def _settle(tx: Transaction, identity: int, actor: Actor, **values: Any) -> None:
    _change(tx, identity, decided_at=tx.now, decided_by=int(actor.id), decided_role=actor.role.value, **values)


def _change(tx: Transaction, identity: int, **values: Any) -> None:
    demand = tables.identity_demand
    tx.execute(demand.update().where(demand.c.id == identity).values(**values))


def _note(tx: Transaction, actor: Actor, action: str, identity: int, number: str, reason: str) -> None:
    audit.record(tx, actor, action, "complaint", number, masked_text(reason), {"demand": id_text(identity)})
