"""Notices: `write` notes that somebody must be told, `expand` turns that into messages for the people of the moment.

One row per event and audience; one line of the dispatch log per reader, with a reason for every message that was not
sent (CASEWORK 10). Rules: complaints/notices.py. Words: config/texts.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.complaints.complaint import Action, Actor, Case, Hold, Kind, Role, Urgency
from gateway.complaints.lifecycle import LIFECYCLE
from gateway.complaints.notices import NOTICES, SAME_NEWS, Audience, NoticeRule, Only, Skip, Timing
from gateway.conversation.render import render
from gateway.conversation.turn import Reply
from gateway.notices import dispatch_log, gathering, staff_texts
from gateway.outbound import outbound
from gateway.outbound.outbound import Said
from gateway.people import readers
from gateway.people.contacts import Contact
from gateway.people.directory import Member
from gateway.privacy.privacy import masked_text
from gateway.record import cases, events, tasks, tracking
from gateway.storage import tables
from gateway.storage.claim import claim
from gateway.storage.rows import apart
from gateway.storage.store import Transaction
from gateway.storage.types import to_millis
from gateway.timing import clocks, ladder
from gateway.timing.ladder import Rung
from gateway.timing.quiet import quiet_until

BATCH = 100
LEASE = timedelta(seconds=60)
TOO_OLD = timedelta(hours=72)
MARKS = {Action.RAISE_ANONYMOUS.value: "ANONIM", Action.RAISE_CONFIDENTIAL.value: "RAHASIA"}
UNTOLD = ("queued", "working", "digest")
"""Nobody was told yet: `working` is claimed, its messages are not written."""
BEFORE_IS_TOLD = (
    "NOT EXISTS (SELECT 1 FROM notice e WHERE e.complaint_id = q.complaint_id AND e.audience = q.audience"
    " AND e.id < q.id AND e.state = 'working'{apart})"
)
"""Nobody holds what came before it for the same people: else a claim that waits for its lease would be overtaken."""
JUDGED_FIRST = (
    "NOT (q.audience <> 'reporter' AND EXISTS"
    " (SELECT 1 FROM later_words w JOIN complaint c ON c.id = w.complaint_id WHERE w.id = q.event_id"
    " AND w.created_at > CASE c.urgency WHEN 'darurat' THEN :unjudged_danger_since ELSE :unjudged_since END))"
)
"""Officers are told of added words once these were judged: a secret told there is quoted to nobody."""
LONGEST_WAIT, LONGEST_WAIT_IN_DANGER = timedelta(seconds=60), timedelta(seconds=5)
"""For a judgement: a classifier that stands still keeps no news back."""
BROKEN = "tangga_terputus"
"""Flag of a complaint of which somebody should have heard who is not there or has no channel."""
BELOW_HEAD = frozenset({Audience.TEAM, Audience.DEPUTY})
# Clocks that run for the reporter begin when they were told (or can read it on the tracking page).
WHEN_TOLD = {key: step.starts_when_sent for step in LIFECYCLE for key in step.notices if step.starts_when_sent}


def write(
    tx: Transaction,
    case: Case,
    event_id: int,
    keys: Iterable[str],
    actor: Actor,
    inputs: Mapping[str, str],
    previous_agency: str = "",
    at_once: bool = False,
) -> None:
    """Note the notices of one event; what they replace is not sent any more. `at_once`: none waits for a summary."""
    for key in keys:
        rule = NOTICES[key]
        for audience in rule.audiences:
            # Whoever wrote to us is answered in that very conversation.
            if audience is Audience.REPORTER and actor.role is Role.REPORTER and rule.replies:
                continue
            agency = previous_agency if audience is Audience.OLD_TEAM else case.agency
            row = _row(tx, case, event_id, rule, audience, agency, inputs)
            tx.insert(tables.notice, **(row | {"state": "queued"} if at_once else row))
        _supersede(tx, case.id, "st.assigned" if key in SAME_NEWS else key)
    tx.ring("notify")


def _row(
    tx: Transaction,
    case: Case,
    event_id: int,
    rule: NoticeRule,
    audience: Audience,
    agency: str,
    inputs: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "id": tx.new_id(),
        "complaint_id": case.id,
        "event_id": event_id,
        "key": rule.key,
        "audience": audience.value,
        "agency": agency,
        "inputs": {name: masked_text(value) for name, value in inputs.items()},
        "created_at": tx.now,
        # What only a summary tells waits for the summary.
        "state": "digest" if rule.timing is Timing.DIGEST else "queued",
        # Whoever was told that a person looks first is told at once what came of it.
        "due_at": tx.now + timedelta(seconds=0.0 if case.hold is not Hold.NONE else delay_s(tx, rule)),
    }


def delay_s(tx: Transaction, rule: NoticeRule) -> float:
    """How long a notice waits: for the undo window, for its successor, or until a rating may be asked."""
    settings = tx.office.settings
    waits = {
        "undo_s": settings.casework.undo_s,
        "batch_s": settings.notices.batch_s,
        "rating_after_s": settings.casework.rating_after_s,
        "emergency_again_s": settings.casework.emergency_again_s,
    }
    return waits.get(rule.delay, 0.0)


def _supersede(tx: Transaction, complaint_id: int, key: str) -> None:
    older = [rule.key for rule in NOTICES.values() if rule.superseded_by == key]
    if not older:
        return
    notice = tables.notice
    waiting = (notice.c.complaint_id == complaint_id) & notice.c.key.in_(older) & notice.c.state.in_(UNTOLD)
    for row in tx.all(select(notice).where(waiting)):
        _go_on(tx, row)
        dispatch_log.note(tx, row, "reporter", skip=Skip.SUPERSEDED)
    tx.execute(notice.update().where(waiting).values(state="superseded"))


def withdraw(tx: Transaction, event_id: int) -> None:
    """The event was undone: nobody is told of it."""
    notice = tables.notice
    waiting = (notice.c.event_id == event_id) & notice.c.state.in_(UNTOLD)
    for row in tx.all(select(notice).where(waiting)):
        _go_on(tx, row)
        dispatch_log.note(tx, row, row.audience, skip=Skip.UNDONE)
    tx.execute(notice.update().where(waiting).values(state="undone"))


def claim_due(tx: Transaction, limit: int = BATCH) -> list[Any]:
    """Due notices, oldest first; expand each in a transaction of its own."""
    # One after the other: two at a time would not see what the other is about to hold.
    tx.take_turns("notices")
    where = f"{BEFORE_IS_TOLD.format(apart=apart(tx.dialect))} AND {JUDGED_FIRST}"
    found = claim(
        tx, tables.notice, limit=limit, lease=LEASE, working="working", where=where,
        unjudged_since=to_millis(tx.now - LONGEST_WAIT),
        unjudged_danger_since=to_millis(tx.now - LONGEST_WAIT_IN_DANGER),
    )  # fmt: skip
    return list(found)


def expand(tx: Transaction, row: Any) -> None:
    """Write the messages of one notice, or put it off over quiet hours."""
    rule = NOTICES[row.key]
    complaint = tables.complaint
    case = tx.one(select(complaint).where(complaint.c.id == row.complaint_id))
    if case is None or _is_done(tx, row):
        return
    audience = Audience(row.audience)
    if skip := _not_needed(tx, row, rule, case):
        _go_on(tx, row)
        drop(tx, row, skip)
        return
    urgent = case.urgency == Urgency.DARURAT.value
    until = None if urgent else quiet_until(tx, rule, audience, tx.now)
    if until is not None:
        dispatch_log.put_off(tx, row)
        _settle(tx, row, "queued", due_at=until)
        return
    _go_on(tx, row)
    if audience is Audience.REPORTER:
        # First the clocks, because the text names the day on which they run out; what is over meanwhile needs none.
        for name in WHEN_TOLD.get(row.key, ()) if case.closed_at is None else ():
            clocks.start(tx, case.id, name, Kind(case.kind), tx.now)
        _tell_reporter(tx, row, rule, case)
    else:
        _tell_staff(tx, row, Rung(audience, row.agency), case)
    _settle(tx, row, "done")


def _go_on(tx: Transaction, row: Any) -> None:
    """What was put off waits no more; what is due as it was written was never put off."""
    if row.due_at - row.created_at > timedelta(seconds=delay_s(tx, NOTICES[row.key])):
        dispatch_log.go_on(tx, row)


def _not_needed(tx: Transaction, row: Any, rule: NoticeRule, case: Any) -> Skip | None:
    """The reason why nobody has to be told any more."""
    if gathering.is_given_away(row, case):
        return Skip.SUPERSEDED
    is_danger = case.urgency == Urgency.DARURAT.value and row.audience != Audience.REPORTER.value
    if not is_danger and not tx.office.matrix.sends(row.key, row.audience):
        return Skip.TEMPLATE_OFF
    if rule.only is Only.FIRST and _told_before(tx, row):
        return Skip.DUP_EVENT
    return Skip.SEEN if rule.only is Only.UNSEEN and events.is_touched(tx, row.complaint_id) else None


def _told_before(tx: Transaction, row: Any) -> bool:
    notice = tables.notice
    same = (notice.c.complaint_id == row.complaint_id) & (notice.c.key == row.key) & (notice.c.audience == row.audience)
    return tx.one(select(notice.c.id).where(same, notice.c.state == "done").limit(1)) is not None


def _is_done(tx: Transaction, row: Any) -> bool:
    notice = tables.notice
    # Locked: whoever takes the event back, or takes the row over, waits until its messages are written.
    current = tx.one(select(notice.c.fence, notice.c.state).where(notice.c.id == row.id).with_for_update())
    return current is None or current.fence != row.fence or current.state != "working"


def _settle(tx: Transaction, row: Any, state: str, due_at: datetime | None = None) -> None:
    notice = tables.notice
    values: dict[str, Any] = {"state": state, "lease_until": None}
    if due_at:
        values["due_at"] = due_at
    tx.execute(notice.update().where(notice.c.id == row.id, notice.c.fence == row.fence).values(**values))


def failed(tx: Transaction, row: Any, problem: str, due_at: datetime | None) -> None:
    """An expansion that raised: try again at `due_at`, or give up where None."""
    notice = tables.notice
    values: dict[str, Any] = {
        "state": "queued" if due_at else "failed",
        "lease_until": None,
        "last_error": problem[:300],
    }
    values["attempts"] = notice.c.attempts + 1
    if due_at:
        values["due_at"] = due_at
    tx.execute(notice.update().where(notice.c.id == row.id, notice.c.fence == row.fence).values(**values))


def merge(tx: Transaction, row: Any, outbox: int | None) -> None:
    """The notice is told by a summary, the message `outbox`."""
    dispatch_log.note(tx, row, "staff", skip=Skip.DIGEST, outbox=outbox)
    _settle(tx, row, "done")


def drop(tx: Transaction, row: Any, skip: Skip) -> None:
    """Nobody is told, and why."""
    dispatch_log.note(tx, row, row.audience, skip=skip)
    # What was never told is still news when it is switched on again.
    _settle(tx, row, "superseded" if skip in {Skip.SUPERSEDED, Skip.TEMPLATE_OFF} else "done")


def hand_on(tx: Transaction, row: Any, audience: Audience) -> None:
    """Tell those above in their next summary; once, however many below them could not be told."""
    columns = ("complaint_id", "event_id", "key", "agency", "inputs", "created_at", "due_at")
    values = {name: getattr(row, name) for name in columns}
    values |= {"id": tx.new_id(), "audience": audience.value, "state": "digest"}
    tx.insert_new(tables.notice, [values], "id", key=("event_id", "key", "audience"))


def _tell_reporter(tx: Transaction, row: Any, rule: NoticeRule, case: Any) -> None:
    if case.hold != Hold.NONE.value and not row.key.startswith(("hold.", "st.archived")):
        dispatch_log.note(tx, row, "reporter", skip=Skip.SECRET_GUARD)
        return
    if tx.now - row.created_at > TOO_OLD and rule.timing is not Timing.IMMEDIATE:
        dispatch_log.note(tx, row, "reporter", skip=Skip.TOO_OLD)
        return
    route = readers.reporter(tx, case)
    if route.skip:
        dispatch_log.note(tx, row, "reporter", skip=route.skip, recipient=case.contact_id, channel=route.channel)
        return
    channel = tx.office.channels[route.channel]
    values = staff_texts.reporter_values(tx, case, row.inputs or {}) | _mark(tx, row) | _code(tx, row, case)
    buttons = staff_texts.reporter_buttons(tx, row.key, case)
    reply = Reply(row.key, values, about=case.number, buttons=buttons)
    rendered = render(reply, route.language, channel.capabilities, tx.office.texts)
    texts = [(message.text, message.buttons) for message in rendered.messages]
    said = Said(row.key, case.id, row.id, direct=False, sent_from=route.sent_from)
    ids = outbound.say(tx, route.contact, route.channel, texts, said)
    version = tx.office.texts.version(row.key, route.language)
    dispatch_log.note(
        tx, row, "reporter", recipient=case.contact_id, channel=route.channel, outbox=ids[0], version=version
    )


def _code(tx: Transaction, row: Any, case: Any) -> dict[str, str]:
    """A report that was held is received when it is let go: only now its reporter learns a code."""
    return {"kode": tracking.new_code(tx, case.id, case.number)} if row.key == "rx.receipt" else {}


def _mark(tx: Transaction, row: Any) -> dict[str, str]:
    """Which protection somebody of the staff put on, by the word that the reporter would have written."""
    event = tables.complaint_event
    mine = (event.c.complaint_id == row.complaint_id) & (event.c.id == row.event_id)
    found = tx.one(select(event.c.action).where(mine)) if row.key == "pv.set" else None
    return {"jenis": MARKS.get(found.action, "")} if found else {}


def _tell_staff(tx: Transaction, row: Any, rung: Rung, case: Any) -> None:
    """The people of a rung; where nobody of them can be told, those above them: silence is not an answer."""
    if is_kept_from(tx, rung, case):
        dispatch_log.note(tx, row, rung.audience.value, skip=Skip.SECRET_GUARD)
        tell_above(tx, row, rung, case, is_gap=False)
        return
    people = _people(tx, row, rung, case)
    if not people:
        dispatch_log.note(tx, row, rung.audience.value, skip=Skip.NO_HOLDER)
    if not _tell_people(tx, row, rung.audience, case, people):
        # Leave was planned, and whoever stands above acts; any other absence is a hole.
        tell_above(tx, row, rung, case, is_gap=not any(member.on_leave for member, _ in people))
    elif rung.audience is Audience.TEAM and any(one.on_leave and one.id == case.holder_id for one, _ in people):
        _tell_people(tx, row, Audience.DEPUTY, case, _people(tx, row, Rung(Audience.DEPUTY, rung.office), case))


def _people(tx: Transaction, row: Any, rung: Rung, case: Any) -> list[tuple[Member, tuple[str, Contact] | None]]:
    audience = rung.audience
    if audience in BELOW_HEAD and case.kind == Kind.PENGADUAN_PENGAWASAN and rung.office == _secretary(tx):
        audience = Audience.HEAD
    ways = tx.office.matrix.cell(row.key, row.audience).ways
    return readers.staff(tx, audience, rung.office, by_sms=NOTICES[row.key].by_sms, ways=ways)


def _secretary(tx: Transaction) -> str:
    """What is said of the inspectorate is for the regional secretary in person, not for a team."""
    tree = tx.office.reference.tree
    return tree.secretary if tree.secretary != tree.conflict_of_interest else ""


def is_kept_from(tx: Transaction, rung: Rung, case: Any) -> bool:
    """Whether these are the ones who are reported; that a complaint was taken from them, they are told."""
    tree = tx.office.reference.tree
    above = {Audience.COORDINATOR: tree.coordinator, Audience.REGIONAL_HEAD: tree.root}
    office = above.get(rung.audience, rung.office or tree.coordinator)
    return bool(case.reported) and case.reported == office and rung.audience is not Audience.OLD_TEAM


def tell_above(tx: Transaction, row: Any, rung: Rung, case: Any, *, is_gap: bool = True) -> None:
    """Nobody of this rung can be told: those above are, and the complaint shows the gap."""
    if is_gap:
        show_gap(tx, case)
    if higher := ladder.above(tx, rung):
        _tell_staff(tx, row, higher, case)
    else:
        tasks.add(tx, "nobody_told", case.number, row.key, case.id)


def show_gap(tx: Transaction, case: Any) -> None:
    """Somebody should have heard of this complaint who is not there or cannot be told."""
    cases.mark(tx, case.id, BROKEN, on=True)


def hide_gap(tx: Transaction, case: Any) -> None:
    """Whoever should have heard of this complaint can be told again."""
    cases.mark(tx, case.id, BROKEN, on=False)


def with_a_way(tx: Transaction, row: Any, rung: Rung, case: Any) -> list[Member]:
    """Those of this rung who would be told of the notice now."""
    return [member for member, means in _people(tx, row, rung, case) if means is not None]


def _tell_people(
    tx: Transaction, row: Any, audience: Audience, case: Any, people: Iterable[tuple[Member, Any]]
) -> bool:
    """Whether anybody knows of it now."""
    told, knows = _told_already(tx, row), False
    for member, means in people:
        if member.on_leave or means is None:
            skip = Skip.ON_LEAVE if member.on_leave else Skip.NO_ROUTE
            dispatch_log.note(tx, row, audience.value, skip=skip, recipient=member.id)
            continue
        channel, contact = means
        knows = True
        if contact.id in told:
            dispatch_log.note(tx, row, audience.value, skip=Skip.SAME_PERSON, recipient=member.id)
            continue
        told.add(contact.id)
        gathering.tell(tx, row, case, member, channel, contact)
    return knows


def _told_already(tx: Transaction, row: Any) -> set[int]:
    """Contacts of those who hear the same of this event on another rung; what did not arrive does not count."""
    entry, outbox, gathered = tables.dispatch_log, tables.outbox, tables.gathered
    same = [key for key in NOTICES if key.partition(".")[2] == row.key.partition(".")[2]]
    mine = (entry.c.complaint_id == row.complaint_id) & (entry.c.event_id == row.event_id) & entry.c.key.in_(same)
    sent = select(outbox.c.contact_id).join(entry, entry.c.outbox_id == outbox.c.id)
    sent = sent.where(mine, entry.c.recipient_kind == "staff", outbox.c.state != "failed")
    waits = select(gathered.c.contact_id).join(entry, entry.c.id == gathered.c.entry_id).where(mine)
    return {found.contact_id for statement in (sent, waits) for found in tx.all(statement)}
