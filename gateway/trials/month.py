"""What a simulated month asks the database: what is due next, and at its end everything that people were told or were not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, and_, func, select

from gateway.complaints.complaint import Action, Kind, Role, Urgency
from gateway.complaints.incident import DETACHES
from gateway.complaints.notices import Audience, Skip
from gateway.complaints.sla import Running
from gateway.people import directory
from gateway.queries import tracking
from gateway.record import cases
from gateway.storage import tables
from gateway.storage.store import Transaction, constant
from gateway.storage.types import from_millis
from gateway.timing import clocks

RUNGS: Mapping[Role, Audience] = {
    Role.PENGHUBUNG: Audience.TEAM,
    Role.ANGGOTA: Audience.TEAM,
    Role.DEPUTI: Audience.DEPUTY,
    Role.KEPALA: Audience.HEAD,
}
# Word for word the conditions of the partial indexes.
DUE = """SELECT min(at) AS at FROM (
 SELECT min(due_at) AS at FROM outbox WHERE state IN ('queued','sending') AND state = 'queued'
 UNION ALL SELECT min(due_at) FROM notice WHERE state IN ('queued','working') AND state = 'queued'
 UNION ALL SELECT min(due_at) FROM gathered
 UNION ALL SELECT min(next_at) FROM clock WHERE next_at IS NOT NULL
 UNION ALL SELECT min(draft_due_at) FROM ussd_session WHERE draft_due_at IS NOT NULL
 UNION ALL SELECT min(last_at) + :concat FROM sms_part WHERE closed_at IS NULL
) every"""
DUE_THERE = """SELECT min(at) AS at FROM (
 SELECT min(due_at) AS at FROM forward WHERE state IN ('queued','sending','retry','unknown')
 UNION ALL SELECT min(poll_due_at) FROM forward WHERE poll_due_at IS NOT NULL
) every"""


def next_due(tx: Transaction) -> datetime | None:
    """When the next thing is due that waits for its moment; None while nothing does."""
    wait = tx.office.settings.sms.concat_timeout_s + 1
    return _first(tx, DUE, {"concat": round(wait * 1000)})


def forward_due(tx: Transaction) -> datetime | None:
    """When something is due next towards a system of record, to be sent or to be read."""
    return _first(tx, DUE_THERE, {})


def files_wait(tx: Transaction) -> bool:
    """Whether a picture is to be fetched or cleaned now."""
    attachment = tables.attachment.c
    waiting = (attachment.state == "queued") & (attachment.due_at <= tx.now)
    return tx.one(select(attachment.id).where(waiting).limit(1)) is not None


def _first(tx: Transaction, sql: str, given: Mapping[str, int]) -> datetime | None:
    row = tx.one(constant(sql), given)
    return from_millis(row.at) if row and row.at is not None else None


@dataclass(frozen=True, slots=True)
class Word:
    """Something that the reporter got, or could read on the tracking page. `key`: of its text, or the action."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the dispatch log about staff. `rung`: who it is about; `state` of its message, empty where there is none."""

    at: datetime
    key: str
    rung: Audience
    skip: str
    state: str
    clock: str = ""
    """Whose deadline it is about; empty for other news."""
    left_at: datetime | None = None

    @property
    def is_told(self) -> bool:
        return self.state in {"sent", "delivered"}


@dataclass(frozen=True, slots=True)
class Life:
    """One complaint at the end. `shows_late`: the tracking page says that a deadline has passed.

    `is_urgent`: danger, or what is said of officers, of which staff are told on any day. `parent`: whom it follows.
    """

    number: str
    channel: str
    text: str
    status: str
    is_reached: bool
    """Its reporter can be written to; else news are read on the tracking page."""
    clocks: tuple[Running, ...]
    words: tuple[Word, ...]
    """For whoever cannot be written to also those of the tracking page."""
    lines: tuple[Line, ...]
    shows_late: bool
    is_urgent: bool = False
    protection: frozenset[str] = frozenset()
    """`anonymous`, `confidential`."""
    parent: str = ""
    followed: tuple[datetime, datetime] | None = None
    """From when until when it was worked on through its parent."""
    answered_at: datetime | None = None
    """When the office answered for the first time."""

    def follows(self, at: datetime) -> bool:
        return self.followed is not None and self.followed[0] <= at < self.followed[1]


@dataclass(frozen=True, slots=True)
class Sending:
    """A message, notice or forward that did not do what it was made for."""

    what: str
    number: str
    state: str
    reason: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Forward:
    number: str
    kind: str
    state: str
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Books:
    """`unanswered`: messages of citizens that got neither an answer nor a reason for none, by their moment."""

    lives: tuple[Life, ...]
    messages: Mapping[str, int]
    """By key of their text, those that left."""
    skips: Mapping[str, int]
    undone: tuple[Sending, ...]
    forwards: tuple[Forward, ...]
    tasks: Mapping[str, int]
    """Open ones by kind."""
    unanswered: tuple[str, ...]
    quarantined: int
    files: Mapping[str, int]
    """By whose they are and what became of them: `reporter stored`."""
    alike: frozenset[str]
    """Complaints whose evidence is marked as one that proved another before."""


