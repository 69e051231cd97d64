"""What an action does to the columns of a complaint beside its status: one row per action, one function each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Action, Actor, Case, Kind, Sensitive, Status
from gateway.complaints.incident import DETACHES, KIND
from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.record import assignments, incidents
from gateway.storage import tables
from gateway.storage.store import Transaction

RAISES = {Action.RAISE_ANONYMOUS: "anonymous", Action.RAISE_CONFIDENTIAL: "confidential"}
ARCHIVED_THERE = "diarsipkan_sp4n"
"""Why a complaint is archived here that SP4N-LAPOR! archived; in which words, its event says."""
LOWERS = {Action.LOWER_ANONYMOUS: "anonymous", Action.LOWER_CONFIDENTIAL: "confidential"}


@dataclass(frozen=True, slots=True)
class Act:
    """One action about to be carried out."""

    tx: Transaction
    action: Action
    case: Case
    actor: Actor
    inputs: Mapping[str, str]
    follows: bool = False
    """It happened to the parent of an incident, and so to this complaint."""
    at: datetime | None = None
    """When it happened elsewhere."""

    def given(self, *names: str) -> dict[str, str]:
        return {name: self.inputs[name] for name in names if self.inputs.get(name)}


def effects(act: Act) -> dict[str, Any]:
    """The new values of the complaint's columns; rows beside it (assignment) are written here too."""
    effect = EFFECTS.get(act.action)
    values = effect(act) if effect else {}
    if act.case.parent_id is not None and act.action in DETACHES and not act.follows:
        values |= {"parent_id": None, "link_kind": ""}
    return values


def _raised(act: Act) -> dict[str, Any]:
    field = RAISES[act.action]
    return {field: True, f"{field}_by": act.actor.role.value, **_hidden_name(act)}


def _lowered(act: Act) -> dict[str, Any]:
    field = LOWERS[act.action]
    return {field: False, f"{field}_by": act.actor.role.value}


def _hidden_name(act: Act) -> dict[str, str]:
    """Whoever turns anonymous later may have signed the text."""
    if act.action is not Action.RAISE_ANONYMOUS or act.case.contact_id is None:
        return {}
    name = contacts.name_of(act.tx, act.case.contact_id)
    complaint = tables.complaint
    row = act.tx.one(select(complaint.c.text_masked, complaint.c.title).where(complaint.c.id == act.case.id))
    if row is None or not name:
        return {}
    return {"text_masked": masked_text(row.text_masked, (name,)), "title": masked_text(row.title, (name,))}


def _verified(act: Act) -> dict[str, Any]:
    basis = {"minor": act.inputs.get("minor") == "1", "verified_at": act.tx.now}
    return {**act.given("kind", "topic"), **basis, **_guarded(act)}


def _guarded(act: Act) -> dict[str, Any]:
    """What is said of officers is confidential, and what is of a topic that is kept close, whoever found that it is."""
    kind = act.inputs.get("kind") or act.case.kind
    if act.case.confidential:
        return {}
    if kind == Kind.PENGADUAN_PENGAWASAN:
        return {"confidential": True, "confidential_by": act.actor.role.value}
    return kept_close(act.tx, act.case, act.inputs.get("topic", ""))


def kept_close(tx: Transaction, case: Case, topic: str) -> dict[str, Any]:
    """What a newly chosen topic makes of secrecy. Of the one that it had the reporter may have lowered it."""
    known = tx.office.reference.topics.get(topic)
    if known is None or not known.is_confidential or case.confidential or topic == case.topic:
        return {}
    return {"confidential": True, "confidential_by": "rule"}


def _assigned(act: Act) -> dict[str, Any]:
    agency = act.inputs["agency"]
    assignments.give(act.tx, act.case.id, agency, act.actor, act.inputs.get("reason", ""))
    values: dict[str, Any] = act.given("kind", "topic") | {"agency": agency, "holder_id": None, **_guarded(act)}
    if act.case.first_assigned_at is None:
        values["first_assigned_at"] = act.tx.now
    if act.case.status is Status.RECEIVED:
        values["verified_at"] = act.tx.now
    return values


