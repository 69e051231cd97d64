"""What an action sends to the systems of record: rows of `forward`, carried out later by workers.

Which action pushes what: docs/forwarders/sp4n.md § pushes. Nothing leaves for a held complaint, and what an officer may still
undo waits for that window like the message to the citizen.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from config.settings import ForwarderTable, Settings
from gateway.complaints.calendar import moment_text
from gateway.complaints.complaint import Action, Actor, Case, Hold, Role, Urgency
from gateway.complaints.forward import ForwardKind, ForwardState
from gateway.files import attachments
from gateway.privacy.privacy import masked_text
from gateway.storage import tables
from gateway.storage.store import Transaction

FILES = frozenset({Action.ASSIGN, Action.MOVE_TO_INSPECTORATE, Action.REFER_OUT})
# Action -> the input that is told over there, and whether it comes from the reporter.
FOLLOW_UPS: Mapping[Action, tuple[str, bool]] = {
    Action.ANSWER: ("explanation", False),
    Action.REPORT_PROGRESS: ("note", False),
    Action.REPLY: ("text", True),
    Action.REPLY_TO_ANSWER: ("text", True),
    Action.COMPLETE: ("text", True),
    Action.CONTEST: ("text", True),
}
UNDOABLE = frozenset({Action.ANSWER, Action.REFER_OUT})
REF_CHARACTERS = 6
LOOKED_LATELY = timedelta(minutes=10)
AHEAD = timedelta(days=30)
"""Danger is due so much earlier: after an outage it leaves before whatever else waits."""
NATIONAL = "sp4n"
REPORTS_ONLY = frozenset({"open311"})
"""Kinds of systems that take reports and nothing afterwards."""


def push(
    tx: Transaction, case: Case, action: Action, event_id: int, inputs: Mapping[str, str], actor: Actor,
    said_at: datetime | None = None,
) -> None:  # fmt: skip
    """Write the rows that this action causes; what came from the system of record does not go back there.

    `said_at`: when the reporter wrote it, where that is known (gateway/record/said.py).
    """
    if case.hold is not Hold.NONE or actor.role is Role.SP4N:
        return
    wait = tx.office.settings.casework.undo_s if action in UNDOABLE else 0.0
    if action in FILES:
        _row(tx, case, ForwardKind.CREATE, "create", wait)
    if action is Action.REFER_OUT:
        _hand_over(tx, case, inputs, wait)
    field, from_reporter = FOLLOW_UPS.get(action, ("", False))
    words = _words(tx, case, inputs.get(field, ""), from_reporter=from_reporter) if field else ""
    if words and case.first_assigned_at:
        key, rating = f"{event_id}:{_new_ref()}", _untold_rating(tx, case)
        overtaken = _overtaken(tx, case.id, said_at) if said_at and from_reporter else []
        if said_at and not all(_waits(row) for row in overtaken):
            words = tx.office.texts("sp4n.said_before", kapan=moment_text(said_at, tx.office.calendar), isi=words)
        values: dict[str, Any] = {
            "content_masked": masked_text(words),
            "from_reporter": from_reporter,
            "rating": rating,
        }
        _row(tx, case, ForwardKind.FOLLOWUP, key, wait, **values)
        _put_behind(tx, overtaken)


def _overtaken(tx: Transaction, complaint_id: int, said_at: datetime) -> Sequence[Any]:
    """The reporter's words that were written later and came sooner (F32), in their order."""
    forward, event = tables.forward.c, tables.complaint_event.c
    theirs = (event.complaint_id == complaint_id) & (event.said_at > said_at)
    later = {str(row.id) for row in tx.all(select(event.id).where(theirs))}
    told = select(forward.id, forward.key, forward.state, forward.started_at).where(
        forward.complaint_id == complaint_id, forward.kind == ForwardKind.FOLLOWUP.value, forward.from_reporter
    )
    return [row for row in tx.all(told.order_by(forward.id)) if row.key.partition(":")[0] in later] if later else []


def _put_behind(tx: Transaction, overtaken: Sequence[Any]) -> None:
    """Rows of one complaint leave in the order of their ids: those that have not begun to go get later ones."""
    forward = tables.forward
    for row in overtaken:
        if _waits(row):
            tx.execute(forward.update().where(forward.c.id == row.id).values(id=tx.new_id()))


def _waits(row: Any) -> bool:
    return row.state == ForwardState.QUEUED.value and row.started_at is None


def _hand_over(tx: Transaction, case: Case, inputs: Mapping[str, str], wait: float) -> None:
    """To the body that is responsible instead of us, where it is known over there and forwarded to (reference data)."""
    bodies, named = tx.office.reference.out_of_authority, inputs.get("institution", "")
    body = bodies.get(named) or next((one for one in bodies.values() if one.name == named), None)
    institution = inputs.get("institution_id") or (body.sp4n_institution_id if body and body.is_forwarded else "")
    if institution:
        values = {"content_masked": masked_text(inputs.get("reason", "")), "institution_id": institution}
        _row(tx, case, ForwardKind.FORWARD, institution, wait, **values)