ANSWERED_WITHIN = timedelta(minutes=10)


def books(tx: Transaction) -> Books:
    """All of it as of now; a month has hundreds of cases."""
    complaint = tables.complaint
    rows = tx.all(select(complaint).order_by(complaint.c.id))
    numbers = {row.id: row.number for row in rows}
    words, lines, reached = _words(tx), _lines(tx), _reached(tx, rows)
    lives = [_life(tx, row, words.get(row.id, ()), lines.get(row.id, ()), row.id in reached) for row in rows]
    deeds = _deeds(tx)
    return Books(
        lives=tuple(
            replace(life, parent=numbers.get(row.parent_id, ""), **_course(tx, deeds.get(row.id, ()), row))
            for life, row in zip(lives, rows, strict=True)
        ),
        messages=_counted(tx, tables.outbox.c.key, tables.outbox.c.state.in_(("sent", "delivered"))),
        skips=_counted(
            tx,
            tables.dispatch_log.c.skip,
            (tables.dispatch_log.c.skip != "") & tables.dispatch_log.c.ended_at.is_(None),
        ),
        undone=(*_unsent(tx, numbers), *_untold(tx, numbers)),
        forwards=_forwards(tx, numbers),
        tasks=_counted(tx, tables.task.c.kind, tables.task.c.done_at.is_(None)),
        unanswered=_unanswered(tx),
        quarantined=sum(_counted(tx, tables.quarantine.c.channel, tables.quarantine.c.state == "held").values()),
        files=_files(tx),
        alike=frozenset(numbers[row.complaint_id] for row in tx.all(select(tables.photo_match.c.complaint_id))),
    )


def _life(tx: Transaction, row: Any, words: Iterable[Word], lines: Iterable[Line], is_reached: bool) -> Life:
    case, running = cases.case_of(row), tuple(kept.running for kept in clocks.read(tx, row.id))
    page = tracking.page(tx, row, running)
    # Whoever cannot be written to reads the history; what is told to others they may read there as well.
    read = [Word(entry.at, entry.action) for entry in page.history]
    heard = list(words) if is_reached else [*words, *read]
    return Life(
        number=case.number,
        channel=row.channel,
        text=row.text_masked,
        status=case.status.value,
        is_reached=is_reached,
        clocks=running,
        words=tuple(sorted(heard, key=lambda word: word.at)),
        lines=tuple(lines),
        shows_late=page.ombudsman and page.due is not None and page.due.is_overdue,
        is_urgent=case.urgency is Urgency.DARURAT or case.kind is Kind.PENGADUAN_PENGAWASAN,
        protection=frozenset(name for name in ("anonymous", "confidential") if getattr(row, name)),
    )


def _deeds(tx: Transaction) -> dict[int, list[Any]]:
    """What bears on incidents, by complaint, oldest first."""
    event = tables.complaint_event
    wanted = event.c.action.in_([one.value for one in (Action.LINK, Action.ANSWER, *DETACHES)])
    found: dict[int, list[Any]] = {}
    for row in tx.all(select(event).where(wanted).order_by(event.c.complaint_id, event.c.seq)):
        found.setdefault(row.complaint_id, []).append(row)
    return found


def _course(tx: Transaction, deeds: Iterable[Any], row: Any) -> dict[str, Any]:
    """From when until when it followed a parent, and when it was answered first."""
    joined = next((one.at for one in deeds if one.action == Action.LINK), None)
    answered = next((one.at for one in deeds if one.action == Action.ANSWER), None)
    if joined is None:
        return {"answered_at": answered}
    left = (one.at for one in deeds if one.action in DETACHES and one.at > joined)
    until = None if row.parent_id else next(left, None)
    return {"answered_at": answered, "followed": (joined, until or tx.now)}


def _words(tx: Transaction) -> dict[int, list[Word]]:
    """What left for reporters, by complaint."""
    outbox, complaint = tables.outbox, tables.complaint
    mine = and_(complaint.c.id == outbox.c.complaint_id, complaint.c.contact_id == outbox.c.contact_id)
    columns = select(outbox.c.complaint_id, outbox.c.key, outbox.c.created_at, outbox.c.sent_at).join(complaint, mine)
    found: dict[int, list[Word]] = {}
    for row in tx.all(columns.where(outbox.c.state.in_(("sent", "delivered"))).order_by(outbox.c.id)):
        found.setdefault(row.complaint_id, []).append(Word(row.sent_at or row.created_at, row.key))
    return found


