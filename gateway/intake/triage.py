"""Taking a classifier's suggestion: keep it, go on by policy, ask the one question worth asking (CASEWORK 6).

Machines suggest, people decide: below the threshold a complaint waits for a coordinator with the suggestion beside it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select

from gateway.casework import casework
from gateway.complaints import completeness
from gateway.complaints.bounds import is_outside
from gateway.complaints.classification import Suggestion
from gateway.complaints.complaint import CONFLICT, SYSTEM, Action, Hold, Sensitive, Status, Urgency
from gateway.complaints.places import spot_of
from gateway.complaints.routing import Decision, Route, RoutingTable, decide, names_head, route
from gateway.conversation import questions
from gateway.conversation.render import render
from gateway.intake import alarms
from gateway.intake.ruled import as_decided
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import contacts, dialogues, readers
from gateway.record import automatic, cases, rulings
from gateway.record.rulings import Proposed
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import to_millis

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
SAMPLE = 20
"""One in so many automatic assignments is looked at by a person all the same (5 %)."""
FOUND = "topic_found"
"""In what is kept of a suggestion: whether the topic of the complaint is from there."""
CLAIM = (
    # Picked apart, as gateway/storage/claim.py says.
    "WITH picked AS MATERIALIZED (SELECT id FROM complaint"
    # Word for word the condition of the index: SQLite finds a partial one by nothing else.
    " WHERE suggestion_state IN ('queued','working') AND (suggestion_state = 'queued' OR suggestion_lease < :now)"
    " ORDER BY id LIMIT :limit {lock})"
    " UPDATE complaint SET suggestion_state = 'working', suggestion_lease = :until,"
    " suggestion_attempts = suggestion_attempts + 1"
    " WHERE id IN (SELECT id FROM picked) RETURNING id, text_masked, location_text, suggestion_attempts"
)
OURS = (
    "SELECT id, number, text_masked, location_text, latitude, longitude, point_source, incident_on, place, topic, agency,"
    " agency_named, unit, urgency, sensitive, confidential, confidential_by, anonymous, flags, status, hold, place_name, channel,"
    " destination, contact_id, reported, parent_id, suggestion, EXISTS (SELECT 1 FROM ruling WHERE ruling.complaint_id = complaint.id) AS is_ruled"
    " FROM complaint WHERE id IN {ids} AND suggestion_state = 'working' ORDER BY id"
)
CHANGED = (
    "suggestion", "suggestion_state", "language", "place", "place_name", "topic", "sensitive", "confidential",
    "confidential_by", "flags", "missing", "reported", "latitude", "longitude", "point_source",
)  # fmt: skip
"""Always all of these, so that a batch is one statement."""


@dataclass(frozen=True, slots=True)
class TriageJob:
    """A complaint to be judged: its text as it may be read, and how often that was tried."""

    complaint_id: int
    text: str
    attempts: int


Judged = tuple[TriageJob, Suggestion]


def claim(tx: Transaction, limit: int) -> list[TriageJob]:
    lock = "" if tx.dialect == "sqlite" else "FOR UPDATE SKIP LOCKED"
    values = {"until": to_millis(tx.now + LEASE), "now": to_millis(tx.now), "limit": limit}
    rows = tx.all(constant(CLAIM.format(lock=lock)), values)
    return [TriageJob(row.id, _text(row), row.suggestion_attempts) for row in sorted(rows, key=lambda row: row.id)]


def _text(row: Any) -> str:
    return f"{row.text_masked}\n{row.location_text}".strip()


def hold(tx: Transaction, complaints: Iterable[int]) -> None:
    """Before a batch is taken: lock its reporters first and in one order, like whoever takes their messages."""
    held: set[int] = tx.notes.setdefault("held_for_triage", set())
    wanted = set(complaints) - held
    if wanted and tx.dialect != "sqlite":
        found = tx.in_ids("SELECT contact_id FROM complaint WHERE contact_id IS NOT NULL AND id IN {ids}", wanted)
        contacts.lock_all(tx, {row.contact_id for row in found})
    held |= wanted


def give_up(tx: Transaction, job: TriageJob) -> None:
    """The classifier raised: try again, after three times leave it to a person (F71)."""
    state = "failed" if job.attempts >= MOST_ATTEMPTS else "queued"
    if _still_ours(tx, [job]):
        cases.amend(tx, job.complaint_id, suggestion_state=state)


def take(tx: Transaction, judged: Sequence[Judged]) -> set[int]:
    """Keep suggestions and do what policy allows; nothing where the text has grown since it was claimed. See `settle`."""
    return settle(tx, weigh(tx, judged))


def weigh_anew(tx: Transaction, complaint_id: int) -> None:
    """A person changed what the suggestion goes by, its place: weigh the kept one again, so that the way it shows is right.

    Only where nobody decided where it goes; what is being judged just now is weighed by that.
    """
    table = tables.complaint.c
    mine = (table.id == complaint_id) & (table.status == Status.RECEIVED.value) & (table.suggestion_state == "done")
    kept = (table.text_masked, table.location_text, table.suggestion, table.suggestion_attempts)
    row = tx.one(select(*kept).where(mine))
    if row is None or not row.suggestion:
        return
    cases.amend(tx, complaint_id, suggestion_state="working")
    job = TriageJob(complaint_id, _text(row), row.suggestion_attempts)
    take(tx, [(job, msgspec.convert(row.suggestion, Suggestion))])


def weigh(tx: Transaction, judged: Sequence[Judged]) -> "list[Weighed]":
    """What comes of suggestions, by what the complaints are now. It only reads: nobody has to wait for it."""
    rows = {row.id: row for row in tx.in_ids(OURS, [job.complaint_id for job, _ in judged])}
    found = [(job, suggestion, rows.get(job.complaint_id)) for job, suggestion in judged]
    return [_weighed(tx, job, row, suggestion) for job, suggestion, row in found if row is not None]


def settle(tx: Transaction, weighed: "Sequence[Weighed]") -> set[int]:
    """Write what was weighed, for those that are as they were; who changed meanwhile is weighed anew.

    Complaints for which something was proposed: they are there, and nobody has decided yet.
    """
    rows = _still_ours(tx, [one.job for one in weighed])
    fresh = [(one, rows[one.row.id]) for one in weighed if one.row.id in rows]
    valid = [one if one.row == row else _weighed(tx, one.job, row, one.said) for one, row in fresh]
    bounds = tx.office.settings.government.bounds
    cases.amend_all(tx, {one.row.id: _kept(one, bounds) for one in valid}, CHANGED)
    # What comes after a decision was no proposal for it.
    fresh_ones = [one for one in valid if one.row.status == Status.RECEIVED.value]
    held: set[int] = set()
    for one in valid:
        if one.is_new:
            if one.is_alarm:
                alarms.raise_alarm(tx, one.row, one.suggestion)
            elif one.suggestion.emergency:
                alarms.advise(tx, one.row, one.suggestion)
            if _held(tx, one):
                held.add(one.row.id)
                continue
            if one.acts:
                _go_on(tx, one)
            _ask(tx, one)
        elif one.is_held_danger and not rulings.is_proven_spam(tx, one.row.id):
            alarms.raise_alarm(tx, one.row, one.suggestion)
    rulings.proposed(
        tx,
        [
            Proposed(one.row.id, one.said, one.acts and one.row.id not in held, one.decision.agency)
            for one in fresh_ones
        ],
    )
    return {one.row.id for one in fresh_ones}


def _held(tx: Transaction, one: "Weighed") -> bool:
    """Hold what looks like spam or abuse until a person looks (CASEWORK 4.1). It keeps its number, and its clock lets it go
    when nobody does; what was let go once is not held again, and what brings a place or a file is looked at as a report.
    """
    row, hold = one.row, one.suggestion.hold
    if (
        hold is Hold.NONE
        or one.suggestion.emergency
        or row.urgency == Urgency.DARURAT.value
        or row.parent_id is not None
    ):
        return False
    if row.sensitive != Sensitive.NONE.value or row.latitude is not None or one.suggestion.point is not None:
        return False
    attachment = tables.attachment
    files = select(attachment.c.id).where(attachment.c.complaint_id == row.id).limit(1)
    if tx.one(files) is not None or rulings.let_go(tx, row.id):
        return False
    case = cases.by_id(tx, row.id)
    if case is None:
        return False
    casework.apply(tx, Action.HOLD, case, SYSTEM, {"hold": hold.value})
    return True


def _still_ours(tx: Transaction, jobs: Sequence[TriageJob]) -> dict[int, Any]:
    """Their rows by id, locked, without those that somebody judged meanwhile or that wait to be judged with more words."""
    hold(tx, [job.complaint_id for job in jobs])
    lock = "" if tx.dialect == "sqlite" else " FOR UPDATE"
    texts = {job.complaint_id: job.text for job in jobs}
    return {row.id: row for row in tx.in_ids(OURS + lock, texts) if _text(row) == texts[row.id]}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A complaint as it was, what is suggested for it, and what comes of that."""

    job: TriageJob
    row: Any
    said: Suggestion
    """What the classifier makes of it."""
    suggestion: Suggestion
    """The same, with what people decided where they did."""
    way: Route
    decision: Decision
    known: completeness.Known
    is_topic_found: bool
    """Its topic was suggested, by fewer words or now; nobody said it."""

    @property
    def topic(self) -> str:
        return self.decision.topic if self.is_topic_found else self.row.topic

    @property
    def is_new(self) -> bool:
        return bool(self.row.status == Status.RECEIVED.value and self.row.hold == Hold.NONE.value)

    @property
    def is_alarm(self) -> bool:
        """Danger that nobody was told of yet."""
        return self.is_new and self.suggestion.emergency and self.row.urgency != Urgency.DARURAT.value

    @property
    def is_held_danger(self) -> bool:
        """Danger in what was taken for spam or abuse on arrival: nobody in danger waits for a judgement (CASEWORK 4.1, 9.7).

        It rings and stays held, so that a person decides where it goes. What is held as a flood rang with the first ones.
        """
        is_open = self.row.status == Status.RECEIVED.value and self.row.hold in rulings.SPAM_OR_ABUSE
        return is_open and self.suggestion.emergency and self.row.urgency != Urgency.DARURAT.value

    @property
    def acts(self) -> bool:
        """Whether the complaint goes on without a person; who is linked goes where the parent goes."""
        return self.is_new and self.decision.goes_on and self.row.parent_id is None


