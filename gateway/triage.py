"""Taking a classifier's suggestion: keep it, go on by policy, ask the one question worth asking (CASEWORK 6).

Machines suggest, people decide: below the threshold a complaint waits for a coordinator with the suggestion beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from gateway import cases, casework, contacts, dialogues, outbound, readers
from gateway.complaints import completeness
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import SYSTEM, Action, Case, Hold, Sensitive, Status, Urgency
from gateway.complaints.places import spot_of
from gateway.complaints.routing import Decision, Route, RoutingTable, decide, route
from gateway.conversation import questions
from gateway.conversation.render import render
from gateway.outbound import Said
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
SAMPLE = 20
"""One in so many automatic assignments is looked at by a person all the same (5 %)."""
CLAIM = (
    "UPDATE complaint SET suggestion_state = 'working', suggestion_lease = :until,"
    " suggestion_attempts = suggestion_attempts + 1 WHERE id IN (SELECT id FROM complaint"
    # Word for word the condition of the index: SQLite finds a partial one by nothing else.
    " WHERE suggestion_state IN ('queued','working') AND (suggestion_state = 'queued' OR suggestion_lease < :now)"
    " ORDER BY id LIMIT :limit {lock}) RETURNING id, text_masked, location_text, suggestion_attempts"
)
OURS = (
    select(tables.complaint)
    .where(tables.complaint.c.id == bindparam("identity"), tables.complaint.c.suggestion_state == "working")
    .with_for_update()
)
"""Made once: to build it for every complaint costs as much as to carry it out."""


@dataclass(frozen=True, slots=True)
class TriageJob:
    """A complaint to be judged: its text as it may be read, and how often that was tried."""

    complaint_id: int
    text: str
    attempts: int


def claim(tx: Transaction, limit: int) -> list[TriageJob]:
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    values = {"until": to_millis(tx.now + LEASE), "now": to_millis(tx.now), "limit": limit}
    rows = tx.all(constant(CLAIM.format(lock=lock)), values)
    return [TriageJob(row.id, _text(row), row.suggestion_attempts) for row in sorted(rows, key=lambda row: row.id)]


def _text(row: Any) -> str:
    return f"{row.text_masked}\n{row.location_text}".strip()


def hold(tx: Transaction, jobs: Iterable[TriageJob]) -> None:
    """Before a batch is taken: lock its reporters first and in one order, like whoever takes their messages."""
    held: set[int] = tx.notes.setdefault("held_for_triage", set())
    wanted = {job.complaint_id for job in jobs} - held
    if wanted and tx.dialect != "sqlite":
        found = tx.in_ids("SELECT contact_id FROM complaint WHERE contact_id IS NOT NULL AND id IN {ids}", wanted)
        contacts.lock_all(tx, {row.contact_id for row in found})
    held |= wanted


def give_up(tx: Transaction, job: TriageJob) -> None:
    """The classifier raised: try again, after three times leave it to a person (F71)."""
    state = "failed" if job.attempts >= MOST_ATTEMPTS else "queued"
    if _still_ours(tx, job) is not None:
        cases.amend(tx, job.complaint_id, suggestion_state=state)


def take(tx: Transaction, job: TriageJob, suggestion: Suggestion) -> None:
    """Keep a suggestion and do what policy allows; nothing when the text has grown since it was claimed."""
    row = _still_ours(tx, job)
    if row is None:
        return
    case = cases.case_of(row)
    way = route(
        suggestion,
        table_of(tx),
        named_agency=row.agency_named,
        service=row.unit,
        area=suggestion.place_code or row.place,
        on=tx.office.calendar.local(tx.now).date(),
    )
    decision = _decide(tx, case, suggestion, way)
    _keep(tx, row, case, suggestion, way, decision)
    if case.status is not Status.RECEIVED or case.hold is not Hold.NONE:
        return
    if decision.goes_on:
        _go_on(tx, case, decision)
    _ask(tx, row, suggestion)


def _still_ours(tx: Transaction, job: TriageJob) -> Any:
    """The row, locked; None when somebody judged it meanwhile, or when it waits to be judged with more words."""
    hold(tx, [job])
    row = tx.one(OURS, {"identity": job.complaint_id})
    return row if row is not None and _text(row) == job.text else None


def _decide(tx: Transaction, case: Case, suggestion: Suggestion, way: Route) -> Decision:
    sensitive = suggestion.sensitive is not Sensitive.NONE or case.sensitive is not Sensitive.NONE
    return decide(
        suggestion,
        way,
        tx.office.settings.triage.auto_assign_min_confidence,
        coordinator=tx.office.reference.coordinator,
        sensitive=sensitive,
        held=case.hold is not Hold.NONE,
        urgent=case.urgency is Urgency.DARURAT,
        sampled=case.id % SAMPLE == 0,
    )


def table_of(tx: Transaction) -> RoutingTable:
    """Who takes what, read once per transaction."""
    if "routes" not in tx.notes:
        tx.notes["routes"] = RoutingTable.of(tx.office.reference)
    table: RoutingTable = tx.notes["routes"]
    return table


def _keep(tx: Transaction, row: Any, case: Case, suggestion: Suggestion, way: Route, decision: Decision) -> None:
    """Columns that a suggestion fills; what a person or the reporter said is not overwritten."""
    stored = msgspec.to_builtins(suggestion)
    stored |= {"route": list(way.reasons), "routed_to": way.agency, "decision": list(decision.reasons)}
    values: dict[str, Any] = {"suggestion": stored, "suggestion_state": "done", "language": suggestion.language}
    if not row.place and suggestion.place_code:
        values |= {"place": suggestion.place_code, "place_name": suggestion.place}
    if not row.topic:
        values["topic"] = decision.topic
    flags = set(case.flags)
    if way.conflict:
        flags.add("konflik_kepentingan")
    if suggestion.sensitive is not Sensitive.NONE and case.sensitive is Sensitive.NONE:
        values["sensitive"] = suggestion.sensitive.value
    if decision.confidential and not case.confidential:
        values |= {"confidential": True, "confidential_by": "rule"}
    known = _known(row, suggestion)
    values |= {
        "flags": " ".join(sorted(flags)),
        "missing": " ".join(sorted(completeness.missing(known, decision.topic))),
    }
    cases.amend(tx, row.id, **values)


def _known(row: Any, suggestion: Suggestion) -> completeness.Known:
    has_point = row.latitude is not None
    return completeness.Known(
        place=bool(row.place or suggestion.place_code or row.location_text or spot_of(row.text_masked)) or has_point,
        time=row.incident_on is not None,
        agency=bool(row.agency or suggestion.agency),
        evidence=False,
    )


def _go_on(tx: Transaction, case: Case, decision: Decision) -> None:
    case = cases.by_id(tx, case.id) or case
    facts = {"kind": decision.kind, "topic": decision.topic or "lainnya"}
    verified = casework.apply(tx, Action.VERIFY, case, SYSTEM, facts)
    # kill point: assign.verified
    casework.apply(tx, Action.ASSIGN, verified, SYSTEM, {"agency": decision.agency})
    # kill point: assign.assigned


def _ask(tx: Transaction, row: Any, suggestion: Suggestion) -> None:
    """At most one question at a time, on the channel that was used, and only where it can be answered."""
    urgent = row.urgency == Urgency.DARURAT.value
    known = _known(row, suggestion)
    wanted = completeness.question(known, suggestion.topic, suggestion.sensitive, row.anonymous, urgent, ())
    if not wanted:  # nearly always; to find out how its reporter is reached is half of the work
        return
    route_ = readers.reporter(tx, row)
    channel = tx.office.channels.get(row.channel)
    if route_.skip or channel is None or channel.capabilities.sessions or route_.channel != row.channel:
        return
    key = (row.channel, route_.contact.id)
    dialogue = dialogues.load(tx, [(row.channel, route_.contact)])[key]
    if not questions.may_ask(dialogue, wanted, row.number, tx.now):
        return
    dialogue, reply = questions.ask(dialogue, wanted, row.number, tx.now)
    dialogues.save(tx, [(row.channel, route_.contact, dialogue)])
    rendered = render(reply, dialogue.language, channel.capabilities, tx.office.texts)
    texts = [(message.text, message.buttons) for message in rendered.messages]
    said = Said(reply.key, row.id, direct=True, sent_from=route_.sent_from)
    outbound.say(tx, route_.contact, row.channel, texts, said)


def waiting(tx: Transaction) -> Sequence[Any]:
    """Complaints that nobody was given yet, oldest first (*Belum terarah*)."""
    complaint = tables.complaint
    untaken = (complaint.c.agency == "") & complaint.c.closed_at.is_(None)
    return tx.all(select(complaint.c.id, complaint.c.number).where(untaken).order_by(complaint.c.created_at).limit(100))
