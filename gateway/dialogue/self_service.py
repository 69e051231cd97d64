"""What a reporter does on the tracking page: look, add, accept, object. Whoever calls has checked number and code.

The same actions as in a chat (gateway/dialogue/turn_taking.py), carried out by gateway.casework.casework; only the asking is different.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.messages import AttachmentRef
from gateway.casework import casework
from gateway.casework.opening import keep_text
from gateway.complaints.complaint import NO_INPUTS, SYSTEM, Action, ActionRefused, Actor, Case, Role, Visibility
from gateway.files import attachments
from gateway.people import contacts
from gateway.privacy.privacy import masked_text
from gateway.queries import tracking
from gateway.queries.offers import ADD, EVIDENCE, OBJECT, WORDS, addition_for
from gateway.queries.tracking import Tracking
from gateway.record import cases, events, tasks
from gateway.storage.store import Transaction
from gateway.timing import clocks

DOUBT = "tidak-sesuai"
ADDITION = 1
"""Revision of a sealed text that adds to the original."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One posted form. `word` is one of WORDS, EVIDENCE or OBJECT; `key` is random and came with the form."""

    word: str
    key: str
    inputs: Mapping[str, str] = field(default_factory=lambda: NO_INPUTS)
    files: Sequence[AttachmentRef] = ()

    @property
    def text(self) -> str:
        return next((self.inputs[name] for name in ("text", "reason") if self.inputs.get(name)), "")


def look(tx: Transaction, number: str, secret_hash: str) -> Tracking | None:
    """The page of a complaint, for as long as the code that opened it is the code of today."""
    row = cases.row_of(tx, number)
    if row is None or row.number != number or row.secret_hash != secret_hash:
        return None
    return tracking.page(tx, row, [kept.running for kept in clocks.read(tx, row.id)])


def act(tx: Transaction, number: str, deed: Deed) -> str:
    """Carry out what the reporter wants; the word for what was done, to be told (`third` for a third reopening).

    `ActionRefused` and `CaseMoved` as gateway.casework.casework; the same key again changes nothing and is told the same.
    """
    case = cases.by_number(tx, number)
    if case is None:
        raise ActionRefused("not_yours")
    key = _key(case.id, deed)
    if events.seen(tx, key):
        return deed.word
    try:
        _carry_out(tx, case, deed, key)
    except ActionRefused as refusal:
        if refusal.code != "limit":
            raise
        tasks.add(tx, tasks.THIRD_REOPENING, case.number, masked_text(deed.text), case.id)
        return "third"
    _keep(tx, case, deed)
    return deed.word


def was_done(tx: Transaction, number: str, deed: Deed) -> bool:
    """Whether this very form was carried out meanwhile: its twin, pressed at the same moment, was faster."""
    case = cases.by_number(tx, number)
    return case is not None and events.seen(tx, _key(case.id, deed))


def _key(complaint_id: int, deed: Deed) -> str:
    return f"lacak:{complaint_id}:{deed.key}"


def _carry_out(tx: Transaction, case: Case, deed: Deed, key: str) -> None:
    if deed.word in EVIDENCE:
        _judge(tx, case, deed, key)
        return
    action = _action(case, deed)
    if deed.word in {ADD, OBJECT} and not deed.text.strip() and not deed.files:
        raise ActionRefused("missing_input", "neither words nor files", "text")
    # Restoring is the system's right; that the reporter wrote again is its reason (life cycle, row 22).
    actor = SYSTEM if action is Action.RESTORE else Actor(Role.REPORTER, str(case.contact_id or ""))
    casework.apply(tx, action, case, actor, _inputs(deed, action), key=key)


def _judge(tx: Transaction, case: Case, deed: Deed, key: str) -> None:
    """Whether the agency's pictures show what was done: kept for those who read the case, a doubt for a person to settle."""
    if not tracking.page(tx, cases.row_of(tx, case.number), ()).judges:
        raise ActionRefused("wrong_state", "there is nothing to judge")
    actor = Actor(Role.REPORTER, str(case.contact_id or ""))
    casework.remark(tx, case, EVIDENCE[deed.word], actor, {}, Visibility.AGENCY, key=key)
    if deed.word == DOUBT:
        tasks.add(tx, EVIDENCE[DOUBT], case.number, case.number, case.id)


def _action(case: Case, deed: Deed) -> Action:
    if deed.word == ADD:
        return addition_for(case)
    if deed.word == OBJECT:
        return Action.RESTORE
    actions = WORDS.get(deed.word)
    if not actions:
        raise ActionRefused("unknown_value", deed.word)
    return next(iter(actions))


def _inputs(deed: Deed, action: Action) -> dict[str, str]:
    inputs = {name: value.strip() for name, value in deed.inputs.items() if value.strip()}
    if action is Action.RESTORE and deed.text:
        return {"text": deed.text, "reason": deed.text[:500]}
    if deed.files:
        inputs["evidence"] = str(len(deed.files))
    return inputs


def _keep(tx: Transaction, case: Case, deed: Deed) -> None:
    """The words as they were written, sealed; the files; the moment."""
    attachments.add(tx, case.id, None, case.channel, deed.files)
    if deed.text and case.contact_id is not None:
        contact: Any = contacts.by_id(tx, [case.contact_id]).get(case.contact_id)
        if contact is not None:
            keep_text(tx, case.id, ADDITION, deed.text, contact, None)
    cases.amend(tx, case.id, last_message_at=tx.now)