def _weighed(tx: Transaction, job: TriageJob, row: Any, said: Suggestion) -> Weighed:
    ruled = rulings.of(tx, row.id) if row.is_ruled else {}
    suggestion = as_decided(said, ruled, tx.office.reference.areas) if ruled else said
    way = route(
        suggestion,
        table_of(tx),
        named_agency=row.agency_named,
        service=row.unit,
        area=suggestion.place_code or row.place,
        accuses_head=names_head(row.text_masked),
        on=tx.today,
    )
    decision = _decide(tx, row, suggestion, way)
    is_topic_found = not row.topic or (_is_found(row) and rulings.TOPIC not in ruled)
    return Weighed(job, row, said, suggestion, way, decision, _known(row, suggestion), is_topic_found)


def _is_found(row: Any) -> bool:
    """Whether a topic that nobody has decided on is one that was suggested before more words came."""
    # Read by a plain statement, SQLite gives a document as text.
    before = json.loads(row.suggestion) if isinstance(row.suggestion, str) else row.suggestion
    return row.status == Status.RECEIVED.value and bool((before or {}).get(FOUND))


def _decide(tx: Transaction, row: Any, suggestion: Suggestion, way: Route) -> Decision:
    return decide(
        suggestion,
        way,
        automatic.bar(tx, suggestion.model),
        coordinator=tx.office.reference.coordinator,
        sensitive=suggestion.sensitive is not Sensitive.NONE or row.sensitive != Sensitive.NONE.value,
        held=row.hold != Hold.NONE.value,
        urgent=suggestion.emergency or row.urgency == Urgency.DARURAT.value,
        conflict=CONFLICT in row.flags.split(),
        sampled=row.id % SAMPLE == 0,
    )


