"""One tap puts a topic right that was decided before, by a machine or in haste; whoever has the complaint in hand may do it."""

from gateway.audit import audit
from gateway.casework import casework
from gateway.complaints.complaint import OFFICERS, ActionRefused, Actor, Case, Hold, Role, Status, Visibility
from gateway.desk.work import case_for
from gateway.queries.scope import Scope
from gateway.record import cases, events, rulings
from gateway.record.effects import kept_close
from gateway.storage.store import Transaction

CORRECTED = "topic_corrected"
MAY = OFFICERS | {Role.COORDINATOR}
UNDECIDED = frozenset({Status.RECEIVED, Status.INCOMPLETE})
"""Here a topic is decided by verifying."""


def may_correct(case: Case, role: Role) -> bool:
    return role in MAY and case.status not in UNDECIDED and case.closed_at is None and case.hold is Hold.NONE


def correct(tx: Transaction, scope: Scope, number: str, topic: str, actor: Actor, key: str = "") -> None:
    """Set the topic, or say that it is right; nobody outside is told. The same form again changes nothing.

    `NotThere`; `ActionRefused`: wrong_role, wrong_state, unknown_value.
    """
    case = case_for(tx, scope, number)
    key = f"desk:{actor.id}:{key}" if key else ""
    if key and events.seen(tx, key):
        return
    if actor.role not in MAY:
        raise ActionRefused("wrong_role", "not for this role")
    if not may_correct(case, actor.role):
        raise ActionRefused("wrong_state", "its topic is decided by verifying, or it is over")
    casework.check_topic(tx, topic)
    known = tx.office.reference.topics
    before = known[case.topic].name if case.topic in known else "–"
    told = {"topic": topic, "note": f"{before} → {known[topic].name}"}
    event_id = casework.remark(tx, case, CORRECTED, actor, told, Visibility.INTERNAL, key=key)
    cases.amend(tx, case.id, topic=topic, **kept_close(tx, case, topic))
    rulings.keep(tx, case.id, event_id, CORRECTED, actor, {rulings.TOPIC: topic})
    audit.record(tx, actor, CORRECTED, "complaint", number, details={"from": case.topic, "to": topic})
