"""The family of an incident: whether a complaint may be linked to another, and who goes on when a parent ends.

Judgement and reading only; what follows from it is carried out by gateway/casework/casework.py. Rules: complaints/incident.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import CLOSED, Action, ActionRefused, Actor, Case, Hold, Kind, Role
from gateway.complaints.incident import BEFORE_AGENCY, FOLLOWED, MOST_CHILDREN, is_left_alone
from gateway.complaints.number import read_number
from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.record import cases, events
from gateway.storage import tables
from gateway.storage.store import Transaction, constant

JOINED, HEIR = "joined", "heir"
"""Remarks in the history: another complaint follows this one, this one goes on in the place of its parent."""
SUPERVISION = Kind.PENGADUAN_PENGAWASAN
MANY = "SELECT count(*) FROM complaint WHERE parent_id = :parent AND parent_id IS NOT NULL"
CHILDREN = "SELECT id, contact_id FROM complaint WHERE parent_id = :parent AND parent_id IS NOT NULL"


def count(tx: Transaction, parent_id: int) -> int:
    """How many complaints follow this one."""
    row = tx.one(constant(MANY), {"parent": parent_id})
    return int(row[0]) if row else 0


def children_of(tx: Transaction, parent_id: int) -> list[Case]:
    """Oldest first, locked: who is about to follow must not move meanwhile."""
    complaint = tables.complaint
    mine = (complaint.c.parent_id == parent_id) & complaint.c.parent_id.is_not(None)
    every = select(complaint).where(mine).order_by(complaint.c.id).with_for_update()
    return [cases.case_of(row) for row in tx.all(every)]


def followers(tx: Transaction, action: Action, case: Case) -> list[int]:
    """The contacts of those who hear of this action because their complaint follows this one.

    Nobody joins unseen: to be linked changes the parent's version.
    """
    if action not in FOLLOWED or case.parent_id is not None or case.version == 1:
        return []
    return [row.contact_id or 0 for row in tx.all(constant(CHILDREN), {"parent": case.id})]


def covered(
    tx: Transaction, inputs: Mapping[str, str], people: Iterable[int | None], own: int | None
) -> dict[str, str]:
    """What was written to several reporters, as one of them may read it: nobody finds the name of another in it."""
    names = contacts.names_of(tx, {one for one in people if one and one != own})
    told = {name: inputs[name].casefold() for name in events.TOLD if inputs.get(name)}
    known = tuple(name for name in names if any(name.casefold() in text for text in told.values()))
    return {**inputs, **{name: masked_text(inputs[name], known) for name in told}} if known else dict(inputs)


def parent_for(tx: Transaction, case: Case, actor: Actor, inputs: Mapping[str, str]) -> Case:
    """The complaint that this one is linked to; of one that follows itself its parent.

    Raises `ActionRefused` on the field `parent` (or `confirm`): `unknown_value`, `own_parent`, `closed_parent`, `behind`,
    `limit`, `linked`, `has_children`, `missing_input`.
    """
    if case.parent_id is not None:
        raise ActionRefused("linked", "it is linked already", "parent")
    parent = _named(tx, actor, inputs.get("parent", ""))
    if parent is None or not _is_of(tx, actor, case):
        raise ActionRefused("unknown_value", "no such complaint", "parent")
    if parent.id == case.id:
        raise ActionRefused("own_parent", "a complaint does not follow itself", "parent")
    if (case.kind is SUPERVISION) != (parent.kind is SUPERVISION):
        raise ActionRefused("unknown_value", "what is said of officers stays by itself", "parent")
    if parent.status in CLOSED or parent.hold is not Hold.NONE:
        raise ActionRefused("closed_parent", "nobody works on that one", "parent")
    if count(tx, case.id):
        raise ActionRefused("has_children", "others follow this one", "parent")
    if case.agency and (not parent.agency or parent.status in BEFORE_AGENCY):
        raise ActionRefused("behind", "the parent is not with any agency yet", "parent")
    if count(tx, parent.id) >= MOST_CHILDREN:
        raise ActionRefused("limit", f"at most {MOST_CHILDREN}", "parent")
    if (
        case.confidential
        and not parent.confidential
        and not (actor.role is Role.COORDINATOR and inputs.get("confirm", "").strip())
    ):
        raise ActionRefused("missing_input", "a confidential complaint is linked to a public one", "confirm")
    return parent


def _named(tx: Transaction, actor: Actor, text: str) -> Case | None:
    number = read_number(text, tx.office.settings.government.ticket_prefix)
    found = cases.by_number(tx, number) if isinstance(number, str) else None
    if found is not None and found.parent_id is not None:
        found = cases.by_id(tx, found.parent_id)
    return found if found is not None and _is_of(tx, actor, found) else None


def _is_of(tx: Transaction, actor: Actor, case: Case) -> bool:
    """Officers link what lies with their own agency or below it; of the rest they do not even learn that it is there."""
    if actor.role is Role.COORDINATOR:
        return True
    rungs = [agency.code for agency in tx.office.reference.tree.ladder(case.agency)] if case.agency else []
    return actor.agency in (rungs or [case.agency])


def left_alone(tx: Transaction, parent: Case) -> list[Case]:
    """The children of a parent that has ended on which nobody would work any more, oldest first."""
    return [child for child in children_of(tx, parent.id) if is_left_alone(child, parent)]


def followed_event(tx: Transaction, event: Any, child: Case) -> Any:
    """The event of a child that an event of its parent brought about; None when there is none."""
    return events.by_key(tx, key_of(event.id, child))


def key_of(event_id: int, child: Case) -> str:
    """Under which a child follows an event of its parent: once."""
    return f"follow:{event_id}:{child.id}"