def table_of(tx: Transaction) -> RoutingTable:
    """Who takes what, read once per transaction."""
    if "routes" not in tx.notes:
        tx.notes["routes"] = RoutingTable.of(tx.office.reference)
    table: RoutingTable = tx.notes["routes"]
    return table


def _kept(one: Weighed, bounds: Sequence[float]) -> dict[str, Any]:
    """Columns that a suggestion fills; what a person or the reporter said is not overwritten."""
    row, suggestion, way, decision = one.row, one.suggestion, one.way, one.decision
    stored = msgspec.to_builtins(one.said)
    stored |= {"route": list(way.reasons), "routed_to": way.agency, "decision": list(decision.reasons)}
    stored[FOUND] = one.is_topic_found
    is_found = bool(not row.place and suggestion.place_code)
    is_sensitive = suggestion.sensitive is not Sensitive.NONE and row.sensitive == Sensitive.NONE.value
    is_shut = decision.confidential and not row.confidential
    flags = {*row.flags.split(), *((CONFLICT,) if way.conflict else ())}
    return {
        "suggestion": stored,
        "suggestion_state": "done",
        "language": suggestion.language,
        "place": suggestion.place_code if is_found else row.place,
        "place_name": suggestion.place if is_found else row.place_name,
        **_point(row, suggestion, bounds),
        "topic": one.topic,
        "sensitive": suggestion.sensitive.value if is_sensitive else row.sensitive,
        "confidential": bool(is_shut or row.confidential),
        "confidential_by": "rule" if is_shut else row.confidential_by,
        "flags": " ".join(sorted(flags)),
        "reported": way.reported or row.reported,
        "missing": " ".join(sorted(completeness.missing(one.known, decision.topic))),
    }


