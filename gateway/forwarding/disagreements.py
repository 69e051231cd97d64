"""Where a system of record and we part: it gave the report to somebody else, or stays behind what we say for days.

Rules: docs/forwarders/sp4n.md § Disagreement. Where it is further than we are is followed in gateway/forwarding/remote_changes.py.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.casework import casework
from gateway.complaints.complaint import (
    CLOSED,
    SYSTEM,
    Action,
    ActionRefused,
    Actor,
    Case,
    Kind,
    Role,
    Sensitive,
    Status,
)
from gateway.complaints.forward import ForwardKind, ForwardState, RemoteState
from gateway.queries.differences import DISPOSITION
from gateway.queries.differences import KIND as MISMATCH
from gateway.queries.tasks import IS_OPEN
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.store import Transaction

ACTOR = Actor(Role.SP4N, "sp4n", name="LAPOR!")
FLAG = "mismatch"
"""Flag of a complaint that stands differently over there, as long as nobody has decided."""
PATIENCE = timedelta(hours=48)
INSTITUTION_CHARACTERS = 12
UNASSIGNED = frozenset({Status.VERIFIED, Status.REOPENED})
# As people outside see it: looked at, worked on, answered, over. Within a stage nobody is ahead.
STAGES: Mapping[Status, int] = {
    Status.RECEIVED: 0,
    Status.INCOMPLETE: 0,
    Status.VERIFIED: 0,
    Status.ASSIGNED: 1,
    Status.REOPENED: 1,
    Status.IN_PROGRESS: 1,
    Status.REPORTER_REPLIED: 1,
    Status.AWAITING_REPORTER: 2,
    Status.RESOLVED: 3,
    Status.OUT_OF_AUTHORITY: 3,
    Status.ARCHIVED: 3,
}
AT_WORK = 1
PUSHES = frozenset({ForwardKind.FOLLOWUP.value, ForwardKind.FORWARD.value})
OVER = frozenset({ForwardState.SENT.value, ForwardState.FAILED.value})


def note_lag(tx: Transaction, row: Any, case: Case, state: RemoteState) -> None:
    """A person decides what becomes of a report that has been further here than over there for two days.

    While something of ours is on its way there, nobody is asked; what was decided once is not asked again.
    """
    if state.status is None or STAGES[case.status] <= STAGES[state.status]:
        tasks.settle(tx, MISMATCH, str(row.id))
        if FLAG in case.flags:
            cases.mark(tx, case.id, FLAG, on=_is_open(tx, case.id))
        return
    since = _since(tx, row, case, state)
    detail = f"{case.status} / {state.status_name}"[:300]
    if since is not None and tx.now - since > PATIENCE and not _asked(tx, str(row.id), detail, since):
        ask(tx, case, str(row.id), detail)


def ask(tx: Transaction, case: Case, subject: str, detail: str) -> None:
    """A person decides (gateway/forwarding/reconciling.py)."""
    tasks.add(tx, MISMATCH, subject, detail, case.id)
    cases.mark(tx, case.id, FLAG, on=True)


def settled(tx: Transaction, case: Case, task_id: int, actor: Actor) -> None:
    """Somebody has decided; the flag goes with the last open question."""
    tasks.done(tx, task_id, actor)
    cases.mark(tx, case.id, FLAG, on=_is_open(tx, case.id))


def _is_open(tx: Transaction, complaint_id: int) -> bool:
    task = tables.task
    mine = (task.c.kind == MISMATCH) & (task.c.complaint_id == complaint_id) & IS_OPEN
    return tx.one(select(task.c.id).where(mine).limit(1)) is not None


def _since(tx: Transaction, row: Any, case: Case, state: RemoteState) -> datetime | None:
    """From when on it is so; None while a push is under way."""
    forward = tables.forward
    pushes = (forward.c.complaint_id == case.id) & (forward.c.target == row.target) & forward.c.kind.in_(PUSHES)
    found = tx.all(select(forward.c.state, forward.c.finished_at).where(pushes))
    if any(push.state not in OVER for push in found):
        return None
    moments: list[datetime | None] = [case.status_since, row.created_at, *(push.finished_at for push in found)]
    moments.append(row.remote_changed_at if state.status_name == row.remote_status else state.status_since)
    return max(moment for moment in moments if moment is not None)


def _asked(tx: Transaction, subject: str, detail: str, since: datetime) -> bool:
    task = tables.task
    same = (task.c.kind == MISMATCH) & (task.c.subject == subject) & (task.c.detail == detail)
    return tx.one(select(task.c.id).where(same, task.c.created_at >= since).limit(1)) is not None


def is_given_away(tx: Transaction, row: Any, case: Case, state: RemoteState) -> bool:
    """Whether they gave the report to an institution that is not ours, which is news to us."""
    theirs = state.institution_id[:INSTITUTION_CHARACTERS]
    if not theirs or theirs == row.institution_id or case.status in CLOSED:
        return False
    at_work = state.status is not None and STAGES[state.status] == AT_WORK
    return at_work and theirs not in {_own_institution(tx, case.agency), _default_institution(tx, row.target)}


def follow_disposition(tx: Transaction, case: Case, state: RemoteState) -> None:
    """Theirs goes: to the agency that has their institution's number here, else it is not ours any more.

    What few may know of is for a person: nobody new is to learn of it by a machine.
    """
    agencies = agencies_of(tx, state.institution_id)
    guarded = case.confidential or case.sensitive is not Sensitive.NONE or case.kind is Kind.PENGADUAN_PENGAWASAN
    if guarded or len(agencies) > 1:
        ask(tx, case, case.number, f"{DISPOSITION}{state.institution_id} {state.institution_name}".strip())
        return
    try:
        give(tx, case, agencies[0] if agencies else "", state)
    except ActionRefused as refusal:
        ask(tx, case, case.number, refusal.code)


def give(tx: Transaction, case: Case, agency: str, state: RemoteState) -> None:
    """To this agency of ours; to none: it is somebody else's. ActionRefused where it cannot go now."""
    name = state.institution_name or state.institution_id
    reason = tx.office.texts("sp4n.disposed", instansi=name)
    if agency:
        # Nobody had it: then it is given as a rule of ours would give it.
        action, actor = (Action.ASSIGN, SYSTEM) if case.status in UNASSIGNED else (Action.REASSIGN, ACTOR)
        casework.apply(tx, action, case, actor, {"agency": agency, "reason": reason})
        return
    inputs = {"institution": name[:120], "reason": reason, "source": state.status_name, "notice": "st.oota"}
    casework.apply(tx, Action.FOLLOW_SP4N, case, ACTOR, {"status": Status.OUT_OF_AUTHORITY.value, **inputs})


def agencies_of(tx: Transaction, institution_id: str) -> list[str]:
    """Codes of our agencies that have this number over there."""
    agency = tables.agency
    theirs = (agency.c.sp4n_institution_id == institution_id) & agency.c.accepts
    return [row.code for row in tx.all(select(agency.c.code).where(theirs).order_by(agency.c.code))]


def _own_institution(tx: Transaction, code: str) -> str:
    agency = tables.agency
    row = tx.one(select(agency.c.sp4n_institution_id).where(agency.c.code == code))
    return str(row.sp4n_institution_id) if row else ""


def _default_institution(tx: Transaction, target: str) -> str:
    """The government itself: with it lies what was given to nobody yet."""
    table = tx.office.settings.forwarder(target)
    return str(table.values.get("default_institution_id", "")) if table else ""
