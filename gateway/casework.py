"""How a status changes: `open` makes a complaint, `apply` carries out one action. Nothing else writes a status.

The rules are rows of complaints/lifecycle.py; here stands what an action does beside them. Everything happens in the
caller's transaction: event, clocks, notices, what leaves for systems of record, audit (ARCHITECTURE § 3).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway import assignments, audit, cases, clocks, events, hook_events, links, notices, outgoing, undoing
from gateway.complaints.complaint import (
    CLOSED,
    NO_INPUTS,
    Action,
    ActionRefused,
    Actor,
    Case,
    CaseMoved,
    Kind,
    Status,
    Visibility,
)
from gateway.complaints.inputs import check_inputs, check_limits
from gateway.complaints.lifecycle import Step, followed, step_for, target_of
from gateway.complaints.notices import NOTICES, Audience
from gateway.effects import Act, effects
from gateway.queries import deeds
from gateway.queries.milestones import UNDOABLE
from gateway.storage import tables
from gateway.storage.store import Transaction

LEAVES_AGENCY = frozenset(
    {Action.REASSIGN, Action.REFER_OUT, Action.MOVE_TO_INSPECTORATE, Action.CANCEL, Action.ARCHIVE}
)
OTHER_TOPIC = "lainnya"


def apply(
    tx: Transaction,
    action: Action,
    case: Case,
    actor: Actor,
    inputs: Mapping[str, str] = NO_INPUTS,
    *,
    key: str = "",
    at: datetime | None = None,
) -> Case:
    """Carry out one action on one complaint with all its consequences; the case as it is now.

    `key` makes a caller that may repeat itself harmless: the second time changes nothing. `at` is when it happened
    elsewhere (clocks stop there), default now. Raises `ActionRefused` before anything is written, and `CaseMoved`
    after which the caller lets the transaction roll back.
    """
    if key and events.seen(tx, key):
        return cases.by_id(tx, case.id) or case
    if action is Action.UNDO:
        return _undo(tx, case, actor)
    step = step_for(action, case.status, actor.role, hold=case.hold, return_status=case.return_status)
    _check(tx, step, case, inputs)
    if step.implies:
        basis = {
            "kind": inputs.get("kind") or case.kind.value,
            "topic": inputs.get("topic") or case.topic or OTHER_TOPIC,
        }
        case = apply(tx, step.implies, case, actor, basis)
        step = step_for(action, case.status, actor.role, hold=case.hold)
    remote = Status(inputs["status"]) if action is Action.FOLLOW_SP4N and inputs.get("status") else None
    target = target_of(step, case.status, case.return_status, remote=remote)
    kind = step.kind or Kind(inputs.get("kind") or case.kind)
    if remote:
        step = followed(remote)
    changed = effects(Act(tx, action, case, actor, inputs))
    agency = changed.get("agency", case.agency)
    due_at = clocks.move(tx, case.id, kind, changed.get("minor", case.minor), step, at or tx.now, agency)
    values = {**changed, **_status_values(tx, case, step, target), "due_at": None if target in CLOSED else due_at}
    moved = _write(tx, case, values)
    event_id = events.append(
        tx, case.id, action.value, case.status, target, actor, step.visibility, inputs, seq=0, key=key
    )
    _around(tx, action, case, moved)
    # What a system of record did is told in the words that its own status asks for, or not at all.
    told = step.notices if remote is None else _followed_notices(step, moved, inputs)
    notices.write(tx, moved, event_id, told, actor, inputs, previous_agency=case.agency)
    outgoing.push(tx, moved, action, event_id, inputs, actor)
    hook_events.acted(tx, action, case, moved, event_id, tx.office.settings.casework.undo_s if step.undoable else 0.0)
    audit.record(tx, actor, action.value, "complaint", case.number, details={"to": target.value, "event": event_id})
    tx.tell(kind="complaint", number=case.number, status=target.value, channel=case.channel)
    return moved


def _followed_notices(step: Step, moved: Case, inputs: Mapping[str, str]) -> tuple[str, ...]:
    """The team hears what it would hear had it happened here; the reporter in the words that came with it."""
    staff = [key for key in step.notices if Audience.REPORTER not in NOTICES[key].audiences and moved.agency]
    return (*staff, *filter(None, [inputs.get("notice")]))


def _check(tx: Transaction, step: Step, case: Case, inputs: Mapping[str, str]) -> None:
    """Whatever can be refused is refused here: callers may go on in the same transaction."""
    calendar = tx.office.calendar
    check_inputs(step, inputs, today=tx.today, calendar=calendar)
    check_limits(step, case, tx.now, reopen_days=tx.office.settings.casework.reopen_days)
    if "agency" in step.requires and not assignments.accepts(tx, inputs["agency"]):
        raise ActionRefused("unknown_value", "no agency of that code takes complaints", "agency")


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
    last = deed.event
    before = Status(last.from_status)
    undone = step_for(Action(last.action), before, actor.role)
    notices.withdraw(tx, last.id)
    outgoing.withdraw(tx, case.id, last.id)
    hook_events.withdraw(tx, case, last.id)
    due_at = clocks.undo(tx, case.id, undone, last.at, tx.now)
    values = {"status": before.value, "status_since": tx.now, "closed_at": None, "due_at": due_at}
    moved = _write(tx, case, values | undoing.before(tx, case, undone, last))
    undo = step_for(Action.UNDO, case.status, actor.role)
    event_id = events.append(tx, case.id, Action.UNDO.value, case.status, before, actor, undo.visibility)
    hook_events.acted(tx, Action.UNDO, case, moved, event_id)
    if undone.action in LEAVES_AGENCY and moved.agency:
        # Their links were shut with it: the team gets new ones.
        notices.write(tx, moved, event_id, ("pic.new",), actor, NO_INPUTS)
    audit.record(tx, actor, "undo", "complaint", case.number, details={"of": last.action})
    tx.tell(kind="complaint", number=case.number, status=before.value, channel=case.channel)
    return moved
