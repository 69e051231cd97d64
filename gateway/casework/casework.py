"""How a status changes: `open` makes a complaint, `apply` carries out one action. Nothing else writes a status.

The rules are rows of complaints/lifecycle.py; here stands what an action does beside them. Everything happens in the
caller's transaction: event, clocks, notices, what leaves for systems of record, audit (ARCHITECTURE § 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.audit import audit
from gateway.casework import outgoing
from gateway.complaints.complaint import (
    CLOSED,
    NO_INPUTS,
    SYSTEM,
    Action,
    ActionRefused,
    Actor,
    Case,
    CaseMoved,
    Kind,
    Role,
    Status,
    Visibility,
)
from gateway.complaints.incident import CATCHES_UP, KIND, is_over, next_step, told_of
from gateway.complaints.inputs import check_inputs, check_limits
from gateway.complaints.lifecycle import Step, followed, step_as_parent, step_for, step_of, target_of
from gateway.complaints.notices import NOTICES, Audience
from gateway.hooks import events as hook_events
from gateway.notices import notices
from gateway.officer_links import links
from gateway.queries import deeds
from gateway.queries.milestones import UNDOABLE
from gateway.record import assignments, cases, conflicts, events, incidents, rulings, undoing, unjudged
from gateway.record.effects import Act, effects
from gateway.storage import tables
from gateway.storage.store import Transaction
from gateway.timing import clocks

LEAVES_AGENCY = frozenset(
    {Action.REASSIGN, Action.REFER_OUT, Action.MOVE_TO_INSPECTORATE, Action.CANCEL, Action.ARCHIVE}
)
OTHER_TOPIC = "lainnya"
DONE_BY_AGENCY = frozenset({Action.START, Action.ANSWER})


def apply(
    tx: Transaction,
    action: Action,
    case: Case,
    actor: Actor,
    inputs: Mapping[str, str] = NO_INPUTS,
    *,
    key: str = "",
    at: datetime | None = None,
    said_at: datetime | None = None,
    implied: bool = False,
) -> Case:
    """Carry out one action on one complaint with all its consequences; the case as it is now.

    `key` makes a caller that may repeat itself harmless: the second time changes nothing. `at` is when it happened
    elsewhere (clocks stop there), default now; `said_at` is when its words were written. `implied`: another action brings it along, and says what
    was decided. Raises `ActionRefused` before anything is written, and `CaseMoved` after which the caller lets the transaction roll back.
    """
    if key and events.seen(tx, key):
        return cases.by_id(tx, case.id) or case
    if action is Action.UNDO:
        return _undo(tx, case, actor)
    step = step_of(case, action, actor.role)
    _check(tx, step, case, inputs)
    if inputs.get("topic") and not implied and actor.role is not Role.SYSTEM:
        check_topic(tx, inputs["topic"])
    followers = incidents.followers(tx, action, case)
    own = incidents.covered(tx, inputs, followers, case.contact_id) if followers else inputs
    if step.implies:
        case = apply(tx, step.implies, case, actor, _basis(case, inputs), implied=True)
        step = step_for(action, case.status, actor.role, hold=case.hold)
    done = _carry_out(tx, step, Doing(action, actor, own, key, at, said_at=said_at, implied=implied), case)
    if followers:
        _lead(tx, Doing(action, actor, inputs), done, [*followers, case.contact_id])
    return _after(tx, action, case, done, actor)


@dataclass(frozen=True, slots=True)
class Doing:
    """One action about to be carried out. `told`: which notices, where not those of the step.

    `follows`: it happened to the parent of an incident, and so to this complaint.
    """

    action: Action
    actor: Actor
    inputs: Mapping[str, str]
    key: str = ""
    at: datetime | None = None
    told: tuple[str, ...] | None = None
    follows: bool = False
    said_at: datetime | None = None
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """The complaint as it is now, and the event that tells why."""

    case: Case
    event_id: int


def _basis(case: Case, inputs: Mapping[str, str]) -> dict[str, str]:
    """With which kind and topic a complaint is verified that is given to an agency at once."""
    return {"kind": inputs.get("kind") or case.kind.value, "topic": inputs.get("topic") or case.topic or OTHER_TOPIC}


def _carry_out(tx: Transaction, step: Step, doing: Doing, case: Case) -> Done:
    """One step of one complaint, with everything that follows from it there."""
    action, actor, inputs = doing.action, doing.actor, doing.inputs
    remote = Status(inputs["status"]) if action is Action.FOLLOW_SP4N and inputs.get("status") else None
    target = target_of(step, case.status, case.return_status, remote=remote)
    kind = step.kind or Kind(inputs.get("kind") or case.kind)
    if remote:
        step = followed(remote)
    changed = effects(Act(tx, action, case, actor, inputs, doing.follows, doing.at))
    agency = changed.get("agency", case.agency)
    due_at = clocks.move(tx, case.id, kind, changed.get("minor", case.minor), step, doing.at or tx.now, agency)
    values = {**changed, **_status_values(tx, case, step, target), "due_at": None if target in CLOSED else due_at}
    moved = _write(tx, case, values)
    event_id = events.append(
        tx, case.id, action.value, case.status, target, actor, step.visibility, inputs, key=doing.key,
        said_at=doing.said_at,
    )  # fmt: skip
    if _says_more(doing):
        unjudged.note(tx, case.id, event_id)
    if not doing.implied:
        rulings.ruled(tx, action, moved, event_id, actor, inputs, case.hold)
    _around(tx, action, case, moved)
    # What a system of record did is told in the words that its own status asks for, or not at all.
    told = step.notices if remote is None else _followed_notices(step, moved, inputs)
    told = told if doing.told is None else doing.told
    told = conflicts.told(tx, told, moved)
    notices.write(tx, moved, event_id, told, actor, inputs, previous_agency=case.agency)
    outgoing.push(tx, moved, action, event_id, inputs, actor, doing.said_at)
    hook_events.acted(tx, action, case, moved, event_id, tx.office.settings.casework.undo_s if step.undoable else 0.0)
    audit.record(tx, actor, action.value, "complaint", case.number, details={"to": target.value, "event": event_id})
    tx.tell(kind="complaint", number=case.number, status=target.value, channel=case.channel)
    return Done(moved, event_id)


def _says_more(doing: Doing) -> bool:
    """Whether the reporter said something here; what they say to a complaint that is away brings it back as the system's deed."""
    speaks = doing.actor.role is Role.REPORTER or (doing.action is Action.RESTORE and doing.actor is SYSTEM)
    return speaks and not doing.follows and any(doing.inputs.get(name) for name in events.TOLD)