def _to_inspectorate(act: Act) -> dict[str, Any]:
    tree = act.tx.office.reference.tree
    # Whoever had it may be the one who is reported: who that was stands nowhere else.
    reported = act.case.reported or ("" if act.case.agency == tree.coordinator else act.case.agency)
    taker = tree.secretary if reported == tree.conflict_of_interest else tree.conflict_of_interest
    inputs = {"agency": taker, "kind": Kind.PENGADUAN_PENGAWASAN.value}
    values = _assigned(Act(act.tx, act.action, act.case, act.actor, {**act.inputs, **inputs}))
    if act.case.sensitive is Sensitive.NONE:
        values["sensitive"] = Sensitive.KORUPSI.value
    return values | {"reported": reported, "confidential": True, "confidential_by": act.actor.role.value}


def _taken(act: Act) -> dict[str, Any]:
    return {"holder_id": int(act.actor.id)} if act.actor.id.isdigit() else {}


def _answered(act: Act) -> dict[str, Any]:
    return {"public_answer": masked_text(act.inputs["explanation"]), "answered_at": act.tx.now, **_taken(act)}


def _archived(act: Act) -> dict[str, Any]:
    return {"archive_reason": act.inputs.get("archive_reason") or "dibatalkan_pelapor"}


def _linked(act: Act) -> dict[str, Any]:
    """Secret is inherited, being anonymous is not (CASEWORK 7)."""
    parent = incidents.parent_for(act.tx, act.case, act.actor, act.inputs)
    values: dict[str, Any] = {"parent_id": parent.id, "link_kind": KIND}
    if parent.confidential and not act.case.confidential:
        values |= {"confidential": True, "confidential_by": act.actor.role.value}
    return values


def _followed(act: Act) -> dict[str, Any]:
    values = {"archive_reason": ARCHIVED_THERE if act.inputs.get("status") == Status.ARCHIVED else ""}
    answer = act.inputs.get("explanation")
    return values | ({"public_answer": masked_text(answer), "answered_at": act.at or act.tx.now} if answer else {})


def _rated(act: Act) -> dict[str, Any]:
    comment = masked_text(act.inputs.get("comment", ""))[:300]
    return {"rating": int(act.inputs["rating"]), "rating_comment": comment, "rated_at": act.tx.now}


EFFECTS: Mapping[Action, Callable[[Act], dict[str, Any]]] = {
    Action.RAISE_ANONYMOUS: _raised,
    Action.RAISE_CONFIDENTIAL: _raised,
    Action.LOWER_ANONYMOUS: _lowered,
    Action.LOWER_CONFIDENTIAL: _lowered,
    Action.VERIFY: _verified,
    Action.ASSIGN: _assigned,
    Action.REASSIGN: _assigned,
    Action.MOVE_TO_INSPECTORATE: _to_inspectorate,
    Action.START: _taken,
    Action.TAKE_OVER: _taken,
    Action.ANSWER: _answered,
    Action.ARCHIVE: _archived,
    Action.CANCEL: _archived,
    Action.ARCHIVE_INCOMPLETE: lambda _: {"archive_reason": "tidak_dilengkapi"},
    Action.DISPUTE_AUTHORITY: lambda act: {"flags": " ".join(sorted(act.case.flags | {"sengketa_wewenang"}))},
    Action.REOPEN: lambda act: {"reopen_count": act.case.reopen_count + 1},
    Action.RESTORE: lambda _: {"archive_reason": ""},
    Action.HOLD: lambda act: {"hold": act.inputs["hold"]},
    # Judged again: what was held rang no alarm and went nowhere.
    Action.RELEASE: lambda _: {"hold": "none", "suggestion_state": "queued"},
    Action.RATE: _rated,
    Action.FOLLOW_SP4N: _followed,
    Action.LINK: _linked,
}