def _lines(tx: Transaction) -> dict[int, list[Line]]:
    entry, outbox, notice, member = tables.dispatch_log, tables.outbox, tables.notice, tables.agency_member
    told = (
        select(
            entry, outbox.c.state, outbox.c.sent_at, notice.c.audience, notice.c.inputs, member.c.role, member.c.agency
        )
        .select_from(
            entry.outerjoin(outbox, outbox.c.id == entry.c.outbox_id)
            .outerjoin(notice, notice.c.id == entry.c.notice_id)
            .outerjoin(member, member.c.id == entry.c.recipient_id)
        )
        .where(entry.c.recipient_kind != "reporter")
        .order_by(entry.c.id)
    )
    found: dict[int, list[Line]] = {}
    for row in tx.all(told):
        clock = (row.inputs or {}).get("clock", "")
        line = Line(row.created_at, row.key, _rung(tx, row), row.skip, row.state or "", clock, row.sent_at)
        found.setdefault(row.complaint_id, []).append(line)
    return found


def _rung(tx: Transaction, row: Any) -> Audience:
    """Who was told, which need not be whom it was for."""
    if not row.role:
        return Audience(row.audience or Audience.TEAM)
    if row.agency == directory.coordinator_agency(tx):
        return Audience.COORDINATOR
    if row.role == Role.KEPALA.value and row.agency == directory.regional_agency(tx):
        return Audience.REGIONAL_HEAD
    return RUNGS[Role(row.role)]


def _reached(tx: Transaction, rows: Sequence[Any]) -> set[int]:
    """Complaints whose reporter never lost the way to them: no message of theirs was left out for want of one."""
    entry = tables.dispatch_log.c
    lost = select(entry.complaint_id).where(
        entry.recipient_kind == "reporter", entry.skip.in_((Skip.NO_ROUTE, Skip.OPTED_OUT))
    )
    return {row.id for row in rows} - {row.complaint_id for row in tx.all(lost.distinct())}


def _counted(tx: Transaction, column: "Column[Any]", where: Any) -> dict[str, int]:
    found = tx.all(select(column.label("name"), func.count().label("many")).where(where).group_by(column))
    return {str(row.name): int(row.many) for row in sorted(found, key=lambda row: (-row.many, str(row.name)))}


def _unsent(tx: Transaction, numbers: Mapping[int, str]) -> list[Sending]:
    outbox = tables.outbox
    wanted = outbox.c.state.in_(("queued", "sending", "unknown", "failed"))
    return [
        Sending(row.key, numbers.get(row.complaint_id, ""), row.state, row.reason, row.due_at)
        for row in tx.all(select(outbox).where(wanted).order_by(outbox.c.id))
    ]


def _untold(tx: Transaction, numbers: Mapping[int, str]) -> list[Sending]:
    notice = tables.notice
    wanted = notice.c.state.in_(("queued", "working", "failed"))
    return [
        Sending(f"notice {row.key}", numbers.get(row.complaint_id, ""), row.state, row.last_error, row.due_at)
        for row in tx.all(select(notice).where(wanted).order_by(notice.c.id))
    ]


def _forwards(tx: Transaction, numbers: Mapping[int, str]) -> tuple[Forward, ...]:
    forward = tables.forward
    return tuple(
        Forward(numbers.get(row.complaint_id, ""), row.kind, row.state, row.created_at, row.sent_at or row.finished_at)
        for row in tx.all(select(forward).order_by(forward.c.id))
    )


def _files(tx: Transaction) -> dict[str, int]:
    attachment = tables.attachment.c
    kind = (attachment.origin, attachment.state)
    found = tx.all(select(*kind, func.count().label("many")).group_by(*kind).order_by(*kind))
    return {f"{row.origin} {row.state}": int(row.many) for row in found}


def _unanswered(tx: Transaction) -> tuple[str, ...]:
    """Messages that were to be answered on their own channel (forms and sessions answer at once, by themselves)."""
    message, outbox = tables.message, tables.outbox
    said: dict[int, list[datetime]] = {}
    for row in tx.all(select(outbox.c.contact_id, outbox.c.created_at)):
        said.setdefault(row.contact_id, []).append(row.created_at)
    talks = [name for name, channel in tx.office.channels.items() if channel.capabilities.sends]
    asked = select(message.c.id, message.c.channel, message.c.contact_id, message.c.received_at, message.c.kind)
    rows = tx.all(asked.where(message.c.channel.in_(talks), message.c.skip == "", message.c.contact_id.is_not(None)))
    return tuple(
        f"{row.channel} {row.received_at:%d %H:%M} ({row.kind})"
        for row in rows
        if not any(row.received_at <= at <= row.received_at + ANSWERED_WITHIN for at in said.get(row.contact_id, ()))
    )
