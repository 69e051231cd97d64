"""What a system of record says about a complaint, and what we do about it: follow when it is ahead, never backwards.

Rules: docs/forwarders/sp4n.md § Disagreement. A poll that says nothing new changes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from gateway.casework import casework
from gateway.casework.outgoing import is_national
from gateway.complaints.complaint import CLOSED, Action, ActionRefused, Actor, Case, Status
from gateway.complaints.forward import RemoteEvent, RemoteState, StatusRow
from gateway.forwarding import disagreements, remote_files
from gateway.forwarding.disagreements import ACTOR
from gateway.notices import notices
from gateway.operations import vitals
from gateway.privacy.privacy import masked_text
from gateway.record import cases, tasks
from gateway.storage import tables
from gateway.storage.store import Transaction

# How far along a status is; the other side is followed only to a higher one.
PROGRESS: Mapping[Status, int] = {
    Status.RECEIVED: 0,
    Status.INCOMPLETE: 1,
    Status.VERIFIED: 2,
    Status.ASSIGNED: 3,
    Status.REOPENED: 3,
    Status.IN_PROGRESS: 4,
    Status.AWAITING_REPORTER: 5,
    Status.REPORTER_REPLIED: 6,
    Status.RESOLVED: 7,
    Status.OUT_OF_AUTHORITY: 7,
    Status.ARCHIVED: 7,
}
# What the words of the other side are to the text that passes them on; everywhere else a note.
ANSWER = "st.answer"
WORDS_ARE: Mapping[str, str] = {ANSWER: "explanation", "ask.more": "question", "st.archived": "reason"}
TOO_OLD_TO_TELL = timedelta(hours=72)
SHOWN = 1000
NAME_CHARACTERS = 80
"""Names of institutions make statuses long; so much of one is kept, and compared."""
UPSTREAM = "st.upstream"
UNANSWERED = "closed_upstream_unanswered"
"""Flag for reports: closed over there before our own agency had answered."""


def changed(tx: Transaction, row: Any, state: RemoteState, actor: Actor = ACTOR) -> dict[str, Any]:
    """Take over what is new; the columns of the `forward` row that change with it. `actor`: who brought the news."""
    new = _keep_events(tx, row, state)
    remote_files.note(tx, row, new)
    case = cases.by_id(tx, row.complaint_id)
    if case is None:
        return {}
    values: dict[str, Any] = {}
    if disagreements.is_given_away(tx, row, case, state):
        disagreements.follow_disposition(tx, case, state)
        values["institution_id"] = state.institution_id[: disagreements.INSTITUTION_CHARACTERS]
        case = cases.by_id(tx, row.complaint_id) or case
    values |= _take_over(tx, row, case, state, new, actor)
    disagreements.note_lag(tx, row, cases.by_id(tx, case.id) or case, state)
    return values


def _take_over(
    tx: Transaction, row: Any, case: Case, state: RemoteState, new: list[RemoteEvent], actor: Actor
) -> dict[str, Any]:
    """Its status and its words, where they are news."""
    name = state.status_name[:NAME_CHARACTERS]
    moved = name != row.remote_status
    if not (moved or new):
        return {}
    if moved and state.status is None:
        tasks.add(tx, "sp4n_unknown_status", name, row.marker)
        vitals.add(tx, vitals.sample("forward_unknown_status_total", target=row.target), 1)
    if not (moved and _follow(tx, case, state, new, actor)):
        _pass_on(tx, case, new, actor)
    if is_national(tx, row.target):
        cases.amend(tx, case.id, sp4n_state=name[:60])
    return {"remote_status": name, "remote_changed_at": state.status_since or tx.now}


def _pass_on(tx: Transaction, case: Case, new: list[RemoteEvent], actor: Actor) -> None:
    """News from over there that no change of status here carries: the reporter hears of the newest."""
    fresh = [event for event in new if tx.now - event.at <= TOO_OLD_TO_TELL]
    words = _words(_told(fresh), "st.note")
    if words and case.status not in CLOSED:
        event_id = casework.remark(tx, case, "sp4n_note", actor, words)
        notices.write(tx, case, event_id, ("st.note",), actor, words)


def _keep_events(tx: Transaction, row: Any, state: RemoteState) -> list[RemoteEvent]:
    if not state.events:
        return []
    rows = [
        {
            "id": tx.new_id(),
            "complaint_id": row.complaint_id,
            "target": row.target,
            "remote_key": event.remote_key,
            "at": event.at,
            "kind": event.kind,
            "text_masked": masked_text(event.text),
            "secret": event.secret,
            "seen_at": tx.now,
        }
        for event in state.events
    ]
    inserted = tx.insert_new(tables.remote_event, rows, "remote_key", key=("complaint_id", "remote_key"))
    return [event for event in state.events if event.remote_key in inserted]


def _follow(tx: Transaction, case: Case, state: RemoteState, new: list[RemoteEvent], actor: Actor) -> bool:
    """Go where it went, with its words; False where that is not further than we are (or a word that we do not know)."""
    if state.status is None:
        return False
    # An answer may stand there for a while before the status says that it is one.
    answers = _told(new) or (_told(state.events) if state.text_key == ANSWER else [])
    asks = state.asks_reporter
    goal, text_key = wanted(case, state.status, state.text_key, asks=asks, has_answer=bool(answers))
    if PROGRESS[goal] <= PROGRESS[case.status]:
        return False
    inputs = {"status": goal.value, "source": state.status_name, **_words(answers, text_key)}
    since = state.status_since or tx.now
    inputs["notice"] = text_key if tx.now - since <= TOO_OLD_TO_TELL else ""
    try:
        casework.apply(tx, Action.FOLLOW_SP4N, case, actor, inputs, at=min(since, tx.now))
    except ActionRefused as refusal:
        disagreements.ask(tx, case, case.number, refusal.code)
        return True  # a person decides, and sees its words
    if text_key == UPSTREAM:
        cases.mark(tx, case.id, UNANSWERED, on=True)
    return True


def follow_as_decided(
    tx: Transaction, case: Case, target: str, name: str, said: StatusRow, actor: Actor = ACTOR, *, tells: bool = True
) -> Case:
    """A person goes where they stand (their status has this `name`), also backwards; from now on, and in its words.

    `tells`: whether the reporter hears of it. ActionRefused: it cannot go there now, or is there already.
    """
    asks = asks_reporter(tx, target)
    goal, text_key = wanted(case, said.status, said.text_key, asks=asks, has_answer=False)
    if goal is case.status:
        raise ActionRefused("wrong_state", "it stands there already")
    inputs = {"status": goal.value, "source": name, "notice": text_key if tells else ""}
    return casework.apply(tx, Action.FOLLOW_SP4N, case, actor, inputs)


def asks_reporter(tx: Transaction, target: str) -> bool:
    """Whether their end before our answer asks the reporter, as the settings of the target say."""
    table = tx.office.settings.forwarder(target)
    return bool(table.values.get("answers_ask_reporter", True)) if table else True


def wanted(case: Case, status: Status, text_key: str, *, asks: bool, has_answer: bool) -> tuple[Status, str]:
    """Where a status of theirs takes this complaint, and the key of the text that tells so.

    Closed over there without an answer of ours is not closed here: the reporter is asked (row 2 of the rules). `asks`:
    whether the target wants that; `has_answer`: words of their agency come with it.
    """
    if status is Status.RESOLVED and asks and not case.public_answer:
        return Status.AWAITING_REPORTER, UPSTREAM
    if text_key == ANSWER and not has_answer:
        return status, UPSTREAM
    return status, text_key


def _told(events: Iterable[RemoteEvent]) -> list[str]:
    """What the other side's agency said to the reporter, newest last."""
    followups = [event for event in events if event.kind == "followup" and event.text]
    return [event.text for event in followups if not event.secret and not event.ref]


def _words(told: list[str], text_key: str) -> dict[str, str]:
    """The newest answer of the other side's agency, as the text that goes with the change."""
    return {WORDS_ARE.get(text_key, "note"): told[-1][:SHOWN]} if told else {}
