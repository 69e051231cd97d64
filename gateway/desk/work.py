"""What staff do to a complaint from their screens: one form each, once however often it is sent, never on an old view."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import Action, ActionRefused, Actor, Case, CaseMoved, Hold, Role
from gateway.complaints.lifecycle import Step, steps_of
from gateway.files import desk_files
from gateway.people import contacts
from gateway.privacy.anonymity import cover_of
from gateway.privacy.privacy import masked_text
from gateway.queries import complaint_detail
from gateway.queries.scope import Scope, Sight
from gateway.record import cases, events
from gateway.storage import tables
from gateway.storage.store import Transaction

KEY_BYTES = 9
ANY_VERSION = -1
"""For deeds that disturb nobody else's (a note)."""
MAY_SEE_ORIGINAL = frozenset({Role.COORDINATOR, Role.INSPECTORATE, Role.PRIVACY_OFFICER})
LEAST_REASON = 10
NOT_OFFERED = frozenset({Action.UNDO})
"""It has a place of its own."""


class NotThere(LookupError):
    """The complaint does not exist for whoever asks."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One posted form. `version`: of the complaint as the form's page showed it. `key`: random, came with the page."""

    action: Action
    inputs: Mapping[str, str] = field(default_factory=dict)
    version: int = ANY_VERSION
    key: str = ""


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """Somebody else did the same a moment earlier: no refusal (CASEWORK 3.1)."""

    role: str
    name: str
    at: datetime


class Overtaken(Exception):
    """The complaint changed since the form's page was made; nothing was done. `event`: what happened last."""

    def __init__(self, event: Any) -> None:
        super().__init__("overtaken")
        self.event = event


def new_key() -> str:
    """For the hidden field that makes a form count once."""
    return secrets.token_urlsafe(KEY_BYTES)


def offered(case: Case, actor: Actor, *, has_request: bool = False, inspectorate: str = "") -> tuple[Step, ...]:
    """The steps that make sense for this person now, the usual next one first. `has_request`: for more time."""
    steps = steps_of(case, actor.role)
    pointless = {
        Action.HOLD: case.hold is not Hold.NONE,
        Action.RAISE_ANONYMOUS: case.anonymous,
        Action.RAISE_CONFIDENTIAL: case.confidential,
        Action.GRANT_TIME: not has_request,
        Action.DENY_TIME: not has_request,
        Action.TAKE_OVER: case.holder_id is not None and str(case.holder_id) == actor.id,
        Action.LINK: case.parent_id is not None,
        Action.UNLINK: case.parent_id is None,
        Action.MOVE_TO_INSPECTORATE: bool(case.agency) and case.agency == inspectorate,
    }
    return tuple(step for step in steps if step.action not in NOT_OFFERED and not pointless.get(step.action))


def act(tx: Transaction, scope: Scope, number: str, deed: Deed, actor: Actor) -> DoneBefore | None:
    """Carry out a form. `ActionRefused`, `Overtaken`, `NotThere`: nothing was done. The same form again changes nothing."""
    case = case_for(tx, scope, number)
    key = f"desk:{actor.id}:{deed.key}" if deed.key else ""
    if key and events.seen(tx, key):
        return None
    if deed.version not in {ANY_VERSION, case.version}:
        return _overtaken(tx, case, deed, actor)
    inputs = {name: value.strip() for name, value in deed.inputs.items() if value.strip()}
    inputs.pop("evidence", None)  # counted, never typed
    if deed.action is Action.ANSWER and (files := desk_files.count(tx, case.id, actor, deed.key)):
        inputs["evidence"] = str(files)
    try:
        casework.apply(tx, deed.action, case, actor, inputs, key=key)
    except CaseMoved as moved:
        raise Overtaken(events.last(tx, case.id)) from moved
    if deed.action is Action.ANSWER:
        desk_files.adopt(tx, case.id, actor, deed.key)
    return None


def case_for(tx: Transaction, scope: Scope, number: str) -> Case:
    """The complaint of a form; NotThere, or ActionRefused where only its number may be known."""
    return cases.case_of(row_for(tx, scope, number))


def row_for(tx: Transaction, scope: Scope, number: str) -> Any:
    """The whole row; as for `case_for`."""
    item = complaint_detail.item_of(tx, scope, number)
    if item is None:
        raise NotThere(number)
    if item.sight is not Sight.FULL:
        raise ActionRefused("wrong_role", "only its number may be known")
    return item.row


def _overtaken(tx: Transaction, case: Case, deed: Deed, actor: Actor) -> DoneBefore:
    last = events.last(tx, case.id)
    if last is not None and last.action == deed.action and last.actor_id != actor.id:
        return DoneBefore(last.actor_role, last.actor_name, last.at)
    raise Overtaken(last)


def undo(tx: Transaction, scope: Scope, number: str, actor: Actor) -> None:
    """Take back one's own last deed while nobody was told of it; ActionRefused when it is too late."""
    casework.apply(tx, Action.UNDO, case_for(tx, scope, number), actor)


@dataclass(frozen=True, slots=True)
class Original:
    """What the reporter wrote, word for word, at one moment. `kind`: original or revision."""

    at: datetime
    kind: str
    text: str = field(repr=False)


def original(tx: Transaction, scope: Scope, number: str, reason: str, actor: Actor) -> list[Original]:
    """The unmasked words; who looked and why is kept for ever. What would name an anonymous reporter stays covered:
    their name, and numbers and addresses that may be their own (gateway/retention/identities.py opens those)."""
    row = row_for(tx, scope, number)
    if actor.role not in MAY_SEE_ORIGINAL:
        raise ActionRefused("wrong_role", "the original is not for this role")
    if len(reason.strip()) < LEAST_REASON:
        raise ActionRefused("too_short", "a reason is needed", "reason")
    audit.record(tx, actor, "original_viewed", "complaint", row.number, reason.strip())
    contact = contacts.by_id(tx, [row.contact_id]).get(row.contact_id) if row.contact_id else None
    if contact is None:
        return []
    table = tables.complaint_text
    rows = tx.all(select(table).where(table.c.complaint_id == row.id).order_by(table.c.id))
    cover = cover_of(tx, row)
    found = []
    for one in rows:
        text = contact.open(bytes(one.text_sealed), f"complaint_text:{one.id}")
        found.append(Original(one.created_at, one.kind, masked_text(cover(text)) if row.anonymous else text))
    return found