def _words(tx: Transaction, case: Case, given: str, *, from_reporter: bool) -> str:
    """What is told over there; photographs without a word are named, for they go along."""
    if given or not from_reporter:
        return given
    many = attachments.came(tx, case.id, tx.now)
    return tx.office.texts("sp4n.more_files", n=many) if many else ""


def _untold_rating(tx: Transaction, case: Case) -> int:
    """The reporter's own rating goes once, with whatever is told next; there is no other (0)."""
    forward = tables.forward
    told = (forward.c.complaint_id == case.id) & (forward.c.rating == (case.rating or 0))
    if not case.rating or tx.one(select(forward.c.id).where(told).limit(1)) is not None:
        return 0
    return case.rating


def push_again(tx: Transaction, case: Case, target: str, words: str, key: str) -> None:
    """Tell one system of record once more what stands here. `key`: at most 60 characters."""
    text = masked_text(words)
    _row(tx, case, ForwardKind.FOLLOWUP, f"{key}:{_new_ref()}", content_masked=text, only=target)


def _new_ref() -> str:
    return secrets.token_hex(REF_CHARACTERS // 2)


def _row(
    tx: Transaction, case: Case, kind: ForwardKind, key: str, wait_s: float = 0.0, only: str = "", **values: Any
) -> None:
    urgent = case.urgency is Urgency.DARURAT
    by_hand = _by_hand(tx, case.id) if kind is not ForwardKind.CREATE else frozenset()
    rows = [
        {
            "id": tx.new_id(),
            "complaint_id": case.id,
            "target": table.name,
            "kind": kind.value,
            "key": key,
            "marker": case.number,
            "created_at": tx.now,
            "due_at": tx.now + timedelta(seconds=wait_s) if wait_s or not urgent else tx.now - AHEAD,
            "state": (ForwardState.MANUAL if table.name in by_hand else ForwardState.QUEUED).value,
            **values,
        }
        for table in tx.office.settings.forwarding
        if table.values.get("mode") != "off" and only in ("", table.name) and _takes(table.kind, kind)
    ]
    tx.flush()
    if rows and tx.insert_new(tables.forward, rows, "id", key=("complaint_id", "target", "key")):
        tx.ring("forward")


def _takes(target_kind: str, kind: ForwardKind) -> bool:
    return kind is ForwardKind.CREATE or target_kind not in REPORTS_ONLY


def national(settings: Settings) -> ForwarderTable | None:
    """SP4N-LAPOR! among the systems of record; None where it is not one of them."""
    return next((table for table in settings.forwarding if table.kind == NATIONAL), None)


def is_national(tx: Transaction, target: str) -> bool:
    """Whether this is SP4N-LAPOR!, whose number and status citizens are shown; what is no longer set was that."""
    table = tx.office.settings.forwarder(target)
    return table is None or table.kind == NATIONAL


def _by_hand(tx: Transaction, complaint_id: int) -> frozenset[str]:
    """Where people filed it: they tell what follows, too, until it was handed over to the API."""
    forward = tables.forward
    rows = tx.all(select(forward.c.target, forward.c.by_hand).where(forward.c.complaint_id == complaint_id))
    return frozenset(row.target for row in rows if row.by_hand)


def look_soon(tx: Transaction, numbers: Sequence[str]) -> None:
    """Their reporter asks: look there again where the last look is some minutes old. The answer is what is known here."""
    forward, complaint = tables.forward, tables.complaint
    rows = tx.all(select(complaint.c.id).where(complaint.c.number.in_(sorted(set(numbers)))))
    mine = forward.c.complaint_id.in_([row.id for row in rows]) & forward.c.poll_due_at.is_not(None)
    old = forward.c.polled_at.is_(None) | (forward.c.polled_at < tx.now - LOOKED_LATELY)
    if (
        rows
        and tx.execute(
            forward.update().where(mine, old, forward.c.poll_due_at > tx.now).values(poll_due_at=tx.now)
        ).rowcount
    ):
        tx.ring("poll")


def withdraw(tx: Transaction, complaint_id: int, event_id: int) -> None:
    """The action was undone: what waits because of it does not leave."""
    forward, event = tables.forward, tables.complaint_event
    mine = (event.c.complaint_id == complaint_id) & (event.c.id == event_id)
    then = select(event.c.at).where(mine).scalar_subquery()
    untold = [ForwardState.QUEUED.value, ForwardState.MANUAL.value]
    waiting = (forward.c.complaint_id == complaint_id) & forward.c.state.in_(untold)
    tx.execute(forward.delete().where(waiting, forward.c.created_at == then))