def _followed_notices(step: Step, moved: Case, inputs: Mapping[str, str]) -> tuple[str, ...]:
    """The team hears what it would hear had it happened here; the reporter in the words that came with it."""
    staff = [key for key in step.notices if Audience.REPORTER not in NOTICES[key].audiences and moved.agency]
    return (*staff, *filter(None, [inputs.get("notice")]))


def _lead(tx: Transaction, doing: Doing, done: Done, people: Sequence[int | None]) -> None:
    """What happened to the parent of an incident happens to its children, each with words of its own."""
    for child in incidents.children_of(tx, done.case.id):
        words = incidents.covered(tx, doing.inputs, people, child.contact_id)
        key = incidents.key_of(done.event_id, child)
        _follow(tx, Doing(doing.action, _behind(doing.actor.agency), words, key), child, done.case)


def _behind(agency: str) -> Actor:
    """Nobody acts on a child itself; its reporter reads whose work it is."""
    return replace(SYSTEM, agency=agency)


def _follow(tx: Transaction, doing: Doing, child: Case, parent: Case) -> Case | None:
    """One step of a child after its parent, by its own rule; None where it does not go. Without a key it catches up."""
    step = step_as_parent(child, doing.action)
    if step is None:
        return None
    if step.implies:
        basis = _basis(parent, doing.inputs)
        verified = _follow(tx, replace(doing, action=step.implies, inputs=basis, key=""), child, parent)
        step = step_as_parent(verified, doing.action) if verified else None
        if verified is None or step is None:
            return None
        child = verified
    told = told_of(doing.action, not doing.key, step.notices)
    given = {**doing.inputs, "parent": parent.number}
    return _carry_out(tx, step, replace(doing, inputs=given, told=told, follows=True), child).case