def _point(row: Any, suggestion: Suggestion, bounds: Sequence[float]) -> dict[str, Any]:
    """Coordinates that the text names, where the sender's telephone told none. Far outside they are a slip or another's."""
    point = (row.latitude, row.longitude)
    source = row.point_source
    if row.latitude is None and suggestion.point and not is_outside(*suggestion.point, bounds):
        point, source = suggestion.point, "manual"
    return {"latitude": point[0], "longitude": point[1], "point_source": source}


def _known(row: Any, suggestion: Suggestion) -> completeness.Known:
    has_point = row.latitude is not None or suggestion.point is not None
    return completeness.Known(
        place=bool(row.place or suggestion.place_code or row.location_text or spot_of(row.text_masked)) or has_point,
        time=row.incident_on is not None,
        agency=bool(row.agency or suggestion.agency),
        evidence=False,
    )


def _go_on(tx: Transaction, one: Weighed) -> None:
    case = cases.by_id(tx, one.row.id)
    if case is None:
        return
    decision = one.decision
    # Who reported may have said what it is about.
    facts = {"kind": decision.kind, "topic": one.topic or "lainnya"}
    verified = casework.apply(tx, Action.VERIFY, case, SYSTEM, facts)
    # kill point: assign.verified
    casework.apply(tx, Action.ASSIGN, verified, SYSTEM, {"agency": decision.agency})
    # kill point: assign.assigned


def _ask(tx: Transaction, one: Weighed) -> None:
    """At most one question at a time, on the channel that was used, and only where it can be answered."""
    row, suggestion = one.row, one.suggestion
    urgent = suggestion.emergency or row.urgency == Urgency.DARURAT.value
    wanted = completeness.question(one.known, suggestion.topic, suggestion.sensitive, row.anonymous, urgent, ())
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