def _after(tx: Transaction, action: Action, before: Case, done: Done, actor: Actor) -> Case:
    """What linking, parting and ending mean for the others of an incident; the complaint as it is then."""
    case = done.case
    if action in CATCHES_UP and case.parent_id is not None:
        return _catch_up(tx, case, joins=action is Action.LINK)
    if action is Action.UNLINK and case.agency:
        # Nobody was told of it as a task of its own.
        notices.write(tx, case, done.event_id, ("pic.new",), actor, NO_INPUTS)
    if before.parent_id is None and before.version > 1:
        if action is Action.FOLLOW_SP4N:
            # What the other system's agency said to one reporter is an answer to all.
            for child in incidents.children_of(tx, case.id):
                _bring(tx, child, case, after=done.event_id)
        if is_over(case):
            _hand_over(tx, case)
    return case


def _catch_up(tx: Transaction, child: Case, *, joins: bool) -> Case:
    """Bring a child to where its parent is by now."""
    parent = cases.by_id(tx, child.parent_id) if child.parent_id is not None else None
    if parent is None:
        return child
    if joins:
        # Whoever acts on the parent at this moment has not seen this child: they look again.
        parent = _write(tx, parent, {})
        event = {"child": child.number}
        events.append(tx, parent.id, incidents.JOINED, parent.status, parent.status, SYSTEM, Visibility.INTERNAL, event)
    return _bring(tx, child, parent)


def _bring(tx: Transaction, child: Case, parent: Case, after: int = 0) -> Case:
    """Step by step to where the parent is; the child's reporter hears of each where it comes `after` an event of the parent."""
    while (step := next_step(child, parent)) is not None:
        action, inputs = step
        agency = parent.agency if action in DONE_BY_AGENCY else ""
        key = f"{incidents.key_of(after, child)}:{action.value}" if after else ""
        moved = _follow(tx, Doing(action, _behind(agency), inputs, key), child, parent)
        if moved is None:
            break
        child = moved
    return child


def _hand_over(tx: Transaction, parent: Case) -> None:
    """A parent has ended before all were answered: the oldest of the others takes its place, and its team is told."""
    alone = incidents.left_alone(tx, parent)
    for place, child in enumerate(alone):
        cases.amend(tx, child.id, parent_id=alone[0].id if place else None, link_kind=KIND if place else "")
    if alone:
        event_id = remark(tx, alone[0], incidents.HEIR, SYSTEM, {"parent": parent.number}, Visibility.INTERNAL)
        notices.write(tx, alone[0], event_id, ("pic.new",) if alone[0].agency else (), SYSTEM, NO_INPUTS)


def _check(tx: Transaction, step: Step, case: Case, inputs: Mapping[str, str]) -> None:
    """Whatever can be refused is refused here: callers may go on in the same transaction.

    But for what a parent refuses who is to be linked to: that is judged where it is looked up, in `effects`, which come
    before anything is written.
    """
    calendar = tx.office.calendar
    check_inputs(step, inputs, today=tx.today, calendar=calendar)
    check_limits(step, case, tx.now, reopen_days=tx.office.settings.casework.reopen_days)
    if "agency" in step.requires and not assignments.accepts(tx, inputs["agency"]):
        raise ActionRefused("unknown_value", "no agency of that code takes complaints", "agency")
    if step.action is Action.UNLINK and case.parent_id is None:
        raise ActionRefused("not_linked", "it follows no other")
    if "agency" in step.requires and not conflicts.may_have(
        tx, inputs["agency"], case, inputs.get("kind") or case.kind
    ):
        raise ActionRefused("conflict", "whoever is reported does not look into it", "agency")


def check_topic(tx: Transaction, topic: str) -> None:
    """Refuse a topic that nobody can choose (`unknown_value`)."""
    known = tx.office.reference.topics
    if topic not in known or not known[topic].may_be_set:
        raise ActionRefused("unknown_value", topic[:60], "topic")


def _status_values(tx: Transaction, case: Case, step: Step, target: Status) -> dict[str, Any]:
    if target is case.status:
        return {}
    values: dict[str, Any] = {"status": target.value, "status_since": tx.now}
    values["return_status"] = case.status.value if step.keeps_return else None
    values["closed_at"] = tx.now if target in CLOSED else None
    if step.closing:
        values["closing"] = step.closing
    return values


def _write(tx: Transaction, case: Case, values: Mapping[str, Any]) -> Case:
    # A version in WHERE, no lock: two officers at once are rare, and the later one must see what the first did.
    complaint = tables.complaint
    updated = tx.execute(
        complaint.update()
        .where(complaint.c.id == case.id, complaint.c.version == case.version)
        .values(**values, version=case.version + 1, updated_at=tx.now, events=complaint.c.events + 1)
    )
    if updated.rowcount != 1:
        raise CaseMoved
    moved = cases.by_id(tx, case.id)
    if moved is None:
        raise CaseMoved
    return moved


def _around(tx: Transaction, action: Action, case: Case, moved: Case) -> None:
    """What happens beside the complaint's own row."""
    is_away = moved.status in {Status.ARCHIVED, Status.OUT_OF_AUTHORITY}
    if (is_away or action in LEAVES_AGENCY) and case.agency:
        links.revoke(tx, case.id)
    if is_away:
        assignments.end(tx, case.id)
    if action is Action.RELEASE:
        tx.ring("classify")


def remark(
    tx: Transaction,
    case: Case,
    what: str,
    actor: Actor,
    inputs: Mapping[str, str],
    visibility: Visibility = Visibility.PUBLIC,
    *,
    key: str = "",
) -> int:
    """An event that changes nothing else (an edit, a repetition, a doubt); its id. `key`: as for `apply`."""
    complaint = tables.complaint
    tx.execute(complaint.update().where(complaint.c.id == case.id).values(events=complaint.c.events + 1))
    return events.append(tx, case.id, what, case.status, case.status, actor, visibility, inputs, key=key)


def _undo(tx: Transaction, case: Case, actor: Actor) -> Case:
    """Take back the actor's own last action while nobody was told of it (life cycle, row 34)."""
    deed = deeds.newest(tx, case.id)
    if deed is None or not deed.is_by(actor) or (deed.action in UNDOABLE and deed.undo_until is None):
        raise ActionRefused("expired")
    if deed.action not in UNDOABLE:
        raise ActionRefused("wrong_state")
    return _take_back(tx, case, deed.event, actor, actor)


def _take_back(tx: Transaction, case: Case, last: Any, actor: Actor, by: Actor) -> Case:
    """`by`: who did it, where `actor` only follows."""
    before = Status(last.from_status)
    undone = step_for(Action(last.action), before, by.role)
    notices.withdraw(tx, last.id)
    outgoing.withdraw(tx, case.id, last.id)
    rulings.taken_back(tx, case.id, last.id)
    hook_events.withdraw(tx, case, last.id)
    due_at = clocks.undo(tx, case.id, undone, last.at, tx.now)
    values = {"status": before.value, "status_since": tx.now, "closed_at": None, "due_at": due_at}
    moved = _write(tx, case, values | undoing.before(tx, case, undone, last))
    undo = step_for(Action.UNDO, case.status, by.role)
    event_id = events.append(tx, case.id, Action.UNDO.value, case.status, before, actor, undo.visibility)
    hook_events.acted(tx, Action.UNDO, case, moved, event_id)
    if undone.action in LEAVES_AGENCY and moved.agency and actor is by:
        # Their links were shut with it: the team gets new ones.
        notices.write(tx, moved, event_id, ("pic.new",), actor, NO_INPUTS)
    audit.record(tx, actor, "undo", "complaint", case.number, details={"of": last.action})
    tx.tell(kind="complaint", number=case.number, status=before.value, channel=case.channel)
    for child in incidents.children_of(tx, case.id) if incidents.followers(tx, undone.action, case) else ():
        theirs, newest = incidents.followed_event(tx, last, child), deeds.newest(tx, child.id)
        if theirs is not None and newest is not None and newest.event.id == theirs.id:
            _take_back(tx, child, theirs, SYSTEM, by)
    return moved
